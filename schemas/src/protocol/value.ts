/**
 * Column values on the wire: one rule per column type and SQLite storage class. The SQL half (a
 * column to JSON, in triggers) is `templates/src/text/value-sql.ts`; both are held to
 * `schemas/vectors/values.json`.
 *
 * Each type has native storage classes with a plain JSON form. A value of another class (SQLite lets
 * any column hold anything) is carried in a tag that restores its class exactly:
 * `{"$text": …}`, `{"$int": "…"}`, `{"$real": …}`, `{"$blob": "HEX"}`.
 */
import type { ColumnType } from "../ir/model.ts";

/** A JSON value as a payload holds it. */
export type WireValue = string | number | null | { readonly [tag: string]: string | number };

/** What a driver binds. An integer is a bigint: drivers bind a JavaScript number as REAL. */
export type SqlValue = string | number | bigint | Uint8Array | null;

const TEXT_LIKE: ReadonlySet<ColumnType> = new Set(["text", "uuid", "json", "timestamp", "date"]);
export const isTextLike = (type: ColumnType): boolean => TEXT_LIKE.has(type);

/** A payload value that its column cannot hold. Says what was found, never the value itself. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/** Wire value → what the driver binds. Throws `ValueError` for a shape that no writer of this format makes. */
export function wireToSql(type: ColumnType, value: unknown): SqlValue {
  if (value === null) return null;
  if (typeof value === "string") {
    if (isTextLike(type)) return value;
    if (type === "blob") return hexToBytes(value);
    if (type === "bigint") return decimalToBigint(value);
  } else if (typeof value === "number") {
    if (type === "real") return value;
    if (Number.isSafeInteger(value)) return BigInt(value);
  } else if (typeof value === "boolean") {
    if (type === "boolean") return value ? 1n : 0n; // what clients in other languages write
  } else if (typeof value === "object") {
    return tagToSql(value);
  }
  throw new ValueError(`a column of type ${type} cannot hold this ${Array.isArray(value) ? "array" : typeof value}`);
}

function tagToSql(tagged: object): SqlValue {
  const [entry, extra] = Object.entries(tagged) as [string, unknown][];
  if (entry !== undefined && extra === undefined) {
    const [tag, value] = entry;
    if (tag === "$text" && typeof value === "string") return value;
    if (tag === "$int" && typeof value === "string") return decimalToBigint(value);
    if (tag === "$blob" && typeof value === "string") return hexToBytes(value);
    if (tag === "$real" && typeof value === "number") return value;
    if (tag === "$real" && value === "Infinity") return Infinity;
    if (tag === "$real" && value === "-Infinity") return -Infinity;
  }
  throw new ValueError("not a tagged value");
}

function decimalToBigint(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new ValueError("not a decimal integer");
  const value = BigInt(text);
  if (value !== BigInt.asIntN(64, value)) throw new ValueError("an integer past 64 bits");
  return value;
}

export function hexToBytes(hex: string): Uint8Array {
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(hex)) throw new ValueError("not hexadecimal");
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
