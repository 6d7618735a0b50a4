/** Two devices gave two rows one value that must be unique. */
import { wireToSql } from "@synckit-gen/schemas/protocol";
import { type Clock, compareClocks } from "./clock.ts";
import { logConsequence } from "./consequences.ts";
import type { Placing } from "./placing.ts";
import type { ReferenceRules } from "./reference-rules.ts";
import type { RowWork } from "./row-works.ts";
import type { SessionScope } from "./session-scope.ts";

export class UniqueCollisions {
  readonly #scope: SessionScope;
  readonly #placing: Placing;
  readonly #rules: ReferenceRules;

  constructor(scope: SessionScope, placing: Placing, rules: ReferenceRules) {
    this.#scope = scope;
    this.#placing = placing;
    this.#rules = rules;
  }

  /**
   * Two rows want one unique value. The one whose unique columns were written later keeps it; the other is deleted on
   * every device, and kept as a conflict. Clocks are the same everywhere, so every device deletes the same one.
   */
  settle(work: RowWork): boolean {
    const values = this.#scope.works.fullValues(work);
    for (const columns of work.rows.spec.unique) {
      const bound = columns.map((column) => wireToSql(work.rows.typeOf(column), values[column] ?? null));
      if (bound.includes(null)) continue; // SQLite lets NULLs be
      const [otherId] = work.rows.find(columns, bound).filter((rowId) => rowId !== work.rowId);
      if (otherId === undefined) continue;
      const other = this.#scope.works.get(work.rows, otherId);
      const loser = isLater(work, other, columns) ? other : work;
      if (this.#rules.isNeeded(loser, new Set())) continue; // it can neither stay nor go: held, and reported
      logConsequence(this.#scope, loser, "DELETE", []);
      if (loser === other) this.#placing.bury(other);
      return true;
    }
    return false;
  }
}

function isLater(a: RowWork, b: RowWork, columns: readonly string[]): boolean {
  const latest = ({ registers }: RowWork): Clock =>
    columns.map((column) => registers.overrides.get(column) ?? registers.base).reduce((x, y) => (compareClocks(x, y) > 0 ? x : y));
  const order = compareClocks(latest(a), latest(b));
  return order === 0 ? a.rowId > b.rowId : order > 0;
}
