/**
 * The engine's side of the database: one object that owns every statement on the sync tables and every
 * transaction with capture suppressed. Each method is synchronous and leaves the database consistent.
 */
import { rowIdToWire, ValueError } from "@synckit-gen/schemas/protocol";
import { DatabaseBusyError } from "../driver/database-busy-error.ts";
import type { Driver } from "../driver/driver.ts";
import type { AppSpec, Migration } from "../generated/spec.ts";
import { forgetBlobs } from "./blob-rows.ts";
import { changelog, type Changelog, PUSHED, UNPUSHABLE } from "./changelog.ts";
import { coalesce, type OutgoingEntry } from "./coalesce.ts";
import { type Conflict, conflictStore } from "./conflicts.ts";
import { dropTriggers, forgetAccount, isDetached, restoreTriggers } from "./detach.ts";
import { deviceNumbers } from "./devices.ts";
import { forgetting } from "./forgetting.ts";
import { heldStore, type HeldPlace, type HeldRow } from "./held.ts";
import { type CycleLease, cycleLease } from "./lease.ts";
import { type QuarantinedEntry, quarantineStore } from "./quarantine.ts";
import { obstaclesOf, RowRefusedError } from "./obstacles.ts";
import { rarelyCheckpointing } from "./rarely-checkpointing.ts";
import { relog } from "./relog.ts";
import { rowClocks } from "./row-clocks.ts";
import { countRows, type ExportPage, exportPage, type ExportPlace, type RegisteredRow } from "./row-export.ts";
import { beginLog, type LogPlace, UNREAD_PUSHES, unreadPushes } from "./log-facts.ts";
import { BrokenCircleError } from "./placing.ts";
import type { RemoteChange } from "./remote-change.ts";
import { Session } from "./session.ts";
import { inboundEdges, type PushMarks, type SessionParts } from "./session-scope.ts";
import { startOver } from "./start-over.ts";
import { stateStore, type StateStore } from "./state.ts";
import type { Values } from "./registers.ts";
import { type LogRegisters, type RecalledEntry, recallMissing, rowIdsOf } from "./reseed.ts";
import { APPLIED_BY_APP, forgetSnapshots } from "./snapshot-facts.ts";
import { scanRows } from "./scan.ts";
import { baselineStatements, RAISE_TO_BASELINE, snapshotStatements } from "./snapshot.ts";
import { tableRows, type TableRows } from "./table-rows.ts";

export interface ApplyReport {
  /** Changes that were merged, whether or not they won. */
  readonly merged: number;
  /** Changes that this schema ignores: unknown tables, deletes of a table that ignores them. */
  readonly ignored: number;
}

export interface Store {
  readonly state: StateStore;
  readonly tables: ReadonlyMap<string, TableRows>;
  /** Stamps what triggers captured and folds it into the registers. */
  readonly foldLocal: (device: string) => void;
  /** Merges remote changes and moves the cursor, or does neither. Null: leaves the cursor. */
  readonly applyRemote: (
    device: string,
    changes: readonly RemoteChange[],
    cursor: number | null,
    /** State to set in the same transaction. */
    state?: Readonly<Record<string, string>>,
  ) => ApplyReport;
  /** How far this device has ever read, whatever its cursor was set back to. */
  readonly highestCursor: () => number;
  /** Once a pull is complete: held rows are tried again, and what lost its parent follows its rule. */
  readonly resolveHeld: (device: string) => void;
  /** Tries held rows again, without any rule: the log has not been read to its end yet. */
  readonly retryHeld: (device: string) => void;
  /** The next rows of a snapshot with their registers; what the app has just written is folded in first. */
  readonly exportRows: (device: string, place: ExportPlace | null, maxLength: number) => ExportPage;
  readonly countRows: () => number;
  /** Joins a snapshot's rows into this device's, and sets `state` in the same transaction. */
  readonly importRows: (device: string, rows: readonly RegisteredRow[], state: Readonly<Record<string, string>>) => void;
  /** Every entry that would give a log what it lacks, from this device's registers. */
  readonly recallMissing: (log: LogRegisters) => Iterable<RecalledEntry>;
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
  /** Logs this device's rows anew, and the deletion of what the log has besides. Returns the number of entries. */
  readonly relog: (device: string, log: LogRegisters, end: { readonly stamp: number; readonly head: number }) => number;
  /**
   * Hands every row of the tables of which all devices have all rows to `take`, in one transaction. Returns the cursor that
   * they belong to; null, and nothing is read, while something waits to be pushed. Tables with held rows are left out.
   */
  readonly readAll: (take: (table: TableRows, rows: Iterable<readonly [rowId: string, payload: string]>) => void) => number | null;
  /** Row ids of the rows that are here, and of all that are remembered. */
  readonly rowIdsEver: (table: string) => readonly string[];
  /** Takes sync off. Null: done. A number: that many entries were not pushed, and nothing was done. */
  readonly detach: (migrations: readonly Migration[], force: boolean) => number | null;
  readonly isDetached: () => boolean;
  /** Drops the triggers again that a migration has made while sync is off. */
  readonly stayDetached: (migrations: readonly Migration[]) => void;
  /** Puts sync back: capture begins again. */
  readonly attach: (migrations: readonly Migration[]) => void;
  /** What waits to be sent, oldest first, coalesced; not always all of it. */
  readonly outgoing: () => readonly OutgoingEntry[];
  /** The row that goes with an entry: from the entry, or as it is now. Null: a DELETE, or a row that left without a trace. */
  readonly payloadOf: (outgoing: OutgoingEntry) => string | null;
  /** These entries, the latest of which has `stamp`, are in the log; null: there was nothing to send of them. */
  readonly markPushed: (ids: readonly number[], stamp: number, push: Push | null) => void;
  readonly markUnpushable: (ids: readonly number[], stamp: number) => void;
  /** Removes pushed entries past their time, and forgets what nobody can need any more. Returns how many entries. */
  readonly cleanup: () => number;
  /** This device has read the log to its end. */
  readonly noteWholePull: () => void;
  /** It did so longer ago than the schema allows: what it has to say may refer to rows that others have forgotten. */
  readonly isAwayTooLong: () => boolean;
  readonly pendingCount: () => number;
  readonly unpushableCount: () => number;
  readonly heldRows: (limit: number) => readonly HeldRow[];
  readonly heldCount: () => number;
  readonly quarantine: (entry: Omit<QuarantinedEntry, "sinceMs">) => void;
  readonly unquarantine: (seq: number) => void;
  readonly quarantined: (limit: number) => readonly QuarantinedEntry[];
  readonly quarantineCount: () => number;
  readonly conflicts: (limit: number) => readonly Conflict[];
  readonly conflictCount: () => number;
  /** Of the held rows, those that their table refuses. */
  readonly refusedCount: () => number;
  /** Writes some columns of a held row, as an edit of the app's user. False: there is no such held row that is alive. */
  readonly editHeld: (device: string, table: string, rowId: string, values: Values) => boolean;
  /** Writes the losing values again, as an edit of the app's user, and forgets the conflict. False: there is none with this id. Throws `RowRefusedError`. */
  readonly takeBack: (device: string, id: number) => boolean;
  readonly dismissConflict: (id: number) => boolean;
  /** Another number after each entry, whoever wrote it. */
  readonly newestEntry: () => number;
  /** The app was updated since this database was last opened. */
  readonly noteUpgrade: () => void;
  readonly lease: CycleLease;
}

/** A push that the server has. */
export interface Push {
  /** How far the log has come with it. */
  readonly cursor: number;
  /** Of its last entry. */
  readonly digest: string;
}

const HIGHEST_CURSOR = "highest_cursor";
const LAST_STAMP = "last_stamp";
const PUSH_MARKS = "push_marks";
/** Pushes remembered: by the time of the hundredth, everyone who edits has read the first. */
const MAX_PUSH_MARKS = 100;
const START_OVER = "start_over";
const DAY_MICROSECONDS = 24 * 60 * 60 * 1_000_000;
/** Unpushed entries looked at together: what edits of one row have more than this between them are sent apart. */
const MAX_COALESCED = 10_000;
/** Held rows looked at in one transaction. The rest wait for the next cycle. */
const MAX_RESOLVED = 10_000;

export function openStore(driver: Driver, spec: AppSpec, nowMs: () => number): Store {
  const state = stateStore(driver);
  const devices = deviceNumbers(driver);
  const log: Changelog = changelog(driver, state);
  const held = heldStore(driver);
  const conflicts = conflictStore(driver);
  const quarantine = quarantineStore(driver);
  const memory = forgetting(driver, state, nowMs, spec.changelog.maxAwayDays);
  const tables = new Map(spec.tables.map((table) => [table.name, tableRows(driver, table)]));
  const inbound = inboundEdges(tables);
  const parts: SessionParts = { driver, tables, clocks: rowClocks(driver, devices), held, changelog: log, conflicts, nowMs };

  /** One transaction: all of `body` or nothing. */
  function transaction<T>(body: () => T): T {
    if (driver.inTransaction()) throw new DatabaseBusyError("a transaction of the app is open on this handle");
    driver.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      driver.exec("COMMIT");
      return result;
    } catch (error) {
      if (driver.inTransaction()) driver.exec("ROLLBACK");
      devices.forget();
      throw error;
    }
  }

  /** A transaction whose writes triggers do not capture. The flag changes inside it, so that a crash takes it back. */
  function suppressed<T>(body: () => T, deferForeignKeys: boolean): T {
    return transaction(() => {
      if (deferForeignKeys) driver.exec("PRAGMA defer_foreign_keys = ON");
      state.set("applying_remote", "1");
      const result = body();
      state.set("applying_remote", "0");
      return result;
    });
  }

  const highestCursor = (): number => state.getNumber(HIGHEST_CURSOR, 0);
  const pushMarks = (): PushMarks => JSON.parse(state.get(PUSH_MARKS) ?? "[]") as PushMarks;

  function session<T>(device: string, mode: { enforced: boolean; deferred: boolean }, body: (session: Session) => T): T {
    return suppressed(() => {
      const opened = new Session(
        parts,
        {
          device,
          lastStamp: state.getNumber(LAST_STAMP, 0),
          cursor: state.getNumber("pull_cursor", 0),
          hasJoined: state.get("initial_snapshot_done") === "1",
          isStartingOver: state.get(START_OVER) === "1",
          pushMarks: pushMarks(),
          ...mode,
        },
        inbound,
      );
      opened.foldLocal();
      const result = body(opened);
      state.set(LAST_STAMP, String(opened.lastStamp));
      return result;
    }, mode.deferred);
  }

  const foreignKeysOn = (): boolean => driver.prepare("PRAGMA foreign_keys").get()?.[0] === 1;

  /**
   * Runs `body` with foreign keys checked at COMMIT. Where that fails (a row counted on another that could not
   * be placed, or a table outside the schema still refers to a deleted row), runs it again checking each
   * statement, so that only the offending rows are held.
   */
  function apply<T>(device: string, body: (session: Session) => T): T {
    const enforced = foreignKeysOn();
    let relaxed: Session["relaxed"] = [];
    const run = (opened: Session): T => {
      const result = body(opened);
      relaxed = opened.relaxed;
      return result;
    };
    return rarelyCheckpointing(driver, () => {
      let result: T;
      try {
        result = session(device, { enforced, deferred: true }, run);
      } catch (error) {
        if (!(error instanceof BrokenCircleError) && driver.constraintOf(error) !== "FOREIGNKEY") throw error;
        result = session(device, { enforced, deferred: false }, run);
      }
      if (relaxed.length > 0) placeRelaxed(device, relaxed);
      return result;
    });
  }

  /** Rows whose reference may dangle, because their schema says that its parents stay on their devices. */
  function placeRelaxed(device: string, rows: Session["relaxed"]): void {
    driver.exec("PRAGMA foreign_keys = OFF");
    try {
      session(device, { enforced: false, deferred: true }, (opened) => opened.resolve(rows));
    } finally {
      driver.exec("PRAGMA foreign_keys = ON");
    }
  }

  /**
   * Once through all that can be tried, some in each transaction; by row id, not from the oldest on, so that those that cannot be
   * placed do not keep the others from their turn. Of rows that are only updated there may be very many that never come.
   */
  function tryHeld(device: string, work: (opened: Session) => void): void {
    const arrived = [...tables.values()].flatMap(({ spec: { name, apply: kind, sql } }) =>
      kind === "update" ? held.arrived(name, sql.rowId) : [],
    );
    for (let after: HeldPlace | null = ["", ""]; after !== null;) {
      const found: readonly HeldPlace[] = held.after(after, MAX_RESOLVED);
      const rows = [...arrived.splice(0, MAX_RESOLVED), ...found];
      if (rows.length > 0)
        apply(device, (opened) => {
          opened.resolve(rows);
          work(opened);
        });
      after = found.at(-1) ?? after;
      if (found.length < MAX_RESOLVED && arrived.length === 0) after = null;
    }
  }

  function retryHeld(device: string): void {
    for (let before = Infinity; held.count() < before;) {
      before = held.count();
      tryHeld(device, () => {});
    }
  }

  log.forgetRemoved(); // by a migration
  const over = startOver(parts);
  const unsynced = (): number => log.countUnpushed() + log.countUnpushable();

  return {
    state,
    tables,
    foldLocal: (device) => session(device, { enforced: true, deferred: false }, () => undefined),
    applyRemote: (device, changes, cursor, facts = {}) =>
      apply(device, (opened) => {
        let merged = 0;
        for (const change of changes) if (opened.merge(change)) merged += 1;
        opened.settle();
        for (const [key, fact] of Object.entries(facts)) state.set(key, fact);
        if (cursor !== null) state.set("pull_cursor", String(cursor));
        if (cursor !== null && cursor > highestCursor()) state.set(HIGHEST_CURSOR, String(cursor));
        return { merged, ignored: changes.length - merged };
      }),
    highestCursor,
    resolveHeld: (device) => tryHeld(device, (opened) => opened.applyRules()),
    retryHeld,
    exportRows: (device, place, maxLength) =>
      session(device, { enforced: true, deferred: false }, () => exportPage(parts, place, maxLength)),
    countRows: () => countRows(parts),
    importRows: (device, rows, facts) =>
      apply(device, (opened) => {
        const isFresh = highestCursor() === 0;
        for (const row of rows) opened.join(row, isFresh);
        opened.settle();
        for (const [key, fact] of Object.entries(facts)) state.set(key, fact);
      }),
    recallMissing: (server) => recallMissing(parts, server),
    restartLog: (head, last, unread) =>
      transaction(() => {
        beginLog(state, last, unread);
        state.set("pull_cursor", "0");
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
    readAll: (take) =>
      transaction(() => {
        if (log.countUnpushed() > 0) return null;
        const heldIn = new Set(
          driver
            .prepare("SELECT DISTINCT table_name FROM sync_held")
            .all()
            .map(([table]) => table),
        );
        for (const rows of tables.values()) {
          const isWhole = rows.spec.apply === "upsert" && rows.spec.deletes === "apply" && !heldIn.has(rows.spec.name);
          if (isWhole) take(rows, scanRows(driver, rows));
        }
        return state.getNumber("pull_cursor", 0);
      }),
    rowIdsEver: (table) => {
      const rows = tables.get(table);
      return rows === undefined ? [] : rowIdsOf(driver, rows);
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
    outgoing: () => coalesce(log.unpushed(MAX_COALESCED), (table) => tables.get(table)?.spec.conflicts === "row"),
    payloadOf({ newest }) {
      const rows = tables.get(newest.table);
      if (newest.op === "DELETE" || rows === undefined) return null;
      const kept = (): string | null => {
        const stored = parts.clocks.load(newest.table, newest.rowId)?.data ?? null;
        if (stored === null) return null;
        const known = rows.columns.flatMap((column) => (stored[column] === undefined ? [] : [[column, stored[column]]]));
        return JSON.stringify({ ...rowIdToWire(rows.identity, newest.rowId), ...Object.fromEntries(known) });
      };
      return log.dataOf(newest.id) ?? kept() ?? rows.readPayload(newest.rowId) ?? log.oldAfter(newest);
    },
    markPushed: (ids, stamp, push) =>
      transaction(() => {
        log.mark(ids, PUSHED, stamp);
        // Entries do not leave in the order of their stamps: the mark stays below the first that waits.
        const through = log.pushedStamp();
        if (push === null) return;
        if (through !== null && through > (pushMarks().at(-1)?.[0] ?? 0))
          state.set(PUSH_MARKS, JSON.stringify([...pushMarks(), [through, push.cursor]].slice(-MAX_PUSH_MARKS)));
        // A push whose reply was lost may have been read back before it is repeated.
        if (push.cursor > state.getNumber("pull_cursor", 0))
          state.set(UNREAD_PUSHES, JSON.stringify([...unreadPushes(state), [push.cursor, push.digest]]));
      }),
    markUnpushable: (ids, stamp) => transaction(() => log.mark(ids, UNPUSHABLE, stamp)),
    cleanup: () =>
      transaction(() => {
        memory.forget();
        return log.prune(nowMs() * 1000 - spec.changelog.retainDays * DAY_MICROSECONDS, spec.changelog.maxEntries);
      }),
    noteWholePull: () => memory.noteWholePull(state.getNumber(LAST_STAMP, 0), log.countUnpushed() === 0),
    isAwayTooLong: memory.isAwayTooLong,
    pendingCount: () => log.countUnpushed(),
    unpushableCount: () => log.countUnpushable(),
    heldRows: (limit) =>
      held.list(limit).map((entry) => {
        const rows = tables.get(entry.table);
        const values = parts.clocks.load(entry.table, entry.rowId)?.data ?? {};
        return { ...entry, values, obstacles: rows === undefined ? [] : obstaclesOf(tables, rows, entry.rowId, values) };
      }),
    heldCount: () => held.count(),
    refusedCount: () => held.countRefused(),
    editHeld(device, table, rowId, values) {
      const rows = tables.get(table);
      const unknown = Object.keys(values).find((column) => rows?.columnSet.has(column) !== true);
      if (rows === undefined) throw new RangeError(`"${table}" is not a synced table`);
      if (unknown !== undefined) throw new RangeError(`"${unknown}" is not a synced column of "${table}" outside its key`);
      if (!apply(device, (opened) => opened.editHeld(rows, rowId, values))) return false;
      retryHeld(device); // what waited for it
      return true;
    },
    quarantine: (entry) => quarantine.put({ ...entry, sinceMs: nowMs() }),
    unquarantine: (seq) => quarantine.remove(seq),
    quarantined: (limit) => quarantine.list(limit),
    quarantineCount: () => quarantine.count(),
    conflicts: (limit) => conflicts.list(limit),
    conflictCount: () => conflicts.count(),
    takeBack(device, id) {
      session(device, { enforced: true, deferred: false }, () => undefined); // what the app wrote meanwhile is in the registers now
      const conflict = conflicts.get(id);
      const rows = conflict === null ? undefined : tables.get(conflict.table);
      if (conflict === null || rows === undefined) return false;
      const { table, rowId, values } = conflict;
      const whole = { ...(parts.clocks.load(table, rowId)?.data ?? rows.read(rowId)), ...values };
      try {
        return transaction(() => {
          const columns = Object.keys(values).filter((column) => rows.columnSet.has(column));
          if (columns.length > 0 && rows.update(rowId, values, columns) === 0) rows.upsert(rowId, whole);
          return conflicts.remove(id);
        });
      } catch (error) {
        const constraint = error instanceof ValueError ? "VALUE" : driver.constraintOf(error);
        throw constraint === null ? error : new RowRefusedError(table, rowId, constraint, obstaclesOf(tables, rows, rowId, whole));
      }
    },
    dismissConflict: (id) => conflicts.remove(id),
    noteUpgrade: log.noteUpgrade,
    newestEntry: () => log.newest(),
    lease: cycleLease(driver, nowMs),
  };
}
