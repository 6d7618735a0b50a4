/** The generated triggers in a real SQLite: what a write leaves in the changelog, and what it does not. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { emitters, migrationStatements } from "@synckit-gen/templates";
import { type Column, syncedColumns, type SyncModel } from "@synckit-gen/schemas/model";
import { readModel } from "synckit-gen";
import {
  captured,
  capturedOps,
  ddlFor,
  forget,
  openGenerated,
  runInShell,
  SHELL_MISSING,
  sqliteShellVersion,
  testContext,
} from "./support/generated.ts";
import { capturesKeys, modelOf, tableOf } from "./support/models.ts";
import { everyFeature, nastyNames } from "./support/sample-models.ts";

const todo = modelOf([
  tableOf("projects", { columns: { name: "text" } }),
  tableOf("tasks", {
    columns: { title: "text", done: "boolean", project_id: "uuid?" },
    local: { draft: { type: "text" } },
    references: [{ columns: ["project_id"], table: "projects", onDelete: "cascade" }],
  }),
]);

const APPS = ["goingson", "balanced-breakfast", "audiofiles"] as const;

function appModel(app: string): SyncModel {
  const text = readFileSync(new URL(`../schemas/apps/${app}.yaml`, import.meta.url), "utf8");
  const model = readModel({ file: `${app}.yaml`, text });
  if (!model.ok) throw new Error(`${app}: ${model.diagnostics.map(({ code }) => code).join(", ")}`);
  return model.value;
}

const sqlFile = (model: SyncModel): string =>
  emitters.flatMap((emitter) => emitter.emit(model, testContext)).find(({ path }) => path.endsWith(".sql"))?.text ?? "";

describe("each kind of write", () => {
  test("an insert leaves the whitelisted columns", () => {
    const db = openGenerated(todo);

    db.exec("INSERT INTO tasks VALUES ('t1', 'Paint', 0, NULL, 'unfinished')");

    expect(captured(db)).toEqual([
      { table: "tasks", op: "INSERT", rowId: "t1", data: { id: "t1", title: "Paint", done: 0, project_id: null }, old: null, mask: null },
    ]);
  });

  test("an update leaves the row as it is now, and a mask of what changed", () => {
    const db = openGenerated(todo);
    db.exec("INSERT INTO tasks VALUES ('t1', 'Paint', 0, NULL, NULL); DELETE FROM sync_changelog");

    db.exec("UPDATE tasks SET title = 'Paint it', done = 1, draft = 'x'");

    expect(captured(db)).toEqual([
      {
        table: "tasks",
        op: "UPDATE",
        rowId: "t1",
        data: { id: "t1", title: "Paint it", done: 1, project_id: null },
        old: null,
        mask: 0b11,
      },
    ]);
  });

  test("a delete leaves no data, and the old row for this device alone", () => {
    const db = openGenerated(todo);
    db.exec("INSERT INTO tasks VALUES ('t1', 'Paint', 0, NULL, 'x'); DELETE FROM sync_changelog");

    db.exec("DELETE FROM tasks");

    expect(captured(db)).toEqual([
      { table: "tasks", op: "DELETE", rowId: "t1", data: null, old: { id: "t1", title: "Paint", done: 0, project_id: null }, mask: null },
    ]);
  });

  test("a change of the identity is a delete of the old row and an insert of the new", () => {
    const db = openGenerated(todo);
    db.exec("INSERT INTO tasks VALUES ('t1', 'Paint', 0, NULL, NULL); DELETE FROM sync_changelog");

    db.exec("UPDATE tasks SET id = 't2', title = 'Other'");

    expect(capturedOps(db)).toEqual(["tasks DELETE t1", "tasks INSERT t2"]);
    expect(captured(db)[0]?.old).toMatchObject({ title: "Paint" });
    expect(captured(db)[1]?.data).toMatchObject({ id: "t2", title: "Other" });
  });

  test("an upsert is captured as what it did", () => {
    const db = openGenerated(todo);
    const upsert = "INSERT INTO projects VALUES ('p1', 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name || '!'";

    db.exec(`${upsert}; ${upsert}`);

    expect(capturedOps(db)).toEqual(["projects INSERT p1", "projects UPDATE p1"]);
  });

  test("times are whole microseconds of now", () => {
    const db = openGenerated(todo);
    const before = Date.now();

    db.exec("INSERT INTO projects VALUES ('p1', 'x')");

    const { timestamp, kind } = db.prepare("SELECT timestamp, typeof(timestamp) AS kind FROM sync_changelog").get() as {
      timestamp: number;
      kind: string;
    };
    expect(kind).toBe("integer");
    expect(timestamp).toBeGreaterThanOrEqual((before - 1) * 1000);
    expect(timestamp).toBeLessThanOrEqual((Date.now() + 1) * 1000);
  });
});

describe("writes that leave nothing", () => {
  test("an update of a local column", () => {
    const db = openGenerated(todo);
    db.exec("INSERT INTO tasks VALUES ('t1', 'Paint', 0, NULL, NULL); DELETE FROM sync_changelog");

    db.exec("UPDATE tasks SET draft = 'x'");

    expect(captured(db)).toEqual([]);
  });

  test("an update to the values that are there", () => {
    const db = openGenerated(todo);
    db.exec("INSERT INTO tasks VALUES ('t1', 'Paint', 0, NULL, NULL); DELETE FROM sync_changelog");

    db.exec("UPDATE tasks SET id = id, title = 'Paint', done = 0, project_id = NULL");

    expect(captured(db)).toEqual([]);
  });

  test("writes while remote changes are applied", () => {
    const db = openGenerated(todo);
    db.exec("UPDATE sync_state SET value = '1' WHERE key = 'applying_remote'");

    db.exec("INSERT INTO projects VALUES ('p1', 'x'); UPDATE projects SET name = 'y'; UPDATE projects SET id = 'p2'; DELETE FROM projects");
    expect(captured(db)).toEqual([]);

    db.exec("UPDATE sync_state SET value = '0' WHERE key = 'applying_remote'; INSERT INTO projects VALUES ('p3', 'x')");
    expect(capturedOps(db)).toEqual(["projects INSERT p3"]);
  });

  test("a row whose identity is NULL, which no other device could recognise", () => {
    const db = openGenerated(todo, {
      ddl: "CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT); CREATE TABLE tasks (id TEXT PRIMARY KEY, title, done, project_id, draft)",
    });

    db.exec("INSERT INTO projects VALUES (NULL, 'x'); UPDATE projects SET name = 'y'");
    expect(capturedOps(db)).toEqual([]);

    db.exec("UPDATE projects SET id = 'p1'");
    expect(capturedOps(db)).toEqual(["projects INSERT p1"]);

    db.exec("UPDATE projects SET id = NULL; DELETE FROM projects");
    expect(capturedOps(db)).toEqual(["projects INSERT p1", "projects DELETE p1"]);
  });
});

describe("policies", () => {
  const feed = modelOf([
    tableOf("feed_items", { columns: { is_read: "boolean" }, local: { body: { type: "text" } }, apply: "update", deletes: "ignore" }),
    tableOf("log", { columns: { line: "text" }, deletes: "ignore" }),
    tableOf("states", { columns: { value: "text" }, apply: "update" }),
  ]);

  test("of an update-only table, updates alone are captured", () => {
    const db = openGenerated(feed);

    db.exec(
      "INSERT INTO feed_items VALUES ('f1', 0, 'text'); UPDATE feed_items SET is_read = 1; UPDATE feed_items SET id = 'f2'; DELETE FROM feed_items",
    );

    expect(captured(db)).toEqual([{ table: "feed_items", op: "UPDATE", rowId: "f1", data: { id: "f1", is_read: 1 }, old: null, mask: 1 }]);
  });

  test("ignored deletes are not captured, nor those of a changed key", () => {
    const db = openGenerated(feed);

    db.exec("INSERT INTO log VALUES ('l1', 'x'); UPDATE log SET id = 'l2'; DELETE FROM log");

    expect(capturedOps(db)).toEqual(["log INSERT l1", "log INSERT l2"]);
  });

  test("an update-only table whose deletes apply captures them", () => {
    const db = openGenerated(feed);

    db.exec("INSERT INTO states VALUES ('s1', 'x'); DELETE FROM states");

    expect(capturedOps(db)).toEqual(["states DELETE s1"]);
  });
});

describe("identities", () => {
  test("a composite key joins its parts without ambiguity, whatever they hold", () => {
    const db = openGenerated(modelOf([tableOf("pairs", { identity: { a: "text", b: "bigint" } })]));

    db.prepare("INSERT INTO pairs VALUES (?, ?)").run('a","b', 9007199254740993n);

    expect(captured(db)[0]?.rowId).toBe(JSON.stringify(['a","b', "9007199254740993"]));
  });

  test("a part made by json() stays a text in the row id", () => {
    const db = openGenerated(modelOf([tableOf("pairs", { identity: { a: "text", b: "text" } })]));

    db.exec("INSERT INTO pairs VALUES (json('[1]'), 'x')");

    expect(captured(db)[0]?.rowId).toBe('["[1]","x"]');
  });

  test("bytes are hexadecimal, integers exact", () => {
    const db = openGenerated(
      modelOf([tableOf("hashes", { identity: { digest: "blob" } }), tableOf("numbers", { identity: { n: "bigint" } })]),
    );

    db.exec("INSERT INTO hashes VALUES (x'00FF'); INSERT INTO numbers VALUES (9223372036854775807)");

    expect(captured(db).map(({ rowId }) => rowId)).toEqual(["00FF", "9223372036854775807"]);
  });

  test("an integer key that is changed as the rowid is a changed key", () => {
    const db = openGenerated(modelOf([tableOf("numbered", { identity: { number: "integer" }, columns: { label: "text" } })]), {
      ddl: "CREATE TABLE numbered (number INTEGER PRIMARY KEY, label TEXT)",
    });
    db.exec("INSERT INTO numbered VALUES (1, 'x'); DELETE FROM sync_changelog");

    db.exec("UPDATE numbered SET rowid = 7");

    expect(capturedOps(db)).toEqual(["numbered DELETE 1", "numbered INSERT 7"]);
  });

  test("a change of a part of the key is a changed key", () => {
    const db = openGenerated(modelOf([tableOf("pairs", { identity: { a: "text", b: "text" }, columns: { c: "text?" } })]));
    db.exec("INSERT INTO pairs VALUES ('1', '2', NULL); DELETE FROM sync_changelog");

    db.exec("UPDATE pairs SET b = '3'");

    expect(capturedOps(db)).toEqual(['pairs DELETE ["1","2"]', 'pairs INSERT ["1","3"]']);
  });

  test("a row matched by another column than its key is known by that column", () => {
    const db = openGenerated(
      modelOf([
        tableOf("items", {
          identity: { slug: "text" },
          key: ["id"],
          columns: { label: "text" },
          local: { id: { type: "integer", nullable: false } },
        }),
      ]),
    );

    db.exec("INSERT INTO items (id, slug, label) VALUES (5, 's', 'x'); UPDATE items SET id = 6; UPDATE items SET label = 'y'");

    expect(captured(db).map(({ op, rowId, data }) => [op, rowId, data])).toEqual([
      ["INSERT", "s", { slug: "s", label: capturesKeys ? "y" : "x" }],
      ["UPDATE", "s", { slug: "s", label: "y" }],
    ]);
  });
});

describe("the mask", () => {
  const wide = modelOf([
    tableOf("wide", { columns: Object.fromEntries(Array.from({ length: 62 }, (_, i) => [`c${i}`, "integer?"] as const)) }),
  ]);

  test("has one bit for each of 62 columns", () => {
    const db = openGenerated(wide);
    db.exec("INSERT INTO wide (id) VALUES ('w')");
    const masks = db.prepare("SELECT mask FROM sync_changelog WHERE op = 'UPDATE' ORDER BY id").safeIntegers().pluck();

    for (let i = 0; i < 62; i++) db.exec(`UPDATE wide SET c${i} = 1`);
    db.exec(`UPDATE wide SET ${Array.from({ length: 62 }, (_, i) => `c${i} = 2`).join(", ")}`);

    expect(masks.all()).toEqual([...Array.from({ length: 62 }, (_, i) => 1n << BigInt(i)), (1n << 62n) - 1n]);
  });

  test("and all 62 columns are in the data", () => {
    const db = openGenerated(wide);

    db.exec("INSERT INTO wide (id, c61) VALUES ('w', 7)");

    expect(Object.keys(captured(db)[0]?.data as object)).toHaveLength(63);
    expect(captured(db)[0]?.data).toMatchObject({ id: "w", c0: null, c61: 7 });
  });
});

describe("local columns", () => {
  /** Writes, changes and deletes a row of every table, with a canary in each column that must stay. */
  function canaryWrites(model: SyncModel): string {
    return model.tables
      .flatMap((table) => {
        const name = quoted(table.name);
        // An integer key fills itself, and holds no text.
        const columns = table.columns.filter(
          (column) => !(column.kind === "local" && column.type === "integer" && table.key.includes(column.name)),
        );
        const value = (column: Column, i: number): string =>
          column.kind === "local" ? `'canary-${i}'` : column.type === "blob" ? `x'0${i % 10}'` : String(i);
        const change = (column: Column): string => (column.kind === "local" ? "'canary'" : `${quoted(column.name)} || '1'`);
        return [
          `INSERT INTO ${name} (${columns.map((column) => quoted(column.name)).join(", ")}) VALUES (${columns.map(value).join(", ")});`,
          ...columns.map((column) => `UPDATE ${name} SET ${quoted(column.name)} = ${change(column)};`),
          `DELETE FROM ${name};`,
        ];
      })
      .join("\n");
  }
  const syncTables = ["sync_changelog", "sync_state", "sync_device", "sync_row_clock", "sync_held"];

  test.each([["every feature", everyFeature()] as const, ...APPS.map((app) => [app, appModel(app)] as const)])(
    "with %s, a canary in any of them appears in no sync table, whatever happens to its row",
    (_, model) => {
      const db = openGenerated(model);
      db.pragma("foreign_keys = OFF");

      db.exec(canaryWrites(model));

      const entries = captured(db);
      for (const table of model.tables) {
        const allowed = new Set(syncedColumns(table).map(({ name }) => name));
        const seen = entries
          .filter((entry) => entry.table === table.name)
          .flatMap(({ data, old }) => Object.keys({ ...(data as object), ...(old as object) }));
        expect(new Set(seen)).toEqual(allowed);
      }
      for (const table of syncTables) expect(JSON.stringify(db.prepare(`SELECT * FROM ${table}`).all())).not.toContain("canary");
    },
  );

  test.skipIf(sqliteShellVersion() === null).each(APPS)("with the file of %s, the sqlite3 shell captures the same", (app) => {
    const model = appModel(app);
    const db = openGenerated(model);
    db.pragma("foreign_keys = OFF");
    db.exec(canaryWrites(model));

    // Compared as values: two versions of SQLite may spell the same real with different digits.
    const entries = "SELECT json_array(table_name, op, row_id, json(data), json(old), mask) FROM sync_changelog ORDER BY id";
    const output = runInShell(`${ddlFor(model)}\n${sqlFile(model)}\n${canaryWrites(model)}\n${entries};`);

    const parse = (line: unknown): unknown => JSON.parse(String(line));
    expect(output.trimEnd().split("\n").map(parse)).toEqual(db.prepare(entries).pluck().all().map(parse));
  });

  test("their names appear in no trigger", () => {
    const db = openGenerated(todo);

    const triggers = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all();

    expect(triggers).toHaveLength(8);
    expect(triggers.join("\n")).not.toContain("draft");
  });
});

describe("the migration", () => {
  const migrate = (db: Database.Database, model: SyncModel): void => {
    for (const statement of migrationStatements(model, testContext)) db.exec(statement);
  };

  test("runs again without harm: rows, entries and settings stay", () => {
    for (const model of [todo, { ...todo, create: true }]) {
      const db = openGenerated(model);
      db.exec(
        "INSERT INTO projects VALUES ('p1', 'x'); UPDATE sync_state SET value = '42' WHERE key = 'pull_cursor'; INSERT INTO sync_state VALUES ('own', 'x')",
      );
      const tables = ["projects", "sync_changelog", "sync_state", "sqlite_schema"];
      const before = tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all().map(withoutPages));

      migrate(db, model);

      expect(tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all().map(withoutPages))).toEqual(before);
      db.exec("UPDATE projects SET name = 'y'");
      expect(capturedOps(db)).toEqual(["projects INSERT p1", "projects UPDATE p1"]);
    }
  });

  test("brings triggers of an earlier schema up to date", () => {
    const [projects] = todo.tables;
    const db = openGenerated(todo);

    migrate(db, { ...todo, tables: projects === undefined ? [] : [{ ...projects, deletes: "ignore" }] });
    db.exec("INSERT INTO projects VALUES ('p1', 'x'); DELETE FROM projects");

    expect(capturedOps(db)).toEqual(["projects INSERT p1"]);
  });

  test("creates the application's tables with keys, defaults, references and indexes", () => {
    const db = openGenerated(everyFeature());
    const info = (sql: string): unknown[] => db.prepare(sql).all();

    expect(info("SELECT name, type, [notnull], dflt_value AS value, pk FROM pragma_table_info('tasks')")).toEqual([
      { name: "id", type: "TEXT", notnull: 1, value: null, pk: 1 },
      { name: "title", type: "TEXT", notnull: 1, value: null, pk: 0 },
      { name: "done", type: "INTEGER", notnull: 1, value: "0", pk: 0 },
      { name: "project_id", type: "TEXT", notnull: 0, value: null, pk: 0 },
      { name: "parent_id", type: "TEXT", notnull: 0, value: null, pk: 0 },
      { name: "email_id", type: "TEXT", notnull: 0, value: null, pk: 0 },
      { name: "due", type: "TEXT", notnull: 0, value: null, pk: 0 },
      { name: "user_id", type: "TEXT", notnull: 1, value: null, pk: 0 },
      { name: "seen_at", type: "TEXT", notnull: 1, value: "CURRENT_TIMESTAMP", pk: 0 },
      { name: "note", type: "", notnull: 0, value: null, pk: 0 },
    ]);
    expect(info(`SELECT [from], [table], [to], on_delete FROM pragma_foreign_key_list('tasks') ORDER BY [from]`)).toEqual([
      { from: "parent_id", table: "tasks", to: "id", on_delete: "SET NULL" },
      { from: "project_id", table: "projects", to: "id", on_delete: "CASCADE" },
    ]);
    // project_id leads a unique list, which serves the reference.
    expect(info("SELECT name, [unique] FROM pragma_index_list('tasks') WHERE origin = 'c' ORDER BY name")).toEqual([
      { name: "sync_tasks_email_id_index", unique: 0 },
      { name: "sync_tasks_parent_id_index", unique: 0 },
    ]);
    expect(info("SELECT [unique], origin FROM pragma_index_list('matched')")).toEqual([{ unique: 1, origin: "u" }]);
  });

  test("gives indexes that would share a name names of their own", () => {
    const parent = tableOf("p");
    const references = (column: string) => [{ columns: [column], table: "p" }];
    const model = modelOf(
      [
        parent,
        tableOf("a_b", { columns: { c: "uuid?" }, references: references("c") }),
        tableOf("a", { columns: { b_c: "uuid?" }, references: references("b_c") }),
      ],
      { create: true },
    );
    const db = openGenerated(model);

    expect(db.prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL ORDER BY name").raw().all()).toEqual([
      ["sync_a_b_c_index", "a_b"],
      ["sync_a_b_c_index_2", "a"],
    ]);
  });

  test("marks every trigger with the model it was made from", () => {
    const db = openGenerated(everyFeature());

    const marked = db.prepare(
      "SELECT count(*) AS n, sum(instr(sql, '/* synckit-gen 0123456789abcdef */') > 0) AS marked FROM sqlite_schema WHERE type = 'trigger'",
    );

    expect(marked.get()).toEqual({ n: 46, marked: 46 });
  });

  test("as a file it runs inside a tool's transaction too, and is all or nothing", () => {
    const db = new Database(":memory:");
    db.exec(ddlFor(todo));

    db.exec(`BEGIN; ${sqlFile(todo)} ROLLBACK`);

    expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sync%'").pluck().get()).toBe(0);
  });

  const shellVersion = sqliteShellVersion();
  describe.skipIf(shellVersion === null)(`as a file, in the sqlite3 shell ${shellVersion ?? `(${SHELL_MISSING})`}`, () => {
    test.each([
      ["every feature", everyFeature()],
      ["nasty names", nastyNames()],
      ["tables of one's own", todo],
    ])("runs twice in a row with %s", (_, model) => {
      const ddl = model.create ? "" : ddlFor(model);

      expect(runInShell(`${ddl}\n${sqlFile(model)}${sqlFile(model)}`)).toBe("");
    });

    test("captures what the shell writes, in a file that better-sqlite3 then reads", () => {
      const folder = mkdtempSync(join(tmpdir(), "synckit-shell-"));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const path = join(folder, "app.db");
      runInShell(`${ddlFor(todo)}\n${sqlFile(todo)}`, path);

      runInShell(
        `PRAGMA foreign_keys = ON;
         INSERT INTO projects VALUES ('p1', 'x');
         INSERT INTO tasks VALUES ('t1', 'Paint', 0, 'p1', 'secret');
         UPDATE tasks SET title = 'Paint it'; UPDATE tasks SET draft = 'y'; DELETE FROM projects;`,
        path,
      );

      const db = new Database(path);
      onTestFinished(() => void db.close());
      expect(capturedOps(db)).toEqual([
        "projects INSERT p1",
        "tasks INSERT t1",
        "tasks UPDATE t1",
        "tasks DELETE t1",
        "projects DELETE p1",
      ]);
      const data = capturesKeys ? null : { id: "t1", title: "Paint it", done: 0, project_id: "p1" }; // by key, the row is asked, and it is gone
      expect(captured(db)[2]).toMatchObject({ data, mask: 1 });
    });

    test("62 masked columns are captured there", () => {
      const wide = modelOf([
        tableOf("wide", { columns: Object.fromEntries(Array.from({ length: 62 }, (_, i) => [`c${i}`, "integer?"] as const)) }),
      ]);

      const mask = runInShell(
        `${ddlFor(wide)}\n${sqlFile(wide)} INSERT INTO wide (id) VALUES ('w'); UPDATE wide SET c61 = 1; SELECT mask FROM sync_changelog WHERE op = 'UPDATE';`,
      );

      expect(BigInt(mask.trim())).toBe(1n << 61n);
    });
  });
});

test("every emitter writes the same bytes twice, ends with one newline, and names no path", () => {
  for (const model of [everyFeature(), nastyNames(), modelOf([])]) {
    const files = emitters.flatMap((emitter) => emitter.emit(model, testContext));

    expect(emitters.flatMap((emitter) => emitter.emit(structuredClone(model), testContext))).toEqual(files);
    for (const { path, text, ownership } of files) {
      expect(text, path).toMatch(/[^\n]\n$/);
      expect(text, path).not.toContain("\r");
      expect(text, path).not.toContain(process.cwd());
      // A scaffold is its author's: a version in its head would make every change of the schema an edit to merge.
      const head = ownership === "scaffold" ? "by synckit-gen" : "synckit-gen 0.0.0 from model 0123456789abcdef";
      expect(text.split("\n", 1)[0], path).toContain(head);
    }
  }
});

test("the changelog forgets what the transaction forgets", () => {
  const db = openGenerated(todo);
  forget(db);

  db.exec("BEGIN; INSERT INTO projects VALUES ('p1', 'x'); SAVEPOINT s; INSERT INTO projects VALUES ('p2', 'x'); ROLLBACK TO s; COMMIT");

  expect(capturedOps(db)).toEqual(["projects INSERT p1"]);
});

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Triggers are dropped and created: their place in the schema table may move, their content not. */
const withoutPages = (row: unknown): unknown => Object.fromEntries(Object.entries(row as object).filter(([name]) => name !== "rootpage"));
