/** Fills a database as use would: rows, what triggers log of them, edits, deletes, and clocks from other devices. */
import { isSynced } from "@synckit-gen/schemas/model";
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import { quoteName, quoteNames, quoteText } from "../../sqlite/database.ts";
import type { Database } from "../../sqlite/database.ts";
import { literalOf, NULL_CELL } from "./cells.ts";
import type { Cell } from "./cells.ts";
import type { Sample, SampleRow } from "./predict-rows.ts";
import type { Random } from "./random.ts";

/** `isJoined`: the device has taken its initial snapshot. */
export function fillDatabase(database: Database, model: SyncModel, sample: Sample, isJoined: boolean, random: Random): void {
  database.exec("PRAGMA foreign_keys = OFF");
  for (const table of model.tables) {
    const rows = sample.get(table.name) ?? [];
    for (const row of rows) database.exec(insertSql(table, row.cells));
    for (const row of rows) {
      if (random.chance(0.3)) passBy(database, table, row);
      if (random.chance(0.3)) touch(database, table, row, random);
    }
  }
  const names = model.tables.map(({ name }) => name);
  database.exec(`INSERT OR REPLACE INTO sync_state (key, value) VALUES ('initial_snapshot_done', '${isJoined ? 1 : 0}')`);
  database.exec("UPDATE sync_changelog SET pushed = 1, stamp = timestamp WHERE id % 3 = 0");
  for (const table of model.tables) addClocks(database, table, random);
  for (const name of names.filter(() => random.chance(0.5)))
    database.exec(`INSERT OR IGNORE INTO sync_held (table_name, row_id, reason, since) VALUES (${quoteText(name)}, 'held', 'parent', 1)`);
  database.exec(`INSERT INTO sync_conflicts (table_name, row_id, kind, data, stamp, device, winner_stamp, winner_device, noticed)
    SELECT table_name, row_id, 'overwritten', data, 1, 'd', 2, 'e', 3 FROM sync_changelog WHERE data IS NOT NULL AND id % 5 = 0`);
  database.exec("PRAGMA foreign_keys = ON");
}

const insertSql = (table: Table, cells: ReadonlyMap<string, Cell>): string =>
  `INSERT INTO ${quoteName(table.name)} (${quoteNames([...cells.keys()])}) VALUES (${[...cells.values()].map(literalOf).join(", ")})`;

/** The row is deleted and comes back: the log has a DELETE with the old values. */
function passBy(database: Database, table: Table, { cells }: SampleRow): void {
  database.exec(`DELETE FROM ${quoteName(table.name)} WHERE ${whereKey(table, cells)}`);
  database.exec(insertSql(table, cells));
}

/** A column changes and changes back: the log has two UPDATEs with its place in the mask. */
function touch(database: Database, table: Table, { cells }: SampleRow, random: Random): void {
  const bound = new Set([table.key, table.identity.columns, ...table.unique, ...table.references.map(({ columns }) => columns)].flat());
  const free = table.columns.filter((column) => isSynced(column) && !bound.has(column.name));
  if (free.length === 0) return;
  const { name } = random.pick(free);
  const where = whereKey(table, cells);
  const set = (literal: string): void =>
    database.exec(`UPDATE ${quoteName(table.name)} SET ${quoteName(name)} = ${literal} WHERE ${where}`);
  set("x'01'");
  set(literalOf(cells.get(name) ?? NULL_CELL));
}

const whereKey = (table: Table, cells: ReadonlyMap<string, Cell>): string =>
  table.key.map((name) => `${quoteName(name)} = ${literalOf(cells.get(name) ?? NULL_CELL)}`).join(" AND ");

/** Clocks of living rows, some columns with clocks of their own, and of dead rows, which keep their values. */
function addClocks(database: Database, table: Table, random: Random): void {
  const name = quoteText(table.name);
  const synced = table.columns.filter(isSynced);
  const overrides = Object.fromEntries(synced.filter(() => random.chance(0.4)).map((column, i) => [column.name, [100 + i, 1]]));
  database.exec("INSERT OR IGNORE INTO sync_device (id, device) VALUES (1, 'other')");
  database.exec(`INSERT OR IGNORE INTO sync_row_clock (table_name, row_id, stamp, device, columns, alive)
    SELECT table_name, row_id, CASE id % 4 WHEN 0 THEN 0 ELSE 1000 + id END, 1, CASE id % 2 WHEN 0 THEN ${quoteText(JSON.stringify(overrides))} END, 1
    FROM sync_changelog WHERE table_name = ${name} AND op = 'INSERT'`);
  database.exec(`INSERT OR IGNORE INTO sync_row_clock (table_name, row_id, stamp, device, life_stamp, life_device, alive, data)
    SELECT table_name, row_id || 'dead', 500 + id, 1, 900, 1, 0, old FROM sync_changelog WHERE table_name = ${name} AND op = 'DELETE' AND old IS NOT NULL`);
}
