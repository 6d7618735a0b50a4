/** Holds the database's cycle lease while something runs, and waits for it where another window or process has it. */
import { SyncError } from "../client/errors.ts";
import type { Sleep, Timers } from "../client/ports.ts";
import { LEASE_MS, type CycleLease } from "../store/lease.ts";

const ASK_EVERY_MS = 250;
const RENEW_EVERY_MS = LEASE_MS / 3;

/** Throws `cycle/elsewhere` where somebody else has it for longer than a lease lasts, so that nobody was killed in the middle. */
export async function exclusively<T>(
  lease: CycleLease,
  owner: string,
  ports: { readonly sleep: Sleep; readonly timers: Timers },
  work: () => Promise<T>,
): Promise<T> {
  for (let waitedMs = 0; !lease.take(owner); waitedMs += ASK_EVERY_MS) {
    if (waitedMs > LEASE_MS) throw new SyncError("cycle/elsewhere");
    await ports.sleep(ASK_EVERY_MS);
  }
  let cancel = (): void => {};
  const renew = (): void => {
    // Nobody would catch it here, and a database that is busy now is asked again twice before the lease is over.
    attempt(() => lease.take(owner));
    cancel = ports.timers.after(RENEW_EVERY_MS, renew);
  };
  cancel = ports.timers.after(RENEW_EVERY_MS, renew);
  try {
    return await work();
  } finally {
    cancel();
    attempt(() => lease.release(owner)); // what is not given back runs out; what `work` came to matters more
  }
}

/** Whether it worked is of no consequence. */
function attempt(call: () => unknown): void {
  try {
    call();
  } catch {
    // a database that is busy, full or closed: the next call of somebody who can catch it says so
  }
}
