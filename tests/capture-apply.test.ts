/** The generated statements, imported and run in a real SQLite: what they change, and what they leave alone. */
import type Database from "better-sqlite3";
import type { Compilable } from "kysely";
import { expect, test } from "vitest";
import { captured, forget, openGenerated } from "./support/generated.ts";
import { importGenerated } from "./support/import-generated.ts";
import { capturesKeys, modelOf, tableOf } from "./support/models.ts";
import { everyFeature, nastyNames } from "./support/sample-models.ts";
import { migrationStatements } from "@synckit-gen/templates";
import { testContext } from "./support/generated.ts";

const run = (db: Database.Database, statement: Compilable | undefined): number => {
  if (statement === undefined) throw new Error("no such generated function");
  const { sql, parameters } = statement.compile();
  return db.prepare(sql).run(...parameters).changes;
};

const accounts = modelOf([
  tableOf("accounts", {
    columns: { address: "text", host: "text?" },
    local: { password: { type: "text" }, user_id: { type: "text", nullable: false, onInsert: "'lo' || 'cal'" } },
  }),
]);

test("an upsert inserts a new row with the schema's values for local columns", async () => {
  const db = openGenerated(accounts);
  const { applyFunctions } = await importGenerated(accounts);

  run(db, applyFunctions["upsertAccounts"]?.({ id: "a1", address: "x", host: null }));

  expect(db.prepare("SELECT * FROM accounts").all()).toEqual([{ id: "a1", address: "x", host: null, password: null, user_id: "local" }]);
});

test("an upsert of a row that exists keeps its local columns", async () => {
  const db = openGenerated(accounts);
  const { applyFunctions } = await importGenerated(accounts);
  db.exec("INSERT INTO accounts VALUES ('a1', 'x', 'h', 'hunter2', 'me')");

  run(db, applyFunctions["upsertAccounts"]?.({ id: "a1", address: "y", host: null }));

  expect(db.prepare("SELECT * FROM accounts").all()).toEqual([{ id: "a1", address: "y", host: null, password: "hunter2", user_id: "me" }]);
});

test("an update changes only what it names, and a delete only its row", async () => {
  const db = openGenerated(accounts);
  const { applyFunctions } = await importGenerated(accounts);
  db.exec("INSERT INTO accounts VALUES ('a1', 'x', 'h', 'p', 'me'), ('a2', 'x', 'h', 'p', 'me')");

  run(db, applyFunctions["updateAccounts"]?.({ id: "a1" }, { host: "new" }));
  run(db, applyFunctions["deleteAccounts"]?.({ id: "a2" }));

  expect(db.prepare("SELECT id, address, host, password FROM accounts").raw().all()).toEqual([["a1", "x", "new", "p"]]);
});

test("an untyped caller cannot reach a local column", async () => {
  const db = openGenerated(accounts);
  const { applyFunctions } = await importGenerated(accounts);
  db.exec("INSERT INTO accounts VALUES ('a1', 'x', 'h', 'hunter2', 'me')");

  run(db, applyFunctions["upsertAccounts"]?.({ id: "a1", address: "y", host: null, password: "theirs" }));
  run(db, applyFunctions["updateAccounts"]?.({ id: "a1" }, { host: "z", password: "theirs" }));

  expect(db.prepare("SELECT password FROM accounts").pluck().get()).toBe("hunter2");
});

test("an update-only table never gets a row, and changes the one it has", async () => {
  const feed = modelOf([
    tableOf("feed_items", {
      identity: { external_id: "text" },
      key: ["id"],
      columns: { is_read: "boolean" },
      local: { id: { type: "integer", nullable: false }, body: { type: "text" } },
      apply: "update",
      deletes: "ignore",
    }),
  ]);
  const db = openGenerated(feed);
  const { applyFunctions } = await importGenerated(feed);
  db.exec("INSERT INTO feed_items (id, external_id, is_read, body) VALUES (1, 'x', 0, 'text')");

  expect(run(db, applyFunctions["upsertFeedItems"]?.({ external_id: "unknown", is_read: 1n }))).toBe(0);
  expect(run(db, applyFunctions["upsertFeedItems"]?.({ external_id: "x", is_read: 1n }))).toBe(1);

  expect(db.prepare("SELECT * FROM feed_items").all()).toEqual([{ id: 1, external_id: "x", is_read: 1, body: "text" }]);
});

test("a table of identity columns alone is upserted twice and deleted once", async () => {
  const links = modelOf([tableOf("links", { identity: { a: "uuid", b: "uuid" } })]);
  const db = openGenerated(links);
  const { applyFunctions } = await importGenerated(links);

  run(db, applyFunctions["upsertLinks"]?.({ a: "1", b: "2" }));
  run(db, applyFunctions["upsertLinks"]?.({ a: "1", b: "2" }));
  run(db, applyFunctions["updateLinks"]?.({ a: "1", b: "2" }));

  expect(db.prepare("SELECT * FROM links").all()).toEqual([{ a: "1", b: "2" }]);
  expect(run(db, applyFunctions["deleteLinks"]?.({ a: "1", b: "2" }))).toBe(1);
});

// By key the log alone does not hold the rows that are gone again.
test.skipIf(capturesKeys).each([
  ["every feature", everyFeature()],
  ["nasty names", nastyNames()],
])("with %s, each table's statements run, are captured, and undo one another", async (_, model) => {
  const db = openGenerated(model);
  const { spec } = await importGenerated(model);
  db.pragma("foreign_keys = OFF"); // one row per table: its parents are not the point here

  for (const table of spec.tables) {
    const value = (type: string, salt: string): unknown =>
      type === "blob" ? Buffer.from(salt) : ["integer", "bigint", "boolean", "real"].includes(type) ? BigInt(salt.length) : salt;
    const row = (salt: string): Record<string, unknown> =>
      Object.fromEntries(table.columns.map(({ name, type, bit }) => [name, value(type, bit === null ? "key" : salt)]));
    const identity = Object.fromEntries(table.identity.map((name) => [name, row("")[name]]));
    const { upsert, update, remove } = table.statements as unknown as Record<string, (...values: readonly unknown[]) => Compilable>;
    const payloads = db.prepare(
      `SELECT ${table.sql.rowId} AS rowId, ${table.sql.payload} AS data FROM "${table.name.replaceAll('"', '""')}"`,
    );
    forget(db);

    if (table.apply === "update") {
      expect(run(db, upsert?.(row("one")))).toBe(0);
      continue;
    }
    expect(run(db, upsert?.(row("one"))), table.name).toBe(1);
    run(db, upsert?.(row("other")));
    expect(run(db, update?.(identity, row("fourth"))), table.name).toBe(1);
    const read = payloads.get() as { readonly rowId: string; readonly data: string };
    expect(run(db, remove?.(identity)), table.name).toBe(1);

    const entries = captured(db);
    const hasMask = table.columns.some(({ bit }) => bit !== null);
    expect(entries.map(({ op }) => op)).toEqual([
      "INSERT",
      ...(hasMask ? ["UPDATE", "UPDATE"] : []),
      ...(table.deletes === "apply" ? ["DELETE"] : []),
    ]);
    expect(new Set(entries.map((entry) => entry.table))).toEqual(new Set([table.name]));
    expect(new Set(entries.map(({ rowId }) => rowId))).toEqual(new Set([read.rowId]));
    expect(entries.findLast(({ data }) => data !== null)?.data).toEqual(JSON.parse(read.data));
    expect(Object.keys(JSON.parse(read.data) as object)).toEqual(table.columns.map(({ name }) => name));
  }
});

test("the migrations module holds the statements of the migration, byte for byte", async () => {
  for (const model of [everyFeature(), nastyNames()]) {
    const { migrations } = await importGenerated(model);

    expect(migrations).toEqual([{ name: "0001_init", statements: migrationStatements(model, testContext) }]);
  }
});
