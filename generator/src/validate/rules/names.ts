/** Names must be usable in SQL, in JSON and in TypeScript, and differ to SQLite. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { limits, RESERVED_MEMBER } from "@synckit-gen/schemas/protocol";
import type { Word } from "../../parse/node.ts";
import type { Rule, TableRule } from "../rule.ts";

/** Sync creates objects with the one prefix, SQLite refuses tables with the other. */
const RESERVED_PREFIXES = ["sync_", "sqlite_"];

export const appIsNamed: Rule = function* ({ syntax }) {
  if (syntax.app !== undefined) yield* unusable(syntax.app);
};

export const namesAreUsable: TableRule = function* (tables) {
  for (const table of tables) {
    yield* unusable(table.syntax.name);
    if (table.name.length > limits.MAX_TABLE_NAME) {
      const reason = `it has ${table.name.length} characters, and a change on its way names its table in at most ${limits.MAX_TABLE_NAME}`;
      yield report("name/unusable", table.syntax.name.at, { name: table.name, reason });
    }
    for (const column of table.columns) yield* unusable({ text: column.name, at: column.at });
  }
};

function* unusable(word: Word): Iterable<Diagnostic> {
  const reason = unusableReason(word.text);
  if (reason !== null) yield report("name/unusable", word.at, { name: printable(word.text), reason });
}

/** Null where the name can be used. */
export function unusableReason(name: string): string | null {
  if (name.trim() === "") return "it is empty";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u.test(name)) return "it holds a control character or a line break";
  if (/\p{Cs}/u.test(name)) return "it holds half of a surrogate pair, which is not a character";
  if (name === "__proto__") return "JavaScript gives an object's member of that name a meaning of its own";
  return null;
}

/** The name without what would garble a terminal. */
// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const printable = (name: string): string => name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cs}/gu, "\u{fffd}");

export const tablesDifferToSqlite: Rule = function* (schema) {
  yield* collisions(
    "table",
    schema.tables.map((table) => table.syntax.name),
  );
};

export const columnsDifferToSqlite: TableRule = function* (tables) {
  for (const table of tables) {
    yield* collisions(
      "column",
      table.columns.map((column) => ({ text: column.name, at: column.at })),
    );
  }
};

function* collisions(kind: string, words: readonly Word[]): Iterable<Diagnostic> {
  const firstByName = new Map<string, Word>();
  for (const word of words.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)) {
    const folded = word.text.replace(/[A-Z]/gu, (letter) => letter.toLowerCase());
    const first = firstByName.get(folded);
    if (first === undefined) firstByName.set(folded, word);
    else {
      const related = [{ at: first.at, message: `"${first.text}" stands here` }];
      yield report("name/collision", word.at, { kind, name: word.text, other: first.text }, { related });
    }
  }
}

export const reservedNamesAreFree: TableRule = function* (tables) {
  for (const table of tables) {
    const prefix = RESERVED_PREFIXES.find((reserved) => table.name.toLowerCase().startsWith(reserved));
    if (prefix !== undefined) yield report("table/reserved-name", table.syntax.name.at, { table: table.name, prefix });
    const reserved = table.columnByName.get(RESERVED_MEMBER);
    if (reserved !== undefined) yield report("column/reserved-name", reserved.at, { table: table.name, column: reserved.name });
  }
};
