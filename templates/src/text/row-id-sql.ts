/** A row's identity as one text, in SQL: the other half of `schemas/src/protocol/row-id.ts`. */
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
