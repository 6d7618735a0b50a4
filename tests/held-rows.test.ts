/** Rows that one device's table refuses, deleted by that device's user: everywhere, with what refers to them, and once. */
import { beforeAll, expect, test } from "vitest";
import { openSync } from "../runtime/src/open-sync.ts";
import { driverOver, openGenerated } from "./support/drivers.ts";
import { ddlFor } from "./support/generated.ts";
import { type LoadedSpec, loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import type { SimulatedDevice } from "./support/simulation.ts";
import { World } from "./support/world.ts";

const referring = (onDelete: "cascade" | "set null" | "restrict") => [{ columns: ["user"], table: "users", onDelete }] as const;
const model = modelOf([
  tableOf("users", { columns: { name: "text" } }),
  tableOf("visits", { columns: { user: "uuid" }, references: referring("cascade") }),
  tableOf("stamps", { columns: { visit: "uuid" }, references: [{ columns: ["visit"], table: "visits", onDelete: "cascade" }] }),
  tableOf("gifts", { columns: { user: "uuid?" }, references: referring("set null") }),
  tableOf("orders", { columns: { user: "uuid" }, references: referring("restrict") }),
  tableOf("logs", { columns: { line: "text" }, deletes: "ignore" }),
]);
const REFUSING = ddlFor(model).replace('"name" TEXT NOT NULL', `"name" TEXT NOT NULL CHECK ("name" <> 'refused')`);

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

/** The second device's table of users does not take the name `refused`. */
async function worldWith(
  ...sql: readonly string[]
): Promise<{ readonly world: World; readonly a: SimulatedDevice; readonly b: SimulatedDevice }> {
  const world = new World(model, loaded);
  const [a, b] = [world.device(), world.device(openGenerated(model, { ddl: REFUSING }))];
  for (const statement of sql) a.edit(statement);
  await world.settle();
  return { world, a, b };
}

const rowsOf = ({ db }: SimulatedDevice, ...tables: readonly string[]): readonly unknown[] =>
  tables.flatMap((table) => db.prepare(`SELECT '${table}', * FROM "${table}" ORDER BY id`).raw().all());
const held = ({ store }: SimulatedDevice): readonly string[] =>
  store.heldRows(10).map(({ table, rowId, reason }) => `${table} ${rowId} ${reason}`);

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}

test("a held row goes everywhere, and with it, or without it, what waits for it here", async () => {
  const { world, a, b } = await worldWith(
    "INSERT INTO users VALUES ('u', 'refused'), ('w', 'other')",
    "INSERT INTO visits VALUES ('v', 'u'), ('x', 'w')",
    "INSERT INTO stamps VALUES ('s', 'v')",
    "INSERT INTO gifts VALUES ('g', 'u')",
  );
  expect(new Set(held(b))).toEqual(new Set(["users u constraint", "visits v parent", "stamps s parent", "gifts g parent"]));

  expect(b.store.deleteHeld(b.name, "users", "u")).toBe(true);
  expect(held(b)).toEqual([]);
  expect(b.store.deleteHeld(b.name, "users", "u")).toBe(false);
  expect(b.store.deleteHeld(b.name, "visits", "v")).toBe(false);
  await world.converge();

  expect(rowsOf(a, "users", "visits", "stamps", "gifts")).toEqual([
    ["users", "w", "other"],
    ["visits", "x", "w"],
    ["gifts", "g", null],
  ]);
  expect(b.store.conflicts(10).map(({ table, kind }) => `${table} ${kind}`)).toEqual(["visits deleted", "stamps deleted"]);
  expect(b.store.deleteHeld(b.name, "users", "u")).toBe(false);
});

test("a row whose last edit the table refused goes from the table, and its children there with it", async () => {
  const { world, a, b } = await worldWith(
    "INSERT INTO users VALUES ('u', 'taken')",
    "INSERT INTO visits VALUES ('v', 'u')",
    "INSERT INTO gifts VALUES ('g', 'u')",
  );
  a.edit("UPDATE users SET name = 'refused'");
  await world.settle();
  expect([rowsOf(b, "users"), held(b)]).toEqual([[["users", "u", "taken"]], ["users u constraint"]]);

  expect(b.store.deleteHeld(b.name, "users", "u")).toBe(true);
  expect(rowsOf(b, "users", "visits", "gifts")).toEqual([["gifts", "g", null]]);
  await world.converge();

  expect(rowsOf(a, "users", "visits", "gifts")).toEqual([["gifts", "g", null]]);
});

test("a row that another does not let go stays, and nothing is logged, until that one has gone", async () => {
  const { world, a, b } = await worldWith("INSERT INTO users VALUES ('u', 'refused')", "INSERT INTO orders VALUES ('o', 'u')");

  expect(errorOf(() => b.store.deleteHeld(b.name, "users", "u"))).toMatchObject({
    code: "row/refused",
    table: "users",
    rowId: "u",
    constraint: "FOREIGNKEY",
    obstacles: [{ kind: "referring", columns: ["user"], table: "orders", rowId: "o" }],
    message: `"users" does not let this row go (FOREIGNKEY): a row of "orders" refers to it by "user", and has to go or to refer elsewhere first`,
  });
  expect([b.store.pendingCount(), b.store.heldCount()]).toEqual([0, 2]);

  expect(b.store.deleteHeld(b.name, "orders", "o")).toBe(true);
  expect(b.store.deleteHeld(b.name, "users", "u")).toBe(true);
  await world.converge();
  expect(rowsOf(a, "users", "orders")).toEqual([]);
});

test("what was to refer to it, and refers to another by now, stays", async () => {
  const { world, a, b } = await worldWith("INSERT INTO users VALUES ('u', 'refused')", "INSERT INTO visits VALUES ('v', 'u')");
  b.edit("INSERT INTO users VALUES ('mine', 'x')");
  expect(b.store.editHeld(b.name, "visits", "v", { user: "mine" })).toBe(true);

  expect(b.store.deleteHeld(b.name, "users", "u")).toBe(true);
  await world.converge();

  expect(rowsOf(a, "users", "visits")).toEqual([
    ["users", "mine", "x"],
    ["visits", "v", "mine"],
  ]);
});

test("an edit made after the delete, elsewhere, brings the row back: it is held again", async () => {
  const { world, a, b } = await worldWith("INSERT INTO users VALUES ('u', 'refused')");
  b.store.deleteHeld(b.name, "users", "u");
  a.edit("UPDATE users SET name = 'edited later'");
  await world.converge();

  expect(rowsOf(b, "users")).toEqual([["users", "u", "edited later"]]);
});

test("rows that are not held, or cannot be deleted by sync, are refused by a name for it", async () => {
  const { b } = await worldWith("INSERT INTO users VALUES ('u', 'here')");

  const sync = openSync(loaded.spec, loaded.migrations, {
    database: driverOver(b.db),
    deviceName: "b",
    serverUrl: "https://sync.example",
    apiKey: "key",
  });
  for (const rowId of ["u", "nobody", ""]) {
    expect(b.store.deleteHeld(b.name, "users", rowId)).toBe(null);
    expect(errorOf(() => sync.deleteHeld("users", rowId))).toMatchObject({
      code: "row/not-held",
      retryable: false,
      entry: { table: "users", rowId },
    });
  }
  expect(() => b.store.deleteHeld(b.name, "nope", "u")).toThrow(RangeError);
  expect(() => b.store.deleteHeld(b.name, "logs", "u")).toThrow(RangeError);
  expect(b.store.pendingCount()).toBe(0);
});
