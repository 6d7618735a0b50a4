/** The storage port over a SQL database: each part is one file of statements. */
import type { Storage } from "../port.ts";
import { accounts } from "./accounts.ts";
import { digests } from "./digests.ts";
import { blobs } from "./blobs.ts";
import { directory } from "./directory.ts";
import { identity } from "./identity.ts";
import { keys } from "./keys.ts";
import { removal } from "./removal.ts";
import { log } from "./log.ts";
import { snapshots } from "./snapshots.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { usage } from "./usage.ts";

/** Closing the storage closes the database. */
export const createSqlStorage = (database: SqlDatabase): Storage => ({
  ...directory(database),
  ...identity(database),
  ...accounts(database),
  ...log(database),
  ...keys(database),
  ...snapshots(database),
  ...digests(database),
  ...blobs(database),
  ...usage(database),
  ...removal(database),
  ping: async () => void (await database.get("SELECT 1 AS one")),
  close: () => database.close(),
});
