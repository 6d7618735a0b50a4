/**
 * The tables that this version reads, against those that are there: sync's own, which migrations make (one that an older generator
 * wrote may lack columns), and the app's.
 */
import type { Driver } from "../driver/driver.ts";
import type { AppSpec } from "../generated/spec.ts";

const SYNC_TABLES: Readonly<Record<string, readonly string[]>> = {
  sync_changelog: ["id", "table_name", "op", "row_id", "timestamp", "data", "pushed", "mask", "old", "stamp", "seen", "rule"],
  sync_state: ["key", "value"],
  sync_device: ["id", "device"],
  sync_row_clock: ["table_name", "row_id", "stamp", "device", "columns", "life_stamp", "life_device", "alive", "data"],
  sync_held: ["table_name", "row_id", "reason", "detail", "since"],
  sync_quarantine: ["seq", "table_name", "row_id", "reason", "since"],
  sync_conflicts: ["id", "table_name", "row_id", "kind", "data", "stamp", "device", "winner_stamp", "winner_device", "noticed"],
};

/** Of sync's own tables and columns (`table.column`), those that this database does not have. */
export const missingSyncColumns = (driver: Driver): readonly string[] => missingFrom(driver, Object.entries(SYNC_TABLES));

/** The same of the app's: a trigger that names a missing column would make the app's own writes fail. */
export const missingColumns = (driver: Driver, { tables }: Pick<AppSpec, "tables">): readonly string[] =>
  missingFrom(
    driver,
    tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]),
  );

/** Tables that another schema captures in this database: both would read one log, and take the other's entries for their own. */
export function capturedByOthers(driver: Driver, { tables }: Pick<AppSpec, "tables">): readonly string[] {
  const own = new Set(tables.map(({ name }) => lower(name)));
  const captured = driver
    .prepare("SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%/* synckit-gen %' ORDER BY tbl_name")
    .all()
    .map(([name]) => String(name));
  return captured.filter((name) => !own.has(lower(name)));
}

/** As SQLite's: of ASCII only. */
const lower = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function missingFrom(driver: Driver, wanted: readonly (readonly [table: string, columns: readonly string[]])[]): readonly string[] {
  const columnsOf = driver.prepare("SELECT lower(name) FROM pragma_table_xinfo(?)");
  return wanted.flatMap(([table, columns]) => {
    const found = new Set(columnsOf.all(table).map(([name]) => name));
    return found.size === 0 ? [table] : columns.filter((column) => !found.has(lower(column))).map((column) => `${table}.${column}`);
  });
}
