/** The application's own tables and their indexes, for schemas with `create: true`. Parents come first. */
import type { Column, ColumnType, Reference, SyncModel, Table } from "@synckit-gen/schemas/model";
import { quoteName, quoteNames } from "../text/sql.ts";

/** What SQLite calls each column type; an author's own tables may call it otherwise. */
export const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: "TEXT",
  uuid: "TEXT",
  json: "TEXT",
  timestamp: "TEXT",
  date: "TEXT",
  integer: "INTEGER",
  bigint: "INTEGER",
  boolean: "INTEGER",
  real: "REAL",
  blob: "BLOB",
};

/** Defaults that stand without parentheses; any other expression needs them. */
const PLAIN_DEFAULT =
  /^(?:[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|'(?:[^']|'')*'|[xX]'[0-9A-Fa-f]*'|NULL|TRUE|FALSE|CURRENT_(?:TIME|DATE|TIMESTAMP))$/i;

/** `as`: under another name, and then the name must be free. */
export function createTableSql(table: Table, as?: string): string {
  const parts = [
    ...table.columns.map((column) => columnSql(column, table)),
    `PRIMARY KEY (${quoteNames(table.key)})`,
    ...uniqueLists(table).map((columns) => `UNIQUE (${quoteNames(columns)})`),
    ...table.references.filter((reference) => reference.synced).map(foreignKeySql),
  ];
  const name = as === undefined ? `IF NOT EXISTS ${quoteName(table.name)}` : quoteName(as);
  return `CREATE TABLE ${name} (\n  ${parts.join(",\n  ")}\n)`;
}

/** True where ALTER TABLE takes the default: one that is the same for every row, whenever it is asked for. */
export const isConstantDefault = (expression: string): boolean => PLAIN_DEFAULT.test(expression) && !/^CURRENT_/i.test(expression);

export function columnSql(column: Column, table: Table): string {
  const words = [quoteName(column.name)];
  if (column.type !== null) words.push(SQL_TYPES[column.type]);
  // A key needs it spelled out: SQLite lets NULL into a primary key that is not the rowid.
  if (!column.nullable || table.key.includes(column.name)) words.push("NOT NULL");
  if (column.default !== null) words.push(`DEFAULT ${PLAIN_DEFAULT.test(column.default) ? column.default : `(${column.default})`}`);
  return words.join(" ");
}

/** The declared lists, and the identity where it is not the key: an upsert needs an index to conflict with. */
export function uniqueLists(table: Table): readonly (readonly string[])[] {
  const sameColumns = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name) => b.includes(name));
  const { columns } = table.identity;
  const known = [table.key, ...table.unique].some((list) => sameColumns(list, columns));
  return known ? table.unique : [columns, ...table.unique];
}

export const foreignKeySql = (reference: Reference): string =>
  `FOREIGN KEY (${quoteNames(reference.columns)}) ${referenceClause(reference)}`;

export function referenceClause({ table, to, onDelete }: Reference): string {
  const action = onDelete === "no action" ? "" : ` ON DELETE ${onDelete.toUpperCase()}`;
  return `REFERENCES ${quoteName(table)} (${quoteNames(to)})${action}`;
}

interface Index {
  readonly name: string;
  readonly sql: string;
}

/** One index on the child side of each reference, so that a parent's delete never scans the children. */
export function referenceIndexes(model: SyncModel): ReadonlyMap<Table, readonly Index[]> {
  const taken = new Set<string>();
  const indexesByTable = new Map<Table, readonly Index[]>();
  for (const table of model.tables) {
    // The key and unique lists are indexes already, and serve any reference over their first columns.
    const covered: (readonly string[])[] = [table.key, ...uniqueLists(table)];
    const indexes: Index[] = [];
    for (const { columns } of table.references) {
      if (covered.some((list) => columns.every((column, i) => list[i] === column))) continue;
      covered.push(columns);
      const name = freeName(`sync_${table.name}_${columns.join("_")}_index`, taken);
      indexes.push({ name, sql: `CREATE INDEX IF NOT EXISTS ${quoteName(name)} ON ${quoteName(table.name)} (${quoteNames(columns)})` });
    }
    indexesByTable.set(table, indexes);
  }
  return indexesByTable;
}

/** `a_b` with column `c`, and `a` with column `b_c`, want the same name; IF NOT EXISTS would skip the second in silence. */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wanted}_${n}`;
  taken.add(name.toLowerCase());
  return name;
}
