/** Uniqueness is judged on every device, so every column of it must be there. */
import type { TableRule } from "../rule.ts";
import { unsyncedColumns } from "./references.ts";

export const uniqueColumnsAreSynced: TableRule = function* (tables) {
  for (const table of tables) {
    for (const columns of table.syntax.unique) yield* unsyncedColumns(table, columns, `\`unique\` of "${table.name}"`);
  }
};
