/** Numbers that a table cannot exceed. */
import { report } from "@synckit-gen/schemas/diagnostics";
import { limits } from "@synckit-gen/schemas/protocol";
import type { TableRule } from "../rule.ts";
import { isIdentityColumn } from "../schema-view.ts";

/** SQLite 3.40 gives json_object 127 arguments: 63 pairs. */
const MAX_SYNCED_COLUMNS = 63;

export const columnsFitTheMask: TableRule = function* (tables) {
  for (const table of tables) {
    const synced = table.columns.filter((column) => column.kind === "synced");
    const masked = synced.filter((column) => !isIdentityColumn(table, column));
    const at = table.syntax.name.at;
    if (masked.length > limits.MAX_MASK_COLUMNS) {
      yield report("table/too-many-columns", at, {
        table: table.name,
        count: masked.length,
        kind: "synced columns besides its key",
        maximum: limits.MAX_MASK_COLUMNS,
      });
    } else if (synced.length > MAX_SYNCED_COLUMNS) {
      yield report("table/too-many-columns", at, {
        table: table.name,
        count: synced.length,
        kind: "synced columns, its key included",
        maximum: MAX_SYNCED_COLUMNS,
      });
    }
  }
};
