/** Whatever tables a database has: their draft is a schema without errors, and what it generates leaves the app's own writes as they were. */
import fc from "fast-check";
import { migrationStatements } from "@synckit-gen/templates";
import { expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { quoteName, type Database } from "../sqlite/database.ts";
import { openScratch } from "../sqlite/open-database.ts";
import { introspect } from "./introspect.ts";

const NAMES = [
  ...[
    "id",
    "uuid",
    "a",
    "b",
    "Title",
    "title_2",
    "user id",
    'q"q',
    "it's",
    "名前",
    "order",
    "is_read",
    "due_at",
    "null",
    "x-y",
    "n:1",
    "password",
  ],
  ...[
    "rowid",
    "oid",
    "_rowid_",
    "new",
    "old",
    "data",
    "stamp",
    "table",
    "true",
    "~",
    "1",
    "1e3",
    "#x",
    " lead",
    "trail ",
    "a.b",
    "a,b",
    "[x]",
  ],
  ...[
    "{y}",
    "`z`",
    "@w",
    "%v",
    "é",
    "e\u0301",
    "😀",
    "__proto__",
    "constructor",
    "toString",
    "content_hash",
    "updated_at",
    "sync",
    "no",
    "yes",
  ],
  ...["on", "0x1F", "2020-01-01", "a\\b", "$x", "${y}", "*/", "--", "/*", "a\nb", "a\tb", "x".repeat(70)],
];
const TYPES = [
  ...[
    "",
    "TEXT",
    "INTEGER",
    "INT",
    "BIGINT",
    "REAL",
    "BLOB",
    "NUMERIC",
    "BOOLEAN",
    "DATETIME",
    "DATE",
    "VARCHAR(20)",
    "DECIMAL(10,2)",
    "JSON",
  ],
  ...["UUID", "CHAR(36)", "DOUBLE PRECISION", "ANY", "TIMESTAMP", "UNSIGNED BIG INT", "weird type (1, 2)", "FLOATING POINT", "STRING"],
];
const STRICT_TYPES = ["TEXT", "INTEGER", "INT", "REAL", "BLOB", "ANY"];
const DEFAULTS = [
  ...[
    "'x'",
    "0",
    "NULL",
    "CURRENT_TIMESTAMP",
    "(datetime('now'))",
    "1.5",
    "x'00ff'",
    "TRUE",
    "(1 + 2)",
    "''",
    "'it''s'",
    '"dq"',
    "+5",
    "- 5",
  ],
  ...["-9223372036854775808", "(lower(hex(randomblob(16))))", "(json_object())", "'a\nb'", "'# no comment'", "'{}'"],
];
const VALUES = [
  ...[
    "NULL",
    "'x'",
    "''",
    "1",
    "0",
    "2.5",
    "x'00'",
    "'0b1f6f0e-6d63-4b7e-9d5a-3f1f0c0a5b11'",
    "'2020-01-01T00:00:00Z'",
    "'2020-01-01'",
    "'[1]'",
  ],
  ...["9007199254740993", "1e400", "-1e400", "'a' || char(0) || 'b'", "1600000000", "CAST(x'ff' AS TEXT)", "9223372036854775807"],
];
const RULES = ["", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT ON UPDATE CASCADE", "DEFERRABLE INITIALLY DEFERRED"];

const seldom = (inverse: number): fc.Arbitrary<boolean> => fc.integer({ min: 1, max: inverse }).map((drawn) => drawn === 1);
const column = fc.record({
  name: fc.constantFrom(...NAMES),
  type: fc.constantFrom(...TYPES),
  strictType: fc.constantFrom(...STRICT_TYPES),
  isNotNull: fc.boolean(),
  isUnique: seldom(8),
  isChecked: seldom(10),
  fallback: fc.option(fc.constantFrom(...DEFAULTS)),
  generated: fc.constantFrom("", "", "", "", "", "", "VIRTUAL", "STORED"),
  collation: fc.constantFrom("", "", "", "COLLATE NOCASE", "COLLATE RTRIM"),
});
const table = fc.record({
  name: fc.constantFrom(...NAMES, "tasks", "sync_stuff"),
  columns: fc.uniqueArray(column, { selector: ({ name }) => name.toLowerCase(), minLength: 1, maxLength: 7 }),
  key: fc.constantFrom("inline", "inline", "inline NOT NULL", "apart", "two", "none", "autoincrement"),
  isWithoutRowid: fc.boolean(),
  isStrict: seldom(4),
  reference: fc.option(fc.record({ column: fc.nat(9), to: fc.nat(9), toColumn: fc.option(fc.nat(9)), rule: fc.constantFrom(...RULES) })),
  index: fc.option(
    fc.record({
      columns: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 3 }),
      form: fc.constantFrom("whole", "partial", "expression"),
    }),
  ),
  rows: fc.array(fc.array(fc.constantFrom(...VALUES), { minLength: 7, maxLength: 7 }), { maxLength: 3 }),
});
const tables = fc.uniqueArray(table, { selector: ({ name }) => name.toLowerCase(), minLength: 1, maxLength: 4 });

type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;
type AnyTable = ValueOf<typeof table>;
const at = <T>(list: readonly T[], place: number): T => list[place % list.length] as T;

/** SQLite refuses some of it. */
function createTable(
  { name, columns, key, isWithoutRowid, isStrict, reference, index }: AnyTable,
  all: readonly AnyTable[],
): readonly string[] {
  const plain = columns.filter(({ generated }, place) => generated === "" || place === 0).map((one) => quoteName(one.name));
  const lines = columns.map((one, place) => {
    const start = `${quoteName(one.name)} ${isStrict ? one.strictType : one.type}`;
    if (place === 0 && key === "autoincrement") return `${quoteName(one.name)} INTEGER PRIMARY KEY AUTOINCREMENT`;
    if (place === 0 && key.startsWith("inline")) return `${start} PRIMARY KEY ${key.slice("inline".length)}`;
    if (place > 0 && one.generated !== "") return `${start} GENERATED ALWAYS AS (1) ${one.generated}`;
    const check = one.isChecked ? `CHECK (${quoteName(one.name)} IS NOT 'never')` : "";
    const fallback = one.fallback === null ? "" : `DEFAULT ${one.fallback}`;
    return [start, one.isNotNull ? "NOT NULL" : "", one.isUnique ? "UNIQUE" : "", fallback, one.collation, check].join(" ");
  });
  if (key === "apart") lines.push(`PRIMARY KEY (${plain[0] ?? ""})`);
  if (key === "two") lines.push(`PRIMARY KEY (${plain.slice(0, 2).toReversed().join(" DESC, ")})`);
  if (reference !== null) {
    const parent = at(all, reference.to);
    const to = reference.toColumn === null ? "" : `(${quoteName(at(parent.columns, reference.toColumn).name)})`;
    lines.push(
      `FOREIGN KEY (${quoteName(at(columns, reference.column).name)}) REFERENCES ${quoteName(parent.name)} ${to} ${reference.rule}`,
    );
  }
  const options = [isWithoutRowid && key !== "none" ? "WITHOUT ROWID" : "", isStrict ? "STRICT" : ""].filter((option) => option !== "");
  const made = `CREATE TABLE ${quoteName(name)} (${lines.join(", ")}) ${options.join(", ")}`;
  if (index === null) return [made];
  const indexed = index.columns.map((place) => quoteName(at(columns, place).name));
  const what = index.form === "expression" ? `lower(${indexed[0] ?? ""})` : indexed.join(", ");
  const where = index.form === "partial" ? `WHERE ${indexed[0] ?? ""} > 1` : "";
  return [made, `CREATE UNIQUE INDEX ${quoteName(`of ${name}`)} ON ${quoteName(name)} (${what}) ${where}`];
}

function inserts({ name, columns, rows }: AnyTable): readonly string[] {
  const plain = columns.filter(({ generated }, place) => generated === "" || place === 0).map((one) => quoteName(one.name));
  return rows.map((row) => `INSERT INTO ${quoteName(name)} (${plain.join(", ")}) VALUES (${row.slice(0, plain.length).join(", ")})`);
}

/** What an app may do; a row comes again with its values in other columns. */
function writes(of: AnyTable): readonly string[] {
  const [name, first, second] = [of.name, at(of.columns, 0).name, at(of.columns, 1).name].map(quoteName);
  const moved = of.rows.map(([last = "NULL", ...others]) => [...others, last]);
  return [
    ...["NULL", "'other'", "7"].map((value) => `UPDATE ${name ?? ""} SET ${second ?? ""} = ${value}`),
    `UPDATE ${name ?? ""} SET ${first ?? ""} = 'new'`,
    ...inserts({ ...of, rows: moved }),
    `DELETE FROM ${name ?? ""}`,
  ];
}

function outcome(database: Database, sql: string): string {
  try {
    database.exec(sql);
    return "done";
  } catch (error) {
    return String(error);
  }
}

test("of any database a draft is made that holds, and with what it generates the app's writes end as without", async () => {
  let drafts = 0;
  await fc.assert(
    fc.asyncProperty(tables, async (all) => {
      const [database, bare] = [await openScratch(), await openScratch()];
      const sql = [...all.flatMap((each) => createTable(each, all)), ...all.flatMap(inserts)];
      for (const each of [database, bare]) for (const statement of ["PRAGMA foreign_keys = OFF", ...sql]) outcome(each, statement);

      const drafted = introspect(database, { app: "demo", origin: "app.db", shown: "app.db", tables: null });
      if (drafted.ok) {
        const told = `${sql.join(";\n")}\n${drafted.value.text}`;
        const read = readModel({ file: "synckit.yaml", text: drafted.value.text });
        if (!read.ok) throw new Error(`${JSON.stringify(read.diagnostics)}\n${told}`);
        for (const statement of migrationStatements(read.value, { version: "0", modelHash: "00", importSuffix: ".js" }))
          expect(outcome(database, statement), told).toBe("done");
        for (const write of all.flatMap(writes)) expect(outcome(database, write), `${write}\n${told}`).toBe(outcome(bare, write));
        drafts++;
      }
      database.close();
      bare.close();
    }),
    { numRuns: 100 },
  );
  expect(drafts).toBeGreaterThan(50);
});
