/** The same in a page, over SQLite's WebAssembly build. */
import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { sqliteWasmDriver } from "@synckit-gen/runtime";
import { createSync } from "./sync.js";
import { exercise } from "./exercise.js";

export async function run(account) {
  const sqlite = await sqlite3InitModule();
  const open = () => {
    const driver = sqliteWasmDriver(sqlite, new sqlite.oo1.DB(":memory:"));
    return { database: driver, exec: driver.exec, titles: () => driver.prepare("SELECT title FROM items ORDER BY id").all().flat() };
  };
  return exercise({ createSync, open, serverUrl: location.origin, ...account });
}
