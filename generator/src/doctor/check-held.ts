/** `sync_held`: rows that no cycle will store by itself. Others wait for what may still come, and are only counted. */
import { isSameName, numberOf, textOf } from "../sqlite/database.ts";
import { hasColumns } from "../sqlite/read-shape.ts";
import { finding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

export function* checkHeld({ database, shape, model, places }: Subject): Iterable<Finding> {
  if (!hasColumns(shape, "sync_held", ["table_name", "reason", "detail"])) return;
  for (const row of database.rows(
    `SELECT "table_name", coalesce("detail", '') AS "detail", count(*) AS n FROM "sync_held" WHERE "reason" = 'constraint'
     GROUP BY "table_name", "detail" ORDER BY "table_name", "detail"`,
  )) {
    const table = textOf(row["table_name"]);
    const isKnown = model.tables.some(({ name }) => isSameName(name, table));
    yield finding("doctor/row-refused", isKnown ? places.table(table) : places.database, {
      table,
      constraint: textOf(row["detail"]),
      count: numberOf(row["n"]),
    });
  }
}
