/** Migrations in real databases: run by the runtime, by Kysely's migrator and by the sqlite3 shell, on tables with rows. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { Migration } from "@synckit-gen/runtime/generated-v1";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applyMigrations } from "../runtime/src/engine/migrate.ts";
import { SHELL_MISSING, sqliteShellVersion } from "./support/generated.ts";
import { importMigrations, latestMigration, versions } from "./support/versions.ts";

const schema = (projects: string, tasks = "title: text, project_id: uuid?"): string => `synckit: 1
app: demo
create: true
tables:
  projects:
    columns: { ${projects} }
    local: { draft: { type: text, nullable: true } }
  tasks:
    columns: { ${tasks} }
    references: { project_id: { table: projects, on_delete: cascade } }
`;
const V1 = schema("name: text?");
/** NOT NULL makes the parent of all tasks anew. */
const V2 = schema("name: { type: text, default: \"'unnamed'\" }");

const ROWS = `
  INSERT INTO projects (id, name, draft) VALUES ('p1', 'One', 'mine'), ('p2', NULL, 'mine too');
  INSERT INTO tasks (id, title, project_id) VALUES ('t1', 'a', 'p1'), ('t2', 'b', 'p2'), ('t3', 'c', NULL);
`;
const CONTENT = {
  projects: [
    ["p1", "One", "mine"],
    ["p2", "unnamed", "mine too"],
  ],
  tasks: [
    ["t1", "p1"],
    ["t2", "p2"],
    ["t3", null],
  ],
};

const contentOf = (db: Database.Database): typeof CONTENT => ({
  projects: db.prepare("SELECT id, name, draft FROM projects ORDER BY id").raw().all() as (typeof CONTENT)["projects"],
  tasks: db.prepare("SELECT id, project_id FROM tasks ORDER BY id").raw().all() as (typeof CONTENT)["tasks"],
});
const triggersOf = (db: Database.Database): unknown =>
  db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").pluck().all();
const logOf = (db: Database.Database): unknown =>
  db.prepare("SELECT id, table_name, op, row_id, data FROM sync_changelog ORDER BY id").all();
/** Everything but the statistics of SQLite itself. */
const dumpOf = (db: Database.Database): unknown => ({
  schema: db.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").all(),
  content: contentOf(db),
  log: logOf(db),
  state: db.prepare("SELECT key, value FROM sync_state ORDER BY key").all(),
});

/** A database of the first version, with rows. */
async function openFirst(): Promise<{
  readonly db: Database.Database;
  readonly run: (migrations: readonly Migration[]) => readonly string[];
}> {
  const db = new Database(":memory:");
  db.pragma("foreign_keys = ON");
  const run = (migrations: readonly Migration[]): readonly string[] => applyMigrations(betterSqlite3Driver(db), migrations);
  run((await importMigrations(versions(V1))).migrations);
  db.exec(ROWS);
  return { db, run };
}

describe("H21: a parent that is made anew", () => {
  test("keeps its children, its local values and its triggers, and the log gets nothing", async () => {
    const { db, run } = await openFirst();
    const [log, triggers] = [logOf(db), triggersOf(db)];
    const { migrations } = await importMigrations(versions(V1, V2));

    expect(run(migrations)).toEqual([migrations[1]?.name]);

    expect(contentOf(db)).toEqual(CONTENT);
    expect(logOf(db)).toEqual(log);
    expect(triggersOf(db)).toEqual(triggers);
    expect(db.pragma("foreign_key_check")).toEqual([]);
    expect(db.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(db.pragma("legacy_alter_table", { simple: true })).toBe(0);
    db.exec("UPDATE projects SET name = 'Two' WHERE id = 'p2'; DELETE FROM projects WHERE id = 'p1'");
    expect(db.prepare("SELECT table_name || ' ' || op FROM sync_changelog WHERE id > 5 ORDER BY id").pluck().all()).toEqual([
      "projects UPDATE",
      "tasks DELETE",
      "projects DELETE",
    ]);
    expect(run(migrations)).toEqual([]);
  });

  test("is left alone inside a transaction with foreign keys on, where its children would be lost", async () => {
    const { db } = await openFirst();
    const before = dumpOf(db);
    const { migrations } = await importMigrations(versions(V1, V2));

    const runInTransaction = db.transaction(() => {
      for (const statement of migrations[1]?.statements ?? []) db.exec(statement);
    });

    expect(runInTransaction).toThrow("run PRAGMA foreign_keys = OFF before this migration, outside of a transaction");
    expect(dumpOf(db)).toEqual(before);
  });

  test.each([
    ["an index", "CREATE INDEX by_name ON projects (name)"],
    ["a trigger", "CREATE TRIGGER mine AFTER INSERT ON projects BEGIN SELECT 1; END"],
  ])("is left alone where the app has given it %s of its own", async (_what, sql) => {
    const { db, run } = await openFirst();
    db.exec(sql);
    const before = dumpOf(db);
    const { migrations } = await importMigrations(versions(V1, V2));

    expect(() => run(migrations)).toThrow("drop your own indexes and triggers on these tables first");
    expect(dumpOf(db)).toEqual(before);
  });

  test("keeps the views that show it", async () => {
    const { db, run } = await openFirst();
    db.exec("CREATE VIEW named AS SELECT name FROM projects WHERE name IS NOT NULL");

    run((await importMigrations(versions(V1, V2))).migrations);

    expect(db.prepare("SELECT count(*) FROM named").pluck().get()).toBe(2);
  });
});

test("a reference that rows already break stops the migration, and nothing has changed", async () => {
  const before = schema("name: text?", "title: text, project_id: uuid?, other_id: uuid?");
  const after = before.replace("references: {", "references: { other_id: { table: projects },");
  const db = new Database(":memory:");
  const run = (migrations: readonly Migration[]): readonly string[] => applyMigrations(betterSqlite3Driver(db), migrations);
  run((await importMigrations(versions(before))).migrations);
  db.exec("INSERT INTO tasks (id, title, other_id) VALUES ('t1', 'a', 'nobody')");
  const content = contentOf(db);

  const { migrations } = await importMigrations(versions(before, after));

  expect(() => run(migrations)).toThrow("a row would refer to a parent that is not there");
  expect(contentOf(db)).toEqual(content);
  expect(db.pragma("foreign_key_list(tasks)")).toHaveLength(1);
});

describe("the runtime", () => {
  const first: Migration = {
    name: "0001_init",
    statements: ["CREATE TABLE IF NOT EXISTS sync_state (key TEXT PRIMARY KEY, value TEXT NOT NULL)", "CREATE TABLE IF NOT EXISTS ran (n)"],
  };
  const once = (name: string, more: Partial<Migration> = {}): Migration => ({
    name,
    once: true,
    statements: [`INSERT INTO ran VALUES ('${name}')`],
    ...more,
  });
  let db: Database.Database;
  const run = (...migrations: readonly Migration[]): readonly string[] => applyMigrations(betterSqlite3Driver(db), migrations);
  beforeEach(() => {
    db = new Database(":memory:");
  });

  test("runs a later migration once, also where its text has changed", () => {
    expect(run(first, once("0002"))).toEqual(["0001_init", "0002"]);
    expect(run(first, { ...once("0002"), statements: ["INSERT INTO ran VALUES ('again')"] })).toEqual([]);
    expect(db.prepare("SELECT n FROM ran").pluck().all()).toEqual(["0002"]);
  });

  test("does not go back to the first migration when a later one has run, whatever ran it", () => {
    for (const statement of first.statements) db.exec(statement);
    db.exec("INSERT INTO sync_state VALUES ('migration:0002', 'done')");

    expect(run({ ...first, statements: [...first.statements, "INSERT INTO ran VALUES ('old triggers')"] }, once("0002"))).toEqual([]);
    expect(db.prepare("SELECT n FROM ran").pluck().all()).toEqual([]);
  });

  test("runs what a branch has added before one that has run already", () => {
    run(first, once("0002_b"));

    expect(run(first, once("0002_a"), once("0002_b"), once("0003"))).toEqual(["0002_a", "0003"]);
  });

  test("takes a squashed migration as run where all that it stands for has run", () => {
    run(first, once("0002"), once("0003"));

    expect(run(first, once("0002_squashed", { replaces: ["0002", "0003"] }))).toEqual([]);
    expect(db.prepare("SELECT n FROM ran").pluck().all()).toEqual(["0002", "0003"]);
    expect(run(first, once("0002_other", { replaces: ["0002", "0004"] }))).toEqual(["0002_other"]);
  });

  test("switches foreign keys on again after a migration that fails", () => {
    db.pragma("foreign_keys = ON");

    expect(() => run(first, once("0002", { foreignKeys: "off", statements: ["SELECT nonsense"] }))).toThrow("no such column: nonsense");
    expect(db.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(db.inTransaction).toBe(false);
  });
});

test("Kysely's migrator runs them as well, and the runtime then has nothing to do", async () => {
  const { db: database, run } = await openFirst();
  const { migrations, migrationProvider } = await importMigrations(versions(V1, V2));
  const kysely = new Kysely<object>({ dialect: new SqliteDialect({ database }) });

  const { error, results } = await new Migrator({ db: kysely, provider: migrationProvider }).migrateToLatest();

  expect({ error, statuses: results?.map(({ status }) => status) }).toEqual({ error: undefined, statuses: ["Success", "Success"] });
  expect(contentOf(database)).toEqual(CONTENT);
  expect(database.pragma("foreign_keys", { simple: true })).toBe(1);
  expect(run(migrations)).toEqual([]);
});

test("a migration that fails under Kysely's migrator leaves nothing behind", async () => {
  const { db: database } = await openFirst();
  database.exec("CREATE INDEX by_name ON projects (name)");
  const before = dumpOf(database);
  const kysely = new Kysely<object>({ dialect: new SqliteDialect({ database }) });

  const { error } = await new Migrator({
    db: kysely,
    provider: (await importMigrations(versions(V1, V2))).migrationProvider,
  }).migrateToLatest();

  expect(String(error)).toContain("drop your own indexes and triggers");
  const after = dumpOf(database) as { schema: { name: string }[] };
  expect({ ...after, schema: after.schema.filter(({ name }) => !name.includes("kysely")) }).toEqual(before);
  expect(database.pragma("foreign_keys", { simple: true })).toBe(1);
});

describe.skipIf(sqliteShellVersion() === null)(`the sqlite3 shell (${SHELL_MISSING})`, () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "synckit-shell-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const shell = (input: string): { readonly status: number | null; readonly stderr: string } =>
    spawnSync("sqlite3", ["-batch", "-bail", join(folder, "app.db")], { input: `PRAGMA foreign_keys = ON;\n${input}`, encoding: "utf8" });
  const open = (): Database.Database => new Database(join(folder, "app.db"));

  test("runs every file, on any SQLite from 3.40", () => {
    const first = versions(V1);
    const [init = ""] = first.files.filter(({ path }) => path === "migrations/0001_init.sql").map(({ text }) => text);

    expect(shell(`${init}${ROWS}`)).toMatchObject({ status: 0, stderr: "" });
    expect(shell(latestMigration(versions(V1, V2)))).toMatchObject({ status: 0, stderr: "" });

    const db = open();
    expect(contentOf(db)).toEqual(CONTENT);
    expect(triggersOf(db)).toHaveLength(8);
    expect(db.prepare("SELECT count(*) FROM sync_changelog").pluck().get()).toBe(5);
    db.close();
  });

  test("stops at the first error and leaves everything as it was", () => {
    const [init = ""] = versions(V1)
      .files.filter(({ path }) => path === "migrations/0001_init.sql")
      .map(({ text }) => text);
    shell(`${init}${ROWS}CREATE INDEX by_name ON projects (name);`);
    const db = open();
    const before = dumpOf(db);

    const ran = shell(latestMigration(versions(V1, V2)));

    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toContain("drop your own indexes and triggers");
    expect(dumpOf(db)).toEqual(before);
    db.close();
  });
});

describe("without `create`, where the app changes its own tables", () => {
  const attached = (columns: string, name = "notes", from = ""): string =>
    `synckit: 1\napp: demo\ntables:\n  ${name}:\n    columns: { ${columns} }\n    local: { mood: text? }${from}\n`;

  test("a column that begins to sync is back-filled at the baseline, and its clock is nobody's", async () => {
    const before = versions(attached("title: text"));
    const db = new Database(":memory:");
    db.exec("CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT NOT NULL, mood TEXT)");
    applyMigrations(betterSqlite3Driver(db), (await importMigrations(before)).migrations);
    db.exec(`INSERT INTO notes VALUES ('n1', 'x', 'good'); UPDATE sync_state SET value = '1' WHERE key = 'initial_snapshot_done';
      INSERT INTO sync_row_clock (table_name, row_id, stamp, device) VALUES ('notes', 'n1', 100, 1); UPDATE sync_changelog SET pushed = 1`);
    const after = versions(
      attached("title: text"),
      "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text, mood: text? }\n",
    );

    applyMigrations(betterSqlite3Driver(db), (await importMigrations(after)).migrations);

    expect(db.prepare("SELECT op, row_id, json(data) AS data, stamp FROM sync_changelog WHERE pushed = 0").all()).toEqual([
      { op: "INSERT", row_id: "n1", data: '{"id":"n1","title":"x","mood":"good"}', stamp: 0 },
    ]);
    expect(db.prepare("SELECT columns FROM sync_row_clock").pluck().get()).toBe('{"mood":[0,0]}');
  });

  test("before the initial snapshot nothing is back-filled: that will take all rows", async () => {
    const before = versions(attached("title: text"));
    const db = new Database(":memory:");
    db.exec("CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT NOT NULL, mood TEXT)");
    applyMigrations(betterSqlite3Driver(db), (await importMigrations(before)).migrations);
    db.exec("INSERT INTO notes VALUES ('n1', 'x', 'good'); DELETE FROM sync_changelog");
    const after = versions(
      attached("title: text"),
      "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text, mood: text? }\n",
    );

    applyMigrations(betterSqlite3Driver(db), (await importMigrations(after)).migrations);

    expect(logOf(db)).toEqual([]);
  });

  test("what ceases to sync is taken out of what has not been pushed yet", async () => {
    const before = versions("synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text, mood: text? }\n");
    const db = new Database(":memory:");
    db.exec("CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT NOT NULL, mood TEXT)");
    applyMigrations(betterSqlite3Driver(db), (await importMigrations(before)).migrations);
    db.exec("INSERT INTO notes VALUES ('n1', 'x', 'secret mood'); UPDATE notes SET mood = 'secret still'; DELETE FROM notes");

    const after = versions(
      "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text, mood: text? }\n",
      attached("title: text"),
    );
    applyMigrations(betterSqlite3Driver(db), (await importMigrations(after)).migrations);

    expect(JSON.stringify(logOf(db))).not.toContain("secret");
    expect(JSON.stringify(db.prepare("SELECT * FROM sync_changelog").all())).not.toContain("secret");
  });

  test("a table under a new name takes its log and clocks along, with 64-bit integers and odd names", async () => {
    const before = versions(attached('"a\\"b": bigint?, "x.y": text?'));
    const db = new Database(":memory:");
    db.exec(`CREATE TABLE notes (id TEXT PRIMARY KEY, "a""b" INTEGER, "x.y" TEXT, mood TEXT)`);
    applyMigrations(betterSqlite3Driver(db), (await importMigrations(before)).migrations);
    db.exec(`INSERT INTO notes VALUES ('n1', 9007199254740993, ',"a\\"b":{"x.y":1}', NULL)`);
    db.exec(`ALTER TABLE notes RENAME TO memos; ALTER TABLE memos RENAME COLUMN "a""b" TO n; ALTER TABLE memos RENAME COLUMN "x.y" TO t`);

    const after = versions(
      attached('"a\\"b": bigint?, "x.y": text?'),
      attached('n: { type: bigint?, renamed_from: "a\\"b" }, t: { type: text?, renamed_from: x.y }', "memos", "\n    renamed_from: notes"),
    );
    applyMigrations(betterSqlite3Driver(db), (await importMigrations(after)).migrations);

    const entries = db.prepare("SELECT table_name, data FROM sync_changelog").all() as { table_name: string; data: string }[];
    expect(entries.map(({ table_name: table, data }) => [table, JSON.parse(data) as unknown])).toEqual([
      ["memos", { id: "n1", n: "9007199254740993", t: ',"a\\"b":{"x.y":1}' }],
    ]);
    expect(triggersOf(db)).toEqual(["sync_memos_delete", "sync_memos_insert", "sync_memos_key", "sync_memos_update"]);
  });
});
