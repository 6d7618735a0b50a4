/**
 * A later migration: only what differs. Triggers are compared with what the earlier migrations have left, text by
 * text, so that a newer generator's capture reaches databases too. It runs once, unlike the first.
 */
import type { EmitContext, ModelSteps, SyncModel, Table } from "@synckit-gen/schemas/model";
import { canonicalJson } from "@synckit-gen/schemas/model";
import { quoteName } from "../text/sql.ts";
import { backFill, contentChanges } from "./content-changes.ts";
import { ownTables } from "./migration.ts";
import type { Section } from "./migration.ts";
import { syncTableStatements } from "./sync-tables.ts";
import { guardStatements, tableChanges } from "./table-changes.ts";
import { createTriggers, withoutModel } from "./triggers.ts";

export interface Increment {
  readonly sections: readonly Section[];
  /** True where it must run with foreign keys off. */
  readonly needsForeignKeysOff: boolean;
}

/** `earlier`: the statements of each migration before it. */
export function incrementOf(steps: ModelSteps, earlier: readonly (readonly string[])[], context: EmitContext): Increment {
  const changed = [
    ...steps.kept.filter(({ before, after }) => before !== after && shapeOf(before) !== shapeOf(after)).map(({ after }) => after.name),
    // A new table may take the name of one whose triggers have moved along with it.
    ...steps.added.map(({ name }) => name),
  ];
  const triggers = triggerChanges(steps.after, earlier, new Set(changed), context.modelHash);
  const wasCreated = steps.before.create && steps.after.create;
  const tables = wasCreated
    ? tableChanges(steps)
    : { sections: steps.after.create && !steps.before.create ? ownTables(steps.after) : [], rebuilt: [], drops: false };
  const content = contentChanges(steps, wasCreated);
  const filled = backFill(steps, wasCreated);
  const guard = tables.drops ? guardStatements(tables.rebuilt) : { first: [], last: [] };
  const isSuppressed = tables.sections.length > 0;
  const sections: readonly Section[] = [
    { about: "May this run?", statements: guard.first },
    { about: "Tables of sync that are new", statements: newSyncTables(earlier) },
    { about: "Capture is off while tables change", statements: isSuppressed ? [suppress("1")] : [] },
    { about: "Triggers that change", statements: triggers.drops },
    ...tables.sections,
    ...content,
    ...triggers.creates,
    ...filled,
    { about: "Capture is on again", statements: isSuppressed ? [suppress("0")] : [] },
    { about: "Every row has its parent", statements: guard.last },
  ];
  return { sections: sections.filter(({ statements }) => statements.length > 0), needsForeignKeysOff: tables.drops };
}

/** What of a table decides about its triggers and its definition. */
const shapeOf = ({ columns, ...table }: Table): string =>
  canonicalJson({ ...without(table, NOT_SHAPE), columns: columns.map((column) => without(column, NOT_SHAPE)) });

const NOT_SHAPE: ReadonlySet<string> = new Set(["renamedFrom", "earlierNames", "epoch", "code", "component"]);

const without = (of: object, names: ReadonlySet<string>): object =>
  Object.fromEntries(Object.entries(of).filter(([name]) => !names.has(name)));

const suppress = (value: "0" | "1"): string =>
  `INSERT INTO "sync_state" ("key", "value") VALUES ('applying_remote', '${value}') ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value"`;

/** Tables and columns of sync that earlier migrations have not made. */
function newSyncTables(earlier: readonly (readonly string[])[]): readonly string[] {
  const isKnown = (statement: string): boolean => earlier.some((statements) => statements.includes(statement));
  return syncTableStatements.flatMap(({ sql }) => {
    if (isKnown(sql)) return [];
    const [opening = ""] = sql.split("\n", 1);
    const name = /^CREATE TABLE IF NOT EXISTS ("[^"]*")/u.exec(opening)?.[1];
    const before = earlier.flat().findLast((statement) => statement.startsWith(opening));
    if (name === undefined || before === undefined) return [sql];
    const added = columnLines(sql).filter((line) => !columnLines(before).includes(line));
    return added.map((line) => `ALTER TABLE ${name} ADD COLUMN ${line}`).filter((statement) => !isKnown(statement));
  });
}

const columnLines = (sql: string): readonly string[] => [...sql.matchAll(/^ {2}("[^"]+" .*?),?$/gmu)].map((match) => match[1] ?? "");

interface TriggerChanges {
  readonly drops: readonly string[];
  readonly creates: readonly Section[];
}

function triggerChanges(
  model: SyncModel,
  earlier: readonly (readonly string[])[],
  changed: ReadonlySet<string>,
  modelHash: string,
): TriggerChanges {
  const found = triggersAfter(earlier);
  const wanted = model.tables.map((table) => ({ table, triggers: createTriggers(table) }));
  const stale = wanted.map(({ table, triggers }) => ({
    table,
    triggers: triggers.filter(({ name, bare }) => changed.has(table.name) || found.get(name) !== bare),
  }));
  const kept = new Set(wanted.flatMap(({ triggers }) => triggers.map(({ name }) => name)));
  const made = new Set(stale.flatMap(({ triggers }) => triggers.map(({ name }) => name)));
  const dropped = new Set([...found.keys()].filter((name) => !kept.has(name) || made.has(name)));
  return {
    // One that is made but was never found is dropped as well: a database may have more than its migrations say.
    drops: [...new Set([...dropped, ...made])].map((name) => `DROP TRIGGER IF EXISTS ${quoteName(name)}`),
    creates: stale
      .filter(({ triggers }) => triggers.length > 0)
      .map(({ table, triggers }) => ({ about: `Capture of ${table.name}`, statements: triggers.map(({ sql }) => sql(modelHash)) })),
  };
}

/** The triggers that a database has after these migrations: their texts without the model, by name. */
function triggersAfter(migrations: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const triggers = new Map<string, string>();
  for (const { name, bare } of migrations.flatMap(triggerEdits)) {
    if (bare === null) triggers.delete(name);
    else triggers.set(name, bare);
  }
  return triggers;
}

interface TriggerEdit {
  readonly name: string;
  /** Null where it is dropped. */
  readonly bare: string | null;
}

const edits = new WeakMap<readonly string[], readonly TriggerEdit[]>();

/** A migration that is written is read once, whatever is planned after it. */
function triggerEdits(statements: readonly string[]): readonly TriggerEdit[] {
  let found = edits.get(statements);
  if (found === undefined) edits.set(statements, (found = statements.flatMap((sql) => triggerEdit(sql) ?? [])));
  return found;
}

function triggerEdit(sql: string): TriggerEdit | null {
  const [, create] = /^CREATE TRIGGER "((?:[^"]|"")*)"/u.exec(sql) ?? [];
  if (create !== undefined) return { name: unquote(create), bare: withoutModel(sql) };
  const [, drop] = /^DROP TRIGGER IF EXISTS "((?:[^"]|"")*)"/u.exec(sql) ?? [];
  return drop === undefined ? null : { name: unquote(drop), bare: null };
}

const unquote = (name: string): string => name.replaceAll('""', '"');
