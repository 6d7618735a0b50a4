/**
 * Runs in a worker of a real browser: the engine over SQLite's WebAssembly build, on a file that outlives the
 * page. Its server is the test's, over HTTP. What it finds goes back the same way.
 */
import sqlite3InitModule from "@sqlite.org/sqlite-wasm";
import { sqliteWasmDriver } from "../../runtime/src/driver/sqlite-wasm.ts";
import { applyMigrations } from "../../runtime/src/engine/migrate.ts";
import { pullChanges } from "../../runtime/src/engine/pull.ts";
import { pushChanges } from "../../runtime/src/engine/push.ts";
import { openStore } from "../../runtime/src/store/store.ts";

const generated = (name) => import(`/generated/${name}.ts`);
const ask = async (path, body) => (await fetch(path, { method: "POST", body: JSON.stringify(body) })).json();

async function run() {
  const { spec } = await generated("apply");
  const { migrations } = await generated("migrations");
  const sqlite = await sqlite3InitModule();
  const pool = await sqlite.installOpfsSAHPoolVfs({ name: "sync" });
  const { ddl } = await ask("/setup", {});
  const relay = {
    pushPayloads: (_device, entries) => ask("/push", entries),
    pullPayloads: (_device, cursor) => ask("/pull", cursor),
  };

  let db = new pool.OpfsSAHPoolDb("/app.db");
  let driver = sqliteWasmDriver(sqlite, db);
  driver.exec(ddl);
  applyMigrations(driver, migrations);
  let store = openStore(driver, spec, Date.now);
  const format = () => ({ compat: spec.compat, tables: store.tables, rowHash: (table, rowId) => `hash:${table}:${rowId}` });
  driver.exec("INSERT INTO notes VALUES ('from the browser', 'é😀' || char(0), 9223372036854775807, x'00ff')");
  const constraints = [];
  try {
    driver.exec("INSERT INTO notes VALUES ('from the browser', '', 0, NULL)");
  } catch (error) {
    constraints.push(driver.constraintOf(error));
  }
  await pushChanges(store, relay, format(), "browser");
  db.close();

  // As if the page had been loaded again.
  db = new pool.OpfsSAHPoolDb("/app.db");
  driver = sqliteWasmDriver(sqlite, db);
  store = openStore(driver, spec, Date.now);
  await pullChanges(store, relay, format(), "browser");
  driver.exec("UPDATE notes SET body = body || ' and back' WHERE id = 'from node'");
  await pushChanges(store, relay, format(), "browser");

  const [table] = spec.tables;
  const rows = driver.prepare(`SELECT ${table.sql.rowId}, ${table.sql.payload} FROM notes ORDER BY 1`).all();
  const journal = driver.prepare("PRAGMA journal_mode").get()[0];
  return { rows, constraints, journal, pending: store.pendingCount(), sqlite: sqlite.version.libVersion };
}

run().then(
  (result) => ask("/done", result),
  (error) => ask("/done", { error: `${error.name}: ${error.message}\n${error.stack}` }),
);
