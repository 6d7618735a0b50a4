/** Runs on a platform under test, from a folder where the packed runtime is installed: prints what both devices hold, as JSON. */
import * as node from "@synckit-gen/runtime/node";
import { createSync } from "./sync.js";
import { exercise } from "./exercise.js";

const [library, serverUrl, apiKey, email, password] = process.argv.slice(2);
const TITLES = "SELECT title FROM items ORDER BY id";

async function open() {
  const { default: Database } = library === "better-sqlite3" ? await import("better-sqlite3") : { default: null };
  const { DatabaseSync } = library === "node:sqlite" ? await import("node:sqlite") : { DatabaseSync: null };
  const database = Database === null ? new DatabaseSync(":memory:") : new Database(":memory:");
  const titles = () =>
    database
      .prepare(TITLES)
      .all()
      .map(({ title }) => title);
  return { database, exec: (sql) => database.exec(sql), titles };
}

const { kind } = await node.openKeychain({ otherwise: "memory" });
const held = await exercise({ createSync, open, serverUrl, apiKey, email, password });
console.log(JSON.stringify({ held, kind, version: process.versions.bun ?? process.version }));
