/**
 * What sync has stored about a table (pending entries, clocks, held rows, conflicts), from one model to the next:
 * names move along, what no longer syncs goes, and what begins to sync starts at the baseline.
 */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { ModelSteps, SyncedColumn, Table, TableStep } from "@synckit-gen/schemas/model";
import { isTextLike } from "@synckit-gen/schemas/protocol";
import { identityColumns, isNamedSql, rowIdSql } from "../text/row-id-sql.ts";
import { quoteName, quoteText } from "../text/sql.ts";
import { payloadSql } from "../text/value-sql.ts";
import type { Section } from "./migration.ts";
import { planRenames } from "./renames.ts";
import { NOW } from "./triggers.ts";

const STORES = ["sync_changelog", "sync_row_clock", "sync_held", "sync_conflicts"];

/** Columns of the stores that hold a JSON object with columns as its members. */
const OBJECTS: readonly (readonly [store: string, column: string])[] = [
  ["sync_changelog", "data"],
  ["sync_changelog", "old"],
  ["sync_row_clock", "columns"],
  ["sync_row_clock", "data"],
  ["sync_conflicts", "data"],
];

/** Runs when the application's tables are as the later model says. */
export function contentChanges(steps: ModelSteps, isCreated: boolean): readonly Section[] {
  const gone = steps.removed.map(({ name }) => name);
  const restarted = new Set(steps.kept.filter(isRestarted));
  const sections: readonly Section[] = [
    { about: "Tables that no longer sync: nothing of them leaves this device any more", statements: gone.flatMap(forget) },
    {
      about: "Tables under new names",
      statements: planRenames(steps.kept.map(({ before, after }) => [before.name, after.name])).flatMap(moveTable),
    },
    { about: "Rows that are recognised in another way start over", statements: [...restarted].flatMap(({ after }) => forget(after.name)) },
    ...steps.kept
      .filter((step) => !restarted.has(step))
      .map((step) => ({ about: `What is stored about ${step.after.name}`, statements: columnsOf(step, isCreated) })),
  ];
  return sections.filter(({ statements }) => statements.length > 0);
}

const forget = (table: string): readonly string[] =>
  STORES.map((store) => `DELETE FROM ${quoteName(store)} WHERE "table_name" = ${quoteText(table)}`);

const moveTable = ([from, to]: readonly [string, string]): readonly string[] =>
  STORES.map((store) => `UPDATE ${quoteName(store)} SET "table_name" = ${quoteText(to)} WHERE "table_name" = ${quoteText(from)}`);

/** The row ids of the two models differ. */
function isRestarted({ before, after, columns }: TableStep): boolean {
  if (before === after) return false;
  const nameOf = new Map(columns.kept.map((pair) => [pair.before.name, pair.after.name]));
  const idOf = (table: Table, now: (name: string) => string): string => rowIdSql(identityColumns(table), (name) => quoteName(now(name)));
  return idOf(before, (name) => nameOf.get(name) ?? `${name} (gone)`) !== idOf(after, (name) => name);
}

interface ColumnFates {
  readonly renames: readonly (readonly [from: string, to: string])[];
  /** Synced before and not now, by their old names. */
  readonly gone: readonly string[];
  /** Of another form in a payload. By their new names. */
  readonly reformed: readonly string[];
  /** Synced now and not before. */
  readonly begun: readonly string[];
}

function fatesOf({ before, after, columns }: TableStep): ColumnFates {
  const pairs = columns.kept.flatMap((pair) =>
    isSynced(pair.before) && isSynced(pair.after) ? [{ before: pair.before, after: pair.after }] : [],
  );
  const stayed = new Set(pairs.map((pair) => pair.before.name));
  const known = new Set(pairs.map((pair) => pair.after.name));
  return {
    renames: pairs.map((pair) => [pair.before.name, pair.after.name] as const),
    gone: syncedColumns(before).flatMap(({ name }) => (stayed.has(name) ? [] : [name])),
    reformed: pairs.flatMap((pair) => (formOf(pair.before) === formOf(pair.after) ? [] : [pair.after.name])),
    begun: syncedColumns(after).flatMap(({ name }) => (known.has(name) ? [] : [name])),
  };
}

/** Types of one form write a value the same way. */
const formOf = ({ type }: SyncedColumn): string => (isTextLike(type) ? "text" : type === "boolean" ? "integer" : type);

function columnsOf(step: TableStep, isCreated: boolean): readonly string[] {
  if (step.before === step.after) return [];
  const { renames, gone, reformed, begun } = fatesOf(step);
  const table = quoteText(step.after.name);
  // What goes makes room for what takes its name.
  const edits = [...gone.map((name) => removeMember(name)), ...planRenames(renames).map(([from, to]) => renameMember(from, to))];
  const rewrites = rewriteObjects(table, edits, OBJECTS);
  const clocks = begun.length === 0 ? [] : isRestated(step, isCreated) ? [baseline(table, begun)] : absent(step.after, begun);
  const isParted = step.before.conflicts === "row" && step.after.conflicts === "column";
  return [...rewrites, ...(reformed.length === 0 ? [] : reform(step.after, reformed)), ...(isParted ? [writeWhole(step)] : []), ...clocks];
}

type Edit = (expression: string) => string;

function rewriteObjects(table: string, edits: readonly Edit[], objects: typeof OBJECTS): readonly string[] {
  if (edits.length === 0) return [];
  return objects.map(([store, column]) => {
    const name = quoteName(column);
    const value = edits.reduce((expression, edit) => edit(expression), name);
    return `UPDATE ${quoteName(store)} SET ${name} = ${value}\n  WHERE "table_name" = ${table} AND ${name} IS NOT NULL`;
  });
}

/** How a member begins in JSON without white space. A quote inside a text is escaped, so this stands nowhere else at top level. */
const memberStart = (name: string): string => `${JSON.stringify(name)}:`;

const TAGS: ReadonlySet<string> = new Set(["$text", "$int", "$real", "$blob"]);

/** As text: numbers keep their digits, and no name needs escaping in a path. */
function renameMember(from: string, to: string): Edit {
  // A column may have the name of a tag, which stands one level deeper.
  if (TAGS.has(from)) {
    const [path, target] = [quoteText(memberPath(from)), quoteText(memberPath(to))];
    return (json) =>
      `CASE WHEN json_type(${json}, ${path}) IS NULL THEN ${json} ELSE json_remove(json_set(${json}, ${target}, json(${json} -> ${path})), ${path}) END`;
  }
  const swap = (json: string, before: string): string =>
    `replace(${json}, ${quoteText(before + memberStart(from))}, ${quoteText(before + memberStart(to))})`;
  return (json) => swap(swap(json, "{"), ",");
}

const memberPath = (name: string): string => `$.${JSON.stringify(name)}`;

function removeMember(name: string): Edit {
  // In a path SQLite 3.40 finds no name with a quote or a backslash, so such a member is given a plain one first.
  if (!/["\\]/u.test(name)) return (json) => `json_remove(${json}, ${quoteText(memberPath(name))})`;
  const plain = "sync_rename_gone";
  const rename = renameMember(name, plain);
  return (json) => `json_remove(${rename(json)}, ${quoteText(memberPath(plain))})`;
}

/** Another form cannot be made from the old text: pending entries take the row as it is now, what else is stored lets the value go. */
function reform(table: Table, columns: readonly string[]): readonly string[] {
  const name = quoteText(table.name);
  const remove = columns.map(removeMember);
  const pending = `"table_name" = ${name} AND "pushed" = 0 AND "data" IS NOT NULL`;
  return [
    `CREATE TEMP TABLE "synckit_rows" ("row_id" PRIMARY KEY, "data")`,
    `INSERT OR IGNORE INTO temp."synckit_rows"\n  SELECT "row_id", "payload" FROM (${rowsSql(table)})\n  WHERE "row_id" IN (SELECT "row_id" FROM "sync_changelog" WHERE ${pending})`,
    ...rewriteObjects(
      name,
      remove,
      OBJECTS.filter(([, column]) => column !== "columns"),
    ),
    `UPDATE "sync_changelog" SET "data" = (SELECT "data" FROM temp."synckit_rows" AS "now" WHERE "now"."row_id" = "sync_changelog"."row_id")
  WHERE ${pending} AND "row_id" IN (SELECT "row_id" FROM temp."synckit_rows")`,
    `DROP TABLE temp."synckit_rows"`,
  ];
}

/** What was captured while rows merged whole has written every column of then, and is so in the clocks of its rows. */
function writeWhole({ after, columns }: TableStep): string {
  const bits = columns.kept.flatMap((pair) =>
    isSynced(pair.before) && isSynced(pair.after) && pair.after.bit !== null ? [1n << BigInt(pair.after.bit)] : [],
  );
  const mask = bits.reduce((all, bit) => all | bit, 0n);
  return `UPDATE "sync_changelog" SET "mask" = ${mask}\n  WHERE "table_name" = ${quoteText(after.name)} AND "op" = 'UPDATE' AND "pushed" <> 1`;
}

const clocksJson = (columns: readonly string[], stamp: number): string =>
  quoteText(JSON.stringify(Object.fromEntries(columns.map((name) => [name, [stamp, 0]]))));

const patchClocks = (table: string, clocks: string): string =>
  `UPDATE "sync_row_clock" SET "columns" = json_patch(coalesce("columns", '{}'), ${clocks})
  WHERE "table_name" = ${table}`;

/** Every row is about to be told at the baseline: the row's clock is not that of these columns, be it the baseline of who told it. Rows without a clock are there already. */
const baseline = (table: string, columns: readonly string[]): string => patchClocks(table, clocksJson(columns, 0));

/**
 * Nobody has said anything of these columns. At the baseline, their default would claim to be somebody's word here, and
 * be none on devices that had the row from the log. Update-only rows have a clock only where somebody has marked them.
 */
function absent(table: Table, columns: readonly string[]): readonly string[] {
  const clocks = clocksJson(columns, -1);
  const name = quoteText(table.name);
  const patched = patchClocks(name, clocks);
  if (table.apply === "update") return [patched];
  return [
    patched,
    `INSERT OR IGNORE INTO "sync_row_clock" ("table_name", "row_id", "stamp", "columns")
  SELECT ${name}, "row"."row_id", 0, ${clocks}
  FROM (${rowsSql(table)}) AS "row"
  WHERE EXISTS (SELECT 1 FROM "sync_state" WHERE "key" = 'initial_snapshot_done' AND "value" = '1')`,
  ];
}

/** Row id and payload of the rows that can be recognised. The expressions stand in a query of their own: there, only the app's columns are in scope. */
function rowsSql(table: Table): string {
  const identity = identityColumns(table);
  return `SELECT ${rowIdSql(identity, quoteName)} AS "row_id", ${payloadSql(syncedColumns(table), quoteName)} AS "payload" FROM ${quoteName(table.name)} WHERE ${isNamedSql(identity)}`;
}

/**
 * Rows that other devices have not seen as they are now enter the log at the baseline, where they can fill gaps and
 * never beat an edit. Before the initial snapshot there is nothing to do: it will take all rows.
 */
export function backFill(steps: ModelSteps, isCreated: boolean): readonly Section[] {
  const restated = steps.kept.filter((step) => isRestated(step, isCreated)).map(({ after }) => after);
  // A table that is made just now is empty.
  return [...restated, ...(isCreated ? [] : steps.added)].map((table) => ({
    about: `Rows of ${table.name} as they are now, at the baseline`,
    statements: [
      `INSERT INTO "sync_changelog" ("table_name", "op", "row_id", "timestamp", "data", "stamp")
  SELECT ${quoteText(table.name)}, 'INSERT', "row"."row_id", ${NOW}, "row"."payload", 0
  FROM (${rowsSql(table)}) AS "row"
  WHERE EXISTS (SELECT 1 FROM "sync_state" WHERE "key" = 'initial_snapshot_done' AND "value" = '1')`,
    ],
  }));
}

/** What rows of older versions have in the column is the default of then here, and the present one on devices that get the rows later. */
const isOtherDefault = ({ before, after }: TableStep["columns"]["kept"][number]): boolean =>
  isSynced(before) && isSynced(after) && before.default !== after.default;

function isRestated(step: TableStep, isCreated: boolean): boolean {
  if (step.before === step.after) return false;
  const { renames, reformed, begun } = fatesOf(step);
  // A column that is made just now holds its default in every row of every device.
  const made = new Set(isCreated ? step.columns.added.map(({ name }) => name) : []);
  return (
    step.before.name !== step.after.name ||
    renames.some(([from, to]) => from !== to) ||
    reformed.length > 0 ||
    step.columns.kept.some(isOtherDefault) ||
    begun.some((name) => !made.has(name)) ||
    isRestarted(step)
  );
}
