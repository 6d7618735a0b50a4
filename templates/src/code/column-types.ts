/** The TypeScript type of a column: what a driver returns and binds, not what the wire carries. */
import { isSynced, type Column, type ColumnType, type Table } from "@synckit-gen/schemas/model";

const VALUE_TYPE: Readonly<Record<ColumnType, string>> = {
  text: "string",
  uuid: "string",
  json: "string",
  timestamp: "string",
  date: "string",
  integer: "number",
  bigint: "number | bigint",
  real: "number",
  boolean: "number", // SQLite stores 0 and 1
  blob: "Uint8Array",
};

/** What a column may hold that is only named: all that SQLite stores. Narrower than `unknown`, which would let values through that no driver binds. */
const ANY_VALUE = "string | number | bigint | Uint8Array | null";

/** Null included where the column allows it. */
export function valueType(column: Column): string {
  if (column.type === null) return ANY_VALUE;
  return column.nullable ? `${VALUE_TYPE[column.type]} | null` : VALUE_TYPE[column.type];
}

/** An identity column is never null in a synced row, whatever the table allows. */
export const identityType = (column: Column): string => valueType({ ...column, nullable: false });

/** The column in Kysely's Database: optional on insert where SQLite has a value of its own. */
export function rowType(column: Column, table: Table): string {
  const isGenerated = column.default !== null || isLocalIntegerKey(column, table);
  return isGenerated && column.type !== null ? `Generated<${valueType(column)}>` : valueType(column);
}

const isLocalIntegerKey = (column: Column, table: Table): boolean =>
  !isSynced(column) && table.key.length === 1 && table.key[0] === column.name && (column.type === "integer" || column.type === "bigint");
