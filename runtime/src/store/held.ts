/** `sync_held`: rows whose registers say one thing and whose table cannot yet hold it, with the reason. */
import type { Driver } from "../driver/driver.ts";

/**
 * `parent`: a parent is not here. `children`: deleted elsewhere, while rows here refer to it. `relaxed`: a reference to an unsynced row needs enforcement off.
 * `missing`: an update-only row that does not exist here. `constraint`: the table refuses the row.
 */
export type HeldReason = "parent" | "children" | "relaxed" | "missing" | "constraint";

export interface HeldRow {
  readonly table: string;
  readonly rowId: string;
  readonly reason: HeldReason;
  /** Which reference or which kind of constraint; never a value. */
  readonly detail: string | null;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

export type HeldPlace = readonly [table: string, rowId: string];

export interface HeldStore {
  readonly put: (row: HeldRow) => void;
  readonly remove: (table: string, rowId: string) => void;
  readonly list: (limit: number) => readonly HeldRow[];
  /** In the order of table and row id. */
  readonly after: (place: HeldPlace, limit: number) => readonly HeldPlace[];
  readonly count: () => number;
}

export function heldStore(driver: Driver): HeldStore {
  const upsert = driver.prepare(
    `INSERT INTO sync_held (table_name, row_id, reason, detail, since) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (table_name, row_id) DO UPDATE SET reason = excluded.reason, detail = excluded.detail`,
  );
  const remove = driver.prepare("DELETE FROM sync_held WHERE table_name = ? AND row_id = ?");
  const select = driver.prepare(
    "SELECT table_name, row_id, reason, detail, since FROM sync_held ORDER BY since, table_name, row_id LIMIT ?",
  );
  const after = driver.prepare(
    "SELECT table_name, row_id FROM sync_held WHERE (table_name, row_id) > (?, ?) ORDER BY table_name, row_id LIMIT ?",
  );
  const count = driver.prepare("SELECT count(*) FROM sync_held");
  return {
    put: (row) => void upsert.run(row.table, row.rowId, row.reason, row.detail, row.sinceMs),
    remove: (table, rowId) => void remove.run(table, rowId),
    list: (limit) =>
      select.all(limit).map(([table, rowId, reason, detail, since]) => ({
        table: table as string,
        rowId: rowId as string,
        reason: reason as HeldReason,
        detail: detail as string | null,
        sinceMs: since as number,
      })),
    after: ([table, rowId], limit) =>
      after.all(table, rowId, BigInt(limit)).map(([heldTable, heldRowId]) => [heldTable as string, heldRowId as string] as const),
    count: () => count.get()?.[0] as number,
  };
}
