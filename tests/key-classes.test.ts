/** Rows whose key is NULL, or stored as something else than its type says: nobody could name them elsewhere, so they stay where they are. */
import { beforeAll, describe, expect, test } from "vitest";
import { openGenerated } from "./support/drivers.ts";
import { type LoadedSpec, loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import type { SimulatedDevice } from "./support/simulation.ts";
import { World } from "./support/world.ts";

const model = modelOf([
  tableOf("notes", { identity: { id: "text" }, columns: { body: "text?" } }),
  tableOf("lines", {
    identity: { note: "text", no: "integer" },
    columns: { body: "text?" },
    references: [{ columns: ["note"], table: "notes", to: ["id"], onDelete: "cascade" }],
  }),
  tableOf("years", { identity: { year: "integer" }, columns: { motto: "text?" } }),
]);
/** As in an app that declares no types: whatever is bound is kept. */
const UNTYPED = `CREATE TABLE notes (id PRIMARY KEY, body);
  CREATE TABLE lines (note REFERENCES notes ON DELETE CASCADE, no, body, PRIMARY KEY (note, no));
  CREATE TABLE years (year PRIMARY KEY, motto);`;

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

const untyped = (world: World): SimulatedDevice => world.device(openGenerated(model, { ddl: UNTYPED }));
const stored = ({ db }: SimulatedDevice, table: string, key: string): readonly unknown[] =>
  db.prepare(`SELECT quote("${key}") FROM "${table}" ORDER BY 1`).pluck().all();

/** Each with the key of the row that another device would have made of it. */
const strange = [
  ["an integer in a text key", "notes", "id", "5", "'5'"],
  ["a real in a text key", "notes", "id", "0.5", "'0.5'"],
  ["bytes in a text key", "notes", "id", "X'35'", "'5'"],
  ["a text of digits in an integer key", "years", "year", "'5'", "5"],
  ["a real in an integer key", "years", "year", "0.5", "'0.5'"],
  ["bytes in an integer key", "years", "year", "X'35'", "5"],
  ["NULL in a key", "notes", "id", "NULL", "'NULL'"],
] as const;

describe.each(strange)("%s", (_name, table, key, literal, twin) => {
  test("stays where it is, through all that a device does with its rows", async () => {
    const world = new World(model, loaded);
    const a = untyped(world);
    a.db.exec(`INSERT INTO "${table}" ("${key}") VALUES (${literal})`);
    await a.snapshot();
    const b = untyped(world);
    await world.converge();
    expect([stored(a, table, key), stored(b, table, key)]).toEqual([[literal], []]);

    a.edit(`INSERT INTO "${table}" ("${key}") VALUES (${twin})`);
    a.edit(`UPDATE "${table}" SET "${table === "notes" ? "body" : "motto"}" = 'edited'`);
    await world.converge();
    await a.replaceServer();
    await world.converge();
    await b.startOver(true);
    await world.converge();
    world.server.log.splice(0);
    await world.converge();

    expect(new Set(stored(a, table, key))).toEqual(new Set([twin, literal]));
    expect(stored(b, table, key)).toEqual([twin]);
    expect(a.store.pendingCount() + a.store.heldCount()).toBe(0);

    a.edit(`DELETE FROM "${table}" WHERE "${key}" IS ${twin}`);
    a.edit(`UPDATE "${table}" SET "${key}" = ${twin}`);
    await world.converge();
    expect(stored(b, table, key)).toEqual([twin]);
  });
});

test("a key that comes to be of another class leaves other devices, and comes back with its own", async () => {
  const world = new World(model, loaded);
  const [a, b] = [untyped(world), untyped(world)];
  a.edit("INSERT INTO notes VALUES ('5', 'kept')");
  await world.converge();

  a.edit("UPDATE notes SET id = 5");
  await world.converge();
  expect([stored(a, "notes", "id"), stored(b, "notes", "id")]).toEqual([["5"], []]);

  a.edit("UPDATE notes SET id = '5'");
  await world.converge();
  expect(b.db.prepare("SELECT body FROM notes").pluck().all()).toEqual(["kept"]);
});

test("a text that is no number is a key of its own in an integer column that takes it, deleted as well as inserted", async () => {
  const world = new World(model, loaded);
  const [a, b] = [untyped(world), untyped(world)];
  for (const key of ["'x'", "'05'", "'-0'", "'9223372036854775808'", "''"]) {
    a.edit(`INSERT INTO years VALUES (${key}, NULL)`);
    await world.converge();
    expect(stored(b, "years", "year")).toEqual([key]);

    b.edit("DELETE FROM years");
    await world.converge();
    expect(stored(a, "years", "year")).toEqual([]);
  }
  for (const { store } of [a, b]) expect(store.quarantined(10)).toEqual([]);
});

test("where the table is typed, a key that it cannot hold is held, and what comes after it arrives", async () => {
  const world = new World(model, loaded);
  const [a, b] = [untyped(world), world.device()];
  a.edit("INSERT INTO years VALUES ('x', NULL), (2030, NULL)");
  await world.settle();

  expect(stored(b, "years", "year")).toEqual(["2030"]);
  expect(b.store.heldRows(10)).toMatchObject([{ table: "years", rowId: "x", reason: "constraint", detail: "DATATYPE" }]);
});

test("a parent that is deleted elsewhere takes along children without a name, as its foreign key says", async () => {
  const world = new World(model, loaded);
  const [a, b] = [untyped(world), untyped(world)];
  a.edit("INSERT INTO notes VALUES ('n', NULL)");
  await world.converge();
  b.edit("INSERT INTO lines VALUES ('n', NULL, 'of nobody'), ('n', '1', 'a text')");

  a.edit("DELETE FROM notes");
  await world.converge();

  expect([stored(b, "lines", "no"), stored(b, "notes", "id")]).toEqual([[], []]);
});
