/** Emits tests of the application's sync, for Vitest: what they do is in `@synckit-gen/runtime/testing`, so they stay short. */
import { defineEmitter, localColumns, type EmitContext, type SyncModel } from "@synckit-gen/schemas/model";
import { createTableSql } from "../sql/app-tables.ts";
import { scaffoldHeader, tsHeader } from "../text/header.ts";
import { quoteName } from "../text/sql.ts";
import { stringLiteral, templateLiteral } from "../text/ts.ts";

export const emitter = defineEmitter({
  name: "tests",
  summary: "Tests for Vitest: devices converge, and excluded columns never leave (`--with tests`)",
  emit: (model, context) => [
    { path: "tests/app-tables.ts", text: appTables(context), ownership: "scaffold" },
    { path: "tests/canary.test.ts", text: canaryTest(context), ownership: "generated" },
    { path: "tests/convergence.test.ts", text: convergenceTest(context), ownership: "generated" },
    { path: "tests/guessed-tables.ts", text: guessedTables(model, context), ownership: "generated" },
    { path: "tests/test-app.ts", text: testApp(context), ownership: "generated" },
  ],
});

const appTables = ({ importSuffix }: EmitContext): string =>
  `${scaffoldHeader("What the generated tests run on. They prove something about your app once its own tables stand here.")}import type BetterSqlite3 from "better-sqlite3";
import type { SampleValue } from "@synckit-gen/runtime/testing";
import { guessedTables, guessedWithoutCanary } from "./guessed-tables${importSuffix}";

/** The app's own tables, guessed from the schema. Run your app's migrations here instead. */
export function createTables(database: BetterSqlite3.Database): void {
  database.exec(guessedTables);
}

/** A value for a column whose constraints refuse made-up ones; undefined: a made-up one will do. */
export const sampleValue: SampleValue = (_table, _column, _random) => undefined;

/** Excluded columns that can hold no unique value, such as a boolean with a CHECK: of these, only the names are looked for. */
export const columnsWithoutCanary: readonly string[] = [...guessedWithoutCanary];
`;

const testApp = (context: EmitContext): string =>
  `${tsHeader(context, "The application as the tests open it: its tables, then sync on top.")}import BetterSqlite3 from "better-sqlite3";
import type { TestApp } from "@synckit-gen/runtime/testing";
import { spec } from "../apply${context.importSuffix}";
import { migrations } from "../migrations${context.importSuffix}";
import { createTables, sampleValue } from "./app-tables${context.importSuffix}";

export const testApp: TestApp = {
  spec,
  migrations,
  sampleValue,
  open() {
    const database = new BetterSqlite3(":memory:");
    database.pragma("foreign_keys = ON");
    createTables(database);
    return database;
  },
};
`;

const convergenceTest = (context: EmitContext): string =>
  `${tsHeader(context, "Three devices, random edits, a network that fails: all end with the same rows. A failure names its seed.")}import { findDivergence, findOverwrites } from "@synckit-gen/runtime/testing";
import { expect, test } from "vitest";
import { testApp } from "./test-app${context.importSuffix}";

/** One more history, as \`SYNCKIT_SEED=123 npx vitest\`. */
const given = process.env["SYNCKIT_SEED"];
const seeds = given === undefined ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [Number(given)];

test.each(seeds)("devices agree whatever was done on them and however the network failed (seed %i)", async (seed) => {
  const divergence = await findDivergence(testApp, { seed });
  expect(divergence, divergence ?? "").toBeNull();
}, 60_000);

test("what arrives changes no excluded column, and takes no row away", async () => {
  const losses = await findOverwrites(testApp, { seed: 1 });
  expect(losses, losses.join("\\n")).toEqual([]);
});
`;

const canaryTest = (context: EmitContext): string =>
  `${tsHeader(context, "Unique values in every column that is not synced: none is in the changelog, a payload, a request, the output or an error.")}import { findLeaks } from "@synckit-gen/runtime/testing";
import { expect, test } from "vitest";
import { columnsWithoutCanary } from "./app-tables${context.importSuffix}";
import { testApp } from "./test-app${context.importSuffix}";

test.each([1, 2, 3])("nothing of an excluded column leaves its device (seed %i)", async (seed) => {
  const { leaks, unplaced, payloads } = await findLeaks(testApp, { seed });

  expect(leaks, leaks.join("\\n")).toEqual([]);
  expect(payloads).toBeGreaterThan(0);
  // Red here? The table refuses a unique value in this column: say so in app-tables.
  expect(unplaced.filter((column) => !columnsWithoutCanary.includes(column))).toEqual([]);
});
`;

function guessedTables(model: SyncModel, context: EmitContext): string {
  const unsynced = model.unsyncedParents.map((name) => `CREATE TABLE IF NOT EXISTS ${quoteName(name)} ("id" TEXT PRIMARY KEY NOT NULL)`);
  const statements = [...unsynced, ...(model.create ? [] : model.tables.map((table) => createTableSql(table)))];
  const booleans = model.tables.flatMap((table) =>
    localColumns(table)
      .filter(({ type }) => type === "boolean")
      .map(({ name }) => `${table.name}.${name}`),
  );
  const about = model.create
    ? "Tables that rows refer to and that the schema does not make."
    : "Tables as the schema lets them be guessed.";
  return `${tsHeader(context, about)}export const guessedTables = ${templateLiteral(statements.map((sql) => `${sql};\n`).join(""))};

/** Local booleans: a CHECK may hold them to 0 and 1. */
export const guessedWithoutCanary: readonly string[] = [${booleans.map(stringLiteral).join(", ")}];
`;
}
