import { migrationStatements } from "@synckit-gen/templates";
import { DIAGNOSTIC_CODES } from "@synckit-gen/schemas/diagnostics";
import { describe, expect, test } from "vitest";
import { generate } from "../generate.ts";
import type { Database } from "../sqlite/database.ts";
import { openScratch } from "../sqlite/open-database.ts";
import { examine, wantedObjects } from "./examine.ts";
import type { Examination, Expected } from "./examine.ts";
import { repair, repairsOf } from "./repair.ts";
import { placesIn } from "./subject.ts";

const SCHEMA = `synckit: 1
app: demo
tables:
  folders:
    columns: { name: text }
  notes:
    columns:
      folder_id: uuid?
      title: text
      stars: { type: integer, default: 0 }
      email_id: uuid?
    local: { device_path: { type: text, on_insert: "''" } }
    references:
      folder_id: { table: folders, on_delete: set null }
      email_id: { table: emails, synced: false }
    unique: [title]
  tags:
    key: [note_id, tag]
    key_kind: natural
    columns: { note_id: uuid }
    references: { note_id: { table: notes, on_delete: cascade } }
`;

const APP = `
CREATE TABLE emails (id TEXT PRIMARY KEY NOT NULL);
CREATE TABLE folders (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL);
CREATE TABLE notes (
  id TEXT PRIMARY KEY NOT NULL, folder_id TEXT REFERENCES folders ON DELETE SET NULL, title TEXT NOT NULL UNIQUE, stars INTEGER NOT NULL DEFAULT 0,
  email_id TEXT REFERENCES emails, device_path TEXT NOT NULL
);
CREATE INDEX notes_folder ON notes (folder_id);
CREATE INDEX notes_email ON notes (email_id);
CREATE TABLE tags (note_id TEXT NOT NULL REFERENCES notes ON DELETE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (note_id, tag));
PRAGMA foreign_keys = OFF;
INSERT INTO notes VALUES ('n0', NULL, 'Older than sync', 0, 'mail-elsewhere', '/tmp/n0');
`;

const source = { file: "synckit.yaml", text: SCHEMA };
const byKey = { file: "synckit.yaml", text: SCHEMA.replace("app: demo\n", "app: demo\nchangelog: { capture: keys }\n") };

/** The app's tables with the migrations of the schema run; `app` takes the place of its DDL. */
async function healthy(app = APP, schema = source): Promise<{ readonly database: Database; readonly expected: Expected }> {
  const generated = generate(schema, []);
  if (!generated.ok) throw new Error(JSON.stringify(generated.diagnostics));
  const { model, modelHash } = generated.value;
  const database = await openScratch();
  database.exec(app);
  for (const statement of migrationStatements(model, { version: "0", modelHash, importSuffix: ".js" })) database.exec(statement);
  return { database, expected: { model, modelHash, wanted: await wantedObjects(), places: placesIn(schema, "app.db") } };
}

const codesOf = ({ findings }: Examination): readonly string[] => findings.map(({ code }) => code);

const ROW = `INSERT INTO notes (id, title, device_path) VALUES ('n1', 'One', '')`;

/** Sync's own objects: what the printed SQL repairs. */
const REPAIRED: readonly (readonly [what: string, damage: string, codes: readonly string[]])[] = [
  ["a dropped trigger", "DROP TRIGGER sync_notes_update", ["doctor/trigger-missing"]],
  [
    "an edited trigger",
    `DROP TRIGGER sync_notes_delete; CREATE TRIGGER sync_notes_delete AFTER DELETE ON notes BEGIN /* synckit-gen 00 */ SELECT 1; END`,
    ["doctor/trigger-differs"],
  ],
  [
    "a trigger of a former table",
    "CREATE TRIGGER sync_emails_insert AFTER INSERT ON emails BEGIN /* synckit-gen 00 */ SELECT 1; END",
    ["doctor/trigger-leftover"],
  ],
  ["a dropped sync table", "DROP TABLE sync_held", ["doctor/sync-table-missing"]],
  ["a dropped state", "DROP TABLE sync_state", ["doctor/sync-table-missing"]],
  ["a column of a former version", "ALTER TABLE sync_changelog DROP COLUMN seen", ["doctor/sync-column-missing"]],
  ["a missing first value", "DELETE FROM sync_state WHERE key = 'pull_cursor'", ["doctor/state-missing"]],
  ["capture that was left off", "UPDATE sync_state SET value = '1' WHERE key = 'applying_remote'", ["doctor/state-applying"]],
  ["a cursor that is no number", "UPDATE sync_state SET value = 'far' WHERE key = 'pull_cursor'", ["doctor/state-invalid"]],
  [
    "a stamp that is no number",
    `${ROW}; UPDATE sync_changelog SET stamp = 5; INSERT INTO sync_state VALUES ('last_stamp', '')`,
    ["doctor/state-invalid"],
  ],
  ["a switch that is neither on nor off", "UPDATE sync_state SET value = 'yes' WHERE key = 'auto_sync_enabled'", ["doctor/state-invalid"]],
  ["a missing index", "DROP INDEX notes_folder", ["doctor/index-missing"]],
  ["an entry of a table that does not sync", `${ROW}; UPDATE sync_changelog SET table_name = 'emails'`, ["doctor/entry-table"]],
  ["an entry of an unknown operation", `${ROW}; UPDATE sync_changelog SET op = 'UPSERT'`, ["doctor/entry-op"]],
  ["an entry whose data is broken", `${ROW}; UPDATE sync_changelog SET data = '{"id":'`, ["doctor/entry-data"]],
  ["an entry whose data is a list", `${ROW}; UPDATE sync_changelog SET data = '[1]'`, ["doctor/entry-data"]],
  [
    "a deletion that kept no row",
    `${ROW}; DELETE FROM notes WHERE id = 'n1'; UPDATE sync_changelog SET old = '{' WHERE op = 'DELETE'`,
    ["doctor/entry-data"],
  ],
  [
    "an entry with a column that must not leave",
    `${ROW}; UPDATE sync_changelog SET data = json_set(coalesce(data, '{"id":"n1"}'), '$.device_path', '/home')`,
    ["doctor/entry-columns"],
  ],
  [
    "an entry with a bit that no column has",
    `${ROW}; UPDATE notes SET stars = 1; UPDATE sync_changelog SET mask = mask | 1024 WHERE mask IS NOT NULL`,
    ["doctor/entry-mask"],
  ],
  ["an entry that is neither pushed nor waiting", `${ROW}; UPDATE sync_changelog SET pushed = 7`, ["doctor/entry-pushed"]],
  ["an entry that names no row", `INSERT INTO tags VALUES ('n0', 't'); UPDATE sync_changelog SET row_id = 'n0'`, ["doctor/entry-row-id"]],
];

/** The app's own tables: what a person has to decide. */
const REPORTED: readonly (readonly [what: string, damage: string, codes: readonly string[]])[] = [
  ["a missing table", "DROP TABLE tags", ["doctor/table-missing", ...Array.from({ length: 3 }, () => "doctor/trigger-missing")]],
  [
    "a view in the place of a table",
    "DROP TABLE tags; CREATE VIEW tags AS SELECT 1 AS note_id, 2 AS tag",
    ["doctor/table-wrong-kind", ...Array.from({ length: 3 }, () => "doctor/trigger-missing")],
  ],
  [
    "rows without a parent",
    "INSERT INTO notes (id, title, folder_id, device_path) VALUES ('n2', 'Two', 'nowhere', '')",
    ["doctor/reference-dangling"],
  ],
  ["a trigger of the app", "CREATE TRIGGER touch AFTER UPDATE ON notes BEGIN SELECT 1; END", ["doctor/trigger-own"]],
  ["a unique index that the schema does not know", "CREATE UNIQUE INDEX one_star ON notes (stars)", ["doctor/unique-undeclared"]],
  [
    "rows that their table refuses",
    "INSERT INTO sync_held VALUES ('notes', 'a', 'constraint', 'UNIQUE', 0), ('notes', 'b', 'constraint', 'UNIQUE', 0), ('notes', 'c', 'parent', 'folder_id', 0)",
    ["doctor/row-refused"],
  ],
  [
    "a sync table that is another tool's",
    "DROP TABLE sync_held; CREATE TABLE sync_held (id INTEGER PRIMARY KEY, what TEXT NOT NULL)",
    [...Array.from({ length: 2 }, () => "doctor/sync-table-differs"), ...Array.from({ length: 5 }, () => "doctor/sync-column-missing")],
  ],
];

/** The app's DDL with one piece replaced. */
const DIFFERENT: readonly (readonly [what: string, from: string, to: string, codes: readonly string[]])[] = [
  ["a generated column", "stars INTEGER NOT NULL DEFAULT 0", "stars INTEGER NOT NULL AS (1)", ["doctor/column-generated"]],
  ["a type that changes values", "title TEXT NOT NULL UNIQUE", "title INTEGER NOT NULL UNIQUE", ["doctor/column-type"]],
  ["a column that cannot be NULL", "email_id TEXT REFERENCES", "email_id TEXT NOT NULL REFERENCES", ["doctor/column-not-null"]],
  ["a column that can be NULL", "name TEXT NOT NULL", "name TEXT", ["doctor/column-nullable"]],
  [
    "a column that nothing fills",
    "device_path TEXT NOT NULL",
    "device_path TEXT NOT NULL, made_by TEXT NOT NULL",
    ["doctor/column-required"],
  ],
  [
    "another key",
    "PRIMARY KEY (note_id, tag)",
    "PRIMARY KEY (tag)",
    ["doctor/key-differs", "doctor/identity-not-unique", "doctor/index-missing"],
  ],
  ["columns that are not unique", "title TEXT NOT NULL UNIQUE", "title TEXT NOT NULL", ["doctor/unique-missing"]],
  ["no foreign key", "folder_id TEXT REFERENCES folders ON DELETE SET NULL", "folder_id TEXT", ["doctor/reference-missing"]],
  ["another rule of a foreign key", "folders ON DELETE SET NULL", "folders ON DELETE CASCADE", ["doctor/reference-differs"]],
  [
    "another foreign key",
    "title TEXT NOT NULL UNIQUE",
    "title TEXT NOT NULL UNIQUE REFERENCES emails",
    ["doctor/reference-undeclared", "doctor/reference-dangling"],
  ],
  [
    "a foreign key that leads nowhere",
    "title TEXT NOT NULL UNIQUE",
    "title TEXT NOT NULL UNIQUE REFERENCES emails (no)",
    ["doctor/reference-undeclared", "doctor/reference-unusable"],
  ],
];

const run = (database: Database, expected: Expected): Examination => examine(database, expected);

test("a database as the migrations leave it has nothing to be found, and nothing waits", async () => {
  const { database, expected } = await healthy();

  expect(run(database, expected)).toEqual({
    findings: [],
    counts: { pending: 0, oldestPending: null, unpushable: 0, pushed: 0, logSize: 0, held: {}, quarantined: {}, conflicts: 0 },
  });
});

describe.each(REPAIRED)("%s", (_what, damage, codes) => {
  test.each([
    ["payload", source],
    ["keys", byKey],
  ])("is found, and repaired by the printed SQL without a change of the app's tables (capture: %s)", async (_capture, schema) => {
    const { database, expected } = await healthy(APP, schema);
    database.exec(damage);
    const rows = database.rows("SELECT * FROM notes");
    const found = run(database, expected);

    repair(database, repairsOf(found.findings));

    expect(codesOf(found)).toEqual(codes);
    expect(found.findings.every(({ at }) => at.file === "app.db" || at.line > 0)).toBe(true);
    expect(codesOf(run(database, expected))).toEqual([]);
    expect(database.rows("SELECT * FROM notes")).toEqual(rows);
  });
});

test("with capture: keys, entries hold no data: nothing is found, and each of them stays to be pushed", async () => {
  const { database, expected } = await healthy(APP, byKey);
  database.exec(`${ROW}; UPDATE notes SET stars = 1; DELETE FROM notes WHERE id = 'n0'`);

  expect(run(database, expected)).toMatchObject({ findings: [], counts: { pending: 4, unpushable: 0 } });
});

test("entries of before the mode was changed are as good, and what captures in the old mode is replaced", async () => {
  const { database } = await healthy(APP, byKey);
  const { expected } = await healthy();
  database.exec(ROW);
  const { findings } = run(database, expected);

  repair(database, repairsOf(findings));
  database.exec("UPDATE notes SET stars = 1");

  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(["doctor/trigger-differs"]));
  expect(run(database, expected)).toMatchObject({ findings: [], counts: { pending: 3, unpushable: 0 } });
  expect(database.rows("SELECT data IS NULL AS bare FROM sync_changelog ORDER BY id")).toEqual([{ bare: 1 }, { bare: 0 }, { bare: 0 }]);
});

test("an entry whose data was broken stays to be pushed", async () => {
  const { database, expected } = await healthy();
  database.exec(`${ROW}; UPDATE sync_changelog SET data = '{'`);

  repair(database, repairsOf(run(database, expected).findings));

  expect(run(database, expected).counts).toMatchObject({ pending: 1, unpushable: 0 });
});

test.each(REPORTED)("%s is found, and left to a person", async (_what, damage, codes) => {
  const { database, expected } = await healthy();
  database.exec(damage);

  const { findings } = run(database, expected);

  expect(findings.map(({ code }) => code).toSorted()).toEqual(codes.toSorted());
  expect(repairsOf(findings)).toEqual([]);
});

test.each(DIFFERENT)("%s in the app's table is found", async (_what, from, to, codes) => {
  expect(APP).toContain(from);
  const isGenerated = to.includes(" AS (");
  const values = isGenerated
    ? "INSERT INTO notes (id, title, email_id, device_path) VALUES ('n0', 'Older than sync', 'mail-elsewhere', '/tmp/n0')"
    : "INSERT INTO notes (id, title, stars, email_id, device_path) VALUES ('n0', 'Older than sync', 0, 'mail-elsewhere', '/tmp/n0')";
  const app = APP.replace(from, to).replace(/INSERT INTO notes VALUES.*;/u, to.includes("made_by") ? "" : `${values};`);
  const { database, expected } = await healthy(app);

  expect(codesOf(run(database, expected))).toEqual(codes);
});

test("a missing column is found at its place, and no trigger is made that would name it", async () => {
  const { database, expected } = await healthy(
    APP.replace("stars INTEGER NOT NULL DEFAULT 0,", "").replace("'Older than sync', 0,", "'Older than sync',"),
  );

  const { findings } = run(database, expected);

  const missing = findings.find(({ code }) => code === "doctor/column-missing");
  expect(missing).toMatchObject({ at: { file: "synckit.yaml", line: 10, column: 7 }, isFixable: false });
  expect(missing?.sql).toEqual([`ALTER TABLE "notes" ADD COLUMN "stars" INTEGER NOT NULL DEFAULT (0)`]);
  expect(repairsOf([...findings, ...run(database, expected).findings])).toEqual([]);
});

test("rows with NULL in the key are counted", async () => {
  const { database, expected } = await healthy(
    `${APP.replace("folders (id TEXT PRIMARY KEY NOT NULL", "folders (id TEXT PRIMARY KEY")} INSERT INTO folders VALUES (NULL, 'a'), (NULL, 'b');`,
  );

  expect(run(database, expected).findings).toMatchObject([
    { code: "doctor/identity-null", message: expect.stringContaining(`2 rows of "folders" have NULL`) },
  ]);
});

describe("keys of another class than their type says", () => {
  const text = `
synckit: 1
app: demo
tables:
  marks:
    key: [day, no]
    key_kind: natural
    columns: { no: integer }
  files:
    columns: { id: blob }
`;
  const untyped = "CREATE TABLE marks (day NOT NULL, no NOT NULL, PRIMARY KEY (day, no)); CREATE TABLE files (id PRIMARY KEY NOT NULL);";
  const rows = `INSERT INTO marks VALUES ('a', 1), (5, 1), (0.5, 1), (x'66', 1), ('a', '5'), ('a', '05'), ('a', 'x'), ('a', 2.0);
    INSERT INTO files VALUES (x'66'), ('f'), (7);`;
  const keyed = { file: "synckit.yaml", text };
  const loggedIn = (database: Database): unknown =>
    database.rows("SELECT row_id FROM sync_changelog WHERE op = 'INSERT' ORDER BY id").map((row) => row["row_id"]);

  test("are not captured, are counted by class, and are captured once the printed SQL has rewritten them", async () => {
    const { database, expected } = await healthy(untyped, keyed);
    database.exec(rows);
    expect(loggedIn(database)).toEqual(['["a","1"]', '["a","05"]', '["a","x"]', "66"]);

    const { findings } = run(database, expected);
    expect(findings.map(({ code, at, message, sql }) => [code, at.line, message.split(",")[0], sql.length])).toEqual([
      ["doctor/identity-class", 10, `1 row of "files" has an integer in the key column "id"`, 0],
      ["doctor/identity-class", 10, `1 row of "files" has a text in the key column "id"`, 1],
      ["doctor/identity-class", 6, `1 row of "marks" has an integer in the key column "day"`, 1],
      ["doctor/identity-class", 6, `1 row of "marks" has a real number in the key column "day"`, 1],
      ["doctor/identity-class", 6, `1 row of "marks" has bytes in the key column "day"`, 0],
      ["doctor/identity-class", 8, `1 row of "marks" has a real number in the key column "no"`, 0],
      ["doctor/identity-class", 8, `1 row of "marks" has a text in the key column "no"`, 1],
    ]);
    expect(findings[2]?.message).toBe(
      `1 row of "marks" has an integer in the key column "day", which is text in the schema (text), and never syncs.`,
    );

    for (const sql of findings.flatMap((found) => (found.message.includes('"files"') ? [] : found.sql))) database.exec(sql);
    expect(
      run(database, expected).findings.map(
        ({ message }) => message.includes("bytes") || message.includes("real") || message.includes("files"),
      ),
    ).toEqual([true, true, true, true]);
    expect(loggedIn(database)).toEqual(['["a","1"]', '["a","05"]', '["a","x"]', "66", '["5","1"]', '["0.5","1"]', '["a","5"]']);
  });

  test("are made what they are meant to be by a typed column, but for bytes", async () => {
    const typed =
      "CREATE TABLE marks (day TEXT NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (day, no)); CREATE TABLE files (id BLOB PRIMARY KEY NOT NULL);";
    const { database, expected } = await healthy(typed, keyed);
    database.exec(rows.replace("('a', '05'), ", ""));

    expect(run(database, expected).findings.map(({ message }) => message.split(",")[0])).toEqual([
      `1 row of "files" has an integer in the key column "id"`,
      `1 row of "files" has a text in the key column "id"`,
      `1 row of "marks" has bytes in the key column "day"`,
    ]);
  });
});

test("triggers of a former model with the same text are as good", async () => {
  const { database, expected } = await healthy();

  expect(codesOf(run(database, { ...expected, modelHash: "00112233445566ff" }))).toEqual([]);
});

test("a database that was detached misses no trigger, and nothing puts them back", async () => {
  const { database, expected } = await healthy();
  database.exec("DROP TRIGGER sync_notes_update; INSERT INTO sync_state VALUES ('detached', '1')");

  expect(codesOf(examine(database, expected))).toEqual([]);
});

test("what waits is counted by kind, with the time of the oldest", async () => {
  const { database, expected } = await healthy();
  database.exec(`${ROW}; UPDATE notes SET stars = 1;
    UPDATE sync_changelog SET timestamp = 1700000000000000, pushed = CASE id WHEN 1 THEN 0 WHEN 2 THEN 1 ELSE 2 END;
    INSERT INTO sync_held VALUES ('notes', 'a', 'parent', NULL, 0), ('notes', 'b', 'parent', NULL, 0), ('notes', 'c', 'constraint', NULL, 0);
    INSERT INTO sync_quarantine VALUES (1, 'notes', 'a', 'tampered', 0);
    INSERT INTO sync_conflicts VALUES (1, 'notes', 'a', 'column', '{}', 1, 'd', 2, 'e', 3);`);

  expect(run(database, expected).counts).toMatchObject({
    pending: 1,
    oldestPending: "2023-11-14T22:13:20Z",
    pushed: 1,
    unpushable: 1,
    held: { constraint: 1, parent: 2 },
    quarantined: { tampered: 1 },
    conflicts: 1,
  });
});

test("rows that their table refuses are counted by table and constraint, at the table's place", async () => {
  const { database, expected } = await healthy();
  database.exec(`INSERT INTO sync_held VALUES ('notes', 'a', 'constraint', 'UNIQUE', 0), ('notes', 'b', 'constraint', 'UNIQUE', 0),
    ('notes', 'c', 'constraint', 'CHECK', 0), ('gone', 'd', 'constraint', 'UNIQUE', 0)`);

  expect(run(database, expected).findings.map(({ at, message }) => [at.file, at.line, message])).toEqual([
    ["app.db", 0, `1 row of "gone" has arrived and cannot be stored: the table refuses it (UNIQUE).`],
    ["synckit.yaml", 6, `1 row of "notes" has arrived and cannot be stored: the table refuses it (CHECK).`],
    ["synckit.yaml", 6, `2 rows of "notes" have arrived and cannot be stored: the table refuses them (UNIQUE).`],
  ]);
});

test("no message holds a value of the app", async () => {
  const { database, expected } = await healthy();
  database.exec(`INSERT INTO notes (id, title, folder_id, device_path) VALUES ('canary-id', 'canary-title', 'canary-parent', 'canary-path');
    UPDATE sync_changelog SET data = 'canary-data', row_id = 'canary-row'; UPDATE sync_state SET value = 'canary-value' WHERE key = 'pull_cursor';`);

  const { findings } = run(database, expected);

  expect(findings.length).toBeGreaterThan(2);
  expect(JSON.stringify(findings)).not.toContain("canary");
});

test("every code that doctor can report is shown here or by the tests of the command", () => {
  const shown = new Set([...REPAIRED, ...REPORTED].flatMap(([, , codes]) => codes).concat(DIFFERENT.flatMap(([, , , codes]) => codes)));

  expect(DIAGNOSTIC_CODES.filter((code) => code.startsWith("doctor/") && !shown.has(code))).toEqual([
    "doctor/schema-not-generated",
    "doctor/damaged",
    "doctor/column-missing",
    "doctor/identity-null",
    "doctor/identity-class",
  ]);
});
