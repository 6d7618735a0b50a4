/** What the rules for breaking changes say, seen on devices: one runs the old version of an app, one the new. */
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import { describe, expect, test } from "vitest";
import { loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import type { TableWords } from "./support/models.ts";
import { SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

interface Pair {
  readonly old: SimulatedDevice;
  readonly upgraded: SimulatedDevice;
  /** Both push, then both pull. */
  readonly meet: () => Promise<void>;
}

async function pair(before: SyncModel, after: SyncModel): Promise<Pair> {
  const server = new SimulatedServer();
  let now = 1_700_000_000_000;
  const device = async (name: string, model: SyncModel): Promise<SimulatedDevice> =>
    new SimulatedDevice(name, model, await loadSpec(model), server, () => (now += 1000));
  const old = await device("old", before);
  const upgraded = await device("new", after);
  const meet = async (): Promise<void> => {
    await old.push();
    await upgraded.push();
    await old.pull();
    await upgraded.pull();
  };
  return { old, upgraded, meet };
}

const notes = (words: TableWords): Table => tableOf("notes", words);
const model = (words: TableWords): SyncModel => modelOf([notes(words)]);
const rows = (device: SimulatedDevice, table = "notes"): unknown[] => device.db.prepare(`SELECT * FROM ${table} ORDER BY id`).raw().all();
const held = (device: SimulatedDevice): unknown[] =>
  device.db.prepare("SELECT table_name, row_id, reason FROM sync_held ORDER BY row_id").raw().all();

describe("harmless", () => {
  test("a new column that may be NULL, and a new table", async () => {
    const { old, upgraded, meet } = await pair(
      model({ columns: { title: "text" } }),
      modelOf([notes({ columns: { title: "text", body: "text?" } }), tableOf("tags")]),
    );
    old.edit("INSERT INTO notes VALUES ('1', 'old')");
    upgraded.edit("INSERT INTO notes VALUES ('2', 'new', 'more')");
    upgraded.edit("INSERT INTO tags VALUES ('t')");

    await meet();

    expect(rows(old)).toEqual([
      ["1", "old"],
      ["2", "new"],
    ]);
    expect(rows(upgraded)).toEqual([
      ["1", "old", null],
      ["2", "new", "more"],
    ]);
    expect([held(old), held(upgraded)]).toEqual([[], []]);
  });
});

describe("what the rules warn of", () => {
  test("COLUMN_NOT_NULL_WITHOUT_DEFAULT: the upgraded device holds rows of the old version", async () => {
    const { old, upgraded, meet } = await pair(
      model({ columns: { title: "text" } }),
      model({ columns: { title: "text", stars: "integer" } }),
    );
    old.edit("INSERT INTO notes VALUES ('1', 'x')");

    await meet();

    expect(rows(upgraded)).toEqual([]);
    expect(held(upgraded)).toEqual([["notes", "1", "constraint"]]);
  });

  test("COLUMN_REMOVED: the old version holds rows that come without a value it needs", async () => {
    const { old, upgraded, meet } = await pair(model({ columns: { title: "text", mood: "text" } }), model({ columns: { title: "text" } }));
    upgraded.edit("INSERT INTO notes VALUES ('1', 'x')");

    await meet();

    expect(rows(old)).toEqual([]);
    expect(held(old)).toEqual([["notes", "1", "constraint"]]);
  });

  test("COLUMN_BECAME_NOT_NULL and COLUMN_BECAME_NULLABLE: one side holds the other's NULL", async () => {
    const { old, upgraded, meet } = await pair(
      model({ columns: { a: "text?", b: "text" } }),
      model({ columns: { a: "text", b: "text?" } }),
    );
    old.edit("INSERT INTO notes VALUES ('1', NULL, 'b')");
    upgraded.edit("INSERT INTO notes VALUES ('2', 'a', NULL)");

    await meet();

    expect([held(upgraded), held(old)]).toEqual([[["notes", "1", "constraint"]], [["notes", "2", "constraint"]]]);
  });

  test("COLUMN_TYPE_CHANGED: a value in the other version's form is not stored", async () => {
    const { old, upgraded, meet } = await pair(model({ columns: { stars: "integer" } }), model({ columns: { stars: "bigint" } }));
    upgraded.edit("INSERT INTO notes VALUES ('1', 5)");

    await meet();

    expect(rows(old)).toEqual([]);
    expect(held(old)).toEqual([["notes", "1", "constraint"]]);
  });

  test("COLUMN_RENAMED: neither side sees the other's value", async () => {
    const { old, upgraded, meet } = await pair(model({ columns: { body: "text?" } }), model({ columns: { text: "text?" } }));
    old.edit("INSERT INTO notes VALUES ('1', 'old')");
    upgraded.edit("INSERT INTO notes VALUES ('2', 'new')");

    await meet();

    expect([rows(upgraded)[0], rows(old)[1]]).toEqual([
      ["1", null],
      ["2", null],
    ]);
  });

  test("TABLE_REMOVED: the old version's rows reach nobody", async () => {
    const { old, upgraded, meet } = await pair(modelOf([notes({}), tableOf("tags")]), modelOf([notes({})]));
    old.edit("INSERT INTO tags VALUES ('t')");
    upgraded.edit("INSERT INTO notes VALUES ('1')");

    await meet();

    expect(rows(old)).toEqual([["1"]]);
    expect(rows(old, "tags")).toEqual([["t"]]);
  });

  test("UNIQUE_ADDED: of two rows with one value the earlier is deleted for all", async () => {
    const { old, upgraded, meet } = await pair(
      model({ columns: { slug: "text" } }),
      model({ columns: { slug: "text" }, unique: [["slug"]] }),
    );
    old.edit("INSERT INTO notes VALUES ('1', 'x')");
    old.edit("INSERT INTO notes VALUES ('2', 'x')");

    await meet();
    await meet();

    expect([rows(old), rows(upgraded)]).toEqual([[["2", "x"]], [["2", "x"]]]);
  });

  test("REFERENCE_ADDED: a value that names no row is held", async () => {
    const words = { columns: { folder: "uuid" } } as const;
    const { old, upgraded, meet } = await pair(
      modelOf([tableOf("folders"), notes(words)]),
      modelOf([tableOf("folders"), notes({ ...words, references: [{ columns: ["folder"], table: "folders" }] })]),
    );
    old.edit("INSERT INTO notes VALUES ('1', 'nowhere')");

    await meet();

    expect(held(upgraded)).toEqual([["notes", "1", "parent"]]);
  });

  test("REFERENCE_REMOVED: the old version's cascade deletes for all", async () => {
    const words = { columns: { folder: "uuid" } } as const;
    const { old, upgraded, meet } = await pair(
      modelOf([tableOf("folders"), notes({ ...words, references: [{ columns: ["folder"], table: "folders", onDelete: "cascade" }] })]),
      modelOf([tableOf("folders"), notes(words)]),
    );
    old.edit("INSERT INTO folders VALUES ('f')");
    old.edit("INSERT INTO notes VALUES ('1', 'f')");
    await meet();
    upgraded.edit("DELETE FROM folders");

    await meet();
    await meet();

    expect([rows(old), rows(upgraded)]).toEqual([[], []]);
  });

  test("CONFLICTS_MODE_CHANGED: an edit counts for a column or for the row, by its author's version", async () => {
    const words = { columns: { a: "text", b: "text" } } as const;
    const { old, upgraded, meet } = await pair(model(words), model({ ...words, conflicts: "row" }));
    old.edit("INSERT INTO notes VALUES ('1', 'a', 'b')");
    await meet();
    old.edit("UPDATE notes SET a = 'A'");
    upgraded.edit("UPDATE notes SET b = 'B'");

    await meet();
    await meet();

    for (const device of [old, upgraded]) expect(rows(device)).toEqual([["1", "a", "B"]]);
    expect(old.store.conflicts(10)).toMatchObject([{ values: { a: "A" } }]);

    upgraded.edit("UPDATE notes SET b = 'C'");
    old.edit("UPDATE notes SET a = 'D'");
    await meet();
    await meet();
    for (const device of [old, upgraded]) expect(rows(device)).toEqual([["1", "D", "C"]]);
  });

  test("COMPAT_CHANGED: an entry without the reserved member is refused", async () => {
    const words = { columns: { title: "text" } } as const;
    const { old, upgraded, meet } = await pair(model(words), modelOf([notes({ ...words, conflicts: "row" })], { compat: "synckit" }));
    upgraded.edit("INSERT INTO notes VALUES ('1', 'x')");

    await meet();

    expect(rows(old)).toEqual([]);
  });

  test("KEY_CHANGED: an entry whose row id is made of other columns is refused, or names another row", async () => {
    const columns = { label: "text", color: "text" } as const;
    const { old, upgraded, meet } = await pair(
      modelOf([tableOf("notes", { identity: { label: "text" }, columns: { color: "text" } })]),
      modelOf([tableOf("notes", { identity: columns })]),
    );
    old.edit("INSERT INTO notes VALUES ('l', 'red')");
    await meet();
    expect(upgraded.db.prepare("SELECT * FROM notes").all()).toEqual([]);
  });

  test("ROW_IDS_CHANGED: both forms are understood, and the old version goes on in its own", async () => {
    const words = { columns: { title: "text" } } as const;
    const { old, upgraded, meet } = await pair(model(words), model({ ...words, rowIds: "hidden" }));
    old.edit("INSERT INTO notes VALUES ('1', 'x')");
    upgraded.edit("INSERT INTO notes VALUES ('2', 'y')");

    await meet();

    expect(rows(old)).toEqual(rows(upgraded));
    expect(rows(old)).toHaveLength(2);
  });

  test("DELETES_MODE_CHANGED: what one side deletes the other keeps", async () => {
    const { old, upgraded, meet } = await pair(model({}), model({ deletes: "ignore" }));
    old.edit("INSERT INTO notes VALUES ('1')");
    await meet();
    old.edit("DELETE FROM notes");

    await meet();

    expect([rows(old), rows(upgraded)]).toEqual([[], [["1"]]]);
  });

  test("APPLY_MODE_CHANGED: rows that are made after the change are not sent", async () => {
    const { old, upgraded, meet } = await pair(
      model({ columns: { title: "text" } }),
      model({ columns: { title: "text" }, apply: "update" }),
    );
    upgraded.edit("INSERT INTO notes VALUES ('1', 'x')");

    await meet();

    expect(rows(old)).toEqual([]);
  });
});
