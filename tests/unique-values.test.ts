/** Two rows with one unique value: what becomes of the loser, and what its user can do about it. */
import { RowRefusedError } from "@synckit-gen/runtime";
import type { ColumnType } from "@synckit-gen/schemas/model";
import { describe, expect, test } from "vitest";
import { loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

interface World {
  readonly a: SimulatedDevice;
  readonly b: SimulatedDevice;
  readonly settle: () => Promise<void>;
  /** Until the log stands still, whether or not the devices' tables are equal. */
  readonly exchange: () => Promise<void>;
}

/** Users with a unique column of this type, and orders that do not let their users go. */
async function worldOf(type: ColumnType | `${ColumnType}?`): Promise<World> {
  const model = modelOf([
    tableOf("users", { columns: { mark: type, name: "text?" }, unique: [["mark"]] }),
    tableOf("orders", {
      columns: { user: "uuid" },
      references: [{ columns: ["user"], table: "users", onDelete: "restrict" }],
    }),
  ]);
  const loaded = await loadSpec(model);
  const server = new SimulatedServer();
  let now = 1_700_000_000_000;
  const [a, b] = ["a", "b"].map((name) => new SimulatedDevice(name, model, loaded, server, () => (now += 1))) as [
    SimulatedDevice,
    SimulatedDevice,
  ];
  const exchange = (): Promise<void> => quiesce(server, [a, b]);
  return {
    a,
    b,
    exchange,
    async settle() {
      await exchange();
      expect(b.view(loaded.spec)).toEqual(a.view(loaded.spec));
      for (const { store } of [a, b]) expect(store.heldRows(10)).toEqual([]);
    },
  };
}

const users = ({ db }: SimulatedDevice): unknown => db.prepare("SELECT id, mark FROM users ORDER BY id").raw().all();
const idOf = ({ store }: SimulatedDevice): number => store.conflicts(1)[0]?.id ?? 0;

function refusalOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}

describe("a value that was given up", () => {
  test.each([
    ["text", "x (loser)"],
    ["text?", null],
  ] as const)("is not taken back while the winner has it, and is afterwards, on every device (%s)", async (type, given) => {
    const { a, b, settle } = await worldOf(type);
    a.edit("INSERT INTO users VALUES ('loser', 'x', NULL)");
    a.edit("INSERT INTO orders VALUES ('o', 'loser')");
    b.edit("INSERT INTO users VALUES ('winner', 'x', NULL)");
    await settle();
    expect(users(a)).toEqual([
      ["loser", given],
      ["winner", "x"],
    ]);

    const refusal = refusalOf(() => a.store.takeBack(a.name, idOf(a)));
    expect(refusal).toBeInstanceOf(RowRefusedError);
    expect(refusal).toMatchObject({
      code: "row/refused",
      retryable: false,
      table: "users",
      rowId: "loser",
      constraint: "UNIQUE",
      obstacles: [{ kind: "taken", columns: ["mark"], table: "users", rowId: "winner" }],
      message: `"users" refuses these values (UNIQUE): another row has the same "mark", and has to give that up first`,
    });
    expect(a.store.conflicts(10)).toMatchObject([{ rowId: "loser", values: { mark: "x" } }]);
    expect(a.store.pendingCount()).toBe(0);

    b.edit("UPDATE users SET mark = 'y' WHERE id = 'winner'");
    await settle();
    expect(a.store.takeBack(a.name, idOf(a))).toBe(true);
    await settle();

    for (const device of [a, b])
      expect(users(device)).toEqual([
        ["loser", "x"],
        ["winner", "y"],
      ]);
    expect(a.store.conflictCount()).toBe(0);
  });

  test("comes back with its row, where that was deleted for it", async () => {
    const { a, b, settle } = await worldOf("text");
    a.edit("INSERT INTO users VALUES ('loser', 'x', 'Ann')");
    b.edit("INSERT INTO users VALUES ('winner', 'x', 'Bob')");
    await settle();
    expect(users(a)).toEqual([["winner", "x"]]);

    expect(refusalOf(() => a.store.takeBack(a.name, idOf(a)))).toMatchObject({ constraint: "UNIQUE", obstacles: [{ rowId: "winner" }] });
    a.edit("DELETE FROM users WHERE id = 'winner'");
    expect(a.store.takeBack(a.name, idOf(a))).toBe(true);
    await settle();

    expect(users(b)).toEqual([["loser", "x"]]);
  });

  test("whose winner changed here after the last cycle is taken back in the same breath", async () => {
    const { a, b, settle } = await worldOf("text?");
    a.edit("INSERT INTO users VALUES ('loser', 'x', NULL)");
    a.edit("INSERT INTO orders VALUES ('o', 'loser')");
    b.edit("INSERT INTO users VALUES ('winner', 'x', NULL)");
    await settle();

    a.edit("UPDATE users SET mark = 'y' WHERE id = 'winner'");
    expect(a.store.takeBack(a.name, idOf(a))).toBe(true);
    await settle();

    expect(users(b)).toEqual([
      ["loser", "x"],
      ["winner", "y"],
    ]);
  });
});

test("a conflict of a row whose parent is gone says which row is missing", async () => {
  const { a, b, settle } = await worldOf("text");
  a.edit("INSERT INTO users VALUES ('u', 'x', NULL)");
  a.edit("INSERT INTO orders VALUES ('o', 'u')");
  await settle();
  a.edit("UPDATE orders SET user = 'u' WHERE id = 'o'");
  a.edit("INSERT INTO users VALUES ('v', 'y', NULL)");
  a.edit("UPDATE orders SET user = 'v' WHERE id = 'o'");
  b.edit("DELETE FROM orders");
  b.edit("DELETE FROM users");
  await settle();
  a.edit("DELETE FROM users");

  expect(refusalOf(() => a.store.takeBack(a.name, idOf(a)))).toMatchObject({
    table: "orders",
    constraint: "FOREIGNKEY",
    obstacles: [{ kind: "missing", columns: ["user"], table: "users", rowId: "v" }],
    message: expect.stringContaining(`the row of "users" that "user" refers to has to be here first`),
  });
});

/** Types of which the merge makes up no value. */
describe.each([
  ["integer", 1, 2, 3],
  ["boolean", 1, 0, null],
  ["real", 0.5, 1.5, 2.5],
  ["date", "2024-01-01", "2024-01-02", "2024-01-03"],
] as const)("a loser that is needed and has nothing to give up (%s)", (type, taken, free, other) => {
  async function held(): Promise<World> {
    const world = await worldOf(type);
    const { a, b, exchange } = world;
    a.edit("INSERT INTO users VALUES ('loser', ?, 'Ann')", taken);
    a.edit("INSERT INTO orders VALUES ('o', 'loser')");
    b.edit("INSERT INTO users VALUES ('winner', ?, 'Bob')", taken);
    await exchange();
    return world;
  }
  test("is held where it is not, and the winner where the loser is: both are seen with their values and what they wait for", async () => {
    const { a, b } = await held();

    expect([users(a), users(b)]).toEqual([[["loser", taken]], [["winner", taken]]]);
    expect(a.store.heldRows(10)).toMatchObject([
      {
        table: "users",
        rowId: "winner",
        reason: "constraint",
        detail: "UNIQUE",
        values: { id: "winner", mark: taken, name: "Bob" },
        obstacles: [{ kind: "taken", columns: ["mark"], table: "users", rowId: "loser" }],
      },
    ]);
    expect(new Map(b.store.heldRows(10).map(({ table, obstacles }) => [table, obstacles]))).toEqual(
      new Map([
        ["users", [{ kind: "taken", columns: ["mark"], table: "users", rowId: "winner" }]],
        ["orders", [{ kind: "missing", columns: ["user"], table: "users", rowId: "loser" }]],
      ]),
    );
    expect([a, b].map(({ store }) => [store.heldCount(), store.refusedCount()])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  test("gets its place once the row that is here gets another value, from either side", async () => {
    for (const first of [0, 1]) {
      const { a, b, settle } = await held();
      [a, b][first]?.edit("UPDATE users SET mark = ?", free);
      await settle();

      expect(new Set([users(a)].flat())).toEqual(
        new Set([
          ["loser", first === 0 ? free : taken],
          ["winner", first === 0 ? taken : free],
        ]),
      );
      expect(b.db.prepare("SELECT user FROM orders").pluck().all()).toEqual(["loser"]);
    }
  });

  test("gets another value where it is held, and what waited for it comes too", async () => {
    const { a, b, settle } = await held();

    expect(refusalOf(() => b.store.editHeld(b.name, "users", "loser", { mark: taken, name: "Eve" }))).toMatchObject({
      code: "row/refused",
      constraint: "UNIQUE",
      obstacles: [{ kind: "taken", rowId: "winner" }],
    });
    expect(b.store.pendingCount()).toBe(0);
    expect(b.store.editHeld(b.name, "users", "loser", { mark: free })).toBe(true);
    expect(b.db.prepare("SELECT user FROM orders").pluck().all()).toEqual(["loser"]);
    await settle();

    expect(users(a)).toEqual([
      ["loser", free],
      ["winner", taken],
    ]);
    expect(a.db.prepare("SELECT name FROM users WHERE id = 'loser'").pluck().get()).toBe("Ann");
  });

  test("gets two values from two people: the later one counts everywhere", async () => {
    if (other === null) return;
    const { a, b, settle } = await held();
    b.store.editHeld(b.name, "users", "loser", { mark: free });
    a.edit("UPDATE users SET mark = ? WHERE id = 'loser'", other);
    await settle();

    expect(users(b)).toEqual([
      ["loser", other],
      ["winner", taken],
    ]);
  });
});

describe("editing a held row", () => {
  test("with a value that its column cannot hold is refused, and so is taking one back", async () => {
    const { a, b, exchange } = await worldOf("integer");
    a.edit("INSERT INTO users VALUES ('loser', 1, NULL)");
    a.edit("INSERT INTO orders VALUES ('o', 'loser')");
    b.edit("INSERT INTO users VALUES ('winner', 1, NULL)");
    await exchange();
    b.db.exec("INSERT INTO sync_conflicts VALUES (9, 'users', 'winner', 'overwritten', '{\"mark\":[1]}', 1, 'a', 2, 'b', 0)");

    for (const work of [() => b.store.editHeld(b.name, "users", "loser", { mark: { no: 1 } }), () => b.store.takeBack(b.name, 9)])
      expect(refusalOf(work)).toMatchObject({ code: "row/refused", constraint: "VALUE", obstacles: [] });
    expect(b.store.heldCount()).toBe(2);
  });

  test("is an edit like others: its other columns are nobody's, and the row that waits for a parent goes on waiting", async () => {
    const { a, b, settle } = await worldOf("integer");
    a.edit("INSERT INTO users VALUES ('u', 1, NULL)");
    await a.push();
    a.edit("INSERT INTO orders VALUES ('o', 'u')");
    await a.push();
    await b.pull({
      pageSize: 1,
      maxPages: 2,
      shuffle: (page) => page.map((entry) => ({ ...entry, failure: entry.table === "users" ? "decryption" : null })),
    });
    expect(b.store.heldRows(10)).toMatchObject([{ table: "orders", reason: "parent" }]);

    b.edit("INSERT INTO users VALUES ('mine', 2, NULL)");
    expect(b.store.editHeld(b.name, "orders", "o", { user: "nobody" })).toBe(true);
    expect(b.store.heldRows(10)).toMatchObject([{ table: "orders", obstacles: [{ kind: "missing", rowId: "nobody" }] }]);
    expect(b.store.editHeld(b.name, "orders", "o", { user: "mine" })).toBe(true);
    expect(b.store.heldCount()).toBe(0);
    await b.retryQuarantine();
    await settle();
    expect(a.db.prepare("SELECT user FROM orders").pluck().all()).toEqual(["mine"]);
  });

  test("is refused for rows that are not held, and for what is not a synced column", async () => {
    const { a } = await worldOf("integer");
    a.edit("INSERT INTO users VALUES ('u', 1, NULL)");

    expect(a.store.editHeld(a.name, "users", "u", { name: "x" })).toBe(false);
    expect(a.store.editHeld(a.name, "users", "nobody", { name: "x" })).toBe(false);
    expect(() => a.store.editHeld(a.name, "users", "u", { id: "x" })).toThrow(RangeError);
    expect(() => a.store.editHeld(a.name, "users", "u", { nope: 1 })).toThrow(RangeError);
    expect(() => a.store.editHeld(a.name, "nope", "u", {})).toThrow(RangeError);
  });
});
