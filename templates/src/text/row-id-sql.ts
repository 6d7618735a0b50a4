/** A row's identity as one text, in SQL: the other half of `schemas/src/protocol/row-id.ts`. */
import { isTextLike } from "@synckit-gen/schemas/protocol";
import { syncedColumns, type SyncedColumn, type Table } from "@synckit-gen/schemas/model";

/** The identity columns of a table, in the order in which row ids join them. */
export function identityColumns(table: Table): readonly SyncedColumn[] {
  const synced = syncedColumns(table);
  return table.identity.columns.map((name) => {
    const column = synced.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`identityColumns: ${table.name} does not sync ${name}`);
    return column;
  });
}

/**
 * Text, the same on every device. Parts of a composite key go into a JSON array, since any separator
 * could occur inside a part.
 */
export function rowIdSql(identity: readonly SyncedColumn[], reference: (name: string) => string): string {
  const part = (column: SyncedColumn): string =>
    column.type === "blob" ? `hex(${reference(column.name)})` : `CAST(${reference(column.name)} AS TEXT)`;
  const [only, ...more] = identity;
  if (only !== undefined && more.length === 0) return part(only);
  // Concatenation drops a JSON subtype, which json_array would nest.
  return `json_array(${identity.map((column) => `${part(column)} || ''`).join(", ")})`;
}

/**
 * Whether an identity column's value is what its row id gives back elsewhere (`rowIdToSql`): not NULL, and of the type's own storage
 * class, or of another which the column's affinity makes of that text again. A row for which this is not true has no name
 * that other devices would know it by, and must not be captured: it would be a second row everywhere.
 */
export function isNamedSql({ name, type }: SyncedColumn, reference: (name: string) => string): string {
  const value = reference(name);
  if (type === "blob") return `typeof(${value}) = 'blob'`;
  // Concatenation, and CASE, drop the affinity that a cast has: so the column's own is all that counts, as where a value is bound.
  const text = `CAST(${value} AS TEXT) || ''`;
  if (isTextLike(type)) return `(typeof(${value}) = 'text' OR ${value} = ${text})`;
  return `(typeof(${value}) = 'integer' OR ${value} = CASE WHEN CAST(CAST(${value} AS INTEGER) AS TEXT) = ${value} THEN CAST(${value} AS INTEGER) ELSE ${text} END)`;
}

/** As `rowIdSql`, and NULL for a row that cannot be named. */
export const namedRowIdSql = (identity: readonly SyncedColumn[], reference: (name: string) => string): string =>
  `CASE WHEN ${identity.map((column) => isNamedSql(column, reference)).join(" AND ")} THEN ${rowIdSql(identity, reference)} END`;
