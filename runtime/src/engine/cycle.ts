/** The order in which one cycle pushes and pulls. What a push and a pull are is the caller's. */
import type { PullReport } from "./pull.ts";
import type { Store } from "../store/store.ts";

export type Pulled = PullReport & { readonly bootstrapped: number };

export interface CycleSteps {
  readonly push: () => Promise<number>;
  readonly pull: () => Promise<Pulled>;
}

export async function runCycle(store: Store, device: string, { push, pull }: CycleSteps): Promise<Pulled & { readonly pushed: number }> {
  store.createInitialSnapshot(device);
  // What a device has from before is told once it knows what has become of it.
  const first = store.hasReadLog() ? null : await pull();
  const before = await push();
  const pulled = addPulls(first, await pull());
  const after = await push(); // what the merge itself had to do, and what the app wrote meanwhile
  return { ...pulled, pushed: before + after };
}

const addPulls = (first: Pulled | null, second: Pulled): Pulled =>
  first === null
    ? second
    : {
        pulled: first.pulled + second.pulled,
        merged: first.merged + second.merged,
        reseeded: first.reseeded + second.reseeded,
        refused: [...first.refused, ...second.refused],
        bootstrapped: first.bootstrapped + second.bootstrapped,
      };
