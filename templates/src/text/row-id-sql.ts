/** A row's identity as one text, in SQL: the other half of `schemas/src/protocol/row-id.ts`. */
import { isTextLike } from "@synckit-gen/schemas/protocol";
import { syncedColumns, type SyncedColumn, type Table } from "@synckit-gen/schemas/model";
import { quoteName } from "./sql.ts";

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
 * Whether rows of a table have names that other devices would know them by: no part is NULL, and each is what its row id gives back
 * elsewhere (`rowIdToSql`). That is, of the type's own storage class, or an integer for a text, or a text for an integer, which the
 * column's affinity makes of that text again. Others must not be captured: each would be a second row everywhere.
 */
export const isNamedSql = (identity: readonly SyncedColumn[]): string =>
  allOf(
    identity.map((column) => {
      const isOwn = isOfClassSql(ownClass(column), column, quoteName);
      const other = otherClass(column);
      if (other === null) return isOwn;
      return `(${isOwn} OR ${isOfClassSql(other, column, quoteName)} AND ${quoteName(column.name)} = ${boundSql(column, quoteName)})`;
    }),
  );

/** The same of a trigger's row, after the fact. One that is gone and not of its own class had a name if the table has no row of that name now. */
export function isNamedInTriggerSql(table: string, identity: readonly SyncedColumn[], row: "NEW" | "OLD"): string {
  const reference = (name: string): string => `${row}.${quoteName(name)}`;
  const isOwn = allOf(identity.map((column) => isOfClassSql(ownClass(column), column, reference)));
  if (identity.every((column) => otherClass(column) === null)) return isOwn;
  // NEW and OLD have no affinity: only the table's column can tell.
  const found = `SELECT 1 FROM ${quoteName(table)} WHERE`;
  const isIt = allOf(identity.map(({ name }) => `${quoteName(name)} IS ${reference(name)}`));
  if (row === "NEW") return `(${isOwn} OR EXISTS (${found} ${isIt} AND ${isNamedSql(identity)}))`;
  const isTwin = allOf(identity.map((column) => `${quoteName(column.name)} = ${boundSql(column, reference)}`));
  const mayBe = allOf(
    identity.map(
      (column) =>
        `typeof(${reference(column.name)}) IN (${[ownClass(column), otherClass(column)].flatMap((name) => (name === null ? [] : [`'${name}'`])).join(", ")})`,
    ),
  );
  return `(${isOwn} OR ${mayBe} AND NOT EXISTS (${found} ${isTwin}))`;
}

/** As `rowIdSql`, of a table's row, and NULL for one that cannot be named. */
export const namedRowIdSql = (identity: readonly SyncedColumn[]): string =>
  `CASE WHEN ${isNamedSql(identity)} THEN ${rowIdSql(identity, quoteName)} END`;

const allOf = (conditions: readonly string[]): string => conditions.join(" AND ");

const isOfClassSql = (storage: string, { name }: SyncedColumn, reference: (name: string) => string): string =>
  `typeof(${reference(name)}) = '${storage}'`;

const ownClass = ({ type }: SyncedColumn): string => (isTextLike(type) ? "text" : type === "blob" ? "blob" : "integer");

/** What an affinity may make of the type's values. Not a real, which has no exact text. */
const otherClass = ({ type }: SyncedColumn): string | null => (isTextLike(type) ? "integer" : type === "blob" ? null : "text");

/** What a device that knows the row id alone would bind, of no affinity: casts have one, concatenation and CASE do not. */
function boundSql({ name, type }: SyncedColumn, reference: (name: string) => string): string {
  const value = reference(name);
  if (type === "blob") return value;
  const text = `CAST(${value} AS TEXT) || ''`;
  if (isTextLike(type)) return text;
  return `CASE WHEN CAST(CAST(${value} AS INTEGER) AS TEXT) = ${text} THEN CAST(${value} AS INTEGER) ELSE ${text} END`;
}
