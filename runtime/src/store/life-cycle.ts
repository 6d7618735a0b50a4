/** How a database comes to an account and leaves it: the first snapshot, starting over, another server, no sync at all. */
import type { Migration } from "../generated/spec.ts";
import { forgetBlobs } from "./blob-rows.ts";
import { dropTriggers, forgetAccount, isDetached, restoreTriggers } from "./detach.ts";
import { beginLog, type LogPlace } from "./log-facts.ts";
import { relog } from "./relog.ts";
import type { LogRegisters } from "./reseed.ts";
import { APPLIED_BY_APP, forgetSnapshots } from "./snapshot-facts.ts";
import { baselineStatements, RAISE_TO_BASELINE, snapshotStatements } from "./snapshot.ts";
import { startOver } from "./start-over.ts";
import { FIRST_READ, HIGHEST_CURSOR, LAST_STAMP, MAX_RESOLVED, PUSH_MARKS, START_OVER, type StoreScope } from "./store-scope.ts";

export interface LifeCycle {
  /** The server's log begins anew and ended at `head` before these pushes: it is read from its start, and what comes after `head` is news. */
  readonly restartLog: (head: number, last: LogPlace | null, unreadPushes: readonly LogPlace[]) => void;
  readonly createInitialSnapshot: (device: string) => number;
  /**
   * From here on, every row counts for nothing until the log, read from its start, gives it. `account` and `device`: whose
   * log. What was not pushed is given up. Null: begun. A number: that many entries were not pushed, and nothing was done.
   */
  readonly beginStartOver: (begin: { readonly account: string; readonly device: string; readonly force: boolean }) => number | null;
  /** Once the log is read to its end, where starting over has begun: rows that it does not have leave. */
  readonly endStartOver: (device: string) => void;
  /** The app was updated since this database was last opened. */
  readonly noteUpgrade: () => void;
  /** Logs this device's rows anew, and the deletion of what the log has besides. Returns the number of entries. */
  readonly relog: (device: string, log: LogRegisters, end: { readonly stamp: number; readonly head: number }) => number;
  /** Takes sync off. Null: done. A number: that many entries were not pushed, and nothing was done. */
  readonly detach: (migrations: readonly Migration[], force: boolean) => number | null;
  readonly isDetached: () => boolean;
  /** Drops the triggers again that a migration has made while sync is off. */
  readonly stayDetached: (migrations: readonly Migration[]) => void;
  /** Puts sync back: capture begins again. */
  readonly attach: (migrations: readonly Migration[]) => void;
}

export function lifeCycle(scope: StoreScope): LifeCycle {
  const { spec, state, devices, parts, memory, transaction, session, apply, highestCursor } = scope;
  const { driver, changelog: log, nowMs } = parts;
  const over = startOver(parts);
  const unsynced = (): number => log.countUnpushed() + log.countUnpushable();

  return {
    restartLog: (head, last, unread) =>
      transaction(() => {
        beginLog(state, last, unread);
        state.set("pull_cursor", "0");
        if ((state.get(FIRST_READ) ?? "") !== "") state.set(FIRST_READ, "0"); // what it has read, it remembers
        forgetSnapshots(state);
        forgetBlobs(driver);
        state.set(HIGHEST_CURSOR, String(head));
        state.set(PUSH_MARKS, JSON.stringify([[state.getNumber(LAST_STAMP, 0), head]]));
      }),
    createInitialSnapshot: (device) =>
      session(device, { enforced: true, deferred: false }, () => {
        if (state.get("initial_snapshot_done") === "1") return 0;
        driver.exec(RAISE_TO_BASELINE);
        const rows = snapshotStatements(spec).reduce((sum, sql) => sum + driver.prepare(sql).run(BigInt(nowMs()) * 1000n), 0);
        for (const sql of baselineStatements(spec)) driver.prepare(sql).run(BigInt(devices.numberOf(device)));
        state.set("initial_snapshot_done", "1");
        return rows;
      }),
    beginStartOver: ({ account, device, force }) =>
      transaction(() => {
        if (!force && unsynced() > 0) return unsynced();
        if (state.get("account") !== account) forgetAccount(driver, state);
        state.set("account", account);
        state.set("device_id", device);
        log.giveUp();
        over.mark();
        forgetSnapshots(state);
        beginLog(state, null, []);
        state.set(APPLIED_BY_APP, "0");
        state.set("pull_cursor", "0");
        state.set("initial_snapshot_done", "1"); // nobody is told of rows that are about to go
        memory.beginAnew();
        state.set(START_OVER, "1");
        state.set(FIRST_READ, "");
        return null;
      }),
    endStartOver(device) {
      if (state.get(START_OVER) !== "1") return;
      for (let rows = over.leftovers(MAX_RESOLVED); rows.length > 0; rows = over.leftovers(MAX_RESOLVED))
        apply(device, (opened) => opened.resolve(rows));
      for (let isMore = true; isMore;)
        isMore = apply(device, (opened) => {
          const gaps = over.gaps(device, MAX_RESOLVED);
          for (const change of gaps ?? []) opened.merge(change);
          opened.settle();
          for (const { table, rowId } of gaps ?? []) over.tell(table, rowId);
          return gaps !== null;
        });
      session(device, { enforced: true, deferred: false }, () => {
        over.clearUnsaid();
        for (const [table, rowId] of over.needed()) over.tell(table, rowId);
        over.unmark();
        state.set(START_OVER, "0");
      });
    },
    noteUpgrade: () =>
      transaction(() => {
        log.noteUpgrade();
        // A migration tells rows anew that starting over is about to remove.
        if (state.get(START_OVER) === "1") over.withholdTold();
      }),
    relog(device, logged, { stamp, head }) {
      session(device, { enforced: true, deferred: false }, () => undefined); // folds what the app wrote
      return transaction(() => {
        const lastStamp = Math.max(state.getNumber(LAST_STAMP, 0), stamp);
        const done = relog({ ...parts, devices }, logged, { device, lastStamp, head, nowMs: nowMs() });
        memory.beginAnew();
        state.set(LAST_STAMP, String(done.lastStamp));
        if (head > highestCursor()) state.set(HIGHEST_CURSOR, String(head));
        state.set("initial_snapshot_done", "1");
        return done.entries;
      });
    },
    detach: (migrations, force) =>
      transaction(() => {
        if (!force && unsynced() > 0) return unsynced();
        forgetAccount(driver, state);
        log.forgetRemoved();
        dropTriggers(driver, state, migrations);
        return null;
      }),
    isDetached: () => isDetached(state),
    stayDetached: (migrations) => transaction(() => dropTriggers(driver, state, migrations)),
    attach: (migrations) => transaction(() => restoreTriggers(driver, state, migrations)),
  };
}
