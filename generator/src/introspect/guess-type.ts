/**
 * A column's type in the language, from its declaration, its name and its values. Any type carries any value
 * exactly, so a wrong guess costs convenience and never data; every guess that is not plain is said in a comment.
 */
import type { ColumnType } from "@synckit-gen/schemas/model";
import type { ColumnShape } from "../sqlite/read-shape.ts";
import type { Evidence } from "./read-evidence.ts";

export interface Guess {
  readonly type: ColumnType;
  /** What should be looked at; null where there is no doubt. */
  readonly doubt: string | null;
}

const FLAG_NAME =
  /^(?:is|has|can|should|was|needs|allow|allows|enable|show|hide|use)(?:_|(?=\p{Lu}))|(?:_|^)(?:enabled|disabled|done|deleted|archived|active|completed|read|starred|hidden|visible|pinned|favou?rite)$/u;
const TIMESTAMP_NAME = /(?:_at|(?<=\p{Ll})At|timestamp)$/u;
const DATE_NAME = /(?:^|_)(?:date|birthday)$|(?<=\p{Ll})Date$|_on$/u;

const sure = (type: ColumnType): Guess => ({ type, doubt: null });
const unsure = (type: ColumnType, doubt: string): Guess => ({ type, doubt });

export function guessType(column: ColumnShape, seen: Evidence): Guess {
  const mixed = mixture(seen);
  if (mixed !== null) return unsure(typeOfMixture(column, seen), `holds ${mixed}`);
  const { integers, reals, texts, blobs } = seen;
  if (texts > 0) return guessText(column, seen);
  if (blobs > 0) return sure("blob");
  if (reals > 0) return guessReal(column, seen);
  if (integers > 0) return guessInteger(column, seen);
  return guessEmpty(column);
}

/** In words, where a column holds values of several kinds. */
function mixture({ integers, reals, texts, blobs }: Evidence): string | null {
  const kinds = [integers + reals > 0 ? "numbers" : null, texts > 0 ? "texts" : null, blobs > 0 ? "blobs" : null].filter(
    (kind) => kind !== null,
  );
  return kinds.length < 2 ? null : `${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1) ?? ""}`;
}

function typeOfMixture(column: ColumnShape, { texts, blobs, integers, reals }: Evidence): ColumnType {
  const most = Math.max(texts, blobs, integers + reals);
  if (texts === most) return "text";
  if (blobs === most) return "blob";
  return reals > 0 || column.affinity === "REAL" ? "real" : "integer";
}

function guessText(column: ColumnShape, seen: Evidence): Guess {
  const declared = declaredAs(column);
  const all = (count: number): boolean => count === seen.texts;
  if (all(seen.uuids)) return sure("uuid");
  if (all(seen.json)) return declared === "json" ? sure("json") : unsure("json", "every text in it is JSON");
  if (all(seen.dates)) return sure("date");
  if (all(seen.timestamps + seen.dates))
    return seen.dates === 0 ? sure("timestamp") : unsure("timestamp", "some values have no time of day");
  if (declared === "boolean") return unsure("text", `declared ${column.type}, holds texts`);
  if (declared === "timestamp" || declared === "date") return unsure("text", `declared ${column.type}, but not in ISO 8601`);
  const isNumeric = column.affinity === "INTEGER" || column.affinity === "REAL" || column.affinity === "NUMERIC";
  return isNumeric
    ? unsure("text", `declared ${column.type}, holds texts; those that look like numbers are stored as numbers`)
    : sure("text");
}

function guessReal(column: ColumnShape, seen: Evidence): Guess {
  const declared = declaredAs(column);
  if (declared === "timestamp" || declared === "date")
    return unsure("real", `declared ${column.type}, holds numbers: a Julian day, or a Unix time with a fraction?`);
  if (column.affinity === "REAL" || column.affinity === "NUMERIC") return sure("real");
  return unsure(
    "real",
    `declared ${column.type === "" ? "without a type" : column.type}, holds numbers with a fraction${seen.integers > 0 ? " and without" : ""}`,
  );
}

function guessInteger(column: ColumnShape, seen: Evidence): Guess {
  const declared = declaredAs(column);
  const areFlags = seen.flags === seen.integers;
  if (declared === "boolean")
    return areFlags ? sure("boolean") : unsure("integer", `declared ${column.type}, holds numbers besides 0 and 1`);
  if (seen.wide > 0) return unsure("bigint", "holds numbers past 2^53, which are texts in TypeScript");
  if (declared === "timestamp" || declared === "date") return unsure("integer", `declared ${column.type}, holds numbers: a Unix time`);
  if (areFlags && FLAG_NAME.test(column.name)) return unsure("boolean", "holds 0 and 1 only");
  if (column.affinity === "REAL") return sure("real");
  if (column.affinity === "NUMERIC")
    return isDecimal(column) ? sure("real") : unsure("integer", `declared ${column.type}, holds whole numbers`);
  return column.affinity === "INTEGER"
    ? sure("integer")
    : unsure("integer", `declared ${column.type === "" ? "without a type" : column.type}, holds whole numbers`);
}

function guessEmpty(column: ColumnShape): Guess {
  const declared = declaredAs(column);
  if (declared !== null) return sure(declared);
  switch (column.affinity) {
    case "INTEGER":
      return FLAG_NAME.test(column.name) && !column.isRowid
        ? unsure("boolean", "by its name; there are no values to judge by")
        : sure("integer");
    case "REAL":
      return sure("real");
    case "TEXT":
      if (TIMESTAMP_NAME.test(column.name)) return unsure("timestamp", "by its name; there are no values to judge by");
      return DATE_NAME.test(column.name) ? unsure("date", "by its name; there are no values to judge by") : sure("text");
    case "BLOB":
      return column.type === "" ? unsure("text", "no declared type, and no values to judge by") : sure("blob");
    case "NUMERIC":
      return isDecimal(column) ? sure("real") : unsure("real", `declared ${column.type}; there are no values to judge by`);
  }
}

const isDecimal = (column: ColumnShape): boolean => /^(?:DECIMAL|NUMERIC|MONEY|NUMBER)/iu.test(column.type);

/** Declarations that mean more than an affinity. */
function declaredAs({ type }: ColumnShape): ColumnType | null {
  const word = /^[A-Za-z]+/u.exec(type)?.[0].toLowerCase() ?? "";
  if (word === "bool" || word === "boolean" || word === "bit") return "boolean";
  if (word === "datetime" || word === "timestamp" || word === "timestamptz") return "timestamp";
  if (word === "date") return "date";
  if (word === "json" || word === "jsonb") return "json";
  return word === "uuid" || word === "guid" || word === "uniqueidentifier" ? "uuid" : null;
}
