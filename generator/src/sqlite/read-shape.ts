/**
 * What a database holds, as data: tables with their columns, keys, references, indexes and triggers. Read from
 * SQLite's own tables of contents; no statement text is parsed, but for what those tables leave out.
 */
import { foldName, isSameName, numberOf, textOf } from "./database.ts";
import type { Database, Row } from "./database.ts";

export interface DatabaseShape {
  /** Ordinary tables and others, by name; SQLite's own left out. */
  readonly tables: readonly TableShape[];
  readonly views: readonly string[];
  readonly triggers: readonly TriggerShape[];
}

export interface TableShape {
  readonly name: string;
  /** `shadow`: made by a virtual table for itself. */
  readonly kind: "table" | "virtual" | "shadow";
  readonly isStrict: boolean;
  readonly isWithoutRowid: boolean;
  readonly columns: readonly ColumnShape[];
  /** Primary key columns in key order; empty where there is none. */
  readonly key: readonly string[];
  readonly references: readonly ReferenceShape[];
  readonly indexes: readonly IndexShape[];
  /** CREATE statement. */
  readonly sql: string;
}

export interface ColumnShape {
  readonly name: string;
  /** The declared type as it is written; empty where there is none. */
  readonly type: string;
  readonly affinity: Affinity;
  readonly isNotNull: boolean;
  /** SQL of the default. */
  readonly default: string | null;
  readonly isGenerated: boolean;
  /** The rowid by another name: SQLite gives it a value. */
  readonly isRowid: boolean;
}

export type Affinity = "INTEGER" | "TEXT" | "BLOB" | "REAL" | "NUMERIC";

export interface ReferenceShape {
  readonly columns: readonly string[];
  /** As the parent spells itself, where it exists. */
  readonly table: string;
  /** Null where nothing says it: no such parent, or one without a key of as many columns. */
  readonly to: readonly string[] | null;
  readonly onDelete: string;
  readonly onUpdate: string;
}

export interface IndexShape {
  readonly name: string;
  readonly isUnique: boolean;
  readonly isPartial: boolean;
  /** Made by UNIQUE or PRIMARY KEY rather than CREATE INDEX. */
  readonly isFromTable: boolean;
  /** Null in the place of an expression. */
  readonly columns: readonly (string | null)[];
  /** Compares otherwise than byte by byte: NOCASE, RTRIM. */
  readonly hasOwnCollation: boolean;
}

export interface TriggerShape {
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

export function readShape(database: Database): DatabaseShape {
  const listed = database.rows(
    "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  const sqlByName = new Map(
    database.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").map((row) => [textOf(row["name"]), textOf(row["sql"])]),
  );
  const tables = listed
    .filter((row) => row["type"] !== "view")
    .map((row) => readTable(database, row, sqlByName.get(textOf(row["name"])) ?? ""));
  const tableByName = new Map(tables.map((table) => [foldName(table.name), table]));
  return {
    tables: tables.map((table) => ({ ...table, references: table.references.map((reference) => resolved(reference, tableByName)) })),
    views: listed.filter((row) => row["type"] === "view").map((row) => textOf(row["name"])),
    triggers: database
      .rows("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
      .map((row) => ({ name: textOf(row["name"]), table: textOf(row["tbl_name"]), sql: textOf(row["sql"]) })),
  };
}

export const findTable = (shape: DatabaseShape, name: string): TableShape | undefined =>
  shape.tables.find((table) => isSameName(table.name, name));

export const findColumn = (table: TableShape, name: string): ColumnShape | undefined =>
  table.columns.find((column) => isSameName(column.name, name));

/** True where there is such a table and it has all of these columns. */
export function hasColumns(shape: DatabaseShape, table: string, columns: readonly string[]): boolean {
  const found = findTable(shape, table);
  return found !== undefined && columns.every((name) => findColumn(found, name) !== undefined);
}

/** Column lists of which no two rows have the same values: the key, and unique indexes over whole tables and plain columns. */
export const uniqueKeys = (table: TableShape): readonly (readonly string[])[] => [
  ...(table.key.length === 0 ? [] : [table.key]),
  ...table.indexes.flatMap((index) => (index.isUnique && !index.isPartial && isPlain(index.columns) ? [index.columns] : [])),
];

const isPlain = (columns: IndexShape["columns"]): columns is readonly string[] => columns.every((column) => column !== null);

export const isSameColumns = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.some((other) => isSameName(name, other)));

function readTable(database: Database, row: Row, sql: string): TableShape {
  const name = textOf(row["name"]);
  const type = row["type"];
  const kind = type === "virtual" || type === "shadow" ? type : "table";
  const base = { name, kind, isStrict: row["strict"] === 1, isWithoutRowid: row["wr"] === 1, sql } as const;
  // A virtual table can be read only where its module is loaded, and is refused anyway.
  if (kind === "virtual") return { ...base, columns: [], key: [], references: [], indexes: [] };
  const found = database.rows('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid', name);
  const key = found.filter((column) => numberOf(column["pk"]) > 0).toSorted((a, b) => numberOf(a["pk"]) - numberOf(b["pk"]));
  const indexes = readIndexes(database, name);
  const [only, ...more] = key;
  // With `INTEGER PRIMARY KEY DESC` SQLite makes an index, and the column is one like others.
  const rowid =
    !base.isWithoutRowid && more.length === 0 && textOf(only?.["type"]).toUpperCase() === "INTEGER" && !indexes.some((index) => index.isKey)
      ? only
      : undefined;
  return {
    ...base,
    columns: found.map((column) => ({
      name: textOf(column["name"]),
      type: textOf(column["type"]),
      affinity: affinityOf(textOf(column["type"])),
      isNotNull: column["notnull"] === 1,
      default: column["dflt_value"] === null ? null : textOf(column["dflt_value"]),
      isGenerated: column["hidden"] === 2 || column["hidden"] === 3,
      isRowid: column === rowid,
    })),
    key: key.map((column) => textOf(column["name"])),
    references: readReferences(database, name),
    indexes: indexes.map(({ isKey: _, ...index }) => index),
  };
}

/** SQLite's rules, in their order. */
function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase();
  if (upper.includes("INT")) return "INTEGER";
  if (/CHAR|CLOB|TEXT/u.test(upper)) return "TEXT";
  if (upper === "" || upper.includes("BLOB")) return "BLOB";
  return /REAL|FLOA|DOUB/u.test(upper) ? "REAL" : "NUMERIC";
}

function readReferences(database: Database, table: string): readonly ReferenceShape[] {
  const byId = new Map<number, Row[]>();
  for (const row of database.rows(
    'SELECT id, seq, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq',
    table,
  )) {
    const id = numberOf(row["id"]);
    byId.set(id, [...(byId.get(id) ?? []), row]);
  }
  return [...byId.values()].map((rows) => ({
    columns: rows.map((row) => textOf(row["from"])),
    table: textOf(rows[0]?.["table"]),
    to: rows.every((row) => row["to"] !== null) ? rows.map((row) => textOf(row["to"])) : null,
    onDelete: textOf(rows[0]?.["on_delete"]).toLowerCase(),
    onUpdate: textOf(rows[0]?.["on_update"]).toLowerCase(),
  }));
}

/** Names as their owners spell them; a reference that names no columns means the parent's key. */
function resolved(reference: ReferenceShape, tableByName: ReadonlyMap<string, TableShape>): ReferenceShape {
  const parent = tableByName.get(foldName(reference.table));
  if (parent === undefined) return reference;
  const to = reference.to ?? (parent.key.length === reference.columns.length ? parent.key : null);
  return { ...reference, table: parent.name, to: to?.map((name) => findColumn(parent, name)?.name ?? name) ?? null };
}

function readIndexes(database: Database, table: string): readonly (IndexShape & { readonly isKey: boolean })[] {
  return database.rows('SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY name', table).map((row) => {
    const columns = database.rows("SELECT name, cid, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", textOf(row["name"]));
    return {
      name: textOf(row["name"]),
      isUnique: row["unique"] === 1,
      isPartial: row["partial"] === 1,
      isFromTable: row["origin"] !== "c",
      isKey: row["origin"] === "pk",
      // SQLite takes a column twice, which says no more than once.
      columns: [...new Set(columns.map((column) => (numberOf(column["cid"]) < 0 ? null : textOf(column["name"]))))],
      hasOwnCollation: columns.some((column) => textOf(column["coll"]).toUpperCase() !== "BINARY"),
    };
  });
}

const GUARD = /"?sync_state"?\b[\s\S]*'?applying_remote'?/iu;

/** Triggers of the app itself on a table, and whether each stands aside while remote changes are applied. */
export const ownTriggers = (shape: DatabaseShape, table: string): readonly (TriggerShape & { readonly isGuarded: boolean })[] =>
  shape.triggers
    .filter((trigger) => isSameName(trigger.table, table) && !isSyncTrigger(trigger))
    .map((trigger) => ({ ...trigger, isGuarded: GUARD.test(trigger.sql) }));

/** Ours by name and by the comment that each of them carries. */
export const isSyncTrigger = (trigger: TriggerShape): boolean =>
  foldName(trigger.name).startsWith("sync_") && /\/\* synckit-gen [0-9a-f]+ \*\//u.test(trigger.sql);
