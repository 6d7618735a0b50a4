/** What the policies of a table leave to sync, and whether they agree with one another. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Rule, TableRule } from "../rule.ts";
import { isIdentityColumn } from "../schema-view.ts";
import { isCountedUp } from "./keys.ts";

export const tablesExist: Rule = function* ({ syntax }) {
  if (syntax.tablesAt !== undefined && syntax.tables.length === 0) yield report("table/none", syntax.tablesAt, {});
};

export const tablesSyncSomething: TableRule = function* (tables) {
  for (const table of tables) {
    if (!table.syntax.isWhole) continue;
    if (table.columns.some((column) => column.kind === "synced" && !isIdentityColumn(table, column))) continue;
    const at = table.syntax.name.at;
    if (table.syntax.apply?.value === "update") yield report("table/nothing-to-update", at, { table: table.name });
    else if (table.identity.length === 1) yield report("table/key-only", at, { table: table.name });
  }
};

export const localColumnsHaveValues: TableRule = function* (tables) {
  for (const table of tables) {
    // A row of such a table is never inserted by sync, so its local columns never need a value from it.
    if (table.syntax.apply?.value === "update") continue;
    for (const column of table.columns) {
      if (column.kind === "synced" || column.isNullable || column.default !== null || column.onInsert !== null) continue;
      if (!isCountedUp(table, column.name)) yield report("local/no-value", column.at, { table: table.name, column: column.name });
    }
  }
};

export const compatMergesRows: Rule = function* ({ syntax }) {
  if (syntax.compat?.value !== "synckit") return;
  const related = [{ at: syntax.compat.at, message: "left out here" }];
  for (const conflicts of [syntax.conflicts, ...syntax.tables.map((table) => table.conflicts)]) {
    if (conflicts?.value === "column") yield report("conflicts/column-with-compat", conflicts.at, {}, { related });
  }
};

export const ignoredDeletesDoNotCascade: Rule = function* (schema) {
  for (const table of schema.tables) {
    if (table.syntax.deletes?.value === "ignore") continue;
    for (const { table: parent, onDelete } of table.syntax.references) {
      const deletes = parent === undefined ? undefined : schema.tableByName.get(parent.text)?.syntax.deletes;
      if (parent === undefined || deletes?.value !== "ignore" || onDelete?.value !== "cascade") continue;
      const related = [{ at: deletes.at, message: "ignored here" }];
      yield report("table/ignored-deletes-cascade", onDelete.at, { table: table.name, parent: parent.text }, { related });
    }
  }
};
