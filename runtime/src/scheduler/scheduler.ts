/**
 * Runs cycles by itself: when the interval is over, shortly after a local change, when the server gives
 * notice, when the network is back; later and later while they fail. It looks at the clock once a minute
 * instead of sleeping until it is time: a laptop that was shut for a night is due when it opens.
 */
import type { Clock, RandomSource, Timers } from "../client/ports.ts";
import type { Unsubscribe } from "../events/event-stream.ts";
import { nextTry } from "./backoff.ts";

const MINUTE_MS = 60_000;
const CHECK_EVERY_MS = MINUTE_MS;
/** How often the changelog is asked for something new. One read of an index's end. */
const LOOK_EVERY_MS = 1_000;
/** Typing is one change, not forty. */
const DEBOUNCE_MS = 2_000;
/** Between the beginnings of two cycles that notices ask for: a server that never stops telling does not keep a device at work. */
const NOTICE_GAP_MS = 1_000;
const DEFAULT_INTERVAL_MINUTES = 15;

/** Whether there is a network, as the platform knows it. A wrong `true` costs one failed cycle. */
export interface Connectivity {
  readonly isOnline: () => boolean;
  readonly subscribe: (listener: () => void) => Unsubscribe;
}

/** What the scheduler drives. */
export interface Scheduled {
  readonly syncNow: () => Promise<unknown>;
  readonly getSyncState: (key: string) => string | null;
  /** Signed in, with a key: without them a cycle cannot run. */
  readonly isReady: () => boolean;
  /** Another number after each local change, by whoever wrote it. It may also go back, where old changes are forgotten. */
  readonly newestChange: () => number;
  /** Calls when another device has pushed. Missing: nobody tells. */
  readonly subscribeNotices?: (onNotice: () => void) => Unsubscribe;
}

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly timers: Timers;
  readonly connectivity: Connectivity;
}

/** What a user interface shows. Times are milliseconds since 1970. */
export type SchedulerState =
  | { readonly kind: "stopped" | "paused" | "offline" | "running" }
  /** Nobody is signed in, or only a person can help: `code` is that of the last failure. */
  | { readonly kind: "needs-user"; readonly code: string | null }
  | { readonly kind: "waiting"; readonly dueAtMs: number; readonly failures: number };

export interface Scheduler {
  readonly state: () => SchedulerState;
  /** Begins, and runs a cycle at once if one is due. Beginning twice is beginning once. */
  readonly start: () => void;
  /** Ends; a cycle that runs is finished. */
  readonly stop: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Something changed that may end a wait: a sign-in, a payment, another network. Failures are forgotten. */
  readonly wake: () => void;
}

export function createScheduler(sync: Scheduled, ports: SchedulerPorts, onState: (state: SchedulerState) => void = () => {}): Scheduler {
  const { clock, timers } = ports;
  let isStarted = false;
  let isPaused = false;
  let isRunning = false;
  let failures = 0;
  let blockedBy: string | null = null;
  let failed = { atMs: 0, waitMs: 0 };
  let wantedAtMs = Number.POSITIVE_INFINITY; // by a change or a notice
  let ranAtMs = Number.NEGATIVE_INFINITY;
  let seenChange: number | null = null;
  let told = "";
  const cleanUps: Unsubscribe[] = [];
  let cancelCheck: Unsubscribe = () => {};
  let cancelLook: Unsubscribe = () => {};

  const isOn = (): boolean => sync.getSyncState("auto_sync_enabled") !== "0";
  const intervalMs = (): number => {
    const minutes = Number(sync.getSyncState("sync_interval_minutes") ?? DEFAULT_INTERVAL_MINUTES);
    return (Number.isFinite(minutes) && minutes > 0 ? minutes : DEFAULT_INTERVAL_MINUTES) * MINUTE_MS;
  };

  function dueAtMs(): number {
    const now = clock.nowMs();
    const lastMs = Number(sync.getSyncState("last_sync_ms") ?? Number.NaN);
    // A time in the future is a clock that was put back since: it says nothing.
    const byInterval = Number.isFinite(lastMs) && lastMs <= now ? lastMs + intervalMs() : now;
    const failureIsOver = now < failed.atMs ? now : failed.atMs + failed.waitMs;
    return Math.max(Math.min(byInterval, wantedAtMs), failureIsOver);
  }

  function state(): SchedulerState {
    if (!isStarted) return { kind: "stopped" };
    if (isRunning) return { kind: "running" };
    if (isPaused || !isOn()) return { kind: "paused" };
    if (blockedBy !== null || !sync.isReady()) return { kind: "needs-user", code: blockedBy };
    if (!ports.connectivity.isOnline()) return { kind: "offline" };
    return { kind: "waiting", dueAtMs: dueAtMs(), failures };
  }

  function tell(now: SchedulerState): void {
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    onState(now);
  }

  async function run(): Promise<void> {
    isRunning = true;
    ranAtMs = clock.nowMs();
    wantedAtMs = Number.POSITIVE_INFINITY;
    tell({ kind: "running" });
    try {
      const changeBefore = sync.newestChange();
      await sync.syncNow();
      failures = 0;
      failed = { atMs: 0, waitMs: 0 };
      seenChange = changeBefore;
    } catch (error) {
      failures += 1;
      const next = nextTry(error, failures, unit(ports.random));
      if (next.kind === "needs-user") blockedBy = next.code;
      else failed = { atMs: clock.nowMs(), waitMs: next.ms };
    } finally {
      isRunning = false;
    }
    check();
  }

  /**
   * Runs what is due, and looks again in a minute or when the next wait is over, whichever is sooner. Timers call it, where nobody
   * could catch: an app must not end because its database is busy, or was closed.
   */
  function check(): void {
    cancelCheck();
    if (!isStarted) return tell({ kind: "stopped" });
    let untilNextMs = CHECK_EVERY_MS;
    try {
      const now = state();
      if (now.kind === "waiting" && now.dueAtMs <= clock.nowMs()) return void run();
      tell(now);
      if (now.kind === "waiting") untilNextMs = Math.max(now.dueAtMs - clock.nowMs(), 0);
    } catch (error) {
      const next = nextTry(error, 1, 0);
      if (next.kind === "needs-user") tell({ kind: "needs-user", code: next.code });
      else untilNextMs = next.ms;
    }
    if (!isRunning) cancelCheck = timers.after(Math.min(untilNextMs, CHECK_EVERY_MS), check);
  }

  function noticedAtMs(): number {
    const now = clock.nowMs();
    return now < ranAtMs ? now : Math.max(now, ranAtMs + NOTICE_GAP_MS); // the clock may have been put back
  }

  function want(atMs: number): void {
    wantedAtMs = Math.min(wantedAtMs, atMs);
    if (!isRunning) check();
  }

  /** Triggers write the changelog, whoever the writer is; so looking at it misses none, and costs one read. */
  function look(): void {
    try {
      const newest = sync.newestChange();
      const isNew = seenChange !== null && newest !== seenChange;
      if (!isRunning || seenChange === null) seenChange = newest;
      if (isNew && !isRunning) want(clock.nowMs() + DEBOUNCE_MS);
    } catch {
      // busy or closed, and no place to say so: the next look, or the next cycle, meets it again
    }
    cancelLook = timers.after(LOOK_EVERY_MS, look);
  }

  function wake(): void {
    blockedBy = null;
    failures = 0;
    failed = { atMs: 0, waitMs: 0 };
    want(clock.nowMs());
  }

  return {
    state,
    start() {
      if (isStarted) return;
      isStarted = true;
      seenChange = null;
      cleanUps.push(ports.connectivity.subscribe(() => (ports.connectivity.isOnline() ? wake() : check())));
      if (sync.subscribeNotices !== undefined) cleanUps.push(sync.subscribeNotices(() => want(noticedAtMs())));
      look();
      check();
    },
    stop() {
      isStarted = false;
      cancelLook();
      for (const cleanUp of cleanUps.splice(0)) cleanUp();
      check();
    },
    pause() {
      isPaused = true;
      check();
    },
    resume() {
      isPaused = false;
      check();
    },
    wake,
  };
}

/** 0 to 1. */
const unit = (random: RandomSource): number => (random.bytes(1)[0] ?? 0) / 255;
