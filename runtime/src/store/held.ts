/** `sync_held`: rows whose registers say one thing and whose table cannot yet hold it, with the reason. */
import type { Driver, Row } from "../driver/driver.ts";
import { quoteName } from "./quote-name.ts";
import type { Obstacle } from "./obstacles.ts";
import type { Values } from "./registers.ts";

/**
 * `parent`: a parent is not here. `children`: deleted elsewhere, while rows here refer to it. `relaxed`: a reference to an unsynced row needs enforcement off.
 * `missing`: an update-only row that does not exist here. `constraint`: the table refuses the row.
 */
export type HeldReason = "parent" | "children" | "relaxed" | "missing" | "constraint";

export interface HeldEntry {
  readonly table: string;
  readonly rowId: string;
  readonly reason: HeldReason;
  /** Which reference or which kind of constraint; never a value. */
  readonly detail: string | null;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** A held row as a person needs it to decide. */
export interface HeldRow extends HeldEntry {
  /** What the row is to hold, by column, as a payload has it. */
  readonly values: Values;
  /** What it waits for, as far as the schema knows it. */
  readonly obstacles: readonly Obstacle[];
}

export type HeldPlace = readonly [table: string, rowId: string];

export interface HeldStore {
  readonly put: (row: HeldEntry) => void;
  readonly remove: (table: string, rowId: string) => void;
  /** Null: the row is not held. */
  readonly get: (table: string, rowId: string) => HeldEntry | null;
  readonly list: (limit: number) => readonly HeldEntry[];
  /** In the order of table and row id, without the rows that are `missing`. */
  readonly after: (place: HeldPlace, limit: number) => readonly HeldPlace[];
  /** Row ids of one table, the empty text among them, without the rows that are `missing`. */
  readonly of: (table: string, limit: number) => readonly string[];
  /** Rows that were `missing` and are in their table by now. `rowId`: SQL for the table's row ids. */
  readonly arrived: (table: string, rowId: string) => readonly HeldPlace[];
  readonly count: () => number;
  /** Of those that their table refuses. */
  readonly countRefused: () => number;
}

const COLUMNS = "table_name, row_id, reason, detail, since";

export function heldStore(driver: Driver): HeldStore {
  const upsert = driver.prepare(
    `INSERT INTO sync_held (table_name, row_id, reason, detail, since) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (table_name, row_id) DO UPDATE SET reason = excluded.reason, detail = excluded.detail`,
  );
  const remove = driver.prepare("DELETE FROM sync_held WHERE table_name = ? AND row_id = ?");
  const one = driver.prepare(`SELECT ${COLUMNS} FROM sync_held WHERE table_name = ? AND row_id = ?`);
  const select = driver.prepare(`SELECT ${COLUMNS} FROM sync_held ORDER BY since, table_name, row_id LIMIT ?`);
  const after = driver.prepare(
    "SELECT table_name, row_id FROM sync_held WHERE (table_name, row_id) > (?, ?) AND reason <> 'missing' ORDER BY table_name, row_id LIMIT ?",
  );
  const of = driver.prepare("SELECT row_id FROM sync_held WHERE table_name = ? AND reason <> 'missing' ORDER BY row_id LIMIT ?");
  const count = driver.prepare("SELECT count(*) FROM sync_held");
  const countRefused = driver.prepare("SELECT count(*) FROM sync_held WHERE reason = 'constraint'");
  const toEntry = ([table, rowId, reason, detail, since]: Row): HeldEntry => ({
    table: table as string,
    rowId: rowId as string,
    reason: reason as HeldReason,
    detail: detail as string | null,
    sinceMs: since as number,
  });
  return {
    put: (row) => void upsert.run(row.table, row.rowId, row.reason, row.detail, row.sinceMs),
    remove: (table, rowId) => void remove.run(table, rowId),
    get(table, rowId) {
      const row = one.get(table, rowId);
      return row === undefined ? null : toEntry(row);
    },
    list: (limit) => select.all(limit).map(toEntry),
    after: ([table, rowId], limit) =>
      after.all(table, rowId, BigInt(limit)).map(([heldTable, heldRowId]) => [heldTable as string, heldRowId as string] as const),
    of: (table, limit) => of.all(table, BigInt(limit)).map(([rowId]) => rowId as string),
    arrived: (table, rowId) =>
      driver
        .prepare(
          `SELECT row_id FROM sync_held WHERE table_name = ? AND reason = 'missing' AND row_id IN (SELECT ${rowId} FROM ${quoteName(table)})`,
        )
        .all(table)
        .map(([heldRowId]) => [table, heldRowId as string] as const),
    count: () => count.get()?.[0] as number,
    countRefused: () => countRefused.get()?.[0] as number,
  };
}
