/**
 * The application's own tables, from one model to the next, for schemas with `create: true`. What ALTER TABLE can do
 * is done by it; the rest is a table made anew, filled from the old one and put in its place. That needs foreign keys
 * off, since dropping a table with them on deletes its rows, and their children with them.
 */
import type { Column, ModelSteps, Reference, SyncModel, Table, TableStep } from "@synckit-gen/schemas/model";
import { commentText, quoteName, quoteNames, quoteText } from "../text/sql.ts";
import {
  columnSql,
  createTableSql,
  foreignKeySql,
  isConstantDefault,
  referenceClause,
  referenceIndexes,
  uniqueLists,
} from "./app-tables.ts";
import type { Section } from "./migration.ts";
import { planRenames } from "./renames.ts";

export interface TableChanges {
  readonly sections: readonly Section[];
  /** Tables that are made anew, by their new names. */
  readonly rebuilt: readonly string[];
  /** True where a table is dropped, on the way or for good. */
  readonly drops: boolean;
}

/** After the triggers of these tables are gone, and before the new ones come. */
export function tableChanges(steps: ModelSteps): TableChanges {
  const names = nameChanges(steps);
  const plans = steps.kept.map((step) => planTable(step, names));
  const rebuilt = plans.flatMap((plan) => (plan.kind === "rebuild" ? [plan.step.after.name] : []));
  const indexes = indexChanges(steps, rebuilt);
  const isLegacy = rebuilt.length > 0;
  const renames = [...tableRenames(steps), ...steps.kept.flatMap(columnRenames)];
  const sections: readonly Section[] = [
    { about: "Indexes that change", statements: indexes.drops },
    { about: "New names", statements: renames },
    ...steps.added.map((table) => ({ about: `Table ${table.name}`, statements: [createTableSql(table)] })),
    ...plans
      .filter(({ kind }) => kind === "alter")
      .map((plan) => ({ about: `Columns of ${plan.step.after.name}`, statements: plan.statements })),
    // Views that refer to a table must not stop it from coming back.
    { about: "Tables whose definition changes are made anew", statements: isLegacy ? ["PRAGMA legacy_alter_table = ON"] : [] },
    ...plans
      .filter(({ kind }) => kind === "rebuild")
      .map((plan) => ({ about: `Table ${plan.step.after.name}`, statements: plan.statements })),
    { about: "They are in place", statements: isLegacy ? ["PRAGMA legacy_alter_table = OFF"] : [] },
    {
      about: "Tables that go",
      statements: steps.removed.toReversed().map((table) => `DROP TABLE IF EXISTS ${quoteName(table.name)}`),
    },
    { about: "Indexes", statements: indexes.creates },
  ];
  return { sections: sections.filter(({ statements }) => statements.length > 0), rebuilt, drops: isLegacy || steps.removed.length > 0 };
}

interface Names {
  readonly table: (before: string) => string;
  readonly column: (tableBefore: string, before: string) => string;
}

function nameChanges(steps: ModelSteps): Names {
  const tables = new Map(steps.kept.map(({ before, after }) => [before.name, after.name]));
  const columns = new Map(
    steps.kept.map(({ before, columns: { kept } }) => [before.name, new Map(kept.map((pair) => [pair.before.name, pair.after.name]))]),
  );
  return {
    table: (before) => tables.get(before) ?? before,
    column: (table, before) => columns.get(table)?.get(before) ?? before,
  };
}

const tableRenames = (steps: ModelSteps): readonly string[] =>
  planRenames(steps.kept.map(({ before, after }) => [before.name, after.name])).map(
    ([from, to]) => `ALTER TABLE ${quoteName(from)} RENAME TO ${quoteName(to)}`,
  );

const columnRenames = ({ after, columns }: TableStep): readonly string[] =>
  planRenames(columns.kept.map((pair) => [pair.before.name, pair.after.name])).map(
    ([from, to]) => `ALTER TABLE ${quoteName(after.name)} RENAME COLUMN ${quoteName(from)} TO ${quoteName(to)}`,
  );

interface TablePlan {
  readonly kind: "alter" | "rebuild" | "nothing";
  readonly step: TableStep;
  readonly statements: readonly string[];
}

/** Compares the table as renames leave it with the table as it must be. */
function planTable(step: TableStep, names: Names): TablePlan {
  const { after, columns } = step;
  const was = renamed(step, names);
  const added = columns.added.map((column) => addColumn(column, was, after));
  const inlined = added.flatMap((add) => (add?.reference === undefined ? [] : [add.reference]));
  const dropped = new Set(columns.removed.map(({ name }) => name));
  const oldKeys = new Set(syncedKeys(was));
  const newKeys = new Set(syncedKeys(after).filter((key) => !inlined.some((reference) => foreignKeySql(reference) === key)));
  const isAlterable =
    sameList(was.key, after.key) &&
    sameSet(uniqueLists(was).map(quoteNames), uniqueLists(after).map(quoteNames)) &&
    sameSet([...oldKeys], [...newKeys]) &&
    columns.kept.every((pair) => columnSql({ ...pair.before, name: pair.after.name }, was) === columnSql(pair.after, after)) &&
    added.every((add) => add !== null) &&
    ![...was.key, ...uniqueLists(was).flat()].some((name) => dropped.has(name));
  if (!isAlterable) return { kind: "rebuild", step, statements: rebuild(step) };

  const name = quoteName(after.name);
  const statements = [
    ...added.flatMap((add) => (add === null ? [] : [`ALTER TABLE ${name} ADD COLUMN ${add.sql}`])),
    ...columns.removed.map((column) => `ALTER TABLE ${name} DROP COLUMN ${quoteName(column.name)}`),
  ];
  return { kind: statements.length === 0 ? "nothing" : "alter", step, statements };
}

const syncedKeys = (table: Table): readonly string[] => table.references.filter(({ synced }) => synced).map(foreignKeySql);

/** The table before, in the names of the table after. */
function renamed({ before, after, columns }: TableStep, names: Names): Table {
  const nameOf = new Map(columns.kept.map((pair) => [pair.before.name, pair.after.name]));
  const now = (list: readonly string[]): readonly string[] => list.map((name) => nameOf.get(name) ?? name);
  const referenceNow = (reference: Reference): Reference => ({
    ...reference,
    columns: now(reference.columns),
    table: names.table(reference.table),
    to: reference.to.map((name) => names.column(reference.table, name)),
  });
  return {
    ...before,
    name: after.name,
    identity: { ...before.identity, columns: now(before.identity.columns) },
    key: now(before.key),
    unique: before.unique.map(now),
    references: before.references.map(referenceNow),
  };
}

/** Null where ALTER TABLE cannot add it. A reference of one nullable column without default can come with its column. */
function addColumn(column: Column, was: Table, after: Table): { readonly sql: string; readonly reference?: Reference } | null {
  const isConstant = column.default === null || isConstantDefault(column.default);
  const isFilled = column.nullable || (column.default !== null && !/^NULL$/i.test(column.default));
  if (!isConstant || !isFilled || after.key.includes(column.name)) return null;
  const sql = columnSql(column, after);
  const own = after.references.filter(({ synced, columns }) => synced && columns.includes(column.name));
  const [reference, ...more] = own;
  if (reference === undefined) return { sql };
  const isSimple = more.length === 0 && reference.columns.length === 1 && column.default === null && reference.table !== was.name;
  return isSimple ? { sql: `${sql} ${referenceClause(reference)}`, reference } : null;
}

/** Made beside the old table and put in its place: no row is deleted, and children keep what they refer to. */
function rebuild({ after, columns }: TableStep): readonly string[] {
  const beside = `sync_rebuild_${after.name}`;
  const targets = columns.kept.map((pair) => quoteName(pair.after.name));
  const sources = columns.kept.map((pair) => {
    const name = quoteName(pair.after.name);
    const mayBeNull = pair.before.nullable && !pair.after.nullable && pair.after.default !== null;
    return mayBeNull ? `coalesce(${name}, ${pair.after.default})` : name;
  });
  const copy = `INSERT INTO ${quoteName(beside)} (${targets.join(", ")})\n  SELECT ${sources.join(", ")} FROM ${quoteName(after.name)}`;
  return [
    createTableSql(after, beside),
    // A table that shares no column with what it was has nothing to copy.
    ...(targets.length === 0 ? [] : [copy]),
    `DROP TABLE ${quoteName(after.name)}`,
    `ALTER TABLE ${quoteName(beside)} RENAME TO ${quoteName(after.name)}`,
  ];
}

/** Indexes are dropped before columns that they hold, and made when everything stands. */
function indexChanges(
  steps: ModelSteps,
  rebuilt: readonly string[],
): { readonly drops: readonly string[]; readonly creates: readonly string[] } {
  const unmoved = new Set(steps.kept.filter(isUnmoved).map(({ after }) => after.name));
  const before = indexesOf(steps.before);
  const after = indexesOf(steps.after);
  // What was renamed under an index is renamed in it, but its name stays: such an index is made again, even if another now has its text.
  const stays = (sql: string, table: string): boolean => unmoved.has(table) && before.some((index) => index.sql === sql);
  const staying = new Set(after.filter(({ sql, table }) => stays(sql, table)).map(({ name }) => name));
  return {
    drops: before.filter(({ name }) => !staying.has(name)).map(({ name }) => `DROP INDEX IF EXISTS ${quoteName(name)}`),
    // A table that was made anew has lost those that stay, too.
    creates: after.filter(({ name, table }) => !staying.has(name) || rebuilt.includes(table)).map(({ sql }) => sql),
  };
}

const indexesOf = (model: SyncModel): readonly { readonly table: string; readonly name: string; readonly sql: string }[] =>
  [...referenceIndexes(model)].flatMap(([table, indexes]) => indexes.map((index) => ({ table: table.name, ...index })));

const isUnmoved = ({ before, after, columns }: TableStep): boolean =>
  before.name === after.name && columns.kept.every((pair) => pair.before.name === pair.after.name);

/**
 * Before anything changes: refuses to run with foreign keys on, and where the application has made indexes or
 * triggers of its own on a table that is made anew, which would be lost. A failed CHECK names its constraint, so
 * the constraint's name is the message.
 */
export function guardStatements(rebuilt: readonly string[]): { readonly first: readonly string[]; readonly last: readonly string[] } {
  const list = rebuilt.map((name) => quoteText(name)).join(", ");
  const shown = commentText(rebuilt.join(", "));
  const own = `NOT EXISTS (SELECT 1 FROM "sqlite_master" WHERE "type" IN ('index', 'trigger') AND "sql" IS NOT NULL
    AND "tbl_name" COLLATE NOCASE IN (${list}) AND "name" NOT LIKE 'sync\\_%' ESCAPE '\\')`;
  return {
    first: [
      `CREATE TEMP TABLE "synckit_guard" (
  "off" CONSTRAINT "run PRAGMA foreign_keys = OFF before this migration, outside of a transaction" CHECK ("off"),
  "own" CONSTRAINT ${quoteName(`drop your own indexes and triggers on these tables first, and make them again afterwards: ${shown}`)} CHECK ("own"),
  "broken" INTEGER,
  "left" INTEGER,
  CONSTRAINT "a row would refer to a parent that is not there" CHECK ("left" <= "broken")
)`,
      `INSERT INTO temp."synckit_guard" ("off", "own", "broken")
  SELECT NOT "foreign_keys", ${rebuilt.length === 0 ? "1" : own},
    (SELECT count(*) FROM pragma_foreign_key_check) FROM pragma_foreign_keys`,
    ],
    last: [`UPDATE temp."synckit_guard" SET "left" = (SELECT count(*) FROM pragma_foreign_key_check)`, `DROP TABLE temp."synckit_guard"`],
  };
}

const sameList = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, i) => name === b[i]);
const sameSet = (a: readonly string[], b: readonly string[]): boolean => sameList(a.toSorted(), b.toSorted());
