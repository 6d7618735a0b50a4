/** The SQL half of the value rules, against the shared vectors, on both SQLite versions at hand. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wireToSql } from "@synckit-gen/schemas/protocol";
import type { ColumnType } from "@synckit-gen/schemas/model";
import { migrationStatements } from "@synckit-gen/templates";
import { importGenerated } from "./support/import-generated.ts";
import { captured, openGenerated, runInShell, SHELL_MISSING, sqliteShellVersion, testContext } from "./support/generated.ts";
import { capturesKeys, modelOf, tableOf } from "./support/models.ts";

interface Case {
  readonly type: ColumnType;
  readonly sql: string;
  readonly wire: unknown;
}

const { cases } = JSON.parse(readFileSync(new URL("../schemas/vectors/values.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};
const types = [...new Set(cases.map(({ type }) => type))];
const tableFor = (type: ColumnType): string => `of ${type}`;

/** One table per type. The column has no affinity, so that it holds any class; the first column's TEXT affinity must not spread. */
const model = modelOf(types.map((type) => tableOf(tableFor(type), { columns: { value: `${type}?`, name: "text?" } })));
const ddl = types.map((type) => `CREATE TABLE "${tableFor(type)}" (id TEXT PRIMARY KEY, value, name TEXT);`).join("\n");
const inserts = cases.map(({ type, sql }, i) => `INSERT INTO "${tableFor(type)}" VALUES ('${i}', ${sql}, 'x');`).join("\n");
const expected = cases.map(({ wire }, i) => ({ id: String(i), value: wire, name: "x" }));

const documents = modelOf([tableOf("marks", { identity: { id: "text" } }), tableOf("notes", { columns: { body: "json" } })]);
const DOCUMENTS_DDL = "CREATE TABLE marks (id TEXT PRIMARY KEY); CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT)";
const DOCUMENTS = `INSERT INTO marks VALUES (json('[1]')); INSERT INTO notes VALUES ('n1', json('{"a": 1}'))`;

test("every vector is captured as its wire value by better-sqlite3", () => {
  const db = openGenerated(model, { ddl });

  db.exec(inserts);

  expect(captured(db).map((entry) => entry.data)).toEqual(expected);
});

/** Reads every row through the expressions that the runtime gets; tables without a column's own affinity in one go. */
async function payloadQuery(): Promise<string> {
  const { spec } = await importGenerated(model);
  return spec.tables.map(({ name, sql }) => `SELECT ${sql.rowId} AS "row", ${sql.payload} AS data FROM "${name}"`).join("\nUNION ALL ");
}

test("the payload over a table, and the old row of a delete, are the payload of the insert", async () => {
  const db = openGenerated(model, { ddl });
  db.exec(inserts);

  const read = db
    .prepare(`SELECT data FROM (${await payloadQuery()}) ORDER BY CAST("row" AS INTEGER)`)
    .pluck()
    .all() as readonly string[];
  db.exec(types.map((type) => `DELETE FROM "${tableFor(type)}";`).join("\n"));

  expect(read.map((data) => JSON.parse(data) as unknown)).toEqual(expected);
  expect(captured(db).flatMap(({ op, old }) => (op === "DELETE" ? [old] : []))).toEqual(expected);
});

test.skipIf(capturesKeys)("a row of plain values goes a shorter way, to the same text to the character", async () => {
  const db = openGenerated(model, { ddl });

  db.exec(inserts);

  const read = db
    .prepare(`SELECT data FROM (${await payloadQuery()}) ORDER BY CAST("row" AS INTEGER)`)
    .pluck()
    .all();
  expect(db.prepare("SELECT data FROM sync_changelog ORDER BY id").pluck().all()).toEqual(read);
});

const shellVersion = sqliteShellVersion();
describe.skipIf(shellVersion === null)(`the sqlite3 shell ${shellVersion ?? `(${SHELL_MISSING})`}`, () => {
  test.skipIf(capturesKeys)("captures every vector as its wire value", () => {
    const schema = [ddl, ...migrationStatements(model, testContext)].join(";\n");

    const output = runInShell(`${schema};\n${inserts}\nSELECT data FROM sync_changelog ORDER BY id;`);

    const lines = output.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
  });

  test("reads every vector as its wire value through the payload over a table", async () => {
    const query = await payloadQuery();

    const output = runInShell(`${ddl}\n${inserts}\nSELECT data FROM (${query}) ORDER BY CAST("row" AS INTEGER);`);

    const lines = output.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
  });

  test.skipIf(capturesKeys)("captures text made by json() as text, in rows of any length", () => {
    const schema = [DOCUMENTS_DDL, ...migrationStatements(documents, testContext)].join(";\n");

    const output = runInShell(`${schema};\n${DOCUMENTS}; SELECT data FROM sync_changelog ORDER BY id;`);

    expect(output).toBe('{"id":"[1]"}\n{"id":"n1","body":"{\\"a\\":1}"}\n');
  });

  test.skipIf(capturesKeys)("writes doubles of any exponent without losing a bit", () => {
    // Mantissa times powers of two, which every SQLite computes exactly; its own reading of decimals is not exact.
    const scale = (exponent: number): string => `${exponent < 0 ? "/" : "*"} 1073741824.0 `.repeat(Math.abs(exponent));
    const doubles = fc.sample(fc.tuple(fc.integer({ min: 2 ** 52, max: 2 ** 53 - 1 }), fc.integer({ min: -34, max: 31 })), {
      numRuns: 3000,
    });
    const table = modelOf([tableOf("t", { columns: { x: "real" } })]);
    const rows = doubles.map(([mantissa, exponent], i) => `INSERT INTO t VALUES ('${i}', ${mantissa}.0 ${scale(exponent)});`);
    const schema = ["CREATE TABLE t (id TEXT PRIMARY KEY, x REAL)", ...migrationStatements(table, testContext)].join(";\n");

    const output = runInShell(`${schema};\n${rows.join("\n")}\nSELECT data FROM sync_changelog ORDER BY id;`);

    const written = output.trimEnd().split("\n");
    const found = written.map((line) => (JSON.parse(line) as { readonly x: number }).x);
    expect(found).toEqual(doubles.map(([mantissa, exponent]) => mantissa * 2 ** (30 * exponent)));
  });
});

test("any value of any type comes back in the same storage class", () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true }),
    fc.uint8Array({ maxLength: 8 }),
  );
  const db = openGenerated(model, { ddl });
  const quoted = db.prepare("SELECT quote(v) || typeof(v) FROM (SELECT ? AS v)").pluck();

  fc.assert(
    fc.property(fc.constantFrom(...types), value, (type, stored) => {
      db.exec(`DELETE FROM "${tableFor(type)}"; DELETE FROM sync_changelog`);
      db.prepare(`INSERT INTO "${tableFor(type)}" VALUES ('1', ?, NULL)`).run(stored);

      const data = captured(db)[0]?.data as { readonly value: unknown };
      expect(quoted.get(wireToSql(type, data.value))).toBe(quoted.get(stored));
    }),
    { numRuns: 500 },
  );
});

test("text made by json() is captured as text, in rows of any length", () => {
  const db = openGenerated(documents);

  db.exec(DOCUMENTS);

  expect(captured(db).map(({ data }) => data)).toEqual([{ id: "[1]" }, { id: "n1", body: '{"a":1}' }]);
});
