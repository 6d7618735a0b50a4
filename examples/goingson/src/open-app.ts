/**
 * Opens a GoingsOn database: the app's own tables first, sync on top. The rest of the app goes on using SQL
 * or Kysely as before; triggers see what it writes.
 */
import BetterSqlite3 from "better-sqlite3";
import { type Generated, Kysely, SqliteDialect } from "kysely";
import { readFileSync } from "node:fs";
import type { Sync, SyncOptions } from "@synckit-gen/runtime";
import { createSync } from "./sync/sync.ts";
import type { Database as SyncedTables } from "./sync/tables.ts";

/** Stays on the device that fetched it, so the generated types do not know it. */
export interface EmailsTable {
  id: string;
  account_id: string;
  sender: string;
  subject: Generated<string>;
  body: Generated<string>;
  received_at: Generated<string>;
}

export interface Database extends SyncedTables {
  emails: EmailsTable;
}

export interface App {
  readonly database: BetterSqlite3.Database;
  readonly db: Kysely<Database>;
  readonly sync: Sync;
  readonly close: () => void;
}

/** The app as it was before it could sync: pragmas and its own tables. */
export function openDatabase(file: string): BetterSqlite3.Database {
  const database = new BetterSqlite3(file);
  database.pragma("journal_mode = WAL");
  database.pragma("foreign_keys = ON");
  database.exec(readFileSync(new URL("app-schema.sql", import.meta.url), "utf8"));
  return database;
}

export function openApp(file: string, options: Omit<SyncOptions, "database">): App {
  const database = openDatabase(file);
  return {
    database,
    db: new Kysely<Database>({ dialect: new SqliteDialect({ database }) }),
    sync: createSync({ ...options, database }),
    close: () => database.close(),
  };
}
