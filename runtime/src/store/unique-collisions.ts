/** Two devices gave two rows one value that must be unique, or rows change places and none can go first. */
import { type Clock, compareClocks } from "./clock.ts";
import { logConsequence } from "./consequences.ts";
import { occupantsOf } from "./obstacles.ts";
import type { Placing } from "./placing.ts";
import type { Values } from "./registers.ts";
import type { ReferenceRules } from "./reference-rules.ts";
import { isAlive, type RowWork } from "./row-works.ts";
import type { SessionScope } from "./session-scope.ts";
import { pick } from "./values.ts";

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
   * every device, and kept as a conflict. Clocks are the same everywhere, so every device deletes the same one. Where
   * another row needs it, it gives up the value instead.
   */
  settle(work: RowWork): boolean {
    for (const { other, columns } of this.#occupants(work)) {
      if (!isAlive(other) || this.#isMoving(other, columns)) continue; // it is to give up the value anyway
      const loser = isLater(work, other, columns) ? other : work;
      if (this.#rules.isNeeded(loser, new Set())) {
        if (this.#giveUp(loser, loser === other ? work : other, columns)) return true;
        continue; // it can neither stay nor go: held, and reported
      }
      logConsequence(this.#scope, loser, "DELETE", {});
      if (loser === other) this.#placing.bury(other);
      return true;
    }
    return false;
  }

  /**
   * Where rows wait for each other's values, one steps aside; so does a dead row that cannot leave before this one has come.
   * False: this one's place is not of that kind.
   */
  makeRoom(work: RowWork): boolean {
    return this.#occupants(work).some(
      ({ other, columns }) => (!isAlive(other) || this.#isMoving(other, columns)) && this.#placing.stepAside(other, columns),
    );
  }

  /** The loser stays without its unique value, which is kept as a conflict. The new one depends on the row alone: every device finds the same. */
  #giveUp(loser: RowWork, winner: RowWork, columns: readonly string[]): boolean {
    const { works, parts } = this.#scope;
    const values = works.fullValues(loser);
    const change = this.#valueOfItsOwn(loser, columns, values);
    if (change === null || !this.#placing.writeInstead(loser, change)) return false;
    const lost = pick(values, Object.keys(change));
    parts.conflicts.add({
      table: loser.rows.spec.name,
      rowId: loser.rowId,
      kind: "overwritten",
      values: lost,
      loser: latestOf(loser, Object.keys(change)),
      winner: latestOf(winner, columns),
      noticedMs: parts.nowMs(),
    });
    logConsequence(this.#scope, loser, "UPDATE", change);
    this.#placing.place(loser);
    return true;
  }

  /** NULL in one of the columns, or its text with the row's id. Columns that refer, or are referred to, are left alone. */
  #valueOfItsOwn({ rows, rowId }: RowWork, columns: readonly string[], values: Values): Values | null {
    const taken = new Set([
      ...rows.spec.references.flatMap((reference) => reference.columns),
      ...(this.#scope.inbound.get(rows.spec.name) ?? []).flatMap(({ reference }) => reference.to),
    ]);
    const own = rows.spec.columns.filter(({ name }) => columns.includes(name) && rows.columnSet.has(name) && !taken.has(name));
    const nullable = own.find((column) => column.nullable);
    if (nullable !== undefined) return { [nullable.name]: null };
    const text = own.find(({ name, type }) => type === "text" && typeof values[name] === "string");
    return text === undefined ? null : { [text.name]: `${values[text.name] as string} (${rowId})` };
  }

  /** Rows whose table has them where this one wants to be. */
  #occupants(work: RowWork): readonly { readonly other: RowWork; readonly columns: readonly string[] }[] {
    return occupantsOf(work.rows, work.rowId, this.#scope.works.fullValues(work)).map(({ rowId, columns }) => ({
      other: this.#scope.works.get(work.rows, rowId),
      columns,
    }));
  }

  /** Its registers hold another value than its table. */
  #isMoving(work: RowWork, columns: readonly string[]): boolean {
    const [physical, wanted] = [this.#scope.works.physical(work), this.#scope.works.fullValues(work)];
    return columns.some((column) => JSON.stringify(physical?.[column]) !== JSON.stringify(wanted[column]));
  }
}

function isLater(a: RowWork, b: RowWork, columns: readonly string[]): boolean {
  const order = compareClocks(latestOf(a, columns), latestOf(b, columns));
  return order === 0 ? a.rowId > b.rowId : order > 0;
}

const latestOf = ({ registers }: RowWork, columns: readonly string[]): Clock =>
  columns.map((column) => registers.overrides.get(column) ?? registers.base).reduce((x, y) => (compareClocks(x, y) > 0 ? x : y));
