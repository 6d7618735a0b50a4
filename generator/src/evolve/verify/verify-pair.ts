/**
 * Runs migrations on a database full of random rows, and compares what comes out with a database that is made from the
 * later model at once, and with what the models say about every row, log entry, clock and conflict.
 */
import type { ModelSteps, SyncModel, Table } from "@synckit-gen/schemas/model";
import { migrationStatements, ownTableStatements } from "@synckit-gen/templates";
import { quoteName, SqliteError } from "../../sqlite/database.ts";
import type { Database } from "../../sqlite/database.ts";
import { cellSql, literalOf } from "./cells.ts";
import { fillDatabase } from "./fill-database.ts";
import { predictContent } from "./predict-content.ts";
import { predictRows, storageOf } from "./predict-rows.ts";
import type { Sample } from "./predict-rows.ts";
import { randomOf } from "./random.ts";
import { readShape } from "./read-shape.ts";
import { sampleRows } from "./sample-rows.ts";
import { readStored, STORE_NAMES } from "./stored-content.ts";
import type { Stored, StoredEntry, StoreName } from "./stored-content.ts";

/** A migration to be run, with the step that it makes. */
export interface VerifiedMigration {
  readonly name: string;
  readonly statements: readonly string[];
  readonly foreignKeysOff: boolean;
  readonly steps: ModelSteps;
}

export interface PairQuestion {
  readonly before: SyncModel;
  /** In order; the first one begins at `before`. */
  readonly migrations: readonly VerifiedMigration[];
  readonly seed: number;
  /** Rows of a table, at most. */
  readonly most: ReadonlyMap<string, number>;
  readonly open: () => Promise<Database>;
}

/** What differs, in words; empty where nothing does. */
export async function verifyPair(question: PairQuestion): Promise<readonly string[]> {
  const { before, migrations, open } = question;
  const last = migrations.at(-1);
  if (last === undefined) return [];
  const [database, scratch, fresh] = [await open(), await open(), await open()];
  try {
    build(fresh, last.steps.after);
    const { rows, stored } = run(question, database, storageOf(scratch));
    return [
      ...compareLines(readShape(database, last.steps.after), readShape(fresh, last.steps.after)),
      ...compareRows(database, last.steps.after, rows),
      ...compareStored(readStored(database), stored),
      ...healthOf(database),
    ];
  } catch (error) {
    if (error instanceof SqliteError) return [`SQLite refuses: ${error.message}`];
    throw error;
  } finally {
    for (const opened of [database, scratch, fresh]) opened.close();
  }
  function build(target: Database, model: SyncModel): void {
    target.exec("PRAGMA foreign_keys = ON");
    for (const statement of [...ownTableStatements(model), ...migrationStatements(model, { version: "", modelHash: "", importSuffix: "" })])
      target.exec(statement);
  }
  function run(
    { seed, most }: PairQuestion,
    target: Database,
    storage: ReturnType<typeof storageOf>,
  ): { readonly rows: Sample; readonly stored: Stored } {
    const random = randomOf(seed);
    const isJoined = random.chance(0.7);
    build(target, before);
    let rows = sampleRows(
      before,
      migrations.map(({ steps }) => steps),
      most,
      random,
      storage,
    );
    fillDatabase(target, before, rows, isJoined, random);
    let stored = readStored(target);
    for (const migration of migrations) {
      rows = predictRows(rows, migration.steps, storage);
      stored = predictContent(stored, migration.steps, rows, isJoined);
      if (!(migration.steps.before.create && migration.steps.after.create)) changeAsTheAppWould(target, migration.steps, rows);
      apply(target, migration);
    }
    return { rows, stored };
  }
}

/** As the runtime does it: foreign keys are on, and in a transaction. */
function apply(database: Database, { statements, foreignKeysOff }: VerifiedMigration): void {
  if (foreignKeysOff) database.exec("PRAGMA foreign_keys = OFF");
  database.exec("BEGIN IMMEDIATE");
  for (const statement of statements) database.exec(statement);
  database.exec("COMMIT");
  database.exec("PRAGMA foreign_keys = ON");
}

/** Without `create` the application changes its tables: they are made anew, with the rows that the models predict. */
function changeAsTheAppWould(database: Database, steps: ModelSteps, rows: Sample): void {
  const touched = steps.kept.filter(({ before, after }) => shapeOf(before) !== shapeOf(after));
  database.exec("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON");
  for (const name of [...steps.removed, ...touched.map(({ before }) => before)].map((table) => table.name))
    database.exec(`DROP TABLE ${quoteName(name)}`);
  for (const statement of ownTableStatements(steps.after)) database.exec(statement);
  database.exec("INSERT OR REPLACE INTO sync_state (key, value) VALUES ('applying_remote', '1')");
  for (const { after } of touched) {
    for (const { cells } of rows.get(after.name) ?? [])
      database.exec(
        `INSERT INTO ${quoteName(after.name)} (${[...cells.keys()].map(quoteName).join(", ")}) VALUES (${[...cells.values()].map(literalOf).join(", ")})`,
      );
  }
  database.exec(
    "UPDATE sync_state SET value = '0' WHERE key = 'applying_remote'; PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON",
  );
}

/** Without what says nothing about the table in the database. */
const shapeOf = (table: Table): string =>
  JSON.stringify(table, (name, value: unknown) =>
    ["code", "component", "renamedFrom", "earlierNames", "epoch"].includes(name) ? undefined : value,
  );

/** Few are enough to see what is wrong. */
const MAX_SHOWN = 5;

function compareLines(found: readonly string[], wanted: readonly string[]): readonly string[] {
  const missing = wanted.filter((line) => !found.includes(line)).map((line) => `missing: ${line}`);
  const extra = found.filter((line) => !wanted.includes(line)).map((line) => `not expected: ${line}`);
  return [...missing.slice(0, MAX_SHOWN), ...extra.slice(0, MAX_SHOWN)];
}

function compareRows(database: Database, model: SyncModel, rows: Sample): readonly string[] {
  return model.tables.flatMap((table) => {
    const names = table.columns.map(({ name }) => name);
    const sql = names.map((name, i) => `${cellSql(quoteName(name))} AS "${i}"`).join(", ");
    const found = database
      .rows(`SELECT ${sql} FROM ${quoteName(table.name)}`)
      .map((row) => names.map((name, i) => `${name}=${String(row[String(i)])}`).join(" "));
    const wanted = (rows.get(table.name) ?? []).map(({ cells }) => names.map((name) => `${name}=${cells.get(name) ?? "?"}`).join(" "));
    return compareLists(`row of ${table.name}`, found.toSorted(), wanted.toSorted());
  });
}

function compareStored(found: Stored, wanted: Stored): readonly string[] {
  return STORE_NAMES.flatMap((store) => compareLists(store, linesOf(found[store], store), linesOf(wanted[store], store)));
}

/** Clocks and held rows have no order. Entries at the baseline come last, and in which order does not matter. */
function linesOf(entries: readonly StoredEntry[], store: StoreName): readonly string[] {
  if (store === "sync_row_clock" || store === "sync_held") return entries.map(entryText).toSorted();
  const isBaseline = ({ stamp }: StoredEntry): boolean => store === "sync_changelog" && stamp === 0;
  const captured = entries.filter((entry) => !isBaseline(entry)).map(entryText);
  return [...captured, ...entries.filter(isBaseline).map(entryText).toSorted()];
}

const entryText = ({ table, rowId, objects, rest }: StoredEntry): string => {
  const members = Object.entries(objects).map(
    ([name, found]) => `${name} ${JSON.stringify(found === null ? null : [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))}`,
  );
  return `${table} ${rowId} ${rest} ${members.join(" ")}`;
};

function compareLists(about: string, found: readonly string[], wanted: readonly string[]): readonly string[] {
  const count = Math.max(found.length, wanted.length);
  const differing = Array.from({ length: count }, (_, i) => i).filter((i) => found[i] !== wanted[i]);
  return differing.slice(0, MAX_SHOWN).map((i) => `${about}: is ${found[i] ?? "absent"}; must be ${wanted[i] ?? "absent"}`);
}

function healthOf(database: Database): readonly string[] {
  const broken = database
    .rows("SELECT * FROM pragma_foreign_key_check")
    .map((row) => `a row of ${String(row["table"])} has no parent in ${String(row["parent"])}`);
  const integrity = database
    .rows("PRAGMA integrity_check")
    .flatMap((row) => (row["integrity_check"] === "ok" ? [] : [`integrity: ${String(row["integrity_check"])}`]));
  const flag = database.rows("SELECT value FROM sync_state WHERE key = 'applying_remote'")[0]?.["value"];
  return [...new Set(broken), ...integrity, ...(flag === "0" ? [] : ["capture is still off"])];
}
