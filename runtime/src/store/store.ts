/**
 * The engine's side of the database: one object that owns every statement on the sync tables and every
 * transaction with capture suppressed. Each method is synchronous and leaves the database consistent.
 */
import type { Driver } from "../driver/driver.ts";
import type { AppSpec } from "../generated/spec.ts";
import { changelog } from "./changelog.ts";
import { type ConflictList, conflictList } from "./conflict-list.ts";
import { conflictStore } from "./conflicts.ts";
import { deviceNumbers } from "./devices.ts";
import { forgetting } from "./forgetting.ts";
import { heldStore } from "./held.ts";
import { type HeldRows, heldRows } from "./held-rows.ts";
import { type CycleLease, cycleLease } from "./lease.ts";
import { type LifeCycle, lifeCycle } from "./life-cycle.ts";
import { type Outbox, outbox } from "./outbox.ts";
import { type QuarantinedEntry, quarantineStore } from "./quarantine.ts";
import type { RemoteChange } from "./remote-change.ts";
import { type LogRegisters, type RecalledEntry, recallMissing, rowIdsOf } from "./reseed.ts";
import { retelling } from "./retelling.ts";
import { rowClocks } from "./row-clocks.ts";
import { countRows, type ExportPage, exportPage, type ExportPlace, type RegisteredRow } from "./row-export.ts";
import { scanRows } from "./scan.ts";
import type { SessionParts } from "./session-scope.ts";
import { stateStore, type StateStore } from "./state.ts";
import { HIGHEST_CURSOR, type StoreScope } from "./store-scope.ts";
import { tableRows, type TableRows } from "./table-rows.ts";
import { transactions } from "./transactions.ts";

export interface ApplyReport {
  /** Changes that were merged, whether or not they won. */
  readonly merged: number;
  /** Changes that this schema ignores: unknown tables, deletes of a table that ignores them. */
  readonly ignored: number;
}

export interface Store extends Outbox, HeldRows, ConflictList, LifeCycle {
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
  /** The next rows of a snapshot with their registers; what the app has just written is folded in first. */
  readonly exportRows: (device: string, place: ExportPlace | null, maxLength: number) => ExportPage;
  readonly countRows: () => number;
  /** Joins a snapshot's rows into this device's, and sets `state` in the same transaction. */
  readonly importRows: (device: string, rows: readonly RegisteredRow[], state: Readonly<Record<string, string>>) => void;
  /** Every entry that would give a log what it lacks, from this device's registers. */
  readonly recallMissing: (log: LogRegisters) => Iterable<RecalledEntry>;
  /** Rows that the log has deleted are not told at the baseline: what others lack of them is told again instead. */
  readonly withdrawDead: () => void;
  /** What others may have forgotten of rows, and somebody has written since who had read nothing. */
  readonly recallForgotten: (device: string) => Iterable<RecalledEntry>;
  /** It is in the log. */
  readonly endRecall: () => void;
  /**
   * Hands every row of the tables of which all devices have all rows to `take`, in one transaction. Returns the cursor that
   * they belong to; null, and nothing is read, while something waits to be pushed. Tables with held rows are left out.
   */
  readonly readAll: (take: (table: TableRows, rows: Iterable<readonly [rowId: string, payload: string]>) => void) => number | null;
  /** Row ids of the rows that are here, and of all that are remembered. */
  readonly rowIdsEver: (table: string) => readonly string[];
  readonly quarantine: (entry: Omit<QuarantinedEntry, "sinceMs">) => void;
  readonly unquarantine: (seq: number) => void;
  readonly quarantined: (limit: number) => readonly QuarantinedEntry[];
  readonly quarantineCount: () => number;
  readonly lease: CycleLease;
}

export function openStore(driver: Driver, spec: AppSpec, nowMs: () => number): Store {
  const state = stateStore(driver);
  const devices = deviceNumbers(driver);
  const log = changelog(driver, state);
  const held = heldStore(driver);
  const conflicts = conflictStore(driver);
  const quarantine = quarantineStore(driver);
  const memory = forgetting(driver, state, nowMs, spec.changelog.maxAwayDays);
  const tables = new Map(spec.tables.map((table) => [table.name, tableRows(driver, table)]));
  const clocks = rowClocks(driver, devices);
  const retold = retelling({ tables, clocks, changelog: log });
  const parts: SessionParts = { driver, tables, clocks, held, changelog: log, conflicts, retelling: retold, nowMs };
  const scope: StoreScope = { ...transactions(parts, state, devices, memory.noteDelete), spec, state, devices, parts, memory };
  const { transaction, session, apply, highestCursor } = scope;

  log.forgetRemoved(); // by a migration

  return {
    ...outbox(scope),
    ...heldRows(scope),
    ...conflictList(scope),
    ...lifeCycle(scope),
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
    recallForgotten: retold.entries,
    withdrawDead() {
      if (log.countUnpushed() > 0) transaction(log.withdrawDead);
    },
    endRecall() {
      if (log.untold().length > 0) transaction(retold.done);
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
    quarantine: (entry) => quarantine.put({ ...entry, sinceMs: nowMs() }),
    unquarantine: (seq) => quarantine.remove(seq),
    quarantined: (limit) => quarantine.list(limit),
    quarantineCount: () => quarantine.count(),
    lease: cycleLease(driver, nowMs),
  };
}
