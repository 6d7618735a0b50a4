/** Cycles of one database: one at a time here and in every other window, with everybody who listens told of them. */
import type { SyncKitClient } from "../client/client.ts";
import { SyncError } from "../client/errors.ts";
import type { Clock, Sleep, Timers } from "../client/ports.ts";
import { bootstrap } from "../engine/bootstrap.ts";
import { correctClock, noteClock } from "../engine/correct-clock.ts";
import { type Pulled, runCycle } from "../engine/cycle.ts";
import type { EntryFormat } from "../engine/entry.ts";
import { exclusively } from "../engine/exclusive.ts";
import { pullChanges, type PullReport } from "../engine/pull.ts";
import { pushChanges } from "../engine/push.ts";
import { type SnapshotUpload, uploadIfDue, type UploadParts, uploadSnapshot } from "../engine/snapshot-upload.ts";
import type { EventSource } from "../events/event-stream.ts";
import type { ReportProgress } from "../events/progress.ts";
import type { SyncEvent } from "../events/sync-event.ts";
import type { Store } from "../store/store.ts";
import type { Membership } from "./membership.ts";
import type { SyncReport, SyncStatusReport } from "./sync.ts";

export interface CycleParts {
  readonly store: Store;
  readonly client: SyncKitClient;
  readonly format: EntryFormat;
  readonly membership: Membership;
  readonly events: EventSource<SyncEvent>;
  readonly report: ReportProgress;
  readonly status: () => SyncStatusReport;
  readonly onFinished: () => void;
  /** Names this handle among all that work on the file. */
  readonly owner: string;
  readonly ports: { readonly clock: Clock; readonly sleep: Sleep; readonly timers: Timers };
}

export interface Cycles {
  readonly push: () => Promise<number>;
  readonly pull: () => Promise<PullReport>;
  /** A cycle; a call during one joins it. */
  readonly syncNow: () => Promise<SyncReport>;
  /** Between two cycles: `prepare`, then a cycle. */
  readonly cycleAfter: (prepare: () => Promise<unknown>) => Promise<SyncReport>;
  /** Between two cycles, with no cycle after it. */
  readonly betweenCycles: (work: () => Promise<void>) => Promise<void>;
  readonly uploadSnapshot: () => Promise<SnapshotUpload>;
}

export function createCycles(parts: CycleParts): Cycles {
  const { store, client, format, membership, events, report, ports } = parts;
  const { asDevice, ensureDeviceRegistered } = membership;
  let running: Promise<SyncReport> | null = null;

  const push = (): Promise<number> => asDevice((device) => pushChanges(store, client, format, device, report));
  const pull = (): Promise<Pulled> =>
    asDevice(async (device) => {
      const bootstrapped = await bootstrap(store, client, format, device, report);
      return { ...(await pullChanges(store, client, format, device, report)), bootstrapped };
    });
  const uploadParts = (device: string): UploadParts => ({
    store,
    relay: client,
    device,
    sync: async () => {
      await push();
      await pull();
    },
    report,
  });

  async function cycle(): Promise<SyncReport> {
    const device = await ensureDeviceRegistered();
    await correctClock(store.state, client);
    const { pushed, pulled, merged, refused, bootstrapped } = await runCycle(store, device, { push, pull });
    const pruned = store.cleanup();
    noteClock(store.state, client);
    store.state.set("last_sync_ms", String(ports.clock.nowMs()));
    const snapshot = await uploadIfDue(uploadParts(device));
    return { pushed, pulled, merged, refused, bootstrapped, snapshot, heldRows: store.heldCount(), pruned };
  }

  /** No other window or process works on the database meanwhile. */
  const alone = <T>(work: () => Promise<T>): Promise<T> => exclusively(store.lease, parts.owner, ports, work);

  async function toldCycle(prepare: () => Promise<unknown>): Promise<SyncReport> {
    events.publish({ kind: "started" });
    try {
      const done = await alone(async () => {
        await prepare();
        return cycle();
      });
      events.publish({ kind: "finished", report: done });
      parts.onFinished();
      return done;
    } catch (error) {
      const known = error instanceof SyncError ? error : null;
      const message = known?.message ?? "Something went wrong inside the app.";
      events.publish({ kind: "failed", code: known?.code ?? "internal", message, retryable: known?.retryable ?? false });
      throw error;
    } finally {
      events.forget((kind) => kind.startsWith("progress"));
      tellStatus();
    }
  }

  /** Read from the database: where that fails, it is also why the cycle has, and was told. */
  function tellStatus(): void {
    try {
      events.publish({ kind: "status", status: parts.status() });
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
    }
  }

  const run = (prepare: () => Promise<unknown>): Promise<SyncReport> => (running = toldCycle(prepare).finally(() => (running = null)));

  async function untilIdle(): Promise<void> {
    if (running === null) return;
    await running.catch(() => undefined);
    await untilIdle(); // another may have begun
  }

  async function cycleAfter(prepare: () => Promise<unknown>): Promise<SyncReport> {
    await untilIdle();
    return run(prepare);
  }

  return {
    push,
    pull,
    syncNow: () => running ?? run(() => Promise.resolve()),
    cycleAfter,
    async betweenCycles(work) {
      await untilIdle();
      await alone(work);
    },
    async uploadSnapshot() {
      let done: SnapshotUpload | null = null;
      await cycleAfter(async () => {
        const { snapshot } = await cycle();
        const isDone = snapshot?.outcome === "completed";
        done = isDone ? snapshot : await uploadSnapshot(uploadParts(await ensureDeviceRegistered()));
      });
      return done as unknown as SnapshotUpload;
    },
  };
}
