import { syncedColumns } from "@synckit-gen/schemas/model";
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modelOf, tableOf } from "../../../tests/support/models.ts";
import type { TableWords } from "../../../tests/support/models.ts";
import { diffModels } from "./model-diff.ts";

const notes = (words: TableWords = {}, name = "notes"): Table => tableOf(name, { columns: { title: "text" }, ...words });
const one = (words: TableWords = {}): SyncModel => modelOf([notes(words)]);
const kindsOf = (before: SyncModel, after: SyncModel): readonly string[] => diffModels(before, after).map(({ kind }) => kind);
const wordsOf = (before: SyncModel, after: SyncModel): readonly string[] => diffModels(before, after).map(({ words }) => words);
/** The table with some of its columns under new names, recorded as such. */
const renamed = (table: Table, names: Readonly<Record<string, string>>): Table => ({
  ...table,
  columns: table.columns.map((column) => {
    const from = Object.entries(names).find(([, to]) => to === column.name)?.[0];
    return from === undefined ? column : { ...column, renamedFrom: from };
  }),
});

describe("each kind of change is named, with what it was and what it is", () => {
  const local = (words: NonNullable<TableWords["local"]>[string] = {}): TableWords => ({ local: { draft: { type: "text", ...words } } });
  const parent = tableOf("folders", {});
  const referring = (reference: object): SyncModel =>
    modelOf([parent, notes({ columns: { folder: "uuid?" }, references: [{ columns: ["folder"], table: "folders", ...reference }] })]);
  const blob = { hash: "id", size: "title", cloudOnly: null, enabledBy: null };

  test.each<[string, SyncModel, SyncModel, string]>([
    ["app-renamed", one(), modelOf([notes()], { app: "other" }), `the application "test" is now called "other"`],
    [
      "compat-changed",
      one(),
      modelOf([notes()], { compat: "synckit" }),
      "payloads hold columns only (compat: synckit), and rows merge as a whole",
    ],
    ["create-changed", one(), modelOf([notes()], { create: true }), "the migrations create the application's own tables"],
    [
      "retain-days-changed",
      one(),
      modelOf([notes()], { changelog: { retainDays: 1, maxEntries: null, maxAwayDays: 180 } }),
      "pushed entries are kept for 1 day instead of 7 days",
    ],
    [
      "max-entries-changed",
      one(),
      modelOf([notes()], { changelog: { retainDays: 7, maxEntries: 5, maxAwayDays: 180 } }),
      "the cap on pushed entries is 5 (was none)",
    ],
    [
      "max-away-days-changed",
      one(),
      modelOf([notes()], { changelog: { retainDays: 7, maxEntries: null, maxAwayDays: 90 } }),
      "a device may stay away for 90 days instead of 180 days before it must start over",
    ],
    ["order-changed", modelOf([notes(), parent]), modelOf([parent, notes()]), "tables are written in another order: folders, notes"],
    ["table-added", one(), modelOf([notes(), parent]), `the table "folders" is new`],
    ["table-removed", modelOf([notes(), parent]), one(), `the table "folders" is gone`],
    [
      "identity-changed",
      one(),
      modelOf([{ ...notes(), identity: { kind: "natural", columns: ["id"] } }]),
      `the identity of "notes" is natural (was uuid)`,
    ],
    ["key-changed", one(), one({ key: ["title"] }), `the key of "notes" is "title" (was "id")`],
    ["row-ids-changed", one(), one({ rowIds: "hidden" }), `the server sees a keyed hash of the row ids of "notes" (was the row ids)`],
    ["conflicts-changed", one(), one({ conflicts: "row" }), `rows of "notes" merge as a whole (was column by column)`],
    ["apply-changed", one(), one({ apply: "update" }), `sync only changes rows of "notes" that exist (was: adds rows too)`],
    ["deletes-changed", one(), one({ deletes: "ignore" }), `deletes in "notes" stay on their device (were synced)`],
    ["column-added", one(), one({ columns: { title: "text", body: "text?" } }), "the synced column notes.body is new (text, nullable)"],
    [
      "column-removed",
      one({ columns: { title: "text", body: "text?" } }),
      one(),
      "the synced column notes.body is gone (was text, nullable)",
    ],
    ["column-type-changed", one(), one({ columns: { title: "json" } }), "notes.title is json (was text)"],
    ["column-nullable-changed", one(), one({ columns: { title: "text?" } }), "notes.title may be NULL"],
    ["column-default-changed", one(), one({ defaults: { title: "'x'" } }), "the default of notes.title is 'x' (was none)"],
    [
      "column-on-insert-changed",
      one(local()),
      one(local({ onInsert: "1" })),
      "a row from another device gets 1 for notes.draft (was the default)",
    ],
    [
      "reference-added",
      modelOf([parent, notes({ columns: { folder: "uuid?" } })]),
      referring({}),
      `"notes" refers to "folders" (folder to id, on delete no action)`,
    ],
    [
      "reference-removed",
      referring({}),
      modelOf([parent, notes({ columns: { folder: "uuid?" } })]),
      `"notes" no longer refers to "folders" (folder to id, on delete no action)`,
    ],
    [
      "reference-changed",
      referring({}),
      referring({ onDelete: "cascade" }),
      `the reference of "notes" to "folders" (folder to id, on delete cascade) was one to "folders" (folder to id, on delete no action)`,
    ],
    ["unique-added", one(), one({ unique: [["title"]] }), `"title" of "notes" must be unique`],
    ["unique-removed", one({ unique: [["title"]] }), one(), `"title" of "notes" need not be unique any more`],
    ["blob-changed", one(), modelOf([{ ...notes(), blob }]), `rows of "notes" stand for files`],
    [
      "code-name-changed",
      one(),
      modelOf([{ ...notes(), code: { type: "Notes2", value: "notes2" } }]),
      `generated code calls "notes" Notes2 instead of Notes`,
    ],
  ])("%s", (kind, before, after, words) => {
    expect(diffModels(before, after).map((change) => [change.kind, change.words])).toEqual([[kind, words]]);
  });

  test("a column that moves to the whitelist, and one that leaves it", () => {
    const before = one({ columns: { title: "text", body: "text?" }, local: { draft: { type: "text", onInsert: "''" } } });
    const after = one({ columns: { title: "text", draft: "text?" }, local: { body: { type: "text" } } });

    expect(wordsOf(before, after)).toEqual([
      "notes.body is local (was synced)",
      "notes.draft is synced (was local)",
      `the changed-column mask of "notes" has its columns in other places`,
    ]);
  });
});

describe("renames", () => {
  test("a table that records its old name is the same table", () => {
    const after = modelOf([{ ...notes({}, "pages"), renamedFrom: "notes" }]);

    expect(wordsOf(one(), after)).toEqual([
      `the table "notes" is now called "pages"`,
      `generated code calls "pages" Pages instead of Notes`,
    ]);
  });

  test("a table without a record is another table", () => {
    expect(kindsOf(one(), modelOf([notes({}, "pages")]))).toEqual(["table-removed", "table-added"]);
  });

  test("keys, references, unique columns and blobs follow a renamed column", () => {
    const words = (name: string): TableWords => ({
      columns: { [name]: "text", up: "text?" },
      references: [{ columns: ["up"], table: "notes", to: [name] }],
      unique: [[name]],
    });
    const blob = (hash: string): Table["blob"] => ({
      hash,
      size: "id",
      cloudOnly: null,
      enabledBy: { through: "notes", flagTable: "notes", flag: hash },
    });

    const before = modelOf([{ ...notes(words("slug")), blob: blob("slug") }]);
    const after = modelOf([renamed({ ...notes(words("name")), blob: blob("name") }, { slug: "name" })]);

    expect(wordsOf(before, after)).toEqual(["the column notes.slug is now called notes.name"]);
  });

  test("references follow a renamed parent", () => {
    const child = (parent: string): Table => notes({ columns: { folder: "uuid" }, references: [{ columns: ["folder"], table: parent }] });
    const after = modelOf([{ ...tableOf("areas"), renamedFrom: "folders" }, child("areas")]);

    expect(kindsOf(modelOf([tableOf("folders"), child("folders")]), after)).toEqual(["table-renamed", "code-name-changed"]);
  });

  test("a name that a rename frees may be taken by another rename", () => {
    const before = one({ columns: { a: "text", b: "text" } });
    const after = modelOf([renamed(notes({ columns: { b: "text", c: "text" } }), { a: "b", b: "c" })]);

    expect(wordsOf(before, after)).toEqual(["the column notes.a is now called notes.b", "the column notes.b is now called notes.c"]);
  });

  test("a name that a rename frees may be taken by something new", () => {
    const before = one({ columns: { a: "text" } });
    const after = modelOf([renamed(notes({ columns: { b: "text", a: "text" } }), { a: "b" })]);

    expect(wordsOf(before, after)).toEqual(["the synced column notes.a is new (text)", "the column notes.a is now called notes.b"]);
  });

  test("a record that was followed before, or names nothing, is no change", () => {
    const table = renamed(notes(), { old: "title" });

    expect(diffModels(one(), modelOf([table]))).toEqual([]);
    expect(diffModels(modelOf([table]), modelOf([table]))).toEqual([]);
  });

  test("of two that claim one old name, one has it", () => {
    const after = modelOf(
      [renamed(notes({ columns: { x: "text", y: "text" } }), {})].map((table) => ({
        ...table,
        columns: table.columns.map((column) => (column.name === "id" ? column : { ...column, renamedFrom: "title" })),
      })),
    );

    expect(wordsOf(one(), after)).toEqual(["the column notes.title is now called notes.x", "the synced column notes.y is new (text)"]);
  });
});

test("a column that comes or goes at the end leaves the places in the mask as they are; one that takes a place does not", () => {
  expect(kindsOf(one(), one({ columns: { title: "text", body: "text" } }))).toEqual(["column-added"]);
  expect(kindsOf(one({ columns: { title: "text", body: "text" } }), one())).toEqual(["column-removed"]);
  expect(kindsOf(one(), one({ columns: { body: "text", title: "text" } }))).toContain("mask-changed");
});

test("the order of columns within a unique list, and of the lists, means nothing", () => {
  expect(diffModels(one({ unique: [["id", "title"], ["title"]] }), one({ unique: [["title"], ["title", "id"]] }))).toEqual([]);
});

const columnType = fc.constantFrom("text", "text?", "integer", "bigint?", "json", "blob?" as const);
const tableWords = fc.record({
  columns: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), columnType, { noNullPrototype: true }),
  rowIds: fc.constantFrom("plain", "hidden" as const),
  conflicts: fc.constantFrom("row", "column" as const),
});
const model = fc
  .dictionary(fc.constantFrom("t1", "t2", "t3"), tableWords, { noNullPrototype: true })
  .map((tables) => modelOf(Object.entries(tables).map(([name, words]) => tableOf(name, words as TableWords))));

test("a model does not differ from itself", () => {
  fc.assert(
    fc.property(model, (same) => {
      expect(diffModels(same, structuredClone(same))).toEqual([]);
    }),
  );
});

test("every column that differs between two models is in the list, and nothing is said twice", () => {
  fc.assert(
    fc.property(model, model, (before, after) => {
      const changes = diffModels(before, after);

      const texts = (of: SyncModel): ReadonlyMap<string, string> =>
        new Map(
          of.tables.flatMap((table) =>
            syncedColumns(table).map(({ name, type, nullable }) => [`${table.name}.${name}`, JSON.stringify([type, nullable])] as const),
          ),
        );
      const [was, is] = [texts(before), texts(after)];
      const differing = [...new Set([...was.keys(), ...is.keys()])].filter((column) => was.get(column) !== is.get(column));
      const said = new Set(changes.flatMap((change) => ("column" in change ? [`${change.table}.${change.column}`] : [])));
      const whole = new Set(
        changes.flatMap(({ kind, ...change }) => (/^table-(?:added|removed)$/u.test(kind) && "table" in change ? [change.table] : [])),
      );
      expect(differing.filter((column) => !said.has(column) && !whole.has(column.split(".")[0] ?? ""))).toEqual([]);
      expect(new Set(changes.map(({ words }) => words)).size).toBe(changes.length);
    }),
  );
});

test("the order of the tables and columns in a model does not matter to the order of the list", () => {
  const tables = [tableOf("b", { columns: { x: "text" } }), tableOf("a", { columns: { y: "text" } })];
  const before = modelOf(tables);
  const after = modelOf(tables.map((table) => ({ ...table, rowIds: "hidden" as const, conflicts: "row" as const })));
  const turned = { ...after, tables: after.tables.toReversed() };

  const changes = wordsOf(before, after);

  expect(changes.map((words) => /"(.)"/u.exec(words)?.[1])).toEqual(["a", "a", "b", "b"]);
  expect(wordsOf(before, turned).filter((words) => !words.startsWith("tables are written"))).toEqual(changes);
});
