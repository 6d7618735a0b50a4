/** What the migrations make: sync's tables, their columns, and the triggers word for word. */
import { triggerStatements } from "@synckit-gen/templates";
import { findColumn, findTable, hasColumns, isSyncTrigger } from "../sqlite/read-shape.ts";
import type { ColumnShape, TableShape } from "../sqlite/read-shape.ts";
import { isSameName, quoteName } from "../sqlite/database.ts";
import { canBeCaptured } from "./check-app-tables.ts";
import { finding, fixable } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

export function* checkSyncTables(subject: Subject): Iterable<Finding> {
  for (const wanted of subject.wanted.shape.tables) {
    const found = findTable(subject.shape, wanted.name);
    if (found !== undefined) {
      yield* compareTable(subject, wanted, found);
      continue;
    }
    const statement = subject.wanted.statements.get(wanted.name);
    if (statement === undefined) throw new Error(`checkSyncTables: nothing makes "${wanted.name}"`);
    const seeds = wanted.name === "sync_state" ? [subject.wanted.seedStatement] : [];
    yield fixable(finding("doctor/sync-table-missing", subject.places.database, { table: wanted.name }), statement, ...seeds);
  }
}

function* compareTable({ places }: Subject, wanted: TableShape, found: TableShape): Iterable<Finding> {
  const table = wanted.name;
  const faults = [...shapeFaults(wanted, found)];
  for (const what of faults) yield finding("doctor/sync-table-differs", places.database, { table, what });
  for (const column of wanted.columns) {
    if (found.kind !== "table" || findColumn(found, column.name) !== undefined) continue;
    const missing = finding("doctor/sync-column-missing", places.database, { table, column: column.name });
    const sql = addColumnSql(table, column);
    // A table of another shape may be somebody else's.
    yield sql === null || faults.length > 0 ? missing : fixable(missing, sql);
  }
}

function* shapeFaults(wanted: TableShape, found: TableShape): Iterable<string> {
  if (found.kind !== "table") {
    yield `it is a ${found.kind} table`;
    return;
  }
  if (found.key.join() !== wanted.key.join())
    yield `its key is ${found.key.length === 0 ? "missing" : found.key.join(", ")} and has to be ${wanted.key.join(", ")}`;
  for (const column of wanted.columns) {
    const other = findColumn(found, column.name);
    if (other !== undefined && other.affinity !== column.affinity)
      yield `"${column.name}" has ${other.affinity} affinity and has to have ${column.affinity}`;
  }
  for (const column of found.columns) {
    if (findColumn(wanted, column.name) === undefined && column.isNotNull && column.default === null && !column.isGenerated)
      yield `"${column.name}" is NOT NULL and nothing fills it`;
  }
}

function addColumnSql(table: string, column: ColumnShape): string | null {
  if (column.isRowid || (column.isNotNull && column.default === null)) return null;
  const rest = `${column.isNotNull ? " NOT NULL" : ""}${column.default === null ? "" : ` DEFAULT ${column.default}`}`;
  return `ALTER TABLE ${quoteName(table)} ADD COLUMN ${quoteName(column.name)} ${column.type}${rest}`;
}

/** `sync.detach()` has taken the triggers away, and attaching puts them back. */
const isDetached = ({ database, shape }: Subject): boolean =>
  hasColumns(shape, "sync_state", ["key", "value"]) &&
  database.rows(`SELECT 1 FROM "sync_state" WHERE "key" = 'detached' AND "value" = '1'`).length > 0;

export function* checkTriggers(subject: Subject): Iterable<Finding> {
  if (isDetached(subject)) return;
  const { model, modelHash, shape, places } = subject;
  const expected = new Set<string>();
  for (const table of model.tables) {
    const at = places.table(table.name);
    for (const sql of triggerStatements(table, modelHash)) {
      const trigger = nameOf(sql);
      if (trigger === null) continue;
      expected.add(trigger);
      const found = shape.triggers.find((other) => isSameName(other.name, trigger));
      if (found !== undefined && isSameName(found.table, table.name) && withoutHash(found.sql) === withoutHash(sql)) continue;
      const wrong =
        found === undefined
          ? finding("doctor/trigger-missing", at, { table: table.name, trigger, event: eventOf(sql) })
          : finding("doctor/trigger-differs", at, { table: table.name, trigger });
      yield canBeCaptured(subject, table) ? fixable(wrong, `DROP TRIGGER IF EXISTS ${quoteName(trigger)}`, sql) : wrong;
    }
  }
  for (const trigger of shape.triggers) {
    if (!isSyncTrigger(trigger) || [...expected].some((name) => isSameName(name, trigger.name))) continue;
    const leftover = finding("doctor/trigger-leftover", places.database, { table: trigger.table, trigger: trigger.name });
    yield fixable(leftover, `DROP TRIGGER IF EXISTS ${quoteName(trigger.name)}`);
  }
}

/** Null for a statement that makes no trigger. */
const nameOf = (sql: string): string | null => /^CREATE TRIGGER "((?:[^"]|"")*)"/u.exec(sql)?.[1]?.replaceAll('""', '"') ?? null;

const EVENTS: Readonly<Record<string, string>> = { INSERT: "new rows", UPDATE: "changes", DELETE: "deletes" };

const eventOf = (sql: string): string => EVENTS[/\nAFTER (INSERT|UPDATE|DELETE)/u.exec(sql)?.[1] ?? ""] ?? "changes";

/** A migration that changes one table leaves the triggers of others, with the hash of the model that they were written for. */
const withoutHash = (sql: string): string => sql.replace(/\/\* synckit-gen [0-9a-f]+ \*\//u, "").trim();
