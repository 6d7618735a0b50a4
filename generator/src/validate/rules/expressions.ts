/** SQL expressions stand in the middle of generated statements, so they must be closed in themselves. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { Word } from "../../parse/node.ts";
import type { TableRule } from "../rule.ts";

export const expressionsParse: TableRule = function* (tables) {
  for (const table of tables) {
    for (const column of table.syntax.columns) yield* broken("default", column.name, column.default);
    for (const column of table.syntax.local) {
      yield* broken("default", column.name, column.default);
      yield* broken("on_insert", column.name, column.onInsert);
    }
  }
};

function* broken(key: string, column: Word, sql: Word | undefined): Iterable<Diagnostic> {
  const fault = sql === undefined ? null : expressionFault(sql.text.trim());
  if (sql === undefined || fault === null) return;
  yield report("column/broken-expression", sql.at, { key, column: column.text, reason: fault.reason }, { suggestion: fault.suggestion });
}

interface Fault {
  readonly reason: string;
  readonly suggestion?: string;
}

/** The literals of SQLite that look like names. */
const WORDS = new Set(["null", "true", "false", "current_timestamp", "current_date", "current_time"]);
const CLOSING: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]" };

/** Not a parser: it finds what would break the statement around the expression, and a text without its quotes. */
export function expressionFault(sql: string): Fault | null {
  if (sql === "") return { reason: "it is empty (an empty text is two single quotes)", suggestion: "''" };
  // oxlint-disable-next-line no-control-regex -- NUL ends a statement for SQLite
  if (/\u0000/u.test(sql)) return { reason: "it holds a NUL character" };
  const bare = /^(?:"([^"]*)"|([\p{L}_][\p{L}\p{N}_-]*))$/u.exec(sql);
  const word = bare?.[1] ?? bare?.[2];
  if (word !== undefined && !WORDS.has(sql.toLowerCase())) {
    return {
      reason: `${sql} is the name of a column to SQL; a text stands in single quotes`,
      suggestion: `'${word.replaceAll("'", "''")}'`,
    };
  }
  return structureFault(sql);
}

function structureFault(sql: string): Fault | null {
  let depth = 0;
  for (let i = 0; i < sql.length; i++) {
    const at = sql.charAt(i);
    const closing = CLOSING[at];
    if (closing !== undefined) {
      // A doubled quote inside a text closes and opens again, which comes to the same.
      i = sql.indexOf(closing, i + 1);
      if (i === -1) return { reason: `the ${at} is never closed` };
    } else if (at === "(") depth++;
    else if (at === ")" && --depth < 0) return { reason: "a parenthesis closes that was never opened" };
    else if (at === ";") return { reason: "it holds a semicolon" };
    else if (sql.startsWith("--", i) || sql.startsWith("/*", i)) return { reason: "it holds a comment" };
  }
  return depth > 0 ? { reason: "a parenthesis is never closed" } : null;
}
