/** The port that the engine works through, held to its word on every driver; and devices of different drivers in one account. */
import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";
import { beforeAll, describe, expect, test } from "vitest";
import { betterSqlite3Driver, type Driver, nodeSqliteDriver } from "@synckit-gen/runtime";
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { driverOf } from "../runtime/src/driver/driver-of.ts";
import { driverOver, openGenerated, testDrivers } from "./support/drivers.ts";
import { someSeeds } from "./fuzz/seed.ts";
import { seededRandom } from "./sim/random.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

describe.each(testDrivers)("$name", ({ name, open }) => {
  const opened = (sql = ""): Driver => {
    const driver = driverOver(open());
    driver.exec(sql);
    return driver;
  };

  test.each<[string, SqlValue, string, string]>([
    ["text", "é😀", "text", "'é😀'"],
    ["empty text", "", "text", "''"],
    ["a whole number", 7, "real", "7.0"],
    ["a fraction", 0.1, "real", "0.1"],
    ["a bigint", 7n, "integer", "7"],
    ["the greatest 64-bit integer", MAX, "integer", MAX.toString()],
    ["the least 64-bit integer", MIN, "integer", MIN.toString()],
    ["infinity", Infinity, "real", "9.0e+999"],
    ["bytes", new Uint8Array([0, 255]), "blob", "X'00FF'"],
    ["no bytes", new Uint8Array(0), "blob", "X''"],
    ["bytes amid others", new Uint8Array([1, 2, 3, 4]).subarray(1, 3), "blob", "X'0203'"],
    ["null", null, "null", "NULL"],
  ])("binds %s as SQLite's own class, exactly", (_what, value, type, literal) => {
    const row = opened().prepare("SELECT typeof(?), quote(?)").get(value, value);
    expect(row?.[0]).toBe(type);
    // Printed differently by SQLite versions, exact in all of them.
    expect(type === "real" ? Number(row?.[1]) : row?.[1]).toEqual(type === "real" ? Number(literal) : literal);
  });

  test("refuses an integer of more than 64 bits, and the statement still works", () => {
    const statement = opened().prepare("SELECT CAST(? AS TEXT)");

    expect(errorOf(() => statement.get(MAX + 1n))).toBeInstanceOf(Error);
    expect(errorOf(() => statement.get(MIN - 1n))).toBeInstanceOf(Error);
    expect(statement.get(MAX)).toEqual([MAX.toString()]);
  });

  test("reads rows as arrays of plain values", () => {
    const driver = opened();

    const row = driver.prepare("SELECT 1, 1, 9007199254740991, -9007199254740991, 0.5, 'x' AS a, 'y' AS a, NULL, x'00ff', x''").get();

    expect(row).toStrictEqual([
      1,
      1,
      9_007_199_254_740_991,
      -9_007_199_254_740_991,
      0.5,
      "x",
      "y",
      null,
      new Uint8Array([0, 255]),
      new Uint8Array(0),
    ]);
    expect(row?.[8]?.constructor).toBe(Uint8Array);
    expect(driver.prepare("SELECT 1 WHERE 0").get()).toBe(undefined);
    expect(driver.prepare("SELECT 1 WHERE 0").all()).toEqual([]);
    expect(driver.prepare("VALUES (1, x'01'), (2, 'b')").all()).toStrictEqual([
      [1, new Uint8Array([1])],
      [2, "b"],
    ]);
  });

  test("carries text past a NUL both ways, and keeps the order of rows", () => {
    const driver = opened("CREATE TABLE t (x TEXT)");
    const insert = driver.prepare("INSERT INTO t VALUES (?)");
    for (const text of ["b\0two", "a", "b\0one", "\0"]) insert.run(text);

    expect(driver.prepare("SELECT x, length(CAST(x AS BLOB)) FROM t ORDER BY x DESC").all()).toEqual([
      ["b\0two", 5],
      ["b\0one", 5],
      ["a", 1],
      ["\0", 1],
    ]);
    expect(driver.prepare("SELECT x FROM t WHERE x = ?").get("b\0one")).toEqual(["b\0one"]);
  });

  test("a parameter of the call before is never left over", () => {
    const driver = opened("CREATE TABLE t (x)");
    const insert = driver.prepare("INSERT INTO t VALUES (?)");
    for (const value of ["text", null, 1n, new Uint8Array(0)]) insert.run(value);

    expect(driver.prepare("SELECT typeof(x) FROM t").all()).toEqual([["text"], ["null"], ["integer"], ["blob"]]);
  });

  test("counts the rows that a statement changed, not those its triggers did", () => {
    const driver = opened(`CREATE TABLE t (x); CREATE TABLE log (x);
      CREATE TRIGGER log_t AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1), (2), (3); END`);

    expect(driver.prepare("INSERT INTO t VALUES (1), (2)").run()).toBe(2);
    expect(driver.prepare("UPDATE t SET x = 3 WHERE x = ?").run(9n)).toBe(0);
    expect(driver.prepare("DELETE FROM log").run()).toBe(6);
  });

  test.each([
    ["UNIQUE", "INSERT INTO t VALUES (2, 1, 1, 1)"],
    ["PRIMARYKEY", "INSERT INTO t VALUES (1, 2, 1, 1)"],
    ["NOTNULL", "INSERT INTO t VALUES (2, 2, NULL, 1)"],
    ["CHECK", "INSERT INTO t VALUES (2, 2, 1, -1)"],
    ["FOREIGNKEY", "INSERT INTO child VALUES ('nobody')"],
    ["TRIGGER", "DELETE FROM t"],
    ["DATATYPE", "INSERT INTO narrow VALUES ('text')"],
    ["DATATYPE", "INSERT INTO t VALUES ('text', 2, 1, 1)"],
    ["ROWID", "INSERT INTO child (rowid, t) VALUES (1, NULL), (1, NULL)"],
  ])("knows a violated %s when it sees one", (kind, sql) => {
    const driver = opened(`PRAGMA foreign_keys = ON;
      CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, n NOT NULL, c CHECK (c > 0)); INSERT INTO t VALUES (1, 1, 1, 1);
      CREATE TABLE child (t REFERENCES t (id)); CREATE TABLE narrow (x INTEGER) STRICT;
      CREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept'); END`);

    for (const run of [() => driver.prepare(sql).run(), () => driver.exec(sql)]) {
      const error = errorOf(run);
      expect(driver.constraintOf(error)).toBe(kind);
    }
    expect(driver.prepare("SELECT count(*) FROM child").get()).toEqual([0]);
  });

  test("a constraint that fails at COMMIT leaves the transaction open to be rolled back", () => {
    const driver = opened("PRAGMA foreign_keys = ON; CREATE TABLE t (id TEXT PRIMARY KEY, up REFERENCES t (id))");
    driver.exec("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON; INSERT INTO t VALUES ('a', 'nobody')");

    expect(driver.constraintOf(errorOf(() => driver.exec("COMMIT")))).toBe("FOREIGNKEY");
    expect(driver.inTransaction()).toBe(true);
    driver.exec("ROLLBACK");
    expect(driver.inTransaction()).toBe(false);
  });

  test("no other error is a constraint", () => {
    const driver = opened();
    for (const sql of ["SELECT * FROM nowhere", "no SQL", "SELECT json('{')"])
      expect(driver.constraintOf(errorOf(() => driver.prepare(sql).get()))).toBe(null);
    for (const value of [new Error("UNIQUE"), null, "SQLITE_CONSTRAINT_UNIQUE", { code: 19 }])
      expect(driver.constraintOf(value)).toBe(null);
  });

  test("sees the app's own transaction on the handle", () => {
    const db = open();
    const driver = driverOver(db);

    expect(driver.inTransaction()).toBe(false);
    db.exec("BEGIN");
    expect(driver.inTransaction()).toBe(true);
    db.exec("COMMIT");
    expect(driver.inTransaction()).toBe(false);
  });

  test("statements outlive changes of the schema, of settings, and errors of their own", () => {
    const driver = opened("CREATE TABLE t (x UNIQUE)");
    const all = driver.prepare("SELECT x FROM t");
    const insert = driver.prepare("INSERT INTO t (x) VALUES (?)");
    const setting = driver.prepare("PRAGMA foreign_keys");
    insert.run("a");
    const before = setting.get();

    driver.exec("ALTER TABLE t ADD COLUMN y DEFAULT 7; CREATE INDEX by_y ON t (y); PRAGMA foreign_keys = ON");
    expect(() => insert.run("a")).toThrow("UNIQUE constraint failed");
    insert.run("b");
    driver.exec("DROP TABLE t; CREATE TABLE t (y, x)");
    insert.run("c");
    driver.exec("PRAGMA foreign_keys = OFF");

    expect(all.all()).toEqual([["c"]]);
    expect(driver.prepare("SELECT x FROM t")).toBe(all);
    expect([before?.length, setting.get()]).toEqual([1, [0]]);
    driver.exec("PRAGMA foreign_keys = ON");
    expect(setting.get()).toEqual([1]);
  });

  test("a row read from the middle of a result holds no lock", () => {
    const driver = opened("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)");

    expect(driver.prepare("SELECT x FROM t").get()).toEqual([1]);
    driver.exec("DROP TABLE t");

    expect(driver.prepare("SELECT count(*) FROM sqlite_master").get()).toEqual([0]);
  });

  test("is what its handle says it needs", () => {
    if (name === "better-sqlite3") expect(driverOf(new Database(":memory:")).prepare("SELECT 1").get()).toEqual([1]);
    if (name === "node:sqlite") expect(driverOf(new DatabaseSync(":memory:")).prepare("SELECT 1").get()).toEqual([1]);
    const driver = opened();
    expect(driverOf(driver)).toBe(driver);
  });
});

const errorOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

test("numbers stay numbers where an app made bigints its handle's default", () => {
  const better = new Database(":memory:").defaultSafeIntegers(true);
  const node = new DatabaseSync(":memory:", { readBigInts: true });
  for (const driver of [betterSqlite3Driver(better), nodeSqliteDriver(node)]) {
    driver.exec("CREATE TABLE t (x)");
    expect(driver.prepare("INSERT INTO t VALUES (1), (2)").run()).toBe(2);
    expect(driver.prepare("SELECT count(*), 3 FROM t").all()).toEqual([[2, 3]]);
  }
});

test.each([
  ["a path", "app.db"],
  ["nothing", undefined],
  ["an object of another kind", { prepare: () => null }],
])("%s is no database", (_what, value) => {
  expect(() => driverOf(value as never)).toThrow("the database is neither");
});

describe("devices of different drivers", () => {
  const model = modelOf([
    tableOf("projects", { columns: { name: "text", size: "bigint?", data: "blob?", ratio: "real?" } }),
    tableOf("tasks", {
      columns: { project: "uuid?", title: "text" },
      references: [{ columns: ["project"], table: "projects", onDelete: "set null" }],
    }),
  ]);
  let loaded: LoadedSpec;
  beforeAll(async () => {
    loaded = await loadSpec(model);
  });

  test("end with the same rows, whatever the values and whoever edited what", async () => {
    const server = new SimulatedServer();
    let now = 1_700_000_000_000;
    const devices = testDrivers.map(
      (on) => new SimulatedDevice(on.name, model, loaded, server, () => (now += 1), openGenerated(model, { on })),
    );
    const values = [
      "NULL, NULL, NULL",
      "9223372036854775807, x'', 0.1",
      "-9223372036854775808, x'00ff', 9e999",
      "1, 'text', 'text'",
      "0, 1, -0.0",
    ];

    for (const [round, list] of values.entries())
      for (const [at, device] of devices.entries()) {
        const key = (round + at) % values.length;
        device.edit(
          `INSERT INTO projects VALUES ('p${key}', 'n' || char(0) || '${device.name}', ${list})
           ON CONFLICT DO UPDATE SET (name, size, data, ratio) = (excluded.name, excluded.size, excluded.data, excluded.ratio)`,
        );
        device.edit(`INSERT INTO tasks VALUES ('t' || char(0) || '${round}${at}', 'p${key}', 'é😀')`);
        if (at === round % devices.length) device.edit(`DELETE FROM projects WHERE id = 'p${(key + 1) % values.length}'`);
        await device.pull({ pageSize: 3 });
        if (round % 2 === at % 2) await device.push();
      }
    await quiesce(server, devices);

    const [first, ...others] = devices.map((device) => device.view(loaded.spec));
    expect([...(first?.keys() ?? [])].filter((key) => key.startsWith("tasks"))).toHaveLength(values.length * devices.length);
    for (const other of others) expect(other).toEqual(first);
    for (const device of devices) expect(device.db.pragma("foreign_key_check")).toEqual([]);
  });

  const alone = testDrivers.map((driver) => [driver.name, [driver, driver, driver]] as const);
  test.each([["every driver", testDrivers] as const, ...alone])("%s: random histories converge", async (_name, drivers) => {
    for (const seed of someSeeds(15)) {
      const { pick, chance, below } = seededRandom(seed);
      const server = new SimulatedServer();
      let now = 1_700_000_000_000;
      const devices = drivers.map(
        (on, at) =>
          new SimulatedDevice(`device-${at}`, model, loaded, server, () => (now += below(3)) + at * 500, openGenerated(model, { on })),
      );
      for (let step = 0; step < 60; step++) {
        const device = pick(devices);
        const [project, task] = [`p${below(4)}`, `t${below(6)}`];
        const edits = [
          `INSERT INTO projects (id, name, size) VALUES ('${project}', 'n${step}', ${step}) ON CONFLICT DO UPDATE SET name = excluded.name`,
          `UPDATE projects SET size = ${step}, data = x'0${step % 10}' WHERE id = '${project}'`,
          `DELETE FROM projects WHERE id = '${project}'`,
          `INSERT INTO tasks SELECT '${task}', id, 't${step}' FROM projects WHERE id = '${project}' ON CONFLICT DO UPDATE SET project = excluded.project`,
          `UPDATE tasks SET title = 'u${step}' WHERE id = '${task}'`,
          `DELETE FROM tasks WHERE id = '${task}'`,
        ];
        if (chance(0.65)) device.edit(pick(edits));
        else if (chance(0.5)) await device.push(chance(0.2) ? { loseReply: true } : {});
        else await device.pull({ pageSize: 1 + below(8), shuffle: (page) => (chance(0.2) ? [...page, ...page] : page) });
      }
      await quiesce(server, devices);

      const [first, ...others] = devices.map((device) => device.view(loaded.spec));
      for (const other of others) expect(other, `seed ${seed}`).toEqual(first);
      for (const { db, store } of devices) {
        expect(db.pragma("foreign_key_check"), `seed ${seed}`).toEqual([]);
        expect(store.heldCount(), `seed ${seed}`).toBe(0);
        db.close();
      }
    }
  });
});
