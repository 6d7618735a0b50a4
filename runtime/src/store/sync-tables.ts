/** The sync tables as this version reads them. Migrations make them; one that an older generator wrote may lack columns. */
import type { Driver } from "../driver/driver.ts";

const SYNC_TABLES: Readonly<Record<string, readonly string[]>> = {
  sync_changelog: ["id", "table_name", "op", "row_id", "timestamp", "data", "pushed", "mask", "old", "stamp", "seen", "rule"],
  sync_state: ["key", "value"],
  sync_device: ["id", "device"],
  sync_row_clock: ["table_name", "row_id", "stamp", "device", "columns", "life_stamp", "life_device", "alive", "data"],
  sync_held: ["table_name", "row_id", "reason", "detail", "since"],
  sync_quarantine: ["seq", "table_name", "row_id", "reason", "since"],
  sync_conflicts: ["id", "table_name", "row_id", "kind", "data", "stamp", "device", "winner_stamp", "winner_device", "noticed"],
};

/** Tables and columns (`table.column`) that this database does not have. */
export function missingSyncColumns(driver: Driver): readonly string[] {
  return Object.entries(SYNC_TABLES).flatMap(([table, columns]) => {
    const found = new Set(
      driver
        .prepare("SELECT name FROM pragma_table_info(?)")
        .all(table)
        .map(([name]) => name),
    );
    return found.size === 0 ? [table] : columns.flatMap((column) => (found.has(column) ? [] : [`${table}.${column}`]));
  });
}
