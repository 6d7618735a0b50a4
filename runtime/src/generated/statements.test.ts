/** What tableStatements writes, and what that does in a real SQLite. */
import Database from "better-sqlite3";
import { type Compilable, sql } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";
import { compileRemove, compileUpdate, compileUpsert } from "./compile.ts";
import { tableStatements } from "./statements.ts";
import type { NoChanges } from "./spec.ts";

interface SyncedTask {
  readonly id: string;
  readonly title: string;
  readonly note: string | null;
}
type TaskIdentity = Pick<SyncedTask, "id">;

const tasks = tableStatements<SyncedTask, TaskIdentity>({
  table: "tasks",
  identity: ["id"],
  columns: ["id", "title", "note"],
  fill: { user_id: "'lo' || 'cal'", made: "1 + 1" },
});

let db: Database.Database;
beforeEach(() => {
  db = new Database(":memory:");
  db.pragma("foreign_keys = ON");
  db.exec(`CREATE TABLE tasks (id TEXT PRIMARY KEY, title TEXT, note TEXT, user_id TEXT NOT NULL, made INTEGER);
    CREATE TABLE steps (task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE);
    INSERT INTO tasks VALUES ('t1', 'old', 'kept', 'me', 7);
    INSERT INTO steps VALUES ('t1');`);
  return () => db.close();
});

const textOf = (statement: Compilable): readonly [string, ...unknown[]] => {
  const { sql: text, parameters } = statement.compile();
  return [text, ...parameters];
};
const run = (statement: Compilable): number => {
  const [text, ...parameters] = textOf(statement);
  return db.prepare(text).run(...parameters).changes;
};
const rows = (table = "tasks"): readonly unknown[] => db.prepare(`SELECT * FROM "${table}" ORDER BY 1`).raw().all();

describe("upsert", () => {
  test("inserts, or updates the synced columns outside the identity", () => {
    expect(textOf(tasks.upsert({ id: "a", title: "b", note: null }))).toEqual([
      `INSERT INTO "tasks" AS "stored" ("id", "title", "note", "user_id", "made") VALUES (?, ?, ?, ('lo' || 'cal'), (1 + 1)) ` +
        `ON CONFLICT ("id") DO UPDATE SET "title" = "excluded"."title", "note" = "excluded"."note"`,
      "a",
      "b",
      null,
    ]);
  });

  test("fills local columns of a new row only, and an existing row keeps its children", () => {
    run(tasks.upsert({ id: "t1", title: "new", note: null }));
    run(tasks.upsert({ id: "t2", title: "second", note: "n" }));

    expect(rows()).toEqual([
      ["t1", "new", null, "me", 7],
      ["t2", "second", "n", "local", 2],
    ]);
    expect(rows("steps")).toEqual([["t1"]]);
  });

  test("of a table that is only updated never inserts", () => {
    const updated = tableStatements<SyncedTask, TaskIdentity>({
      table: "tasks",
      identity: ["id"],
      columns: ["id", "title", "note"],
      apply: "update",
    });

    expect(textOf(updated.upsert({ id: "t1", title: "b", note: null }))).toEqual([
      `UPDATE "tasks" SET "title" = ?, "note" = ? WHERE "id" = ?`,
      "b",
      null,
      "t1",
    ]);
    expect(run(updated.upsert({ id: "unknown", title: "b", note: null }))).toBe(0);
    expect(run(updated.upsert({ id: "t1", title: "b", note: null }))).toBe(1);
    expect(rows()).toEqual([["t1", "b", null, "me", 7]]);
  });

  test("leaves out a column without a value, so that it keeps what it has: NULL would overwrite it", () => {
    const incomplete = { id: "t1", title: "x" } as unknown as SyncedTask;
    const [, , note] = rows()[0] as readonly unknown[];

    run(tasks.upsert(incomplete));

    expect((rows()[0] as readonly unknown[]).slice(0, 3)).toEqual(["t1", "x", note]);
  });

  test("refuses a row without its identity", () => {
    expect(() => tasks.upsert({ title: "x" } as unknown as SyncedTask)).toThrow("tasks: no value for the column id");
  });
});

describe("update", () => {
  test("sets the columns that the changes name, NULL included, and no others", () => {
    expect(textOf(tasks.update({ id: "t1" }, { note: null }))).toEqual([`UPDATE "tasks" SET "note" = ? WHERE "id" = ?`, null, "t1"]);

    expect(run(tasks.update({ id: "t1" }, { note: null }))).toBe(1);

    expect(rows()).toEqual([["t1", "old", null, "me", 7]]);
  });

  test("ignores what is no synced column, and what is undefined", () => {
    const changes = { id: "t9", title: undefined, note: "n", user_id: "theirs" } as unknown as Partial<SyncedTask>;

    run(tasks.update({ id: "t1" }, changes));

    expect(rows()).toEqual([["t1", "old", "n", "me", 7]]);
  });

  test("without changes finds the row and changes nothing", () => {
    expect(textOf(tasks.update({ id: "t1" }, {}))).toEqual([`UPDATE "tasks" SET "id" = ? WHERE "id" = ?`, "t1", "t1"]);

    expect(run(tasks.update({ id: "t1" }, {}))).toBe(1);
    expect(run(tasks.update({ id: "unknown" }, {}))).toBe(0);

    expect(rows()).toEqual([["t1", "old", "kept", "me", 7]]);
  });
});

test("remove deletes the row with this identity", () => {
  expect(textOf(tasks.remove({ id: "t1" }))).toEqual([`DELETE FROM "tasks" WHERE "id" = ?`, "t1"]);

  expect(run(tasks.remove({ id: "t2" }))).toBe(0);
  expect(run(tasks.remove({ id: "t1" }))).toBe(1);

  expect(rows()).toEqual([]);
});

test("a table of identity columns alone is found by all of them", () => {
  interface Link {
    readonly a: string;
    readonly b: string;
  }
  const links = tableStatements<Link, Link, NoChanges>({ table: "links", identity: ["a", "b"], columns: ["a", "b"] });
  db.exec("CREATE TABLE links (a TEXT, b TEXT, PRIMARY KEY (a, b)); INSERT INTO links VALUES ('1', 'x'), ('2', 'y')");

  expect(textOf(links.upsert({ a: "1", b: "y" }))[0]).toBe(
    `INSERT INTO "links" AS "stored" ("a", "b") VALUES (?, ?) ON CONFLICT ("a", "b") DO NOTHING`,
  );
  expect(run(links.upsert({ a: "1", b: "y" }))).toBe(1);
  expect(run(links.upsert({ a: "1", b: "y" }))).toBe(0);
  expect(run(links.update({ a: "1", b: "y" }))).toBe(1);
  expect(run(links.remove({ a: "1", b: "x" }))).toBe(1);

  expect(rows("links")).toEqual([
    ["1", "y"],
    ["2", "y"],
  ]);
});

const ODD = [
  "",
  "a.b",
  "x as y",
  'qu"ote',
  "it's",
  " padded ",
  "order",
  "__proto__",
  "constructor",
  "été 🚀",
  "new\nline",
  "?",
  "$1",
  "excluded",
  "stored",
];

test.each(ODD)("the name %j is written as it is, for a table, its identity and its columns", (odd) => {
  const quoted = `"${odd.replaceAll('"', '""')}"`;
  const valuesOf = (entries: readonly (readonly [string, string])[]): Record<string, string> => Object.fromEntries(entries);
  const statements = tableStatements<Record<string, string>, Record<string, string>>({
    table: odd,
    identity: [odd],
    columns: [odd, `${odd}.2`],
    fill: valuesOf([[`${odd}.3`, "'filled'"]]),
  });
  const [second, third] = [`${odd}.2`, `${odd}.3`].map((name) => `"${name.replaceAll('"', '""')}"`);
  db.exec(`CREATE TABLE ${quoted} (${quoted} TEXT PRIMARY KEY, ${second} TEXT, ${third} TEXT)`);
  const read = (): unknown => db.prepare(`SELECT * FROM ${quoted}`).raw().get();
  const row = (value: string): Record<string, string> =>
    valuesOf([
      [odd, "key"],
      [`${odd}.2`, value],
    ]);

  run(statements.upsert(row("one")));
  expect(read()).toEqual(["key", "one", "filled"]);
  run(statements.upsert(row("two")));
  expect(read()).toEqual(["key", "two", "filled"]);
  run(statements.update(valuesOf([[odd, "key"]]), valuesOf([[`${odd}.2`, "three"]])));
  expect(read()).toEqual(["key", "three", "filled"]);
  run(statements.remove(valuesOf([[odd, "key"]])));
  expect(read()).toBeUndefined();
});

test("an inherited member is not a value", () => {
  const statements = tableStatements<{ readonly id: string; readonly constructor: string }, { readonly id: string }>({
    table: "t",
    identity: ["id"],
    columns: ["id", "constructor"],
  });

  expect(textOf(statements.update({ id: "a" }, {}))[0]).toBe(`UPDATE "t" SET "id" = ? WHERE "id" = ?`);
});

test("values may be expressions of Kysely", () => {
  const title = sql<string>`upper(${"x"})` as unknown as string;

  run(tasks.update({ id: "t1" }, { title }));

  expect(rows()).toEqual([["t1", "X", "kept", "me", 7]]);
});

test("compiled with slots, a statement names what to bind where", () => {
  expect(compileUpsert(tasks, ["id", "title", "note"]).parameters).toEqual([{ slot: "id" }, { slot: "title" }, { slot: "note" }]);
  expect(compileUpdate(tasks, ["id"], ["note"])).toEqual({
    sql: `UPDATE "tasks" SET "note" = ? WHERE "id" = ?`,
    parameters: [{ slot: "note" }, { slot: "id" }],
  });
  expect(compileRemove(tasks, ["id"])).toEqual({ sql: `DELETE FROM "tasks" WHERE "id" = ?`, parameters: [{ slot: "id" }] });
});
