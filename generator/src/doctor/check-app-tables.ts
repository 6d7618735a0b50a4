/** The app's own tables against the schema: columns, keys, references, unique and child-side indexes. */
import { createTableSql } from "@synckit-gen/templates";
import { identityColumns, isNamedSql } from "@synckit-gen/templates/emitter-kit";
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, Reference, SyncedColumn, Table } from "@synckit-gen/schemas/model";
import { isSameName, numberOf, quoteName, quoteNames } from "../sqlite/database.ts";
import { findColumn, findTable, isSameColumns, ownTriggers, uniqueKeys } from "../sqlite/read-shape.ts";
import type { ColumnShape, ReferenceShape, TableShape } from "../sqlite/read-shape.ts";
import { storageOf, suits } from "../sqlite/storage.ts";
import { advised, finding, fixable } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

export function* checkAppTables(subject: Subject): Iterable<Finding> {
  for (const table of subject.model.tables) {
    const at = subject.places.table(table.name);
    const shape = findTable(subject.shape, table.name);
    if (shape !== undefined && shape.kind === "table") {
      yield* checkColumns(subject, table, shape);
      yield* checkKeys(subject, table, shape);
      yield* checkUnique(subject, table, shape);
      yield* checkReferences(subject, table, shape);
      for (const { name, isGuarded } of ownTriggers(subject.shape, table.name))
        if (!isGuarded) yield finding("doctor/trigger-own", at, { table: table.name, trigger: name });
      continue;
    }
    const isView = subject.shape.views.some((view) => isSameName(view, table.name));
    if (shape !== undefined || isView)
      yield finding("doctor/table-wrong-kind", at, { table: table.name, kind: isView ? "view" : `${shape?.kind ?? ""} table` });
    else {
      const missing = finding("doctor/table-missing", at, { table: table.name });
      yield subject.model.create ? advised(missing, createTableSql(table)) : missing;
    }
  }
}

/** False where a trigger would name what is not there: SQLite takes it, and then refuses the app's writes. */
export function canBeCaptured(subject: Subject, table: Table): boolean {
  const shape = findTable(subject.shape, table.name);
  return (
    shape !== undefined && shape.kind === "table" && syncedColumns(table).every((column) => findColumn(shape, column.name) !== undefined)
  );
}

function* checkColumns(subject: Subject, table: Table, shape: TableShape): Iterable<Finding> {
  for (const column of table.columns) {
    const found = findColumn(shape, column.name);
    const at = subject.places.column(table.name, column.name);
    if (found === undefined) yield missingColumn(table, column, subject);
    else if (isSynced(column)) {
      const params = { table: table.name, column: column.name };
      if (found.isGenerated) yield finding("doctor/column-generated", at, params);
      if (!suits(column.type, found.affinity))
        yield finding("doctor/column-type", at, { ...params, type: column.type, declared: found.type, affinity: found.affinity });
      if (isKeyColumn(table, column.name)) continue;
      if (column.nullable && found.isNotNull) yield finding("doctor/column-not-null", at, params);
      if (!column.nullable && !found.isNotNull && !found.isRowid) yield finding("doctor/column-nullable", at, params);
    }
  }
  if (table.apply === "update") return;
  for (const column of shape.columns) if (isUnfilled(table, column)) yield required(subject, table, column);
}

function missingColumn(table: Table, column: Column, { places }: Subject): Finding {
  const missing = finding("doctor/column-missing", places.column(table.name, column.name), { table: table.name, column: column.name });
  const canBeAdded = column.type !== null && (column.nullable || column.default !== null) && !isKeyColumn(table, column.name);
  if (!canBeAdded || column.type === null) return missing;
  const rest = `${column.nullable ? "" : " NOT NULL"}${column.default === null ? "" : ` DEFAULT (${column.default})`}`;
  return advised(missing, `ALTER TABLE ${quoteName(table.name)} ADD COLUMN ${quoteName(column.name)} ${storageOf(column.type)}${rest}`);
}

const isKeyColumn = (table: Table, name: string): boolean => table.key.includes(name) || table.identity.columns.includes(name);

/** NOT NULL, and nothing gives it a value in a row that arrives. */
function isUnfilled(table: Table, column: ColumnShape): boolean {
  if (!column.isNotNull || column.default !== null || column.isGenerated || column.isRowid) return false;
  const said = table.columns.find((other) => isSameName(other.name, column.name));
  return said === undefined || (said.kind === "local" && said.onInsert === null);
}

const required = ({ places }: Subject, table: Table, column: ColumnShape): Finding =>
  finding("doctor/column-required", places.column(table.name, column.name), { table: table.name, column: column.name });

function* checkKeys({ database, places }: Subject, table: Table, shape: TableShape): Iterable<Finding> {
  const at = places.table(table.name);
  const unique = uniqueKeys(shape);
  const isUnique = (columns: readonly string[]): boolean => unique.some((list) => isSameColumns(list, columns));
  if (!isSameColumns(shape.key, table.key) && !isUnique(table.key))
    yield finding("doctor/key-differs", at, { table: table.name, key: table.key, found: shape.key });
  const { columns } = table.identity;
  if (!columns.every((name) => findColumn(shape, name) !== undefined)) return;
  if (!isUnique(columns)) {
    const loose = finding("doctor/identity-not-unique", at, { table: table.name, columns });
    yield advised(
      loose,
      `CREATE UNIQUE INDEX ${quoteName(`${table.name}_${columns.join("_")}_unique`)} ON ${quoteName(table.name)} (${quoteNames(columns)})`,
    );
  }
  const [row] = database.rows(
    `SELECT count(*) AS n FROM ${quoteName(table.name)} WHERE ${columns.map((name) => `${quoteName(name)} IS NULL`).join(" OR ")}`,
  );
  const count = numberOf(row?.["n"]);
  if (count > 0) yield finding("doctor/identity-null", at, { table: table.name, count });
  for (const column of identityColumns(table)) yield* checkClasses({ database, places }, table, column);
}

/** Keys that are not of their type's storage class, and that no affinity makes so. */
function* checkClasses({ database, places }: Pick<Subject, "database" | "places">, table: Table, column: SyncedColumn): Iterable<Finding> {
  const name = quoteName(column.name);
  const isOther = (storage: string): string => `typeof(${name}) = '${storage}' AND NOT (${isNamedSql([column])})`;
  const wanted = storageOf(column.type);
  for (const storage of ["integer", "real", "text", "blob"] as const) {
    const [row] = database.rows(`SELECT count(*) AS n FROM ${quoteName(table.name)} WHERE ${isOther(storage)}`);
    const count = numberOf(row?.["n"]);
    if (count === 0) continue;
    const params = { table: table.name, column: column.name, type: column.type, found: AS_WORDS[storage], wanted: wanted.toLowerCase() };
    const found = finding("doctor/identity-class", places.column(table.name, column.name), { ...params, count });
    // A number's text is the number, and a text's bytes are the text; what bytes or a real stand for, the app knows.
    const isPlain = wanted === "TEXT" ? storage !== "blob" : storage === "text";
    yield isPlain
      ? advised(found, `UPDATE ${quoteName(table.name)} SET ${name} = CAST(${name} AS ${wanted}) WHERE ${isOther(storage)}`)
      : found;
  }
}

const AS_WORDS = { integer: "an integer", real: "a real number", text: "a text", blob: "bytes" } as const;

function* checkUnique({ places }: Subject, table: Table, shape: TableShape): Iterable<Finding> {
  const at = places.table(table.name);
  const found = uniqueKeys(shape);
  for (const columns of table.unique) {
    if (found.some((list) => isSameColumns(list, columns)) || !columns.every((name) => findColumn(shape, name) !== undefined)) continue;
    const missing = finding("doctor/unique-missing", at, { table: table.name, columns });
    yield advised(
      missing,
      `CREATE UNIQUE INDEX ${quoteName(`${table.name}_${columns.join("_")}_unique`)} ON ${quoteName(table.name)} (${quoteNames(columns)})`,
    );
  }
  // A key that differs is a finding of its own.
  const declared = [table.key, table.identity.columns, shape.key, ...table.unique];
  const synced = syncedColumns(table);
  for (const index of shape.indexes) {
    const columns = index.columns.flatMap((column) => column ?? []);
    if (!index.isUnique || index.isPartial || columns.length < index.columns.length) continue;
    // What stays on the device cannot collide with another device.
    if (!columns.every((name) => synced.some((column) => isSameName(column.name, name)))) continue;
    if (!declared.some((list) => isSameColumns(list, columns)))
      yield finding("doctor/unique-undeclared", at, { table: table.name, columns, index: index.name });
  }
}

function* checkReferences(subject: Subject, table: Table, shape: TableShape): Iterable<Finding> {
  const { places } = subject;
  for (const reference of table.references) {
    const at = places.reference(table.name, reference.columns);
    const params = { table: table.name, columns: reference.columns, parent: reference.table };
    const found = shape.references.find((other) => isSameReference(other, reference));
    if (found === undefined && reference.synced) yield finding("doctor/reference-missing", at, params);
    if (found !== undefined) yield* differences(subject, table, reference, found);
    if (isSameName(reference.table, table.name) && isSameColumns(reference.columns, table.key)) continue;
    if (reference.columns.every((name) => findColumn(shape, name) !== undefined) && !isIndexed(shape, reference.columns))
      yield fixable(finding("doctor/index-missing", at, params), indexSql(table, reference));
  }
  for (const found of shape.references) {
    const said = table.references.some((reference) => isSameReference(found, reference));
    const isSyncedHere = found.columns.every((name) => syncedColumns(table).some((column) => isSameName(column.name, name)));
    if (!said && isSyncedHere && found.to !== null)
      yield finding("doctor/reference-undeclared", places.table(table.name), {
        table: table.name,
        columns: found.columns,
        parent: found.table,
      });
  }
}

const isSameReference = (found: ReferenceShape, said: Reference): boolean =>
  isSameName(found.table, said.table) && isSameColumns(found.columns, said.columns);

function* differences({ places }: Subject, table: Table, said: Reference, found: ReferenceShape): Iterable<Finding> {
  const at = places.reference(table.name, said.columns);
  const params = { table: table.name, columns: said.columns, parent: said.table };
  if (found.onDelete !== said.onDelete && !isUnsayable(table, said, found))
    yield finding("doctor/reference-differs", at, {
      ...params,
      what: "ON DELETE",
      found: found.onDelete.toUpperCase(),
      wanted: said.onDelete.toUpperCase(),
    });
  const pairs = (from: readonly string[], to: readonly string[]): string =>
    from
      .map((name, index) => `${name}=${to[index] ?? ""}`.toLowerCase())
      .toSorted()
      .join();
  if (found.to !== null && pairs(found.columns, found.to) !== pairs(said.columns, said.to))
    yield finding("doctor/reference-differs", at, {
      ...params,
      what: "the columns",
      found: quoteNames(found.to),
      wanted: quoteNames(said.to),
    });
}

/** SET DEFAULT has no word in the language, nor has SET NULL where a column cannot be NULL. */
const isUnsayable = (table: Table, said: Reference, found: ReferenceShape): boolean =>
  said.onDelete === "no action" &&
  (found.onDelete === "set default" ||
    (found.onDelete === "set null" && syncedColumns(table).some((column) => said.columns.includes(column.name) && !column.nullable)));

const isIndexed = (shape: TableShape, columns: readonly string[]): boolean =>
  [shape.key, ...shape.indexes.flatMap((index) => (index.isPartial ? [] : [index.columns.map((column) => column ?? "")]))].some((list) =>
    isSameColumns(list.slice(0, columns.length), columns),
  );

const indexSql = (table: Table, { columns }: Reference): string =>
  `CREATE INDEX IF NOT EXISTS ${quoteName(`sync_${table.name}_${columns.join("_")}_index`)} ON ${quoteName(table.name)} (${quoteNames(columns)})`;
