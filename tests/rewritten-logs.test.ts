/** Logs that are written anew, from a device's registers or by its user, where rows are held, only updated, or never deleted. */
import { beforeAll, describe, expect, test } from "vitest";
import { type LoadedSpec, loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import type { SimulatedDevice, SimulatedServer } from "./support/simulation.ts";
import { World } from "./support/world.ts";

const model = modelOf([
  tableOf("users", { columns: { mark: "integer", name: "text?" }, unique: [["mark"]] }),
  tableOf("orders", {
    columns: { user: "uuid", note: "text?" },
    references: [{ columns: ["user"], table: "users", onDelete: "restrict" }],
  }),
  /** What the app fetches: marks travel, rows do not. */
  tableOf("items", {
    identity: { external: "text" },
    key: ["external"],
    columns: { is_read: "boolean" },
    apply: "update",
    deletes: "ignore",
  }),
  /** Rows that each device drops when it likes. */
  tableOf("logs", { columns: { line: "text" }, deletes: "ignore" }),
]);

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

/** A device that has rows before it first syncs. */
function deviceWith(world: World, ...rows: readonly string[]): SimulatedDevice {
  const device = world.device();
  for (const sql of rows) device.db.exec(sql);
  return device;
}

const all = ({ db }: SimulatedDevice, sql: string): readonly unknown[] => db.prepare(sql).raw().all();
const USERS = "SELECT id, mark FROM users ORDER BY id";
const ORDERS = "SELECT id, user FROM orders ORDER BY id";
const ITEMS = "SELECT external, is_read FROM items ORDER BY external";
/** Changes of update-only rows that are not here wait for them, and stand in nobody's way. */
const held = ({ store }: SimulatedDevice): readonly string[] =>
  store.heldRows(100).flatMap(({ table, rowId, reason }) => (reason === "missing" ? [] : [`${table} ${rowId} ${reason}`]));

/** How a log comes to be written anew. */
const ways = [
  [
    "a restored server is told again",
    async (world: World, device: SimulatedDevice) => {
      world.server.log.splice(0);
      await device.pull();
    },
  ],
  ["a device replaces what the server has", async (_world: World, device: SimulatedDevice) => void (await device.replaceServer())],
] as const;

/** Two users of one mark, of whom the loser can neither go nor give it up: each device shows another one. */
async function collision(): Promise<{ readonly world: World; readonly a: SimulatedDevice; readonly b: SimulatedDevice }> {
  const world = new World(model, loaded);
  const [a, b] = [world.device(), world.device()];
  a.edit("INSERT INTO users VALUES ('loser', 1, NULL)");
  a.edit("INSERT INTO orders VALUES ('o', 'loser', NULL)");
  b.edit("INSERT INTO users VALUES ('winner', 1, NULL)");
  await world.settle();
  expect([held(a), held(b)]).toEqual([["users winner constraint"], ["users loser constraint", "orders o parent"]]);
  return { world, a, b };
}

test.each([
  ["a restored server is told again by the device that shows the loser", 0, ways[0][1]],
  ["a restored server is told again by the device that shows the winner", 1, ways[0][1]],
  ["the device that shows the winner replaces what the server has", 1, ways[1][1]],
])("where %s, held rows stay in the log, and are resolved as before", async (_name, teller, rewrite) => {
  const { world, a, b } = await collision();
  const before = [held(a), held(b)];

  await rewrite(world, world.devices[teller] as SimulatedDevice);
  await world.settle();
  const c = world.device();
  await world.settle();

  expect([held(a), held(b)]).toEqual(before);
  expect([all(a, USERS), all(a, ORDERS), all(b, USERS)]).toEqual([[["loser", 1]], [["o", "loser"]], [["winner", 1]]]);
  expect(all(c, USERS).length + held(c).filter((row) => row.startsWith("users")).length).toBe(2);

  b.edit("UPDATE users SET mark = 2");
  await world.settle();
  for (const device of [a, b, c]) {
    expect(all(device, USERS)).toEqual([
      ["loser", 1],
      ["winner", 2],
    ]);
    expect([all(device, ORDERS), held(device)]).toEqual([[["o", "loser"]], []]);
  }
});

test("where the device that shows the loser replaces what the server has, its row wins, and the other is kept as a conflict", async () => {
  const { world, a, b } = await collision();

  await a.replaceServer();
  await world.settle();

  for (const device of [a, b])
    expect([all(device, USERS), all(device, ORDERS), held(device)]).toEqual([[["loser", 1]], [["o", "loser"]], []]);
  expect(b.store.conflicts(10)).toMatchObject([{ table: "users", rowId: "winner", kind: "deleted", values: { mark: 1 } }]);
});

test("where very many changes wait for rows that are not here, others have their turn, and so has each row that comes", async () => {
  const world = new World(model, loaded);
  const [a, b] = [world.device(), world.device()];
  a.db.exec("WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 20200) INSERT INTO items SELECT i, 0 FROM n");
  a.edit("UPDATE items SET is_read = 1");
  await a.push();
  await b.pull();
  expect(b.store.heldCount()).toBe(10_201);

  b.db.exec("INSERT INTO items VALUES ('20199', 0)");
  a.edit("INSERT INTO users VALUES ('u', 1, NULL)");
  a.edit("INSERT INTO orders VALUES ('o', 'u', NULL)");
  await a.push();
  await b.pull({ shuffle: (page) => page.toReversed(), pageSize: 1 });

  expect(all(b, ITEMS)).toEqual([["20199", 1]]);
  expect([all(b, ORDERS), b.store.heldCount()]).toEqual([[["o", "u"]], 10_200]);
});

describe.each(ways)("where %s", (_name, rewrite) => {
  test("a row that waits for a parent nobody can read stays in the log, and comes when the parent does", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    a.edit("INSERT INTO users VALUES ('u', 1, NULL)");
    a.edit("INSERT INTO orders VALUES ('o', 'u', 'x')");
    await a.push();
    const damage = (page: SimulatedServer["log"]) =>
      page.map((entry) => (entry.table === "users" ? { ...entry, payload: null, failure: "decryption" as const } : entry));
    await b.pull({ shuffle: (page) => damage([...page]) });
    expect(held(b)).toEqual(["orders o parent"]);

    await rewrite(world, b);
    b.edit("INSERT INTO users VALUES ('other', 2, NULL)");
    await b.push();
    await world.settle();
    const c = world.device();
    await world.settle();

    for (const device of [a, b, c])
      expect([all(device, USERS), all(device, ORDERS), held(device)]).toEqual([
        [
          ["other", 2],
          ["u", 1],
        ],
        [["o", "u"]],
        [],
      ]);
  });

  test("of rows that are only updated the marks are told, dropped rows' too, and no row is made or taken", async () => {
    const world = new World(model, loaded);
    const fetched = "INSERT INTO items VALUES ('both', 0), ('dropped', 0)";
    const [a, b] = [deviceWith(world, fetched), deviceWith(world, fetched, "INSERT INTO items VALUES ('mine', 0)")];
    a.db.exec("INSERT INTO items VALUES ('unmarked', 0)");
    a.edit("UPDATE items SET is_read = 1 WHERE external <> 'unmarked'");
    await world.settle();
    a.edit("DELETE FROM items WHERE external = 'dropped'");
    await world.settle();
    const rows = [all(a, ITEMS), all(b, ITEMS)];

    await rewrite(world, a);
    await world.settle();
    const c = deviceWith(world, fetched);
    await world.settle();

    expect([all(a, ITEMS), all(b, ITEMS)]).toEqual(rows);
    expect(all(c, ITEMS)).toEqual([
      ["both", 1],
      ["dropped", 1],
    ]);
    expect([held(a), held(b)]).toEqual([[], []]);
    for (const device of [a, b, c]) expect(device.store.conflictCount()).toBe(0);
  });

  test("of rows whose deletes are ignored nobody loses one that another has dropped", async () => {
    const world = new World(model, loaded);
    const [a, b] = [world.device(), world.device()];
    a.edit("INSERT INTO logs VALUES ('1', 'x'), ('2', 'y')");
    await world.settle();
    a.edit("DELETE FROM logs WHERE id = '1'");
    b.edit("UPDATE logs SET line = 'z' WHERE id = '2'");
    await world.settle();
    const lines = "SELECT id, line FROM logs ORDER BY id";

    await rewrite(world, a);
    await world.settle();
    const c = world.device();
    await world.settle();

    expect(all(a, lines)).toEqual([["2", "z"]]);
    for (const device of [b, c])
      expect(all(device, lines)).toEqual([
        ["1", "x"],
        ["2", "z"],
      ]);
  });
});
