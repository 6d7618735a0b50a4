/**
 * A stored value with its class, as one text: `integer:5`, `text:` and its UTF-8 in hex, `real:` with twenty digits. What
 * two databases hold can be compared by these, and each can be written as an SQL literal, NUL in a text included.
 */

export type Cell = string;

export const NULL_CELL: Cell = "null:";

export const integerCell = (value: bigint): Cell => `integer:${value}`;
export const textCell = (text: string): Cell => `text:${Buffer.from(text, "utf8").toString("hex").toUpperCase()}`;
export const blobCell = (hex: string): Cell => `blob:${hex}`;
/** Any spelling of a finite number; reading back gives SQLite's. */
export const realCell = (literal: string): Cell => `real:${literal}`;

export const classOf = (cell: Cell): string => cell.slice(0, cell.indexOf(":"));
export const bodyOf = (cell: Cell): string => cell.slice(cell.indexOf(":") + 1);
export const textOfCell = (cell: Cell): string => Buffer.from(bodyOf(cell), "hex").toString("utf8");

export function literalOf(cell: Cell): string {
  const body = bodyOf(cell);
  switch (classOf(cell)) {
    case "null":
      return "NULL";
    case "text":
      return `CAST(x'${body}' AS TEXT)`;
    case "blob":
      return `x'${body}'`;
    // The literal of the least integer is the negative of one that is too large.
    case "integer":
      return body === "-9223372036854775808" ? "(-9223372036854775807 - 1)" : body;
    default:
      return body;
  }
}

/** SQL that reads an expression as a cell. */
export const cellSql = (expression: string): string =>
  `typeof(${expression}) || ':' || CASE typeof(${expression}) WHEN 'text' THEN hex(CAST(${expression} AS BLOB)) WHEN 'blob' THEN hex(${expression})
    WHEN 'integer' THEN CAST(${expression} AS TEXT) WHEN 'real' THEN printf('%!.20g', ${expression}) ELSE '' END`;

/** Equal for values that SQLite compares as equal: 1 and 1.0 are. */
export function comparableOf(cell: Cell): string {
  if (classOf(cell) !== "real") return cell;
  const value = Number(bodyOf(cell));
  return Number.isInteger(value) ? `integer:${BigInt(value)}` : `real:${value}`;
}
