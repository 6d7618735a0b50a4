/** What stands in a row's way into its table, or out of it: rows that have its unique values, parents that are not here, rows that refer to it. */
import { boundKeys, parentRowIdOf } from "./parents.ts";
import type { Values } from "./registers.ts";
import type { TableRows } from "./table-rows.ts";

export interface Obstacle {
  /**
   * `taken`: another row of the table has these values, which must be unique. `missing`: the row that these columns refer to is not here.
   * `referring`: another row refers to this one and does not let it go.
   */
  readonly kind: "taken" | "missing" | "referring";
  /** Of the row that waits; `referring`: of the other row. */
  readonly columns: readonly string[];
  /** The other row. */
  readonly table: string;
  readonly rowId: string;
}

/** The table does not take these values, or other rows do not let this one go: something else has to be done first. Nothing was written. */
export class RowRefusedError extends Error {
  override readonly name = "RowRefusedError";
  readonly code = "row/refused";
  readonly retryable = false;
  readonly table: string;
  readonly rowId: string;
  /** The kind of constraint: `FOREIGNKEY`, `UNIQUE`, `CHECK`, …; `VALUE` for a value that is not of its column's type. */
  readonly constraint: string;
  /** Empty where the constraint is about the row alone, or one that the schema does not know. */
  readonly obstacles: readonly Obstacle[];

  constructor(table: string, rowId: string, constraint: string, obstacles: readonly Obstacle[]) {
    const what = obstacles.some(({ kind }) => kind === "referring") ? "does not let this row go" : "refuses these values";
    super(`"${table}" ${what} (${constraint})${obstacles.map((obstacle) => `: ${adviceFor(obstacle)}`).join("")}`);
    this.table = table;
    this.rowId = rowId;
    this.constraint = constraint;
    this.obstacles = obstacles;
  }
}

function adviceFor({ kind, columns, table }: Obstacle): string {
  const names = columns.map((column) => `"${column}"`).join(", ");
  switch (kind) {
    case "taken":
      return `another row has the same ${names}, and has to give that up first`;
    case "missing":
      return `the row of "${table}" that ${names} refers to has to be here first`;
    case "referring":
      return `a row of "${table}" refers to it by ${names}, and has to go or to refer elsewhere first`;
  }
}

/** Of a row with these values, identity included. */
export function obstaclesOf(tables: ReadonlyMap<string, TableRows>, rows: TableRows, rowId: string, values: Values): readonly Obstacle[] {
  const missing = rows.spec.references.flatMap((reference): readonly Obstacle[] => {
    const parent = reference.synced ? tables.get(reference.table) : undefined;
    const parentRowId = parent === undefined ? null : parentRowIdOf({ rows, rowId, value: (column) => values[column] }, reference, parent);
    if (parent === undefined || parentRowId === null || (parent === rows && parentRowId === rowId) || parent.read(parentRowId) !== null)
      return [];
    return [{ kind: "missing", columns: reference.columns, table: reference.table, rowId: parentRowId }];
  });
  const taken = occupantsOf(rows, rowId, values).map((occupant): Obstacle => ({ kind: "taken", table: rows.spec.name, ...occupant }));
  return [...missing, ...taken];
}

/** Other rows whose table has them where a row with these values wants to be. */
export function occupantsOf(
  rows: TableRows,
  rowId: string,
  values: Values,
): readonly { readonly rowId: string; readonly columns: readonly string[] }[] {
  return rows.spec.unique.flatMap((columns) => {
    const keys = boundKeys(rows, columns, (column) => values[column]);
    const other = keys === null ? undefined : rows.find(columns, keys).find((found) => found !== rowId);
    return other === undefined ? [] : [{ rowId: other, columns }];
  });
}
