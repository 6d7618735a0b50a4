/** Which driver an app's handle needs, told by what the handle can do: no database library is imported for it. */
import type BetterSqlite3 from "better-sqlite3";
import { betterSqlite3Driver } from "./better-sqlite3.ts";
import type { Driver } from "./driver.ts";
import { type NodeSqliteDatabase, nodeSqliteDriver } from "./node-sqlite.ts";

/** What an app may hand over: a better-sqlite3 handle, a `DatabaseSync` of node:sqlite, or a driver made for another library. */
export type DatabaseHandle = BetterSqlite3.Database | NodeSqliteDatabase | Driver;

export function driverOf(database: DatabaseHandle): Driver {
  if (typeof database === "object" && database !== null) {
    if ("constraintOf" in database) return database;
    if ("pragma" in database) return betterSqlite3Driver(database);
    if ("isTransaction" in database || isDatabaseSync(database)) return nodeSqliteDriver(database);
  }
  throw new TypeError("the database is neither a better-sqlite3 handle, nor a DatabaseSync of node:sqlite, nor a driver");
}

/** In Node's first versions of it, nothing but its name tells. */
const isDatabaseSync = (database: object): boolean => database.constructor.name === "DatabaseSync";
