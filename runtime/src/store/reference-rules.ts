/** What the schema says about rows whose parent is gone: they go, lose the reference, or bring the parent back. */
import type { ReferenceSpec } from "../generated/spec.ts";
import { logConsequence } from "./consequences.ts";
import { isNullable, parentRowIdOf } from "./parents.ts";
import { type Child, isMoving, type Placing } from "./placing.ts";
import { isAlive, isDead, type RowWork } from "./row-works.ts";
import type { SessionScope } from "./session-scope.ts";
import type { TableRows } from "./table-rows.ts";
import { nulls } from "./values.ts";

export class ReferenceRules {
  readonly #scope: SessionScope;
  readonly #placing: Placing;

  constructor(scope: SessionScope, placing: Placing) {
    this.#scope = scope;
    this.#placing = placing;
  }

  /** Follows the rule that a held row waits for. True: something was done. */
  apply(work: RowWork): boolean {
    return isAlive(work) ? this.#applyParentRule(work) : this.#applyChildRules(work);
  }

  /** A row whose parent is dead. One that merely has not come may be on its way, or unreadable: it does not count. */
  #applyParentRule(work: RowWork): boolean {
    for (const reference of work.rows.spec.references) {
      const rows = this.#scope.parts.tables.get(reference.table);
      if (!reference.synced || rows === undefined || this.#placing.parents.has(work, reference)) continue;
      const parentRowId = parentRowIdOf(work, reference, rows);
      const parent = parentRowId === null ? null : this.#scope.works.get(rows, parentRowId);
      if (parent !== null && isDead(parent) && this.#followRule(work, parent, reference)) return true;
    }
    return false;
  }

  /** A dead row that living ones refer to. One that is about to refer elsewhere does not count. */
  #applyChildRules(parent: RowWork): boolean {
    const children = this.#placing
      .dependentsOf(parent)
      .filter(({ child, reference }) => isAlive(child) && !isMoving(child, parent, reference));
    const refusing = children.find(({ child, reference }) => ruleOf(child.rows, reference) === "revive");
    const [first] = refusing === undefined ? children : [refusing];
    return first !== undefined && this.#followRule(first.child, parent, first.reference);
  }

  isNeeded(work: RowWork, seen: Set<RowWork>): boolean {
    return this.neededBy(work, seen) !== null;
  }

  /** A living row that refers to this one and does not let it go, or one that does so to a row which would go along. */
  neededBy(work: RowWork, seen: Set<RowWork>): Child | null {
    seen.add(work);
    for (const dependent of this.#placing.dependentsOf(work)) {
      const { child, reference } = dependent;
      if (!isAlive(child) || isMoving(child, work, reference)) continue;
      const rule = ruleOf(child.rows, reference);
      if (rule === "revive") return dependent;
      const further = rule === "cascade" && !seen.has(child) ? this.neededBy(child, seen) : null;
      if (further !== null) return further;
    }
    return null;
  }

  #followRule(child: RowWork, parent: RowWork, reference: ReferenceSpec): boolean {
    const rule = ruleOf(child.rows, reference);
    if (rule === "cascade" && !this.isNeeded(child, new Set([parent]))) {
      logConsequence(this.#scope, child, "DELETE", {});
      this.#placing.bury(child);
    } else if (rule === "set null") {
      logConsequence(this.#scope, child, "UPDATE", nulls(reference.columns));
      this.#placing.place(child);
    } else {
      if (parent.data === null && this.#scope.works.physical(parent) === null) return false; // its values were never here: the child stays held
      logConsequence(this.#scope, parent, "UPDATE", {});
      this.#placing.place(parent);
    }
    return true;
  }
}

/** `revive`: the parent's delete is refused, as SQLite would have refused it, had the two been on one device. */
const ruleOf = (rows: TableRows, reference: ReferenceSpec): "cascade" | "set null" | "revive" =>
  reference.onDelete === "cascade" ? "cascade" : isNullable(rows, reference) ? "set null" : "revive";
