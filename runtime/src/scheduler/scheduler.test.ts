import { expect, test } from "vitest";
import { SyncError } from "../client/errors.ts";
import { createScheduler, type Scheduled, type SchedulerState } from "./scheduler.ts";

const MINUTE = 60_000;

/** A world in which time passes only when told to, and everything that happens is written down. */
function world(over: Partial<Scheduled> = {}) {
  let now = 1_000 * MINUTE;
  let offset = 0; // of the wall clock, which can be set; timers do not see that
  let timers: { atMs: number; work: () => void }[] = [];
  const state = new Map<string, string>();
  const ranAt: number[] = [];
  const outcomes: (() => unknown)[] = [];
  const states: SchedulerState[] = [];
  const network = { isOnline: true, tell: (): void => {} };
  let newest = 0;
  const started = now;
  const scheduler = createScheduler(
    {
      async syncNow() {
        ranAt.push((now + offset - started) / MINUTE);
        outcomes.shift()?.();
        state.set("last_sync_ms", String(now + offset));
      },
      getSyncState: (key) => state.get(key) ?? null,
      isReady: () => true,
      newestChange: () => newest,
      ...over,
    },
    {
      clock: { nowMs: () => now + offset },
      random: { bytes: (length) => new Uint8Array(length) },
      timers: {
        after(ms, work) {
          const timer = { atMs: now + ms, work };
          timers.push(timer);
          return () => void (timers = timers.filter((one) => one !== timer));
        },
      },
      connectivity: {
        isOnline: () => network.isOnline,
        subscribe(listener) {
          network.tell = listener;
          return () => void (network.tell = () => {});
        },
      },
    },
    (told) => states.push(told),
  );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    scheduler,
    state,
    ranAt,
    outcomes,
    states,
    network,
    edit: () => void (newest += 1),
    setClock: (ms: number) => void (offset = ms - now),
    now: () => now + offset,
    timers: () => timers.length,
    settle,
    async pass(ms: number) {
      const until = now + ms;
      for (;;) {
        await settle();
        const [next] = timers.toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined || next.atMs > until) break;
        timers = timers.filter((one) => one !== next);
        now = Math.max(now, next.atMs);
        next.work();
      }
      now = until;
      await settle();
    },
  };
}

const fail = (error: Error) => () => {
  throw error;
};

test("the first cycle runs at once, the next when the interval is over", async () => {
  const app = world();
  app.scheduler.start();
  await app.pass(31 * MINUTE);
  expect(app.ranAt).toEqual([0, 15, 30]);

  app.state.set("sync_interval_minutes", "5");
  await app.pass(10 * MINUTE);
  expect(app.ranAt.slice(3)).toEqual([35, 40]);
});

test("a run that was done a moment ago, before this start, is not repeated", async () => {
  const app = world();
  app.state.set("last_sync_ms", String(app.now() - 5 * MINUTE));
  app.scheduler.start();
  await app.pass(12 * MINUTE);
  expect(app.ranAt).toEqual([10]);
});

test("a local change runs a cycle once the typing has paused for two seconds, not one per key", async () => {
  const app = world();
  app.scheduler.start();
  await app.pass(MINUTE);
  for (let key = 0; key < 5; key++) {
    app.edit();
    await app.pass(200);
  }
  await app.pass(10_000);
  expect(app.ranAt).toHaveLength(2);
  expect(app.ranAt[1]).toBeLessThan(1.1);
});

test("a change during a cycle is not forgotten", async () => {
  const app = world();
  app.outcomes.push(app.edit);
  app.scheduler.start();
  await app.pass(10_000);
  expect(app.ranAt).toHaveLength(2);
  await app.pass(10_000);
  expect(app.ranAt).toHaveLength(2);
});

test("a notice runs a cycle at once, one that comes during a cycle another a second later, and notices without end one a second", async () => {
  let notice = (): void => {};
  const app = world({
    subscribeNotices(listener) {
      notice = listener;
      return () => void (notice = () => {});
    },
  });
  app.scheduler.start();
  await app.pass(MINUTE);
  app.outcomes.push(() => notice());
  notice();
  await app.settle();
  expect(app.ranAt).toEqual([0, 1]);
  await app.pass(1_000);
  expect(app.ranAt).toEqual([0, 1, 1 + 1 / 60]);

  for (let times = 0; times < 100; times++) {
    notice();
    await app.pass(100);
  }
  expect(app.ranAt.length).toBeLessThanOrEqual(3 + 11);
  await app.pass(MINUTE);
  const ran = app.ranAt.length;
  app.setClock(app.now() - 60 * MINUTE); // one that was put back does not make a notice wait
  notice();
  await app.settle();
  expect(app.ranAt).toHaveLength(ran + 1);

  app.scheduler.stop();
  notice();
  await app.settle();
  expect(app.ranAt).toHaveLength(ran + 1);
});

test("failures are tried again later and later, and success forgets them", async () => {
  const app = world();
  app.outcomes.push(...Array.from({ length: 5 }, () => fail(new SyncError("network/offline"))));
  app.scheduler.start();
  await app.pass(61 * MINUTE);
  expect(app.ranAt).toEqual([0, 2, 6, 14, 29, 44, 59]);
  expect(app.states).toContainEqual({ kind: "waiting", dueAtMs: 1_002 * MINUTE, failures: 1 });
});

test("local changes do not shorten the wait after a failure", async () => {
  const app = world();
  app.outcomes.push(fail(new SyncError("server/payment-required")));
  app.scheduler.start();
  await app.pass(MINUTE);
  app.edit();
  await app.pass(61 * MINUTE);
  expect(app.ranAt).toEqual([0, 60]);
});

test("where only a person can help nothing runs, until the app says that something changed", async () => {
  const app = world();
  app.outcomes.push(fail(new SyncError("auth/expired")));
  app.scheduler.start();
  await app.pass(120 * MINUTE);
  expect(app.ranAt).toEqual([0]);
  expect(app.scheduler.state()).toEqual({ kind: "needs-user", code: "auth/expired" });

  app.scheduler.wake();
  await app.settle();
  expect(app.ranAt).toEqual([0, 120]);
});

test("nobody signed in: it looks each minute, and begins when somebody is", async () => {
  let isReady = false;
  const app = world({ isReady: () => isReady });
  app.scheduler.start();
  await app.pass(10 * MINUTE);
  expect(app.scheduler.state()).toEqual({ kind: "needs-user", code: null });
  isReady = true;
  await app.pass(MINUTE);
  expect(app.ranAt).toHaveLength(1);
});

test("offline nothing runs; the network's return runs a cycle at once and forgets failures", async () => {
  const app = world();
  app.network.isOnline = false;
  app.scheduler.start();
  await app.pass(30 * MINUTE);
  expect(app.ranAt).toEqual([]);
  expect(app.scheduler.state()).toEqual({ kind: "offline" });

  app.network.isOnline = true;
  app.network.tell();
  await app.settle();
  expect(app.ranAt).toEqual([30]);
});

test("paused by the app or by the user's setting, nothing runs", async () => {
  const app = world();
  app.scheduler.start();
  await app.pass(MINUTE);
  app.scheduler.pause();
  app.edit();
  await app.pass(20 * MINUTE);
  expect(app.ranAt).toEqual([0]);
  expect(app.scheduler.state()).toEqual({ kind: "paused" });
  app.scheduler.resume();
  await app.settle();
  expect(app.ranAt).toEqual([0, 21]);

  app.state.set("auto_sync_enabled", "0");
  await app.pass(60 * MINUTE);
  expect(app.ranAt).toHaveLength(2);
});

test("a clock that is put back stops neither the interval nor the wait after a failure", async () => {
  const app = world();
  app.scheduler.start();
  await app.pass(MINUTE);
  app.setClock(app.now() - 10_000 * MINUTE);
  await app.pass(2 * MINUTE);
  expect(app.ranAt).toHaveLength(2);

  app.outcomes.push(fail(new SyncError("server/payment-required")));
  await app.pass(16 * MINUTE);
  const before = app.ranAt.length;
  app.setClock(app.now() - 10_000 * MINUTE);
  await app.pass(2 * MINUTE);
  expect(app.ranAt.length).toBeGreaterThan(before);
});

test("a night asleep is one cycle, soon after waking", async () => {
  const app = world();
  app.scheduler.start();
  await app.pass(MINUTE);
  app.setClock(app.now() + 480 * MINUTE);
  await app.pass(MINUTE);
  expect(app.ranAt).toEqual([0, 482]);
});

test("stopping leaves no timer, and starting twice is starting once", async () => {
  const app = world();
  app.scheduler.start();
  app.scheduler.start();
  await app.pass(MINUTE);
  expect(app.ranAt).toEqual([0]);
  app.scheduler.stop();
  expect(app.timers()).toBe(0);
  expect(app.scheduler.state()).toEqual({ kind: "stopped" });
});

test("a database that is busy for a moment ends neither the app nor the looking for changes", async () => {
  let newest = 0;
  let isBusy = false;
  const app = world({
    newestChange: () => {
      if (isBusy) throw new SyncError("database/busy");
      return newest;
    },
  });
  app.scheduler.start();
  await app.pass(MINUTE);
  isBusy = true;
  newest += 1;
  await app.pass(MINUTE);
  expect(app.ranAt).toEqual([0]);

  isBusy = false;
  await app.pass(MINUTE / 2);
  expect(app.ranAt.length).toBe(2);
});

test("a database that was closed is told once, and the app goes on", async () => {
  let isClosed = false;
  const state = new Map<string, string>();
  const app = world({
    getSyncState: (key) => {
      if (isClosed) throw new SyncError("database/closed");
      return state.get(key) ?? null;
    },
    syncNow: async () => void state.set("last_sync_ms", String(app.now())),
  });
  app.scheduler.start();
  await app.pass(MINUTE);
  isClosed = true;
  await app.pass(20 * MINUTE);

  expect(app.states.filter(({ kind }) => kind === "needs-user")).toEqual([{ kind: "needs-user", code: "database/closed" }]);
  app.scheduler.stop();
  expect(app.timers()).toBe(0);
});
