/**
 * Brings tables in line with registers: living rows are written, dead ones removed. A row that its table cannot hold
 * yet is held, and its registers keep the values; a dead row stays while living ones refer to it.
 */
import { ValueError } from "@synckit-gen/schemas/protocol";
import type { ReferenceSpec } from "../generated/spec.ts";
import type { HeldReason } from "./held.ts";
import { keysOf, parentRowIdOf, Parents, type RowView } from "./parents.ts";
import type { Values } from "./registers.ts";
import { type DirectRow, isAlive, type RowWork } from "./row-works.ts";
import type { SessionScope } from "./session-scope.ts";
import { resetUnsaid } from "./start-over.ts";
import { nulls } from "./values.ts";

interface Refusal {
  readonly reason: HeldReason;
  readonly detail: string | null;
}

/** A row and the reference by which it refers to another. */
export interface Child {
  readonly child: RowWork;
  readonly reference: ReferenceSpec;
}

/** Held rows looked through for children of a dead row; one that is missed costs its parent the columns that stay here. */
const MAX_WAITING = 1_000;

/** Rows of a reference cycle could not all be placed: the transaction is to be run again without trusting any. */
export class BrokenCircleError extends Error {
  override readonly name = "BrokenCircleError";
}

export class Placing {
  readonly #scope: SessionScope;
  readonly parents: Parents;
  /** Rows held by this session; the reason is in `sync_held`. */
  readonly #heldHere = new Set<RowWork>();
  readonly #relaxed = new Set<RowWork>();
  /** Rows that have stepped aside, with what their tables had before. */
  readonly #aside = new Map<RowWork, { readonly columns: readonly string[]; readonly values: Values }>();
  /** Held rows that wait for nothing but each other: placed together, and checked at COMMIT. */
  #circle: ReadonlySet<RowWork> = new Set();

  constructor(scope: SessionScope) {
    this.#scope = scope;
    this.parents = new Parents(scope.parts, scope.mode, (table, rowId) => {
      const work = scope.works.known(table, rowId);
      if (work === null) return scope.works.direct(table, rowId)?.state === "placed" ? "here" : "unknown";
      return !isAlive(work) ? "dead" : this.#circle.has(work) ? "coming" : "unknown";
    });
  }

  /** Rows whose reference to an unsynced parent needs enforcement off: `[table, row id]`. */
  get relaxed(): readonly (readonly [string, string])[] {
    return Array.from(this.#relaxed, (work) => [work.rows.spec.name, work.rowId] as const);
  }

  get held(): readonly RowWork[] {
    return [...this.#heldHere];
  }

  isHeld(work: RowWork): boolean {
    return this.#heldHere.has(work);
  }

  /** To be tried again with the next `retry`. */
  tryAgain(work: RowWork): void {
    work.physical = undefined;
    this.#heldHere.add(work);
  }

  /** A row that cannot be written as it came takes the long way. */
  placeDirectly(direct: DirectRow): void {
    if (direct.state === "taken") return;
    const { rows, rowId, values, columns } = direct;
    if (this.#rewrite(direct)) {
      direct.state = "placed";
      return;
    }
    const row: RowView = { rows, rowId, value: (column) => values[column] };
    const missing = this.parents.missing(row, columns);
    const isFree = missing.blocking === null && missing.relaxed === null && missing.nulled.length === 0;
    if (isFree && this.#write(row, values, columns) === null) direct.state = "placed";
    else this.place(this.#scope.works.get(rows, rowId));
  }

  /** Tries held rows again, for as long as any can be placed. */
  retry(): void {
    this.#placeHeld();
    if (!this.#scope.mode.deferred) return;
    this.#circle = this.#findCircle();
    if (this.#circle.size === 0) return;
    this.#placeHeld();
    const isBroken = [...this.#circle].some((work) => this.#heldHere.has(work));
    this.#circle = new Set();
    if (isBroken) throw new BrokenCircleError("a row of a reference cycle was refused");
  }

  #placeHeld(): void {
    for (let progress = true; progress;) {
      progress = false;
      for (const work of [...this.#heldHere]) {
        this.#heldHere.delete(work);
        if (isAlive(work)) this.place(work);
        else this.bury(work);
        if (!this.#heldHere.has(work)) progress = true;
      }
    }
  }

  /** The largest set of held rows whose missing parents are all in the set. */
  #findCircle(): ReadonlySet<RowWork> {
    const circle = new Set([...this.#heldHere].filter((work) => isAlive(work) && this.parents.missing(work, null).blocking !== null));
    this.#circle = circle;
    for (let isClosed = false; !isClosed;) {
      isClosed = true;
      for (const work of circle)
        if (this.parents.missing(work, null).blocking !== null) {
          circle.delete(work);
          isClosed = false;
        }
    }
    return circle;
  }

  /** Writes a living row to its table, or holds it. */
  place(work: RowWork): void {
    const { rows } = work;
    const given = rows.columns.filter((column) => Object.hasOwn(work.overlay, column));
    // A change without a column that this version has may bring back a row that has left its table.
    const isWhole = work.data !== null || work.physical === null || (given.length === 0 && this.#scope.works.physical(work) === null);
    if (!isWhole && given.length === 0) return this.#scope.works.save(work);
    const columns = isWhole ? null : given;
    const values = isWhole ? this.#scope.works.fullValues(work) : { ...work.latest, ...work.overlay };

    const missing = this.parents.missing(work, columns);
    if (missing.relaxed !== null) {
      this.#relaxed.add(work);
      return this.#hold(work, "relaxed", missing.relaxed);
    }
    if (missing.blocking !== null) return this.#hold(work, "parent", missing.blocking);
    const wanted = missing.nulled.length === 0 ? null : this.#scope.works.fullValues(work); // before the table loses the reference
    const writable = wanted === null ? values : { ...values, ...nulls(missing.nulled) };
    const refusal = this.#write(work, writable, columns);
    if (refusal !== null) {
      const full = wanted ?? this.#scope.works.fullValues(work);
      if (refusal.detail === "UNIQUE") this.#writeReferences(work, writable);
      return this.#hold(work, refusal.reason, refusal.detail, full);
    }

    if (isWhole && this.#scope.mode.isStartingOver) resetUnsaid(this.#scope.parts.driver, rows, work.rowId, writable);
    work.physical = undefined;
    if (wanted !== null) return this.#hold(work, "parent", missing.nulled.join(", "), wanted);
    this.#unhold(work);
    work.data = null;
    work.overlay = {};
    this.#scope.works.save(work);
  }

  /** A row that waits for a unique value does not keep the parents that it has left: the value may be one of theirs. */
  #writeReferences(work: RowWork, values: Values): void {
    const { references, unique } = work.rows.spec;
    const columns = references.flatMap((reference) => reference.columns).filter((name) => work.rows.columnSet.has(name));
    const free = [...new Set(columns)].filter((name) => values[name] !== undefined && !unique.some((list) => list.includes(name)));
    if (free.length === 0 || this.#scope.works.physical(work) === null) return;
    this.#write(work, values, free);
    work.physical = undefined;
  }

  /** Gives a row's unique columns a value that no other row has, until it can have its own. False: its table does not take that. */
  stepAside(work: RowWork, columns: readonly string[]): boolean {
    const full = this.#scope.works.fullValues(work);
    const before = this.#scope.works.physical(work) ?? full;
    try {
      if (!work.rows.stepAside(work.rowId, columns)) return false;
    } catch (error) {
      if (this.#scope.parts.driver.constraintOf(error) === null) throw error;
      return false;
    }
    work.physical = undefined;
    if (!this.#aside.has(work)) this.#aside.set(work, { columns, values: before });
    this.#hold(work, "constraint", "UNIQUE", full);
    return true;
  }

  /** Rows that have stepped aside for one that still could not come show what they had: an edit would tell the value of the moment. */
  stepBack(): void {
    for (const [work, { columns, values }] of this.#aside) {
      const own = columns.filter((name) => work.rows.columnSet.has(name));
      const { blocking, relaxed, nulled } = this.parents.missing({ ...work, value: (column) => values[column] }, own);
      if (blocking !== null || relaxed !== null || nulled.length > 0 || this.#scope.works.physical(work) === null) continue;
      this.#write(work, values, own);
      work.physical = undefined;
    }
  }

  /** Writes a living row with these values in place of its own, if its table takes them and its parents are here. */
  writeInstead(work: RowWork, values: Values): boolean {
    const { blocking, relaxed, nulled } = this.parents.missing(work, null);
    if (blocking !== null || relaxed !== null) return false;
    const full = this.#scope.works.fullValues(work);
    if (this.#write(work, { ...full, ...nulls(nulled), ...values }, null) !== null) return false;
    work.physical = undefined;
    work.data = full;
    work.overlay = {};
    return true;
  }

  /** Writes some columns of a row, or all (null). A null outcome: written. */
  #write({ rows, rowId }: RowView, values: Values, columns: readonly string[] | null): Refusal | null {
    try {
      if (columns !== null && rows.update(rowId, values, columns) > 0) return null;
      if (rows.upsert(rowId, values) === 0 && rows.spec.apply === "update") return { reason: "missing", detail: null };
      return null;
    } catch (error) {
      if (error instanceof ValueError) return { reason: "constraint", detail: "VALUE" };
      const constraint = this.#scope.parts.driver.constraintOf(error);
      if (constraint === null) throw error;
      return { reason: "constraint", detail: constraint };
    }
  }

  /** Writes all of a row that its table has, where it keeps its parents: nothing is to be known of them then. False: nothing was written. */
  #rewrite({ rows, rowId, values, columns, isKnown }: DirectRow): boolean {
    if (!isKnown || columns !== null) return false;
    try {
      return rows.rewrite(rowId, values) > 0;
    } catch (error) {
      if (!(error instanceof ValueError) && this.#scope.parts.driver.constraintOf(error) === null) throw error;
      return false;
    }
  }

  /** Takes a dead row out of its table. While living rows refer to it, it stays: their rule is applied once the pull is complete. */
  bury(work: RowWork): void {
    if (work.isLeaving) return;
    if (this.#scope.works.physical(work) !== null) {
      work.isLeaving = true;
      for (const { child } of this.#childrenOf(work)) if (!isAlive(child)) this.bury(child);
      work.isLeaving = false;
      const dependents = this.dependentsOf(work);
      // In a cycle, what leaves with this row may have living children of its own: cascades would take them along.
      const isInCycle = dependents.some(({ child }) => child.isLeaving);
      const waiting = dependents.find(({ child }) => !child.isLeaving) ?? (isInCycle ? this.#livingBelow(work) : undefined);
      if (waiting !== undefined) return this.#hold(work, "children", waiting.child.rows.spec.name);
      const values = this.#scope.works.fullValues(work);
      if (!this.#remove(work)) return this.#hold(work, "constraint", "FOREIGNKEY");
      work.data = values;
    } else if (work.data !== null || Object.keys(work.overlay).length > 0) {
      work.data = this.#scope.works.fullValues(work);
    }
    work.overlay = {};
    this.#unhold(work);
    this.#scope.works.save(work);
  }

  /** A row that lives below this one: a child of it, or of its children that are to leave. */
  #livingBelow(work: RowWork): Child | undefined {
    const seen = new Set([work]);
    for (const dead of seen) {
      const below = this.dependentsOf(dead);
      const living = below.find(({ child }) => isAlive(child));
      if (living !== undefined) return living;
      for (const { child } of below) seen.add(child);
    }
    return undefined;
  }

  /** False: the table keeps the row. */
  #remove(work: RowWork): boolean {
    try {
      work.rows.remove(work.rowId);
    } catch (error) {
      if (this.#scope.parts.driver.constraintOf(error) === null) throw error;
      return false;
    }
    work.physical = null;
    this.parents.forget();
    return true;
  }

  /** Rows that refer to this one in their table, and those that wait to. */
  dependentsOf(work: RowWork): readonly Child[] {
    return [...this.#childrenOf(work), ...this.#waitingFor(work)];
  }

  /** Living rows that are to refer to this one, and are held for now. */
  #waitingFor(work: RowWork): readonly Child[] {
    const edges = this.#scope.inbound.get(work.rows.spec.name) ?? [];
    if (edges.length === 0 || (this.#heldHere.size === 0 && !this.#scope.hasHeld)) return [];
    return edges.flatMap(({ child: rows, reference }) => {
      const name = rows.spec.name;
      const works = new Set([...this.#heldHere].filter((candidate) => candidate.rows === rows));
      const held = this.#scope.hasHeld ? this.#scope.parts.held.of(name, MAX_WAITING) : [];
      for (const rowId of held) works.add(this.#scope.works.get(rows, rowId));
      return [...works]
        .filter((child) => child !== work && isAlive(child) && !isMoving(child, work, reference))
        .map((child) => ({ child, reference }));
    });
  }

  /** Rows whose table has them refer to this one, itself left out. */
  #childrenOf(work: RowWork): readonly Child[] {
    return (this.#scope.inbound.get(work.rows.spec.name) ?? []).flatMap(({ child: rows, reference }) => {
      const keys = keysOf(work.rows, this.#scope.works.physical(work) ?? {}, reference);
      const rowIds = keys === null ? [] : rows.find(reference.columns, keys);
      return rowIds.map((rowId) => ({ child: this.#scope.works.get(rows, rowId), reference })).filter(({ child }) => child !== work);
    });
  }

  #hold(work: RowWork, reason: HeldReason, detail: string | null, values: Values = this.#scope.works.fullValues(work)): void {
    work.data = values;
    work.overlay = {};
    this.#heldHere.add(work);
    this.#scope.parts.held.put({ table: work.rows.spec.name, rowId: work.rowId, reason, detail, sinceMs: this.#scope.parts.nowMs() });
    this.#scope.works.save(work);
  }

  #unhold(work: RowWork): void {
    if (work.data !== null || this.#heldHere.has(work)) this.#scope.parts.held.remove(work.rows.spec.name, work.rowId);
    this.#heldHere.delete(work);
    this.#relaxed.delete(work);
    this.#aside.delete(work);
  }
}

/** The child is about to refer elsewhere. */
export const isMoving = (child: RowWork, parent: RowWork, reference: ReferenceSpec): boolean =>
  parentRowIdOf(child, reference, parent.rows) !== parent.rowId;
