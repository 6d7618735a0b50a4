import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modelOf, tableOf } from "../../../tests/support/models.ts";
import type { TableWords } from "../../../tests/support/models.ts";
import { decideEgress } from "./egress-decision.ts";
import type { AcceptedEgress } from "./egress-decision.ts";
import { diffEgress } from "./egress.ts";
import { diffModels } from "./model-diff.ts";

const notes = (words: TableWords = {}): Table => tableOf("notes", { columns: { title: "text" }, ...words });
const one = (words: TableWords = {}): SyncModel => modelOf([notes(words)]);
const folders = tableOf("folders", { rowIds: "hidden" });
const blob: NonNullable<Table["blob"]> = { hash: "id", size: "title", cloudOnly: null, enabledBy: null };
const withBlob = (of: Table["blob"]): SyncModel => modelOf([{ ...notes(), blob: of }]);
const flag = { through: "notes", flagTable: "notes", flag: "title" };

/** `+ subject way`, and `-` for what ceases. */
const egress = (before: SyncModel, after: SyncModel): readonly string[] =>
  diffEgress(before, after, diffModels(before, after)).flatMap(({ direction, subject, reasons }) =>
    reasons.map(({ way }) => `${direction === "begins" ? "+" : "-"} ${subject} ${way}`),
  );

const child = (synced: boolean): Table =>
  notes({ columns: { folder: "uuid?" }, references: [{ columns: ["folder"], table: "folders", synced }] });

test.each<[string, SyncModel, SyncModel, readonly string[]]>([
  ["a column that is new on the whitelist", one(), one({ columns: { title: "text", body: "text" } }), ["notes.body column"]],
  ["a column that was local", one({ local: { body: {} } }), one({ columns: { title: "text", body: "text" } }), ["notes.body local"]],
  ["a table, with the key that the server can read", modelOf([]), one(), ["notes.id table", "notes.id row-id", "notes.title table"]],
  ["a table with a hidden key", modelOf([]), one({ rowIds: "hidden" }), ["notes.id table", "notes.title table"]],
  ["a table of files", modelOf([]), withBlob(blob), ["notes.id table", "notes.id row-id", "notes.id files", "notes.title table"]],
  ["a key that was hidden", one({ rowIds: "hidden" }), one(), ["notes.id row-id"]],
  ["rows that nobody edits", one({ apply: "update" }), one(), ["notes.id inserts", "notes.title inserts"]],
  ["deletes", one({ deletes: "ignore" }), one(), ["notes.id deletes"]],
  ["files", withBlob(null), withBlob(blob), ["notes.id files"]],
  ["files that a flag held back", withBlob({ ...blob, enabledBy: flag }), withBlob(blob), ["notes.id files"]],
  ["a protection that compat: synckit takes away", one(), modelOf([notes()], { compat: "synckit" }), ["compat compat"]],
])("%s begins to leave, and ceases the other way round", (_what, before, after, begins) => {
  expect(egress(before, after)).toEqual(begins.map((line) => `+ ${line}`));
  expect(egress(after, before)).toEqual(begins.map((line) => `- ${line}`));
});

test("a synced column that becomes part of the row id can be read by the server", () => {
  const by = (column: string, rowIds: Table["rowIds"] = "plain"): SyncModel =>
    modelOf([{ ...notes({ columns: { mail: "text" }, rowIds }), identity: { kind: "natural", columns: [column] } }]);

  expect(egress(by("id"), by("mail"))).toEqual(["+ notes.mail row-id", "- notes.id row-id"]);
  expect(egress(by("id", "hidden"), by("mail", "hidden"))).toEqual([]);
});

describe("through a reference", () => {
  test("a value says something as soon as the table that it names begins to sync", () => {
    const before = modelOf([child(false)]);
    const after = modelOf([folders, child(true)]);

    expect(egress(before, after)).toEqual(["+ folders.id table", "+ notes.folder reference"]);
    expect(egress(after, before)).toEqual(["- folders.id table", "- notes.folder reference"]);
  });

  test("so it is where the reference was not declared before", () => {
    expect(egress(modelOf([notes({ columns: { folder: "uuid?" } })]), modelOf([folders, child(true)]))).toContain(
      "+ notes.folder reference",
    );
  });

  test("a reference between what syncs already says nothing new", () => {
    expect(egress(modelOf([folders, notes({ columns: { folder: "uuid?" } })]), modelOf([folders, child(true)]))).toEqual([]);
  });
});

test("what is renamed goes on leaving", () => {
  const [before] = one({ columns: { body: "text" } }).tables;
  const [after] = one({ columns: { text: "text" } }).tables;
  const columns = after?.columns.map((column) => (column.name === "text" ? { ...column, renamedFrom: "body" } : column)) ?? [];

  expect(egress(modelOf([before as Table]), modelOf([{ ...(after as Table), columns }]))).toEqual([]);
});

test("types, defaults, unique columns and the like let nothing leave", () => {
  const after = one({ columns: { title: "json?" }, defaults: { title: "'[]'" }, unique: [["title"]], conflicts: "row" });

  expect(egress(one(), after)).toEqual([]);
});

test("every column on one whitelist and not on the other is listed", () => {
  const columns = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
  const model = (synced: readonly string[]): SyncModel =>
    one({
      columns: Object.fromEntries(synced.map((name) => [name, "text" as const])),
      local: Object.fromEntries(["a", "b", "c", "d"].filter((name) => !synced.includes(name)).map((name) => [name, {}])),
    });
  fc.assert(
    fc.property(columns, columns, (was, is) => {
      const begins = is.filter((name) => !was.includes(name)).map((name) => `+ notes.${name} local`);
      const ceases = was.filter((name) => !is.includes(name)).map((name) => `- notes.${name} local`);

      expect(egress(model(was), model(is))).toEqual([...begins.toSorted(), ...ceases.toSorted()]);
    }),
  );
});

describe("accepting", () => {
  const decide = (
    deployed: readonly SyncModel[],
    model: SyncModel,
    named: readonly string[] = [],
    recorded: AcceptedEgress = new Map(),
  ) => {
    const decision = decideEgress({ deployed, model, modelHash: "hash", named, recorded });
    return {
      pending: decision.pending.map(({ subject }) => subject),
      unknown: decision.unknown,
      accepted: Object.fromEntries(decision.accepted),
    };
  };
  const more = one({ columns: { title: "text", body: "text", mood: "text" } });

  test("the first model needs nothing", () => {
    expect(decide([], more)).toEqual({ pending: [], unknown: [], accepted: {} });
  });

  test("each column is named for itself, and the record holds the model's hash", () => {
    expect(decide([one()], more)).toMatchObject({ pending: ["notes.body", "notes.mood"], accepted: {} });
    expect(decide([one()], more, ["notes.body"])).toMatchObject({ pending: ["notes.mood"], accepted: { "notes.body column": "hash" } });
    expect(decide([one()], more, ["notes.mood", "notes.body"])).toMatchObject({ pending: [] });
  });

  test.each(["all", "*", "notes.*", "notes", "notes.draft"])("%s is no column that could leave", (name) => {
    expect(decide([one()], more, [name])).toMatchObject({ unknown: [name], pending: ["notes.body", "notes.mood"] });
  });

  test("what is recorded need not be named again, in the way in which it was accepted", () => {
    const recorded = new Map([["notes.title inserts", "old"]]);

    expect(decide([one({ apply: "update" })], one(), [], recorded).pending).toEqual(["notes.id"]);
    expect(decide([one({ local: { title: {} }, columns: {} })], one(), [], recorded).pending).toEqual(["notes.title"]);
  });

  test("what ceases to leave must be accepted again", () => {
    const recorded = new Map([
      ["notes.body column", "old"],
      ["notes.title column", "old"],
    ]);

    expect(decide([more], one(), [], recorded)).toEqual({ pending: [], unknown: [], accepted: { "notes.title column": "old" } });
  });

  test("a record follows a rename", () => {
    const [table] = one({ columns: { text: "text" } }).tables;
    const columns = table?.columns.map((column) => (column.name === "text" ? { ...column, renamedFrom: "title" } : column)) ?? [];
    const after = modelOf([{ ...(table as Table), columns }]);

    expect(decide([one()], after, [], new Map([["notes.title column", "old"]])).accepted).toEqual({ "notes.text column": "old" });
  });

  test("after a merge, what one side had already is no news", () => {
    const ours = one({ columns: { title: "text", body: "text" } });
    const theirs = one({ columns: { title: "text", mood: "text" } });

    expect(decide([ours, theirs], more).pending).toEqual([]);
    expect(decide([ours, one()], more).pending).toEqual(["notes.mood"]);
  });
});

test("a model as the lock holds it, its members in another order, says nothing about files whose flag is the same", () => {
  const stored = { flag: flag.flag, flagTable: flag.flagTable, through: flag.through };
  const before = withBlob({ ...blob, enabledBy: stored });
  expect(egress(before, withBlob({ ...blob, cloudOnly: "title", enabledBy: flag }))).toEqual([]);
});
