/**
 * Row ids: a row's identity as one text. The SQL half (in triggers) is `templates/src/text/row-id-sql.ts`.
 *
 * One identity column: its value as text (bytes as upper-case hex). Several: a JSON array of those
 * texts, which keeps its boundaries even when a value contains the separator.
 */
import type { ColumnType } from "../ir/model.ts";
import { isTextLike, ValueError, wireToSql, type SqlValue, type WireValue } from "./value.ts";

/** An identity column, as far as row ids need it. */
export interface IdentityColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** The row id that a payload's identity columns give. Throws `ValueError` when one is missing or has no such form. */
export function rowIdOf(identity: readonly IdentityColumn[], payload: Readonly<Record<string, unknown>>): string {
  const parts = identity.map((column) => {
    const value = payload[column.name];
    if (value === undefined || value === null) throw new ValueError(`the payload has no ${column.name}`);
    return partOf(column.type, wireToSql(column.type, value));
  });
  return parts.length === 1 ? (parts[0] as string) : JSON.stringify(parts);
}

/** As SQL casts: bytes in a text column are text, text in a column of bytes is its UTF-8. */
function partOf(type: ColumnType, value: SqlValue): string {
  if (type !== "blob") return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
  const bytes = value instanceof Uint8Array ? value : new TextEncoder().encode(String(value));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
}

/** The identity values to bind, in column order. Throws `ValueError` when the text is no row id of these columns. */
export const rowIdToSql = (identity: readonly IdentityColumn[], rowId: string): readonly SqlValue[] =>
  partsOf(identity, rowId).map((part, index) => partToSql((identity[index] as IdentityColumn).type, part));

/** The identity columns as a payload holds them. Throws `ValueError` like `rowIdToSql`. */
export const rowIdToWire = (identity: readonly IdentityColumn[], rowId: string): Readonly<Record<string, WireValue>> =>
  Object.fromEntries(
    partsOf(identity, rowId).map((part, index) => {
      const { name, type } = identity[index] as IdentityColumn;
      return [name, partToWire(type, part)];
    }),
  );

function partsOf(identity: readonly IdentityColumn[], rowId: string): readonly string[] {
  if (identity.length === 1) return [rowId];
  let parts: unknown;
  try {
    parts = JSON.parse(rowId);
  } catch {
    parts = null;
  }
  if (!Array.isArray(parts) || parts.length !== identity.length || parts.some((part) => typeof part !== "string"))
    throw new ValueError("not a row id of several columns");
  return parts as readonly string[];
}

function partToSql(type: ColumnType, part: string): SqlValue {
  if (isTextLike(type)) return part;
  if (type === "blob") return wireToSql("blob", part);
  if (type === "real") return Number(part);
  return toInteger(part) ?? part;
}

/** Null: not as an integer of 64 bits is cast to text. */
function toInteger(part: string): bigint | null {
  if (!/^-?\d{1,19}$/.test(part)) return null;
  const value = BigInt(part);
  return value === BigInt.asIntN(64, value) && String(value) === part ? value : null;
}

function partToWire(type: ColumnType, part: string): WireValue {
  if (isTextLike(type) || type === "blob") return part;
  const value = partToSql(type, part);
  if (typeof value === "string") return { $text: value };
  if (typeof value !== "bigint" || type === "bigint") return part;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : { $int: part };
}
