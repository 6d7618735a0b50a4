/** Uniqueness is judged on every device, so every column of it must be there. */
import type { Rule } from "../rule.ts";
import { unsyncedColumns } from "./references.ts";

export const uniqueColumnsAreSynced: Rule = function* (schema) {
  for (const table of schema.tables) {
    for (const columns of table.syntax.unique) yield* unsyncedColumns(table, columns, `\`unique\` of "${table.name}"`);
  }
};
