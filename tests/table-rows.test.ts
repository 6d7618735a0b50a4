/** How a row that is known is written over. */
import Database from "better-sqlite3";
import { beforeEach, expect, test } from "vitest";
import type { ColumnType } from "@synckit-gen/schemas/model";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { ColumnSpec, TableSpec } from "../runtime/src/generated/spec.ts";
import { tableStatements } from "../runtime/src/generated/statements.ts";
import { type TableRows, tableRows } from "../runtime/src/store/table-rows.ts";

interface Task {
  readonly id: string;
  readonly title: string;
  readonly list: string | null;
}

let db: Database.Database;
beforeEach(() => {
  db = new Database(":memory:");
  db.exec(`CREATE TABLE lists (name TEXT COLLATE NOCASE PRIMARY KEY);
    CREATE TABLE tasks (id TEXT PRIMARY KEY, title TEXT, list TEXT COLLATE NOCASE REFERENCES lists);
    CREATE TABLE written (columns TEXT);
    CREATE TRIGGER list_written AFTER UPDATE OF list ON tasks BEGIN INSERT INTO written VALUES ('list'); END;
    INSERT INTO lists VALUES ('home'), ('work'); INSERT INTO tasks VALUES ('t1', 'old', 'home'), ('t2', 'old', NULL);`);
  return () => db.close();
});

const column = (name: string, type: ColumnType = "text"): ColumnSpec => ({ name, type, nullable: true, bit: name === "id" ? null : 0 });

function tasks(listType: ColumnType = "text"): TableRows {
  const spec: TableSpec = {
    name: "tasks",
    identity: ["id"],
    rowIds: "plain",
    conflicts: "row",
    apply: "upsert",
    deletes: "apply",
    capture: "keys",
    columns: [column("id"), column("title"), column("list", listType)],
    references: [{ columns: ["list"], table: "lists", to: ["name"], onDelete: "no action", synced: true }],
    unique: [],
    sql: { rowId: "id", payload: "json_object('id', id, 'title', title, 'list', list)" },
    statements: tableStatements<Task, Pick<Task, "id">>({ table: "tasks", identity: ["id"], columns: ["id", "title", "list"] }),
  };
  return tableRows(betterSqlite3Driver(db), spec);
}
const all = (): unknown => db.prepare("SELECT * FROM tasks").raw().all();

test("a row is written over where its reference stays, NULL included, and the reference is not set", () => {
  expect(tasks().rewrite("t1", { title: "new", list: "home" })).toBe(1);
  expect(tasks().rewrite("t2", { title: "new", list: null })).toBe(1);

  expect(all()).toEqual([
    ["t1", "new", "home"],
    ["t2", "new", null],
  ]);
  expect(db.prepare("SELECT * FROM written").all()).toEqual([]);
});

test.each([["work"], ["HOME"], [null]])("a row whose reference becomes %j is left to be written with it", (list) => {
  const before = all();

  expect(tasks().rewrite("t1", { title: "new", list })).toBe(0);

  expect(all()).toEqual(before);
});

test("a row that is not here is not made, and one whose payload lacks a column is left alone", () => {
  expect(tasks().rewrite("t3", { title: "new", list: null })).toBe(0);
  expect(tasks().rewrite("t1", { list: "home" })).toBe(0);

  expect(all()).toHaveLength(2);
});

test("a reference that is a number may be of the other kind of number: it is always set", () => {
  db.exec("DROP TABLE tasks; CREATE TABLE tasks (id TEXT PRIMARY KEY, title TEXT, list); INSERT INTO tasks VALUES ('t1', 'old', 1.0)");

  expect(tasks("integer").rewrite("t1", { title: "new", list: 1 })).toBe(0);
});
