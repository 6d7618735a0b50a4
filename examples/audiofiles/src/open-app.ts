/**
 * Opens an audiofiles database: the app's own tables first, sync on top. The rest of the app goes on using SQL
 * or Kysely as before; triggers see what it writes.
 */
import BetterSqlite3 from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { readFileSync } from "node:fs";
import type { Sync, SyncOptions } from "@synckit-gen/runtime";
import { createSync } from "./sync/sync.ts";
import type { Database } from "./sync/tables.ts";

export interface App {
  readonly database: BetterSqlite3.Database;
  readonly db: Kysely<Database>;
  readonly sync: Sync;
  readonly close: () => void;
}

export function openApp(file: string, options: Omit<SyncOptions, "database">): App {
  const database = new BetterSqlite3(file);
  database.pragma("journal_mode = WAL");
  database.pragma("foreign_keys = ON");
  database.exec(readFileSync(new URL("app-schema.sql", import.meta.url), "utf8"));
  return {
    database,
    db: new Kysely<Database>({ dialect: new SqliteDialect({ database }) }),
    sync: createSync({ ...options, database }),
    close: () => database.close(),
  };
}
