/**
 * A row's synced columns as one JSON object, in SQL: the other half of
 * `schemas/src/protocol/value.ts`, both held to `schemas/vectors/values.json`. Total, because what
 * fails here fails the user's own write; exact on SQLite 3.40 and newer.
 *
 * The rule is spelled once per object, over a list of name, type and value. One expression per column
 * would be as fast to run, but five times the text in every trigger, which SQLite parses at each open;
 * and json_object takes 63 columns at most before SQLite 3.50. Triggers that fire often get both (`quickPayloadSql`).
 */
import { isTextLike } from "@synckit-gen/schemas/protocol";
import type { ColumnType, SyncedColumn } from "@synckit-gen/schemas/model";
import { quoteText } from "./sql.ts";

/**
 * Twenty digits, since with seventeen SQLite 3.40 loses the last bit of one in 400 doubles of extreme
 * exponent; json_object itself prints fifteen, and Infinity as invalid JSON. An integer in a real column
 * is tagged: as a plain number it would come back as a real. NULL matches no branch and stays NULL.
 *
 * `|| ''` drops a JSON subtype, which json() leaves on a value as far as a trigger's NEW and which would nest
 * it; `+"value"` drops the affinity of the list's first line, under which numbers would compare as text.
 * SQLite 3.40 and 3.54 lose both on the way through the list, but do not promise to.
 */
const VALUE = `CASE typeof("value")
    WHEN 'text' THEN CASE "type" WHEN 'text' THEN "value" || '' ELSE json_object('$text', "value" || '') END
    WHEN 'integer' THEN CASE WHEN "type" = 'bigint' THEN CAST("value" AS TEXT)
      WHEN "type" <> 'real' AND +"value" BETWEEN -9007199254740991 AND 9007199254740991 THEN "value" ELSE json_object('$int', CAST("value" AS TEXT)) END
    WHEN 'real' THEN CASE WHEN "type" = 'real' AND CAST("value" * 1000000 AS INTEGER) / 1000000.0 = +"value" AND abs("value") < 1000000000 THEN "value"
      WHEN abs("value") = 9e999 THEN json_object('$real', CASE WHEN +"value" > 0 THEN 'Infinity' ELSE '-Infinity' END)
      WHEN "type" = 'real' THEN json(printf('%!.20g', "value")) ELSE json_object('$real', json(printf('%!.20g', "value"))) END
    WHEN 'blob' THEN CASE "type" WHEN 'blob' THEN hex("value") ELSE json_object('$blob', hex("value")) END
  END`;

/** `reference` spells a column: `NEW."title"` in a trigger, `"title"` over the table. */
export const payloadSql = (columns: readonly SyncedColumn[], reference: (name: string) => string): string =>
  payloadOf(payloadList(columns, reference));

/**
 * The same text, a tenth of an update sooner, for the data that a trigger writes: a row whose values all are what their columns
 * say, as nearly every row is, goes through json_object. What needs a tag, or more than fifteen digits, takes the list.
 */
export function quickPayloadSql(columns: readonly SyncedColumn[], reference: (name: string) => string): string {
  const whole = payloadSql(columns, reference);
  if (columns.length > MAX_OBJECT_COLUMNS) return whole;
  const plain = columns.map(({ name, type }) => ({ name, ...plainSql(rule(type), reference(name)) }));
  return `CASE WHEN ${plain.map(({ isPlain }) => isPlain).join("\n  AND ")}
  THEN json_object(${plain.map(({ name, value }) => `${quoteText(name)}, ${value}`).join(", ")})
  ELSE ${whole} END`;
}

/** What json_object takes before SQLite 3.50, a name and a value for each. */
const MAX_OBJECT_COLUMNS = 63;

/** A column's value as json_object is to get it, and whether that is right for it. `VALUE` above says the same, and has the reasons. */
function plainSql(type: string, value: string): { readonly isPlain: string; readonly value: string } {
  const is = (storage: string, more = ""): string => `(typeof(${value}) = '${storage}'${more} OR ${value} IS NULL)`;
  switch (type) {
    case "text":
      return { isPlain: is("text"), value: `${value} || ''` };
    case "bigint":
      return { isPlain: is("integer"), value: `CAST(${value} AS TEXT)` };
    case "real":
      return {
        isPlain: is("real", ` AND CAST(${value} * 1000000 AS INTEGER) / 1000000.0 = +${value} AND abs(${value}) < 1000000000`),
        value,
      };
    case "blob":
      return { isPlain: is("blob"), value: `CASE WHEN ${value} IS NOT NULL THEN hex(${value}) END` };
    default:
      return { isPlain: is("integer", ` AND +${value} BETWEEN -9007199254740991 AND 9007199254740991`), value };
  }
}

/** The payload made from a list, which alone differs between tables. */
export const payloadOf = (list: string): string => `(SELECT json_group_object("name", ${VALUE}) FROM (\n  ${list}))`;

/** One line per column: its name, the rule of its type, its value. */
export const payloadList = (columns: readonly SyncedColumn[], reference: (name: string) => string): string =>
  columns
    .map(({ name, type }, i) =>
      i === 0
        ? `SELECT ${quoteText(name)} AS "name", ${quoteText(rule(type))} AS "type", ${reference(name)} AS "value"`
        : `UNION ALL SELECT ${quoteText(name)}, ${quoteText(rule(type))}, ${reference(name)}`,
    )
    .join("\n  ");

/** The types that have rules of their own. */
function rule(type: ColumnType): string {
  if (isTextLike(type)) return "text";
  return type === "boolean" ? "integer" : type;
}
