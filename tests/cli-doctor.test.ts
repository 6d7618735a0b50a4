/** `doctor` as a process: streams, exit codes, the repair, the backup, and what it never touches. */
import { createHash } from "node:crypto";
import { chmodSync, openSync, readdirSync, readFileSync, statSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { emitters } from "@synckit-gen/templates";
import { memoryServer } from "@synckit-gen/runtime/testing";
import { generate } from "synckit-gen";
import { openAppDevice, signIn } from "./support/app-devices.ts";
import { CliHome } from "./support/cli-home.ts";
import { documentBlocks } from "./support/document-blocks.ts";
import { runInShell, sqliteShellVersion } from "./support/generated.ts";
import { importFiles } from "./support/import-generated.ts";
import { schemaFaults } from "./support/json-schema.ts";
import { readText } from "./support/workspace.ts";

const SCHEMA = `synckit: 1
app: demo
tables:
  notes:
    columns:
      title: text
      stars: { type: integer, default: 0 }
    local: [draft]
`;
const APP = "CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL, stars INTEGER NOT NULL DEFAULT 0, draft TEXT);";

let home: CliHome;
let path = "";
beforeEach(() => {
  home = new CliHome();
  home.put("synckit.yaml", SCHEMA);
  home.run(["generate"]);
  path = join(home.path, "app.db");
  withDatabase(`${APP} ${home.read("src/sync/migrations/0001_init.sql")} INSERT INTO notes VALUES ('n1', 'One', 0, 'secret draft');`);
});
afterEach(() => {
  home.dispose();
});

function withDatabase(sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

const all = (sql: string): readonly unknown[] => {
  const db = new Database(path, { readonly: true });
  const rows = db.prepare(sql).all();
  db.close();
  return rows;
};

const bytes = (file = path): string => createHash("sha256").update(readFileSync(file)).digest("hex");

const DAMAGE = "DROP TRIGGER sync_notes_update; UPDATE sync_state SET value = '1' WHERE key = 'applying_remote';";

test("a healthy database is said to be so, with what waits, and exits 0", () => {
  const before = bytes();

  const ran = home.run(["doctor", "app.db"]);

  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out).toMatch(
    /^-- app\.db is as the schema wants it\.\n-- Pending: 1 since \d{4}-\d\d-\d\dT[\d:]+Z\. Not pushable: 0\. Held: 0\. Quarantined: 0\. Conflicts: 0\. Log: 1 entry, 1 KiB\.\n$/u,
  );
  expect(bytes()).toBe(before);
  expect(home.run(["doctor", "app.db", "-q"])).toEqual({ code: 0, out: "", err: "" });
});

test("findings go to stderr with their places, repairs to stdout as SQL, and the file stays as it is", () => {
  withDatabase(DAMAGE);
  const before = bytes();

  const ran = home.run(["doctor", "app.db", "synckit.yaml"]);

  expect(ran.code).toBe(1);
  expect(ran.err).toContain("app.db  error  doctor/state-applying\n");
  expect(ran.err).toContain("synckit.yaml:4:3  error  doctor/trigger-missing\n");
  expect(ran.err).toContain('The trigger "sync_notes_update" is missing: changes of "notes" are not captured.');
  expect(ran.err).toContain("  4 |   notes:\n");
  expect(ran.out).toContain(`-- doctor/state-applying\nUPDATE "sync_state" SET "value" = '0' WHERE "key" = 'applying_remote';\n`);
  expect(ran.out).toContain('CREATE TRIGGER "sync_notes_update"');
  expect(bytes()).toBe(before);
});

test.runIf(sqliteShellVersion() !== null)("what stdout got is a script that repairs", () => {
  withDatabase(DAMAGE);

  runInShell(home.run(["doctor", "app.db"]).out, path);

  expect(home.run(["doctor", "app.db"]).code).toBe(0);
});

describe("--fix", () => {
  test("keeps a backup, repairs sync's own objects, leaves the app's rows, and looks again", () => {
    withDatabase(DAMAGE);
    chmodSync(path, 0o640);
    const rows = all("SELECT * FROM notes");

    const ran = home.run(["doctor", "app.db", "--fix"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain(
      "-- app.db is as the schema wants it.\n-- 3 statements run; the database as it was is in app.db.before-doctor-1.\n",
    );
    expect(all("SELECT * FROM notes")).toEqual(rows);
    expect(all("SELECT value FROM sync_state WHERE key = 'applying_remote'")).toEqual([{ value: "0" }]);
    expect(statSync(`${path}.before-doctor-1`).mode & 0o777).toBe(0o640);
    const backup = new Database(`${path}.before-doctor-1`, { readonly: true });
    expect(backup.prepare("SELECT value FROM sync_state WHERE key = 'applying_remote'").get()).toEqual({ value: "1" });
    backup.close();

    withDatabase("INSERT INTO notes (id, title) VALUES ('n2', 'Two'); UPDATE notes SET title = 'Two!' WHERE id = 'n2'");
    expect(all("SELECT op FROM sync_changelog ORDER BY id")).toEqual([{ op: "INSERT" }, { op: "INSERT" }, { op: "UPDATE" }]);
  });

  test("numbers its backups, and makes none where there is nothing to repair", () => {
    home.run(["doctor", "app.db", "--fix"]);
    expect(readdirSync(home.path).filter((name) => name.includes("before-doctor"))).toEqual([]);

    for (let time = 0; time < 2; time++) {
      withDatabase(DAMAGE);
      home.run(["doctor", "app.db", "--fix"]);
    }
    expect(readdirSync(home.path).filter((name) => name.includes("before-doctor"))).toEqual([
      "app.db.before-doctor-1",
      "app.db.before-doctor-2",
    ]);
  });

  test("leaves to a person what is the app's, and exits 1", () => {
    withDatabase(`${DAMAGE} CREATE TRIGGER touch AFTER UPDATE ON notes BEGIN SELECT 1; END; CREATE UNIQUE INDEX one ON notes (stars);`);

    const ran = home.run(["doctor", "app.db", "--fix"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("doctor/trigger-own");
    expect(ran.err).toContain("doctor/unique-undeclared");
    expect(ran.err).not.toContain("doctor/trigger-missing");
    expect(ran.out).toContain("2 findings left");
  });

  test("changes nothing while an app writes", () => {
    withDatabase(DAMAGE);
    const db = new Database(path);
    db.exec("BEGIN IMMEDIATE");

    const ran = home.run(["doctor", "app.db", "--fix"]);
    db.exec("ROLLBACK");
    db.close();

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("database/locked");
    expect(home.run(["doctor", "app.db"]).err).toContain("doctor/trigger-missing");
  });

  test("does not write to a damaged file", () => {
    withDatabase(`CREATE TABLE big (v TEXT); CREATE INDEX big_v ON big (v); ${DAMAGE}`);
    const db = new Database(path);
    for (let n = 0; n < 500; n++) db.prepare("INSERT INTO big VALUES (?)").run(`${"x".repeat(50)}${n}`);
    const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'big_v'").pluck().get() as number;
    const size = db.pragma("page_size", { simple: true }) as number;
    db.close();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
    closeSync(file);
    const before = bytes();

    const ran = home.run(["doctor", "app.db", "--fix"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("doctor/damaged");
    expect(bytes()).toBe(before);
  });
});

describe("capture: keys", () => {
  const KEYS = SCHEMA.replace("app: demo\n", "app: demo\nchangelog: { capture: keys }\n");
  beforeEach(() => {
    home.remove("app.db");
    home.remove("src");
    home.put("synckit.yaml", KEYS);
    home.run(["generate"]);
    withDatabase(`${APP} ${home.read("src/sync/migrations/0001_init.sql")}`);
  });

  test("entries without data are as they should be", () => {
    withDatabase("INSERT INTO notes (id, title) VALUES ('n1', 'One'), ('n2', 'Two'); DELETE FROM notes WHERE id = 'n2'");

    expect(home.run(["doctor", "app.db"])).toMatchObject({ code: 0, out: expect.stringContaining("-- Pending: 3 ") });
  });

  test("what --fix leaves of a damaged log is pushed, with the rows as they are, and what is captured next too", async () => {
    withDatabase(
      `INSERT INTO notes (id, title, draft) VALUES ('n1', 'One', 'secret'), ('n2', 'Two', 'secret'), ('n3', 'Three', 'secret');
       DELETE FROM notes WHERE id = 'n3';
       UPDATE sync_changelog SET data = '{"id":"n1","draft":"secret"}' WHERE row_id = 'n1';
       UPDATE sync_changelog SET data = '{' WHERE row_id = 'n2'; UPDATE sync_changelog SET old = 'x' WHERE op = 'DELETE';
       ${DAMAGE} DROP TRIGGER sync_notes_insert;
       CREATE TRIGGER sync_notes_insert AFTER INSERT ON notes BEGIN /* synckit-gen 00 */ SELECT 1; END`,
    );

    const found = home.run(["doctor", "app.db"]).err;
    expect([...found.matchAll(/doctor\/[a-z-]+/gu)].map(([code]) => code)).toEqual([
      "doctor/state-applying",
      "doctor/trigger-differs",
      "doctor/trigger-missing",
      "doctor/entry-data",
      "doctor/entry-columns",
    ]);
    expect(home.run(["doctor", "app.db", "--fix"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/-- Pending: 4 .* Not pushable: 0\./u),
    });

    withDatabase("UPDATE notes SET title = 'One!' WHERE id = 'n1'; INSERT INTO notes (id, title) VALUES ('n4', 'Four')");
    const generated = generate({ file: "synckit.yaml", text: KEYS }, emitters, { importSuffix: ".ts" });
    if (!generated.ok) throw new Error("the schema is wrong");
    const [kit, app, { model }] = [memoryServer(), await importFiles(generated.value.files), generated.value];
    const db = new Database(path);
    const fresh = new Database(":memory:");
    fresh.exec(`${APP} ${home.read("src/sync/migrations/0001_init.sql")}`);
    const [a, b] = [
      openAppDevice(kit, model, app, {
        name: "a",
        db,
        fetch: kit.fetchVia({ fault: () => null, pageSize: () => 100, hasExtensions: () => true }),
      }),
      openAppDevice(kit, model, app, {
        name: "b",
        db: fresh,
        fetch: kit.fetchVia({ fault: () => null, pageSize: () => 100, hasExtensions: () => true }),
      }),
    ];
    for (const device of [a, b]) {
      await signIn(device, kit);
      await device.sync.syncNow();
    }
    db.close();

    expect(fresh.prepare("SELECT id, title, draft FROM notes ORDER BY id").raw().all()).toEqual([
      ["n1", "One!", null],
      ["n2", "Two", null],
      ["n4", "Four", null],
    ]);
  });
});

test("as JSON it says what was found, where, and with which SQL", () => {
  withDatabase(DAMAGE);

  const report: unknown = JSON.parse(home.run(["doctor", "app.db", "--format", "json"]).out);

  expect(report).toMatchObject({
    command: "doctor",
    status: "findings",
    database: "app.db",
    counts: { pending: 1, conflicts: 0 },
    fixed: [],
    backup: null,
    diagnostics: [
      { code: "doctor/state-applying", file: "app.db", line: 0, isFixable: true },
      {
        code: "doctor/trigger-missing",
        file: "synckit.yaml",
        line: 4,
        column: 3,
        sql: [`DROP TRIGGER IF EXISTS "sync_notes_update"`, expect.stringContaining("CREATE TRIGGER")],
      },
    ],
  });
  expect(schemaFaults(report, JSON.parse(readText("schemas/json/output.schema.json")) as Parameters<typeof schemaFaults>[1])).toEqual([]);
});

test("a schema that was changed and not generated again is a finding", () => {
  home.put("synckit.yaml", SCHEMA.replace("title: text", "title: text\n      more: text?"));

  const ran = home.run(["doctor", "app.db"]);

  expect(ran.code).toBe(1);
  expect(ran.err).toContain("doctor/schema-not-generated");
  expect(ran.err).toContain("synckit.yaml:7:7  error  doctor/column-missing\n");
  expect(ran.out).toContain(
    `-- doctor/column-missing (on the app's own tables: --fix leaves this to you)\nALTER TABLE "notes" ADD COLUMN "more" TEXT;\n`,
  );
});

test.each([
  ["no database", ["doctor", "none.db"], 2, "database/not-found"],
  ["no schema", ["doctor", "app.db", "none.yaml"], 2, "schema/not-found"],
  ["a text in its place", ["doctor", "synckit.yaml"], 2, "it is not an SQLite database"],
])("with %s it says so", (_what, args, code, message) => {
  const ran = home.run(args);

  expect(ran).toMatchObject({ code, out: "" });
  expect(ran.err).toContain(message);
});

test("a schema with errors is reported, and nothing is compared", () => {
  home.put("synckit.yaml", SCHEMA.replace("text", "txt"));

  const ran = home.run(["doctor", "app.db"]);

  expect(ran).toMatchObject({ code: 1, out: "" });
  expect(ran.err).toContain("column/unknown-type");
});

test("a database that has never been migrated is brought to where the migrations would", () => {
  withDatabase(
    (
      all("SELECT name FROM sqlite_schema WHERE name LIKE 'sync\\_%' ESCAPE '\\' AND type = 'table'") as readonly {
        readonly name: string;
      }[]
    )
      .map(({ name }) => `DROP TABLE ${name};`)
      .join(" ") +
      (all("SELECT name FROM sqlite_schema WHERE type = 'trigger'") as readonly { readonly name: string }[])
        .map(({ name }) => `DROP TRIGGER ${name};`)
        .join(" "),
  );

  expect(home.run(["doctor", "app.db", "--fix"])).toMatchObject({ code: 0, err: "" });
  withDatabase("UPDATE notes SET stars = 5");
  expect(all("SELECT op, row_id FROM sync_changelog")).toEqual([{ op: "UPDATE", row_id: "n1" }]);
});

test("the example of the document gives what the document says", () => {
  const [yaml = ""] = documentBlocks("docs/doctor.md", "yaml");
  const [migration = ""] = documentBlocks("docs/doctor.md", "sql");
  const [report = ""] = documentBlocks("docs/doctor.md", "text");
  home.remove("app.db");
  home.remove("src");
  home.put("synckit.yaml", yaml);
  home.run(["generate"]);
  withDatabase(`CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL); ${home.read("src/sync/migrations/0001_init.sql")}`);
  expect(home.run(["doctor", "app.db"]).code).toBe(0);

  withDatabase(migration);

  expect(home.run(["doctor", "app.db"]).err).toContain(report);
  expect(home.run(["doctor", "app.db", "--fix"])).toMatchObject({ code: 0, err: "" });
});
