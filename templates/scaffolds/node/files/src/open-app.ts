/** The app's database with sync on top. The rest of the app uses Kysely or SQL as usual: triggers see what it writes. */
import BetterSqlite3 from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Sync, SyncOptions } from "@synckit-gen/runtime";
import { createSync } from "./sync/sync.ts";
import type { Database } from "./sync/tables.ts";

export interface App {
  readonly db: Kysely<Database>;
  readonly sync: Sync;
  readonly close: () => void;
}

export function openApp(file: string, options: Omit<SyncOptions, "database">): App {
  mkdirSync(dirname(file), { recursive: true });
  const database = new BetterSqlite3(file);
  database.pragma("journal_mode = WAL");
  database.pragma("foreign_keys = ON");
  return {
    db: new Kysely<Database>({ dialect: new SqliteDialect({ database }) }),
    sync: createSync({ ...options, database }),
    close: () => void database.close(),
  };
}
