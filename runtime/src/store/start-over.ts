/**
 * Starting over from the server: every row here is marked as written by nobody, the log is read from its start, and what
 * is still marked at its end leaves. Rows are written over, not made anew, so that their local columns stay.
 */
import type { Driver } from "../driver/driver.ts";
import { quoteName, quoteText } from "./quote-name.ts";
import type { TableRows } from "./table-rows.ts";

type RowRef = readonly [table: string, rowId: string];

export interface StartOver {
  /** In a transaction of the caller's. Rows of update-only tables never leave: their marks alone are given up. */
  readonly mark: () => void;
  /** Some of the rows that are in their tables though the log does not have them alive, children first. Not those that are held. */
  readonly leftovers: (limit: number) => readonly RowRef[];
  /** Rows that could not leave, because something here refers to them. */
  readonly needed: () => readonly RowRef[];
  /** Marks go. A row that is still in its table is at the baseline. */
  readonly unmark: () => void;
}

/** Of a row that nobody has written and that is not alive: `absentRegisters`, as stored. */
const MARKED = "alive = 0 AND stamp = -1 AND life_stamp IS NULL";

export function startOver(driver: Driver, tables: ReadonlyMap<string, TableRows>): StartOver {
  const rowsOf = ({ spec }: TableRows): string => `(SELECT ${spec.sql.rowId} AS row_id FROM ${quoteName(spec.name)})`;
  return {
    mark() {
      for (const table of ["sync_row_clock", "sync_held", "sync_quarantine"]) driver.exec(`DELETE FROM ${table}`);
      for (const rows of tables.values())
        driver
          .prepare(
            `INSERT OR IGNORE INTO sync_row_clock (table_name, row_id, stamp, alive)
             SELECT ?, here.row_id, -1, ? FROM ${rowsOf(rows)} AS here WHERE here.row_id IS NOT NULL`,
          )
          .run(rows.spec.name, rows.spec.apply === "update" ? 1n : 0n);
    },
    leftovers(limit) {
      for (const rows of [...tables.values()].toReversed()) {
        if (rows.spec.apply === "update") continue;
        const name = quoteText(rows.spec.name);
        const found = driver
          .prepare(
            `SELECT here.row_id FROM ${rowsOf(rows)} AS here
             JOIN sync_row_clock AS known ON known.table_name = ${name} AND known.row_id = here.row_id AND known.alive = 0
             WHERE NOT EXISTS (SELECT 1 FROM sync_held WHERE table_name = ${name} AND row_id = here.row_id) LIMIT ?`,
          )
          .all(BigInt(limit));
        if (found.length > 0) return found.map(([rowId]) => [rows.spec.name, rowId as string]);
      }
      return [];
    },
    needed: () =>
      driver
        .prepare(`SELECT table_name, row_id FROM sync_held JOIN sync_row_clock USING (table_name, row_id) WHERE ${MARKED}`)
        .all()
        .map(([table, rowId]) => [table as string, rowId as string]),
    unmark() {
      driver.exec(
        `DELETE FROM sync_held WHERE EXISTS (SELECT 1 FROM sync_row_clock AS known
           WHERE known.table_name = sync_held.table_name AND known.row_id = sync_held.row_id AND ${MARKED});
         DELETE FROM sync_row_clock WHERE ${MARKED};
         DELETE FROM sync_row_clock WHERE alive = 1 AND stamp = -1 AND life_stamp IS NULL AND columns IS NULL`,
      );
    },
  };
}
