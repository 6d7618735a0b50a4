/**
 * The hazards of trigger-based capture, by their ids: each test shows that the unsafe form fails in this SQLite, and
 * that what the emitters write does not. A hazard that a newer SQLite has mended turns its test red.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { captured, capturedOps, forget, openGenerated, runInShell, SHELL_MISSING, sqliteShellVersion } from "./support/generated.ts";
import { importGenerated } from "./support/import-generated.ts";
import { capturesKeys, modelOf, tableOf } from "./support/models.ts";

const GUARD = "(SELECT value FROM sync_state WHERE key = 'applying_remote') <> '1'";

const family = modelOf([
  tableOf("p", { columns: { name: "text?" }, local: { note: { type: "text" } } }),
  tableOf("c", { columns: { p: "uuid?", a: "text?" }, references: [{ columns: ["p"], table: "p", onDelete: "cascade" }] }),
]);
const single = modelOf([tableOf("t", { columns: { a: "text?" } })]);

/** A database with the sync tables and no trigger of ours: the place for unsafe forms. */
function openBare(ddl: string): Database.Database {
  const db = openGenerated(modelOf([]), { ddl });
  return db;
}

/** The seed's way to capture: one trigger per operation, the row id as it comes, every value as json_object prints it. */
function naiveTriggers(db: Database.Database, table: string, columns: readonly string[], guard = GUARD): void {
  const json = (row: string): string => `json_object(${columns.map((column) => `'${column}', ${row}."${column}"`).join(", ")})`;
  const trigger = (op: string, row: string, data: string): string =>
    `CREATE TRIGGER ${table}_${op} AFTER ${op} ON ${table} WHEN ${guard} BEGIN
       INSERT INTO sync_changelog (table_name, op, row_id, timestamp, data) VALUES ('${table}', '${op}', ${row}.id, strftime('%s', 'now'), ${data}); END;`;
  db.exec(trigger("INSERT", "NEW", json("NEW")) + trigger("UPDATE", "NEW", json("NEW")) + trigger("DELETE", "OLD", "NULL"));
}

test("H00: the seed's trigger text is no SQL, ours is", () => {
  const db = openBare("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)");
  const seed = `CREATE TRIGGER after_insert_t AFTER INSERT ON t BEGIN
    SELECT CASE WHEN (SELECT value FROM sync_state WHERE key = 'applying_remote') != '1'
      THEN (INSERT INTO sync_changelog (table_name, op, row_id, timestamp) VALUES ('t', 'INSERT', NEW.id, 0)) END; END`;

  expect(() => db.exec(seed)).toThrow(/syntax error/);
  expect(() => openGenerated(single)).not.toThrow();
});

test("H01: without the flag row, a <> guard loses every edit; ours captures", () => {
  const unsafe = openBare("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)");
  naiveTriggers(unsafe, "t", ["id", "a"]);
  const safe = openGenerated(single);

  for (const db of [unsafe, safe])
    db.exec("DELETE FROM sync_state; INSERT INTO t VALUES ('1', 'x'); UPDATE t SET a = 'y'; UPDATE t SET id = '2'; DELETE FROM t");

  expect(capturedOps(unsafe)).toEqual([]);
  expect(capturedOps(safe)).toEqual(["t INSERT 1", "t UPDATE 1", "t DELETE 1", "t INSERT 2", "t DELETE 2"]);
});

test("H03: REPLACE removes rows that no trigger sees; our upsert removes none", async () => {
  const tags = modelOf([tableOf("t", { columns: { tag: "text" }, unique: [["tag"]] })]);
  const unsafe = openGenerated(tags);
  const safe = openGenerated(tags);
  const { applyFunctions } = await importGenerated(tags);
  const upsert = applyFunctions["upsertT"]?.({ id: "2", tag: "red" }).compile();
  for (const db of [unsafe, safe]) {
    db.exec("INSERT INTO t VALUES ('1', 'red')");
    forget(db);
  }

  unsafe.exec("INSERT OR REPLACE INTO t VALUES ('2', 'red')");
  const refused = (): unknown => safe.prepare(upsert?.sql ?? "").run(...(upsert?.parameters ?? []));

  expect(unsafe.prepare("SELECT id FROM t").pluck().all()).toEqual(["2"]);
  expect(capturedOps(unsafe)).toEqual(["t INSERT 2"]); // row 1 is gone here, and stays everywhere else
  expect(refused).toThrow(/UNIQUE/);
  expect(safe.prepare("SELECT id FROM t").pluck().all()).toEqual(["1"]);
});

test("H03: a REPLACE of the application's own by the same key travels as the row it left", () => {
  const db = openGenerated(single);

  db.exec("INSERT INTO t VALUES ('1', 'x'); INSERT OR REPLACE INTO t VALUES ('1', 'y')");

  expect(captured(db).at(-1)).toMatchObject({ op: "INSERT", rowId: "1", data: { a: "y" } });
});

test("H04: a parent's delete logs its children's deletes first", () => {
  const db = openGenerated(family);
  db.exec("INSERT INTO p VALUES ('p1', NULL, NULL); INSERT INTO c VALUES ('c1', 'p1', NULL), ('c2', 'p1', NULL)");
  forget(db);

  db.exec("DELETE FROM p");

  expect(db.pragma("recursive_triggers", { simple: true })).toBe(0);
  expect(capturedOps(db)).toEqual(["c DELETE c1", "c DELETE c2", "p DELETE p1"]);
});

test("H05: ON DELETE SET NULL is logged as the child's update, with only that column in the mask", () => {
  const model = modelOf([
    tableOf("p"),
    tableOf("c", { columns: { a: "text?", p: "uuid?" }, references: [{ columns: ["p"], table: "p", onDelete: "set null" }] }),
  ]);
  const db = openGenerated(model);
  db.exec("INSERT INTO p VALUES ('p1'); INSERT INTO c VALUES ('c1', 'x', 'p1')");
  forget(db);

  db.exec("DELETE FROM p");

  expect(captured(db).map(({ table, op, mask }) => ({ table, op, mask }))).toEqual([
    { table: "c", op: "UPDATE", mask: 0b10 },
    { table: "p", op: "DELETE", mask: null },
  ]);
});

test("H07: a changed key leaves the old row on every other device, unless it is logged as a delete too", () => {
  const unsafe = openBare("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)");
  naiveTriggers(unsafe, "t", ["id", "a"]);
  const safe = openGenerated(single);

  for (const db of [unsafe, safe]) {
    db.exec("INSERT INTO t VALUES ('1', 'x')");
    forget(db);
    db.exec("UPDATE t SET id = '2'");
  }

  expect(capturedOps(unsafe)).toEqual(["t UPDATE 2"]);
  expect(capturedOps(safe)).toEqual(["t DELETE 1", "t INSERT 2"]);
});

test("H08: composite keys joined by a separator collide; ours do not", () => {
  const db = openGenerated(modelOf([tableOf("pairs", { identity: { a: "text", b: "text" } })]));

  db.exec("INSERT INTO pairs VALUES ('a|b', 'c'), ('a', 'b|c')");

  expect(db.prepare("SELECT count(DISTINCT a || '|' || b) FROM pairs").pluck().get()).toBe(1);
  expect(captured(db).map(({ rowId }) => rowId)).toEqual(['["a|b","c"]', '["a","b|c"]']);
});

test("H09: values that json_object refuses, rounds or misprints are captured exactly", () => {
  const columns = ["id", "b", "n", "r"];
  const unsafe = openBare("CREATE TABLE t (id TEXT PRIMARY KEY, b, n, r)");
  naiveTriggers(unsafe, "t", columns);
  const safe = openGenerated(modelOf([tableOf("t", { columns: { b: "blob?", n: "integer?", r: "real?" } })]), {
    ddl: "CREATE TABLE t (id TEXT PRIMARY KEY, b, n, r)",
  });
  const blob = "INSERT INTO t (id, b) VALUES ('blob', x'00FF')";
  const others = "INSERT INTO t (id, n) VALUES ('int', 9007199254740993); INSERT INTO t (id, r) VALUES ('inf', 9e999)";

  expect(() => unsafe.exec(blob)).toThrow(/JSON cannot hold BLOB/); // the user's own write fails
  unsafe.exec(others);
  safe.exec(`${blob}; ${others}`);

  const [int, infinite] = captured(unsafe).map(({ data }) => data as Record<string, unknown>);
  expect(int?.["n"]).toBe(9007199254740992);
  expect(JSON.stringify(infinite?.["r"])).toBe("null");
  expect(captured(safe).map(({ data }) => data)).toEqual([
    { id: "blob", b: "00FF", n: null, r: null },
    { id: "int", b: null, n: { $int: "9007199254740993" }, r: null },
    { id: "inf", b: null, n: null, r: { $real: "Infinity" } },
  ]);
});

test("H13: an upsert that changes nothing logs nothing", () => {
  const unsafe = openBare("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)");
  naiveTriggers(unsafe, "t", ["id", "a"]);
  const safe = openGenerated(single);

  for (const db of [unsafe, safe]) {
    db.exec("INSERT INTO t VALUES ('1', 'x')");
    forget(db);
    db.exec("INSERT INTO t VALUES ('1', 'x') ON CONFLICT (id) DO UPDATE SET a = excluded.a");
  }

  expect(capturedOps(unsafe)).toEqual(["t UPDATE 1"]);
  expect(capturedOps(safe)).toEqual([]);
});

/** Runs SQL in another process, which dies before it could commit or clean up. */
function crashAfter(path: string, sql: string): void {
  const driver = resolve(import.meta.dirname, "../node_modules/better-sqlite3/lib/index.js");
  const program = `import Database from ${JSON.stringify(driver)}; new Database(${JSON.stringify(path)}).exec(${JSON.stringify(sql)}); process.kill(process.pid, "SIGKILL");`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect(run.signal, run.stderr).toBe("SIGKILL");
}

function databaseFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "synckit-hazard-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "app.db");
}

test("H14: a flag set outside the apply transaction outlives a crash; set inside, it is rolled back", () => {
  const path = databaseFile();
  const db = openGenerated(single, { path });
  onTestFinished(() => void db.close());
  const raise = "UPDATE sync_state SET value = '1' WHERE key = 'applying_remote'";

  crashAfter(path, `${raise}; BEGIN; INSERT INTO t VALUES ('remote', 'x')`);
  db.exec("INSERT INTO t VALUES ('lost', 'x')");
  expect(capturedOps(db)).toEqual([]);

  db.exec("UPDATE sync_state SET value = '0' WHERE key = 'applying_remote'");
  crashAfter(path, `BEGIN; ${raise}; INSERT INTO t VALUES ('remote', 'x')`);
  db.exec("INSERT INTO t VALUES ('kept', 'x')");
  expect(capturedOps(db)).toEqual(["t INSERT kept"]);
});

test("H14: a flag in a TEMP table, a TEMP trigger or a function fails other writers; ours sees them all", () => {
  const path = databaseFile();
  const ours = openGenerated(single, { path });
  const other = new Database(path);
  onTestFinished(() => [ours, other].forEach((db) => db.close()));
  ours.exec("CREATE TABLE u (id TEXT PRIMARY KEY); CREATE TEMP TABLE flag (value)");
  ours.function("is_applying", () => 0);

  // 3.54 refuses the first at CREATE; older versions at the first write.
  expect(() => {
    ours.exec(
      "CREATE TRIGGER by_temp AFTER INSERT ON u WHEN NOT EXISTS (SELECT 1 FROM temp.flag) BEGIN SELECT 1; END; INSERT INTO u VALUES ('0')",
    );
  }).toThrow(/temp/);
  ours.exec(
    "CREATE TEMP TRIGGER on_this_connection AFTER INSERT ON u BEGIN INSERT INTO sync_changelog (table_name, op, row_id, timestamp) VALUES ('u', 'INSERT', NEW.id, 0); END",
  );
  other.exec("INSERT INTO u VALUES ('unseen')");
  expect(capturedOps(ours)).toEqual([]);
  ours.exec("CREATE TRIGGER by_function AFTER INSERT ON u WHEN is_applying() = 0 BEGIN SELECT 1; END");
  expect(() => other.exec("INSERT INTO u VALUES ('refused')")).toThrow(/no such function/);

  other.exec("INSERT INTO t VALUES ('seen', 'x')");
  expect(capturedOps(ours)).toEqual(["t INSERT seen"]);
});

test("H15: strftime('%s') is text with a second's precision; ours is an integer of microseconds, and ids give the order", () => {
  const unsafe = openBare("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)");
  const safe = openGenerated(single);

  expect(unsafe.prepare("SELECT typeof(strftime('%s', 'now')) AS type, length(strftime('%s', 'now')) AS digits").get()).toEqual({
    type: "text",
    digits: 10,
  });
  for (let i = 0; i < 100; i++) safe.prepare("INSERT INTO t VALUES (?, 'x')").run(String(i));

  expect(safe.prepare("SELECT DISTINCT typeof(timestamp) AS type, length(timestamp) AS digits FROM sync_changelog").all()).toEqual([
    { type: "integer", digits: 16 },
  ]);
  expect(captured(safe).map(({ rowId }) => rowId)).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
});

test("H16: an edit made while a push is under way has an id past the push, so marking by id leaves it unpushed", () => {
  const db = openGenerated(single);
  db.exec("INSERT INTO t VALUES ('1', 'x')");
  const last = db.prepare("SELECT max(id) FROM sync_changelog").pluck().get();
  db.exec("UPDATE t SET a = 'y'"); // while the request is on its way
  const unpushed = db.prepare("SELECT count(*) FROM sync_changelog WHERE pushed = 0").pluck();

  db.exec("SAVEPOINT s; UPDATE sync_changelog SET pushed = 1 WHERE row_id = '1'");
  expect(unpushed.get()).toBe(0); // by row id: the edit is lost
  db.exec("ROLLBACK TO s");
  db.prepare("UPDATE sync_changelog SET pushed = 1 WHERE id <= ?").run(last);

  expect(unpushed.get()).toBe(1);
});

test("H17: plain AFTER UPDATE logs local columns, UPDATE OF alone logs no-ops, plain IS NOT misses a change of case; ours does none of it", () => {
  const ddl = "CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT COLLATE NOCASE, own TEXT)";
  const log = "BEGIN INSERT INTO sync_changelog (table_name, op, row_id, timestamp) VALUES ('t', 'UPDATE', NEW.id, 0); END";
  const countAfter = (trigger: string | null, update: string): number => {
    const db =
      trigger === null
        ? openGenerated(modelOf([tableOf("t", { columns: { a: "text?" }, local: { own: { type: "text" } } })]), { ddl })
        : openBare(ddl);
    if (trigger !== null) db.exec(`CREATE TRIGGER unsafe ${trigger} ${log}`);
    db.exec("INSERT INTO t VALUES ('1', 'x', 'y')");
    forget(db);
    db.exec(update);
    return captured(db).length;
  };
  const [own, same, shout] = ["UPDATE t SET own = 'z'", "UPDATE t SET a = a", "UPDATE t SET a = 'X'"];

  expect(countAfter("AFTER UPDATE ON t", own)).toBe(1);
  expect(countAfter("AFTER UPDATE OF a ON t", same)).toBe(1);
  expect(countAfter("AFTER UPDATE OF a ON t WHEN OLD.a IS NOT NEW.a", shout)).toBe(0);
  expect([own, same, shout].map((update) => countAfter(null, update))).toEqual([0, 0, 1]);
});

test("H17: a key that changes only in case is a changed key under NOCASE too", () => {
  const db = openGenerated(single, { ddl: "CREATE TABLE t (id TEXT PRIMARY KEY COLLATE NOCASE, a TEXT)" });
  db.exec("INSERT INTO t VALUES ('k', 'x')");
  forget(db);

  db.exec("UPDATE t SET id = 'K', a = 'y'");

  expect(capturedOps(db)).toEqual(["t DELETE k", "t INSERT K"]);
});

test("H18: a remote row fails where a NOT NULL column outside the whitelist has no value; ours fills it, and keeps what is there", async () => {
  const model = modelOf([
    tableOf("accounts", { columns: { host: "text" }, local: { password: { type: "text", nullable: false, onInsert: "'unset'" } } }),
  ]);
  const ddl = "CREATE TABLE accounts (id TEXT PRIMARY KEY, host TEXT NOT NULL, password TEXT NOT NULL CHECK (length(password) > 0))";
  const db = openGenerated(model, { ddl });
  const { applyFunctions } = await importGenerated(model);
  const upsert = (id: string, host: string): void => {
    const { sql, parameters } = applyFunctions["upsertAccounts"]?.({ id, host }).compile() ?? { sql: "", parameters: [] };
    db.prepare(sql).run(...parameters);
  };
  db.exec("INSERT INTO accounts VALUES ('here', 'old', 'hunter2')");
  const unsafe = "INSERT INTO accounts (id, host) VALUES ('here', 'new') ON CONFLICT (id) DO UPDATE SET host = excluded.host";

  expect(() => db.exec(unsafe)).toThrow(/NOT NULL/);
  upsert("here", "new");
  upsert("there", "new");

  expect(db.prepare("SELECT * FROM accounts ORDER BY id").raw().all()).toEqual([
    ["here", "new", "hunter2"],
    ["there", "new", "unset"],
  ]);
});

test("H19: UPDATE OF a generated column never fires; ours names the columns it is made from", () => {
  const ddl = "CREATE TABLE t (id TEXT PRIMARY KEY, a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2) STORED)";
  const unsafe = openBare(ddl);
  unsafe.exec(
    "CREATE TRIGGER u AFTER UPDATE OF twice ON t BEGIN INSERT INTO sync_changelog (table_name, op, row_id, timestamp) VALUES ('t', 'UPDATE', NEW.id, 0); END",
  );
  const safe = openGenerated(modelOf([tableOf("t", { columns: { a: "integer?" } })]), { ddl });

  for (const db of [unsafe, safe]) {
    db.exec("INSERT INTO t (id, a) VALUES ('1', 1)");
    forget(db);
    db.exec("UPDATE t SET a = 5");
  }

  expect(captured(unsafe)).toEqual([]);
  expect(captured(safe)[0]?.data).toEqual({ id: "1", a: 5 });
});

test("H20: NULL keys, which SQLite allows, fail a naive trigger and with it the user's write; ours lets it through", () => {
  const ddl = "CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT)";
  const unsafe = openBare(ddl);
  naiveTriggers(unsafe, "t", ["id", "a"]);
  const safe = openGenerated(single, { ddl });
  const write = "INSERT INTO t VALUES (NULL, 'x'), (NULL, 'y')";

  expect(() => unsafe.exec(write)).toThrow(/NOT NULL/);
  safe.exec(write);

  expect(safe.prepare("SELECT count(*) FROM t").pluck().get()).toBe(2);
  expect(captured(safe)).toEqual([]);
});

test("H20: tables WITHOUT ROWID and STRICT tables are captured", () => {
  const pairs = tableOf("pairs", { identity: { a: "text", b: "text" }, columns: { v: "integer?" } });
  const db = openGenerated(modelOf([pairs, { ...pairs, name: "strict" }]), {
    ddl: `CREATE TABLE pairs (a TEXT, b TEXT, v INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
          CREATE TABLE strict (a TEXT, b TEXT, v INTEGER, PRIMARY KEY (a, b)) STRICT;`,
  });

  for (const table of ["pairs", "strict"])
    db.exec(`INSERT INTO ${table} VALUES ('1', '2', 3); UPDATE ${table} SET v = 4; DELETE FROM ${table}`);

  const ops = (table: string): string[] => ["INSERT", "UPDATE", "DELETE"].map((op) => `${table} ${op} ["1","2"]`);
  expect(capturedOps(db)).toEqual([...ops("pairs"), ...ops("strict")]);
});

test("H22: ids past JavaScript's integers are captured to the digit", () => {
  const db = openGenerated(modelOf([tableOf("t", { identity: { id: "bigint" }, columns: { a: "text?" } })]));

  db.exec("INSERT INTO t VALUES (9223372036854775807, 'x'), (9007199254740993, 'y')");

  expect(JSON.parse("9007199254740993")).toBe(9007199254740992);
  expect(captured(db).map(({ rowId, data }) => [rowId, (data as { readonly id: unknown }).id])).toEqual([
    ["9223372036854775807", "9223372036854775807"],
    ["9007199254740993", "9007199254740993"],
  ]);
});

test("H23: DELETE without WHERE logs every row", () => {
  const db = openGenerated(single);
  db.exec("INSERT INTO t VALUES ('1', 'x'), ('2', 'y')");
  forget(db);

  db.exec("DELETE FROM t");

  expect(capturedOps(db)).toEqual(["t DELETE 1", "t DELETE 2"]);
});

test("H25: capture leaves lastInsertRowid and changes as they were; total_changes counts it", () => {
  const db = openGenerated(modelOf([tableOf("t", { identity: { id: "integer" }, columns: { a: "text?" } })]), {
    ddl: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
  });
  const total = db.prepare("SELECT total_changes()").pluck();
  db.exec("INSERT INTO t VALUES (40, 'x'), (41, 'y')");
  const before = total.get() as number;

  const inserted = db.prepare("INSERT INTO t (a) VALUES ('z')").run();
  const updated = db.prepare("UPDATE t SET a = 'w'").run();

  expect(inserted).toEqual({ changes: 1, lastInsertRowid: 42 });
  expect(updated.changes).toBe(3);
  expect((total.get() as number) - before).toBe(8);
});

test.skipIf(sqliteShellVersion() === null || capturesKeys)(
  `H26: json_object takes 63 columns on SQLite 3.40; ours takes more (${sqliteShellVersion() ?? SHELL_MISSING})`,
  () => {
    const columns = Array.from({ length: 64 }, (_, i) => `c${i}`);
    const wide = modelOf([
      tableOf("wide", {
        identity: { a: "text", b: "text" },
        columns: Object.fromEntries(columns.slice(0, 62).map((name) => [name, "integer?"] as const)),
      }),
    ]);
    const db = openGenerated(wide);
    const schema = db
      .prepare("SELECT sql || ';' FROM sqlite_schema WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'trigger'")
      .pluck()
      .all();

    if (sqliteShellVersion()?.startsWith("3.40.") === true)
      expect(() => runInShell(`SELECT json_object(${columns.map((name) => `'${name}', 1`).join(", ")});`)).toThrow(/too many arguments/);
    const output = runInShell(`${schema.join("\n")} INSERT INTO wide (a, b, c61) VALUES ('1', '2', 3); SELECT data FROM sync_changelog;`);

    expect(Object.keys(JSON.parse(output) as object)).toHaveLength(64);
    expect(JSON.parse(output)).toMatchObject({ a: "1", b: "2", c0: null, c61: 3 });
  },
);

test("H27: unquoted names break, and a mistyped one only at the user's first write; ours are quoted, and every trigger has run", () => {
  const odd = modelOf([
    tableOf("order", { identity: { group: "text" }, columns: { "a b": "text?", 'x"y': "text?", "it's": "text?", select: "text?" } }),
  ]);
  const unsafe = openBare(`CREATE TABLE t (id TEXT PRIMARY KEY, "a b" TEXT)`);
  expect(() => unsafe.exec("CREATE TRIGGER u AFTER INSERT ON t BEGIN SELECT json_object('a b', NEW.a b); END")).toThrow(/syntax error/);
  unsafe.exec("CREATE TRIGGER u AFTER INSERT ON t BEGIN SELECT NEW.nope; END");
  expect(() => unsafe.exec("INSERT INTO t VALUES ('1', 'x')")).toThrow(/no such column/);

  const db = openGenerated(odd);
  db.exec(`INSERT INTO "order" VALUES ('g', '1', '2', '3', '4'); UPDATE "order" SET "it's" = '5'; UPDATE "order" SET "group" = 'h'`);
  expect(captured(db)[3]?.data).toEqual({ group: "h", "a b": "1", 'x"y': "2", "it's": "5", select: "4" });
  db.exec(`DELETE FROM "order"`);

  expect(captured(db).map(({ op, rowId, mask }) => [op, rowId, mask])).toEqual([
    ["INSERT", "g", null],
    ["UPDATE", "g", 0b100],
    ["DELETE", "g", null],
    ["INSERT", "h", null],
    ["DELETE", "h", null],
  ]);
});

test("H28: what a savepoint takes back, the changelog takes back", () => {
  const db = openGenerated(single);

  db.exec("BEGIN; INSERT INTO t VALUES ('1', 'x'); SAVEPOINT s; INSERT INTO t VALUES ('2', 'x'); ROLLBACK TO s; COMMIT");

  expect(capturedOps(db)).toEqual(["t INSERT 1"]);
});
