/** What the server has on disk: the reader of its database file sees no more than this. */
import { existsSync, readFileSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";

export interface StoredEntry {
  readonly table_name: string;
  readonly op: string;
  readonly row_id: string;
  readonly timestamp: string;
  readonly data: string;
}

export function readStoredEntry(file: string, table: string, rowId: string): StoredEntry {
  const database = new BetterSqlite3(file, { readonly: true });
  try {
    const find = database.prepare<[string, string], StoredEntry>(
      "SELECT table_name, op, row_id, timestamp, data FROM sync_log WHERE table_name = ? AND row_id = ? ORDER BY seq LIMIT 1",
    );
    const entry = find.get(table, rowId);
    if (entry === undefined) throw new Error(`the server has no entry of ${table} ${rowId}`);
    return entry;
  } finally {
    database.close();
  }
}

/** Whether `text` stands anywhere in the database file or its write-ahead log. */
export const isOnDisk = (file: string, text: string): boolean =>
  [file, `${file}-wal`].some((path) => existsSync(path) && readFileSync(path).includes(text));
