/** Storage in one SQLite file, or in memory: the database of a laptop, of one machine, and of tests. */
import type { Storage } from "../port.ts";
import { createSqlStorage } from "../sql/create-sql-storage.ts";
import { openSqliteDatabase } from "./open-sqlite-database.ts";

/** Opens or creates the file, readable by its owner only; `:memory:` keeps everything in this process. */
export const openSqliteStorage = (path: string): Storage => createSqlStorage(openSqliteDatabase(path));
