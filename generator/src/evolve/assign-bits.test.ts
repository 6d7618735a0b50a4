import { syncedColumns } from "@synckit-gen/schemas/model";
import type { SyncModel } from "@synckit-gen/schemas/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readModel } from "../generate.ts";
import type { TableBits } from "../write/lock.ts";
import { assignBits } from "./assign-bits.ts";
import { stepsBetween } from "./model-steps.ts";

function modelOf(columns: string, table = "notes", more = ""): SyncModel {
  const text = `synckit: 1\napp: a\ntables:\n  ${table}:\n    columns: { ${columns} }\n${more}`;
  const model = readModel({ file: "a.yaml", text });
  if (!model.ok) throw new Error(JSON.stringify(model.diagnostics));
  return model.value;
}

/** Each model after the one before. */
function through(...models: readonly SyncModel[]) {
  let before: SyncModel | null = null;
  let bits: ReadonlyMap<string, TableBits> = new Map();
  let exhausted: readonly string[] = [];
  for (const model of models) {
    const assigned = assignBits(model, before === null ? null : stepsBetween(before, model), bits);
    ({ model: before, bits, exhausted } = assigned);
  }
  const byColumn = (before?.tables ?? []).flatMap((table) =>
    syncedColumns(table).map(({ name, bit }) => [`${table.name}.${name}`, bit] as const),
  );
  return { columns: Object.fromEntries(byColumn), bits: Object.fromEntries(bits), exhausted };
}

test("a first version has its places in order", () => {
  expect(through(modelOf("a: text, b: text")).columns).toEqual({ "notes.id": null, "notes.a": 0, "notes.b": 1 });
});

test("a column keeps its place wherever it stands, and a new one takes the next that was never used", () => {
  expect(through(modelOf("a: text, b: text"), modelOf("c: text, b: text"), modelOf("d: text, c: text, b: text, a: text"))).toEqual({
    columns: { "notes.id": null, "notes.d": 3, "notes.c": 2, "notes.b": 1, "notes.a": 4 },
    bits: { notes: { bits: { a: 4, b: 1, c: 2, d: 3 }, burned: [0] } },
    exhausted: [],
  });
});

test("a rename keeps the place, of the column and of the table", () => {
  const renamed = modelOf("n: { type: text, renamed_from: b }, a: text", "memos", "    renamed_from: notes\n");

  expect(through(modelOf("a: text, b: text"), renamed).columns).toEqual({ "memos.id": null, "memos.n": 1, "memos.a": 0 });
});

test("a name that moves on from one column to another takes no place along", () => {
  const moved = modelOf("b: { type: text, renamed_from: a }, c: { type: text, renamed_from: b }");

  expect(through(modelOf("a: text, b: text"), moved).columns).toMatchObject({ "notes.b": 0, "notes.c": 1 });
});

test("a table that goes and comes back finds the places of its past taken", () => {
  const other = modelOf("x: text", "others");

  expect(through(modelOf("a: text"), other, modelOf("a: text")).columns).toMatchObject({ "notes.a": 1 });
});

test("a column that becomes part of the key gives its place up", () => {
  const keyed = modelOf("a: text, b: text", "notes", "    key: a\n    key_kind: natural\n");

  expect(through(modelOf("a: text, b: text"), keyed).bits).toEqual({ notes: { bits: { b: 1 }, burned: [0] } });
});

test("sixty-two places in a table's time are all there are", () => {
  const names = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => `c${from + i}: text`).join(", ");

  expect(through(modelOf(names(0, 62))).exhausted).toEqual([]);
  expect(through(modelOf(names(0, 62)), modelOf(names(1, 63))).exhausted).toEqual(["notes"]);
});

test("whatever comes and goes, no place ever has two columns, and a column that stays keeps its own", () => {
  const version = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(version, { minLength: 2, maxLength: 8 }), (history) => {
      let before: SyncModel | null = null;
      let bits: ReadonlyMap<string, TableBits> = new Map();
      const ownerByBit = new Map<number, string>();
      let places = new Map<string, number>();
      history.forEach((names, at) => {
        const model = modelOf(names.map((name) => `${name}: text`).join(", "));
        const assigned = assignBits(model, before === null ? null : stepsBetween(before, model), bits);
        ({ model: before, bits } = assigned);
        const now = new Map(
          syncedColumns(assigned.model.tables[0] ?? fail()).flatMap(({ name, bit }) => (bit === null ? [] : [[name, bit] as const])),
        );
        for (const [name, bit] of now) {
          // A name that was gone for a version is another column.
          const owner = places.has(name) ? ownerByBit.get(bit) : `${name} since ${at}`;
          expect(ownerByBit.get(bit) ?? owner).toBe(owner);
          if (places.has(name)) expect(bit).toBe(places.get(name));
          ownerByBit.set(bit, owner ?? "");
        }
        places = now;
      });
    }),
  );
});

function fail(): never {
  throw new Error("the model has no table");
}

test("a column that a squash gives back has its place again", () => {
  const sealed = assignBits(modelOf("a: text, b: text"), null, new Map()).model;
  const removed = modelOf("b: text, c: text");
  const { bits } = assignBits(removed, stepsBetween(sealed, removed), new Map([["notes", { bits: { a: 0, b: 1 }, burned: [] }]]));

  const back = modelOf("a: text, b: text, d: text");
  const { model } = assignBits(back, stepsBetween(sealed, back), bits);

  expect(model.tables.flatMap(syncedColumns).map(({ name, bit }) => [name, bit])).toEqual([
    ["id", null],
    ["a", 0],
    ["b", 1],
    ["d", 3],
  ]);
});
