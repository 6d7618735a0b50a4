/** From an SQLite file to a schema, to a sync layer, to captured changes: unaided, through the command line. */
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome } from "./support/cli-home.ts";
import { documentBlocks } from "./support/document-blocks.ts";
import { captured, runInShell, sqliteShellVersion } from "./support/generated.ts";
import { wideSchema } from "./support/wide-schema.ts";
import { readText } from "./support/workspace.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

function database(sql: string, name = "app.db"): string {
  const path = join(home.path, name);
  const db = new Database(path);
  db.exec(sql);
  db.close();
  return path;
}

const SMALL = "CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL); INSERT INTO notes VALUES ('n1', 'First');";

const ordinary = (db: Database.Database): readonly string[] =>
  db
    .prepare(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sync\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all() as string[];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Takes every row out and puts it back, so that each trigger runs for each row. Returns how many rows there were. */
function moveEveryRow(db: Database.Database, tables: readonly string[]): number {
  db.pragma("foreign_keys = OFF");
  let rows = 0;
  for (const table of tables) {
    const all = db
      .prepare(`SELECT * FROM ${quoted(table)}`)
      .safeIntegers()
      .all() as Record<string, unknown>[];
    const stored = db.prepare(`SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0`).pluck().all(table) as string[];
    db.exec(`DELETE FROM ${quoted(table)}`);
    const insert = db.prepare(
      `INSERT INTO ${quoted(table)} (${stored.map(quoted).join(", ")}) VALUES (${stored.map(() => "?").join(", ")})`,
    );
    for (const row of all) insert.run(...stored.map((name) => row[name]));
    rows += all.length;
  }
  return rows;
}

describe.each(["chinook", "northwind", "sakila"])("a database in the manner of %s", (name) => {
  test("is introspected, generated for and captured unaided", () => {
    const path = database(readText(`tests/fixtures/${name}.sql`), `${name}.db`);

    expect(home.run(["introspect", `${name}.db`, "--out", "synckit.yaml"])).toMatchObject({ code: 0, err: "" });
    expect(home.run(["generate"])).toMatchObject({ code: 0, err: "" });
    if (sqliteShellVersion() === null) new Database(path).exec(home.read("src/sync/migrations/0001_init.sql"));
    else runInShell(home.read("src/sync/migrations/0001_init.sql"), path);

    const db = new Database(path);
    const tables = ordinary(db).filter((table) => !table.startsWith("film_text"));
    const rows = moveEveryRow(db, tables);
    const entries = captured(db);
    expect(rows).toBeGreaterThan(10);
    expect(entries.filter(({ op }) => op === "DELETE")).toHaveLength(rows);
    expect(entries.filter(({ op }) => op === "INSERT")).toHaveLength(rows);
    expect(new Set(entries.map(({ table }) => table))).toEqual(new Set(tables));
    expect(JSON.stringify(entries)).not.toContain("not-a-real-password");
    db.close();
  });

  test("is drafted as it always was", async () => {
    database(readText(`tests/fixtures/${name}.sql`), `${name}.db`);

    await expect(home.run(["introspect", `${name}.db`]).out).toMatchFileSnapshot(`fixtures/introspect/${name}.yaml`);
  });

  test("has nothing for doctor to find but missing indexes and what the draft remarks", () => {
    const path = database(readText(`tests/fixtures/${name}.sql`), `${name}.db`);
    home.run(["introspect", `${name}.db`, "-o", "synckit.yaml"]);
    home.run(["generate"]);
    new Database(path).exec(home.read("src/sync/migrations/0001_init.sql"));

    const report = JSON.parse(home.run(["doctor", `${name}.db`, "--format", "json"]).out) as {
      readonly diagnostics: readonly { readonly code: string }[];
    };

    const codes = new Set(report.diagnostics.map(({ code }) => code));
    for (const code of ["doctor/index-missing", "doctor/trigger-own"]) codes.delete(code);
    expect([...codes]).toEqual([]);
  });
});

test("a hundred tables of every kind are introspected, generated for and captured unaided", () => {
  const path = database(wideSchema(100));

  expect(home.run(["introspect", "app.db", "--out", "synckit.yaml"])).toMatchObject({ code: 0, err: "" });
  expect(home.run(["generate", "-q"])).toMatchObject({ code: 0 });
  const db = new Database(path);
  db.exec(home.read("src/sync/migrations/0001_init.sql"));
  db.pragma("foreign_keys = OFF");
  const tables = ordinary(db).filter((table) => table !== "no_key" && !table.startsWith("search"));
  for (const table of tables) insertOne(db, table);

  const entries = captured(db);
  expect(tables).toHaveLength(100);
  expect(entries.map(({ table }) => table)).toEqual(tables);
  db.close();
});

/** One row with a value in every column that takes one. */
function insertOne(db: Database.Database, table: string): void {
  const columns = db.prepare(`SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden = 0`).all(table) as {
    readonly name: string;
    readonly type: string;
  }[];
  const values = columns.map(({ type }) => (/INT|REAL|NUMERIC|BOOL/iu.test(type) ? 1n : "x"));
  db.prepare(
    `INSERT INTO ${quoted(table)} (${columns.map(({ name }) => quoted(name)).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  ).run(...values);
}

describe("introspect", () => {
  test("prints the draft on stdout, and writes a file only where it is told to", () => {
    database(SMALL);

    const ran = home.run(["introspect", "app.db"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("synckit: 1\napp: app\ntables:\n  notes:\n    key_kind: natural\n    columns:\n      title: text\n");
    expect(readdirSync(home.path)).toEqual(["app.db"]);
  });

  test("does not write over a schema unless forced", () => {
    database(SMALL);
    home.put("synckit.yaml", "mine\n");

    expect(home.run(["introspect", "app.db", "-o", "synckit.yaml"])).toMatchObject({ code: 2, out: "" });
    expect(home.read("synckit.yaml")).toBe("mine\n");
    expect(home.run(["introspect", "app.db", "-o", "synckit.yaml", "--force", "--app", "My App"])).toMatchObject({ code: 0, err: "" });
    expect(home.read("synckit.yaml")).toContain('app: "My App"\n');
  });

  test("takes the tables that are named, and suggests where a name is wrong", () => {
    database(`${SMALL} CREATE TABLE tags (id TEXT PRIMARY KEY NOT NULL, v TEXT);`);

    expect(home.run(["introspect", "app.db", "--tables", "notes,TAGS"]).out).toMatch(/^ {2}notes:[\s\S]*^ {2}tags:/mu);
    expect(home.run(["introspect", "app.db", "--tables", "notes"]).out).not.toMatch(/^ {2}tags:/mu);
    const wrong = home.run(["introspect", "app.db", "--tables", "note"]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("database/unknown-table");
    expect(wrong.err).toContain('Did you mean "notes"?');
  });

  test("says as JSON what it drafted and what it left out", () => {
    database(`${SMALL} CREATE TABLE lines (line TEXT);`);

    expect(JSON.parse(home.run(["introspect", "app.db", "--format", "json"]).out)).toMatchObject({
      command: "introspect",
      status: "ok",
      database: "app.db",
      tables: ["notes"],
      leftOut: [{ name: "lines" }],
      schema: expect.stringContaining("synckit: 1"),
      diagnostics: [],
    });
  });

  test.each([
    ["is missing", () => undefined, "database/not-found"],
    [
      "is a text",
      () => writeFileSync(join(home.path, "app.db"), "not a database, and long enough to be read as one".repeat(30)),
      "not an SQLite database",
    ],
    ["is a folder", () => home.put("app.db/file", ""), "it is a folder"],
    ["has no tables", () => database(""), "database/nothing-to-sync"],
  ])("says so where the file %s", (_what, make, message) => {
    make();

    const ran = home.run(["introspect", "app.db"]);

    expect(ran.code === 1 || ran.code === 2).toBe(true);
    expect(ran.out).toBe("");
    expect(ran.err).toContain(message);
    expect(ran.err).not.toMatch(/^ {4}at /mu);
  });

  test("says so where another program holds the database, and leaves it alone", () => {
    const db = new Database(database(SMALL));
    db.exec("BEGIN EXCLUSIVE");

    const ran = home.run(["introspect", "app.db"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("is locked: another program is writing to it");
    db.close();
  });

  test("reads a database with a write-ahead log beside the app that writes it", () => {
    const db = new Database(database(SMALL));
    db.pragma("journal_mode = WAL");
    db.exec("CREATE TABLE later (id TEXT PRIMARY KEY NOT NULL, v TEXT); BEGIN IMMEDIATE; INSERT INTO later VALUES ('a', 'b');");

    expect(home.run(["introspect", "app.db"]).out).toMatch(/^ {2}later:/mu);
    db.close();
  });

  test.runIf(process.getuid?.() !== 0)("reads a database with a write-ahead log in a folder that cannot be written to", () => {
    const db = new Database(database(SMALL));
    db.pragma("journal_mode = WAL");
    db.close();
    chmodSync(home.path, 0o555);

    const ran = home.run(["introspect", "app.db"]);
    chmodSync(home.path, 0o755);

    expect(ran).toMatchObject({ code: 0, err: "" });
  });
});

test("the example of the document gives what the document says", () => {
  const [sql = ""] = documentBlocks("docs/introspect.md", "sql");
  const [yaml = ""] = documentBlocks("docs/introspect.md", "yaml");
  database(sql);

  expect(home.run(["introspect", "app.db"])).toEqual({ code: 0, err: "", out: yaml });
});
