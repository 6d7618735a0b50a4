import fc from "fast-check";
import { migrationStatements } from "@synckit-gen/templates";
import { syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, ColumnType, SyncModel, Table } from "@synckit-gen/schemas/model";
import { expect, test } from "vitest";
import { readModel } from "../generate.ts";
import type { Database } from "../sqlite/database.ts";
import { openScratch } from "../sqlite/open-database.ts";
import { storageOf } from "../sqlite/storage.ts";
import { introspect } from "./introspect.ts";
import { scalar } from "./schema-yaml.ts";

async function opened(sql: string): Promise<Database> {
  const database = await openScratch();
  database.exec(sql);
  return database;
}

const OPTIONS = { app: "demo", origin: "app.db", shown: "app.db", tables: null };

async function draftOf(sql: string, tables: readonly string[] | null = null): Promise<string> {
  const drafted = introspect(await opened(sql), { ...OPTIONS, tables });
  if (!drafted.ok) throw new Error(drafted.diagnostics.map(({ message }) => message).join("\n"));
  return drafted.value.text;
}

/** Without the lines that are about the file as a whole. */
const tablesOf = (text: string): string => text.slice(text.indexOf("tables:\n") + "tables:\n".length);

/** The comment lines, joined: where a line breaks is not what a test is about. */
const remarksOf = (text: string): string => text.replaceAll(/\n *# ?/gu, " ");

async function modelOf(sql: string): Promise<SyncModel> {
  const model = readModel({ file: "synckit.yaml", text: await draftOf(sql) });
  if (!model.ok) throw new Error("the draft has errors");
  return model.value;
}

const typesOf = (model: SyncModel, table = 0): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (model.tables[table]?.columns ?? []).map((column) => [column.name, `${column.type ?? "?"}${column.nullable ? "?" : ""}`]),
  );

test("a table of plain columns becomes the few lines that an author would write", async () => {
  const text = await draftOf(`
    CREATE TABLE folders (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL);
    CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, folder_id TEXT REFERENCES folders ON DELETE SET NULL, title TEXT NOT NULL DEFAULT '', stars INTEGER);
    INSERT INTO folders VALUES ('0b1f6f0e-6d63-4b7e-9d5a-3f1f0c0a5b11', 'Home');`);

  expect(tablesOf(text)).toBe(`  folders:
    columns:
      name: text

  # There are no rows to judge by: "id" is taken for a random id that the app makes.
  notes:
    columns:
      folder_id: uuid?
      title: { type: text, default: "''" }
      stars: integer?
    references:
      folder_id: { table: folders, on_delete: set null }
`);
});

test.each<[type: string, values: readonly string[], guess: ColumnType]>([
  ["TEXT", ["'0b1f6f0e-6d63-4b7e-9d5a-3f1f0c0a5b11'"], "uuid"],
  ["TEXT", ["'2024-02-29'"], "date"],
  ["TEXT", ["'2024-02-29T10:00:00Z'", "'2024-03-01 11:30'"], "timestamp"],
  ["TEXT", [`'{"a":1}'`, "'[]'"], "json"],
  ["TEXT", ["'{not json'"], "text"],
  ["TEXT", ["'0b1f6f0e-6d63-4b7e-9d5a-3f1f0c0a5b11'", "'plain'"], "text"],
  ["BOOLEAN", ["0", "1"], "boolean"],
  ["BOOLEAN", ["2"], "integer"],
  ["INTEGER", ["1", "0"], "integer"],
  ["INTEGER", ["9007199254740993"], "bigint"],
  ["DATETIME", ["1700000000"], "integer"],
  ["DATETIME", ["'2024-02-29 10:00:00'"], "timestamp"],
  ["DATETIME", [], "timestamp"],
  ["DECIMAL(10,2)", ["4.99", "5"], "real"],
  ["DECIMAL(10,2)", [], "real"],
  ["NUMERIC", ["'12 apples'"], "text"],
  ["", ["x'00ff'"], "blob"],
  ["", ["'text'"], "text"],
  ["BLOB", [], "blob"],
  ["VARCHAR(20)", [], "text"],
  ["JSON", [], "json"],
  ["UUID", [], "uuid"],
  ["DOUBLE PRECISION", [], "real"],
  ["BIGINT", ["5"], "integer"],
])("a column of type %s with values %j is %s", async (type, values, guess) => {
  const sql =
    `CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, v ${type} NOT NULL);` +
    values.map((value, i) => `INSERT INTO t VALUES ('${i}', ${value});`).join("");

  expect(typesOf(await modelOf(sql))["v"]).toBe(guess);
});

test("integers that are 0 and 1 are booleans only where the name says so", async () => {
  const model = await modelOf(
    `CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, is_read INTEGER, position INTEGER); INSERT INTO t VALUES ('a', 0, 0), ('b', 1, 1);`,
  );

  expect(typesOf(model)).toMatchObject({ is_read: "boolean?", position: "integer?" });
});

test("integer keys are acknowledged with a caution, and what could take their place is named", async () => {
  const text = await draftOf("CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)");

  expect(remarksOf(text)).toContain("CAUTION, integer keys: where devices count them up by themselves");
  expect(remarksOf(text)).toContain(
    `CAUTION: "id" is an integer key (see above), which SQLite counts up by itself. What is unique could take its place`,
  );
  expect(text).toContain("    key_kind: natural\n    acknowledge_integer_key: true\n    columns:\n      id: integer\n");
  expect(text).toContain("match: [name]");
});

test.each([
  [
    "a text key with rows of free text is natural",
    "CREATE TABLE t (code TEXT PRIMARY KEY, v TEXT); INSERT INTO t VALUES ('ALFKI', '')",
    "natural",
    "text",
  ],
  [
    "random hex is a uuid by its kind",
    "CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT); INSERT INTO t VALUES ('00112233445566778899aabbccddeeff', '')",
    "uuid",
    "text",
  ],
  ["a hash is a content hash by its name", "CREATE TABLE t (sha256 TEXT PRIMARY KEY, v TEXT)", "content-hash", "text"],
  [
    "bytes are a key too",
    "CREATE TABLE t (id BLOB PRIMARY KEY, v TEXT); INSERT INTO t VALUES (x'00112233445566778899aabbccddeeff', '')",
    "uuid",
    "blob",
  ],
  [
    "a whole NUMERIC key is an integer",
    "CREATE TABLE t (no NUMERIC PRIMARY KEY, v TEXT); INSERT INTO t VALUES (7, '')",
    "natural",
    "integer",
  ],
  ["unique columns stand in for a missing key", "CREATE TABLE t (slug TEXT NOT NULL UNIQUE, v TEXT)", "natural", "text"],
])("%s", async (_what, sql, kind, type) => {
  const [table] = (await modelOf(sql)).tables;

  expect(table?.identity.kind).toBe(kind);
  expect(table?.columns[0]?.type).toBe(type);
});

test("keys of several columns keep their order and take the types of what they refer to", async () => {
  const model = await modelOf(`
    CREATE TABLE a (id TEXT PRIMARY KEY NOT NULL, v TEXT); INSERT INTO a VALUES ('0b1f6f0e-6d63-4b7e-9d5a-3f1f0c0a5b11', '');
    CREATE TABLE b (no INTEGER PRIMARY KEY, v TEXT);
    CREATE TABLE a_b (v TEXT, b_no, a_id TEXT REFERENCES a, PRIMARY KEY (b_no, a_id), FOREIGN KEY (b_no) REFERENCES b (no)) WITHOUT ROWID;`);

  const table = model.tables.find(({ name }) => name === "a_b");
  expect(table?.key).toEqual(["b_no", "a_id"]);
  expect(table?.columns.map(({ name, type }) => `${name} ${String(type)}`)).toEqual(["b_no integer", "a_id uuid", "v text"]);
});

test("what cannot sync is left out with its reason, and references to it become unsynced", async () => {
  const text = await draftOf(`
    CREATE TABLE log (line TEXT);
    CREATE TABLE prices (p REAL PRIMARY KEY); INSERT INTO prices VALUES (1.5);
    CREATE TABLE sessions (token TEXT PRIMARY KEY, user TEXT);
    CREATE TABLE kysely_migration (name TEXT PRIMARY KEY);
    CREATE TABLE sync_changelog (id INTEGER PRIMARY KEY);
    CREATE VIRTUAL TABLE search USING fts5(body);
    CREATE VIEW recent AS SELECT * FROM log;
    CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, session TEXT REFERENCES sessions, v TEXT);`);

  const remarks = remarksOf(text);
  expect(remarks).toContain("log: it has no primary key, and no unique columns that are NOT NULL");
  expect(remarks).toContain(`prices: its key "p" holds numbers with a fraction`);
  expect(remarks).toContain(`sessions: its key "token" looks like a credential`);
  expect(remarks).toContain("kysely_migration: a migration tool's own notes");
  expect(remarks).toContain("search: a virtual table");
  expect(remarks).toContain("recent: a view");
  expect(remarks).toContain("already has sync tables");
  expect(text).not.toContain("search_data");
  expect(text).toContain("session: { table: sessions, to: token, synced: false }");
});

test("columns that look like credentials stay on the device, with a value for rows that arrive", async () => {
  const text = await draftOf(
    `CREATE TABLE accounts (id TEXT PRIMARY KEY NOT NULL, address TEXT, password TEXT NOT NULL, api_key TEXT NOT NULL UNIQUE, refresh_token TEXT, pin INTEGER NOT NULL DEFAULT 0);
     INSERT INTO accounts VALUES ('a', 'x', 'hunter2', 'k', NULL, 1234);`,
  );

  expect(text).toContain(`      password: { type: text, on_insert: "''" } # looks like a credential`);
  expect(text).toContain(`      api_key: { type: text, on_insert: "lower(hex(randomblob(16)))" }`);
  expect(text).toContain("      refresh_token: text? # looks like a credential\n");
  expect(text).toContain("      pin: { type: integer, default: 0 } # looks like a credential\n");
  expect(text).toContain(`because "api_key" does not sync`);
  expect(text).not.toContain("hunter2");
});

test("references are followed to unique columns, in pairs, to themselves and in circles", async () => {
  const text = await draftOf(`
    CREATE TABLE people (id TEXT PRIMARY KEY NOT NULL, team TEXT REFERENCES Teams (ID) ON DELETE CASCADE, boss TEXT REFERENCES people, badge TEXT REFERENCES badges (code));
    CREATE TABLE teams (id TEXT PRIMARY KEY NOT NULL, lead TEXT REFERENCES people ON DELETE RESTRICT);
    CREATE TABLE badges (id TEXT PRIMARY KEY NOT NULL, code TEXT UNIQUE, room TEXT, seat INTEGER, FOREIGN KEY (room, seat) REFERENCES seats (room, no));
    CREATE TABLE seats (room TEXT, no INTEGER, v TEXT, PRIMARY KEY (room, no));`);

  expect(text).toContain("team: { table: teams, on_delete: cascade }");
  expect(text).toContain("boss: people\n");
  expect(text).toContain("badge: { table: badges, to: code }");
  expect(text).toContain("lead: { table: people, on_delete: restrict }");
  expect(text).toContain("room_seat: { table: seats, columns: [room, seat] }");
});

test("what the language cannot say of a reference is remarked", async () => {
  const remarks = remarksOf(
    await draftOf(`
    CREATE TABLE p (id TEXT PRIMARY KEY NOT NULL, v TEXT, loose TEXT);
    CREATE TABLE c (id TEXT PRIMARY KEY NOT NULL, a TEXT REFERENCES p ON DELETE SET DEFAULT, b TEXT NOT NULL REFERENCES p ON DELETE SET NULL,
      d TEXT REFERENCES p (loose), e TEXT REFERENCES nowhere, f TEXT REFERENCES p ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, CHECK (f <> ''));`),
  );

  expect(remarks).toContain("ON DELETE SET DEFAULT in the database");
  expect(remarks).toContain(`ON DELETE SET NULL in the database, where "b" cannot be NULL`);
  expect(remarks).toContain(`the foreign key of "d" to "p", because the columns that it refers to are not unique`);
  expect(remarks).toContain(`the foreign key of "e" to "nowhere", because nothing says which columns it means`);
  expect(remarks).toContain("ON UPDATE CASCADE: a changed key syncs as a delete and an insert");
  expect(remarks).toContain("Foreign keys are deferred");
  expect(remarks).toContain("CHECK constraints");
});

test("a column that an index names twice is named once", async () => {
  const text = await draftOf("CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a TEXT, b TEXT); CREATE UNIQUE INDEX i ON t (a, b, a)");

  expect(text).toContain("unique: [[a, b]]");
});

test("generated columns, partial and expression indexes, triggers and NULL keys are remarked", async () => {
  const remarks = remarksOf(
    await draftOf(`
    CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT, b TEXT AS (upper(a)) STORED, c TEXT AS (lower(a)), d TEXT UNIQUE COLLATE NOCASE);
    CREATE UNIQUE INDEX t_part ON t (a) WHERE a IS NOT NULL;
    CREATE UNIQUE INDEX t_lower ON t (lower(a));
    CREATE TRIGGER touch AFTER UPDATE ON t BEGIN SELECT 1; END;
    CREATE TRIGGER guarded AFTER UPDATE ON t WHEN NOT EXISTS (SELECT 1 FROM sync_state WHERE key = 'applying_remote' AND value = '1') BEGIN SELECT 1; END;
    INSERT INTO t (id) VALUES (NULL), ('x');`),
  );

  expect(remarks).toContain(`"b" is generated`);
  expect(remarks).toContain(`"c" is generated`);
  expect(remarks).toContain(`the unique index "t_part", which is on some rows only`);
  expect(remarks).toContain(`the unique index "t_lower", which is on an expression`);
  expect(remarks).toContain(`so that devices may come to differ: "touch". Give them`);
  expect(remarks).toContain(`Some rows have NULL in "id"`);
  expect(remarks).toContain(`"d" is unique without regard to case`);
});

test("of a table with more columns than can sync, the last ones stay and the rest is a draft that holds", async () => {
  const columns = Array.from({ length: 80 }, (_, i) => `c${i} INTEGER${i % 2 === 0 ? " NOT NULL" : ""}`).join(", ");
  const sql = `CREATE TABLE wide (id TEXT PRIMARY KEY NOT NULL, ${columns}, parent TEXT REFERENCES wide)`;

  const [table] = (await modelOf(sql)).tables;

  expect(table === undefined ? 0 : syncedColumns(table).length).toBe(63);
  expect(table?.references).toHaveLength(1);
  expect(table?.columns.filter(({ kind }) => kind === "local")).toHaveLength(19);
  expect(await draftOf(sql)).toContain("has 81 columns besides its key");
});

test("names that mean something to YAML or SQL come through", async () => {
  const names = ["true", "null", "a b", 'say "hi"', "it's", "#", "- x", "order", "日本", "a: b", "@", "1", "x-y", "😀", "<<", "~"];
  const columns = names.map((name) => `"${name.replaceAll('"', '""')}" TEXT DEFAULT "it's"`).join(", ");

  const model = await modelOf(`CREATE TABLE "yes: no" (id TEXT PRIMARY KEY NOT NULL, ${columns})`);

  expect(model.tables.map(({ name }) => name)).toEqual(["yes: no"]);
  expect(model.tables[0]?.columns.map(({ name }) => name)).toEqual(["id", ...names]);
  expect(model.tables[0]?.columns[1]?.default).toBe("'it''s'");
});

test("columns whose names cannot be used are left out, and tables whose key or NOT NULL columns have such names", async () => {
  const text = await draftOf(`
    CREATE TABLE a (id TEXT PRIMARY KEY NOT NULL, "$sync" TEXT, "tab\there" TEXT, v TEXT);
    CREATE TABLE b (id TEXT PRIMARY KEY NOT NULL, "$sync" TEXT NOT NULL);
    CREATE TABLE c ("__proto__" TEXT PRIMARY KEY NOT NULL, v TEXT);`);

  expect(tablesOf(text)).toMatch(/^ {2}a:\n {4}columns:\n {6}v: text\?$/mu);
  expect(remarksOf(text)).toMatch(/"\$sync" is left out.* "tab.here" is left out/u);
  expect(remarksOf(text)).toMatch(/b: "\$sync" is NOT NULL .*c: the name of its key "__proto__" cannot be used/u);
});

test("named tables alone are drafted, whatever the case of their names", async () => {
  const sql =
    "CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, tag TEXT REFERENCES tags); CREATE TABLE tags (id TEXT PRIMARY KEY NOT NULL, v TEXT)";

  const text = await draftOf(sql, ["NOTES"]);

  expect(text).toContain("tag: { table: tags, to: id, synced: false }");
  expect(text).toContain("# tags: not asked for.");
  expect(introspect(await opened(sql), { ...OPTIONS, tables: ["note"] })).toMatchObject({
    ok: false,
    diagnostics: [{ code: "database/unknown-table", suggestion: "notes" }],
  });
});

test("a database in which nothing can sync is a finding with the reason", async () => {
  expect(introspect(await opened(""), OPTIONS)).toMatchObject({
    ok: false,
    diagnostics: [{ message: `No table of "app.db" can sync: it has no tables.` }],
  });
  expect(introspect(await opened("CREATE TABLE t (a)"), OPTIONS)).toMatchObject({
    ok: false,
    diagnostics: [{ code: "database/nothing-to-sync" }],
  });
});

// From a schema to a database and back ------------------------------------------------------------

const NAMES = ["a", "b", "title", "Some Name", 'q"q', "it's", "名前", "order", "is_read", "due_at", "null", "x-y", "n:1"];
const TYPES: readonly ColumnType[] = ["text", "uuid", "integer", "bigint", "real", "boolean", "json", "timestamp", "date", "blob"];
const DEFAULTS: Readonly<Record<string, string>> = { TEXT: "'it''s'", INTEGER: "-7", REAL: "(1.5 + 2)", BLOB: "x'00ff'" };

interface Plan {
  readonly keyForm: "uuid" | "natural" | "integer" | "pair";
  readonly columns: readonly {
    readonly name: string;
    readonly type: ColumnType;
    readonly isNullable: boolean;
    readonly hasDefault: boolean;
    readonly isLocal: boolean;
  }[];
  readonly references: readonly { readonly to: number; readonly onDelete: string; readonly isNullable: boolean }[];
  readonly unique: readonly number[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  keyForm: fc.constantFrom("uuid" as const, "natural" as const, "integer" as const, "pair" as const),
  columns: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      type: fc.constantFrom(...TYPES),
      isNullable: fc.boolean(),
      hasDefault: fc.boolean(),
      isLocal: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 6 },
  ),
  references: fc.array(
    fc.record({ to: fc.nat(4), onDelete: fc.constantFrom("cascade", "set null", "restrict", "no action"), isNullable: fc.boolean() }),
    { maxLength: 3 },
  ),
  unique: fc.uniqueArray(fc.nat(5), { maxLength: 2 }),
});

const KEYS: Readonly<Record<Plan["keyForm"], readonly (readonly [string, ColumnType])[]>> = {
  uuid: [["id", "uuid"]],
  natural: [["code", "text"]],
  integer: [["no", "integer"]],
  pair: [
    ["left part", "text"],
    ["right", "integer"],
  ],
};

function yamlOf(plans: readonly Plan[]): string {
  const tables = plans.map((table, place) => {
    const key = KEYS[table.keyForm];
    const lines = [`  ${scalar(`table ${place}`)}:`, `    key: [${key.map(([name]) => scalar(name)).join(", ")}]`];
    if (table.keyForm !== "uuid") lines.push("    key_kind: natural");
    if (table.keyForm === "integer") lines.push("    acknowledge_integer_key: true");
    const synced = table.columns
      .filter((column) => !column.isLocal)
      .map(({ name, type, isNullable, hasDefault }) => {
        const fallback = hasDefault ? `, default: ${JSON.stringify(DEFAULTS[storageOf(type)])}` : "";
        return `      ${scalar(name)}: { type: ${type}, nullable: ${isNullable}${fallback} }`;
      });
    const local = table.columns.filter((column) => column.isLocal).map(({ name, type }) => `      ${scalar(name)}: ${type}?`);
    const references = table.references.map(({ to, onDelete, isNullable }, n) => {
      const parent = to % plans.length;
      const parts = KEYS[plans[parent]?.keyForm ?? "uuid"].map(([, type], part) => [`ref ${n} ${part}`, type] as const);
      for (const [name, type] of parts)
        synced.push(`      ${scalar(name)}: { type: ${type}, nullable: ${isNullable || onDelete === "set null"} }`);
      return `      ${scalar(`ref ${n} 0`)}: { table: ${scalar(`table ${parent}`)}, columns: [${parts.map(([name]) => scalar(name)).join(", ")}], on_delete: ${onDelete} }`;
    });
    const unique = table.unique.flatMap((n) => {
      const column = table.columns[n];
      return column === undefined || column.isLocal ? [] : [scalar(column.name)];
    });
    for (const [name, type] of key) synced.push(`      ${scalar(name)}: ${type}`);
    lines.push("    columns:", ...synced);
    if (local.length > 0) lines.push("    local:", ...local);
    if (references.length > 0) lines.push("    references:", ...references);
    if (unique.length > 0) lines.push(`    unique: [${unique.join(", ")}]`);
    return lines.join("\n");
  });
  return `synckit: 1\napp: demo\ncreate: true\ntables:\n${tables.join("\n")}\n`;
}

/** What a database can tell of a model: types by how they are stored, no difference between synced and local. */
const told = (model: SyncModel) =>
  model.tables
    .map((table: Table) => ({
      name: table.name,
      key: table.key,
      columns: table.columns.map((column: Column) => [
        column.name,
        column.type === null ? null : storageOf(column.type),
        column.nullable,
        bare(column.default),
      ]),
      references: table.references
        .map(({ columns, table: parent, to, onDelete, synced }) => JSON.stringify([columns, parent, to, onDelete, synced]))
        .toSorted(),
      unique: table.unique.map((columns) => columns.join()).toSorted(),
      component: model.tables.filter((other) => other.component === table.component).map(({ name }) => name),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

const bare = (sql: string | null): string | null => sql?.replace(/^\((.*)\)$/u, "$1") ?? null;

test("a schema whose tables are created from it is found again in the database", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 5 }), async (plans) => {
      const written = readModel({ file: "synckit.yaml", text: yamlOf(plans) });
      if (!written.ok) throw new Error(written.diagnostics.map(({ message }) => message).join("\n"));
      const database = await openScratch();
      for (const statement of migrationStatements(written.value, { version: "0", modelHash: "00", importSuffix: ".js" }))
        database.exec(statement);

      const drafted = introspect(database, OPTIONS);
      database.close();

      const read = drafted.ok ? readModel({ file: "synckit.yaml", text: drafted.value.text }) : drafted;
      expect(read.ok ? told(read.value) : read.diagnostics).toEqual(told(written.value));
    }),
    { numRuns: 150 },
  );
});
