/**
 * One apply transaction. Changes are first merged into registers, whatever their order (`merge`); then the tables are
 * brought in line with the registers, parents first, and dead rows removed, children first (`settle`, which `placing.ts`
 * does row by row). Once a pull is complete, what still cannot be stored follows the schema's rules (`applyRules`).
 *
 * Everything here runs inside one synchronous transaction with capture suppressed.
 */
import type { WireValue } from "@synckit-gen/schemas/protocol";
import { logDelete, logEdit } from "./consequences.ts";
import { LocalChanges } from "./local-changes.ts";
import { recordConflicts } from "./lost-edits.ts";
import { obstaclesOf, RowRefusedError } from "./obstacles.ts";
import { Placing } from "./placing.ts";
import { ReferenceRules } from "./reference-rules.ts";
import { type Clock, compareClocks } from "./clock.ts";
import {
  absentRegisters,
  type Change,
  isUnwritten,
  joinRegisters,
  mergeChange,
  type MergeOutcome,
  type Registers,
  type Values,
} from "./registers.ts";
import type { RegisteredRow } from "./row-export.ts";
import type { RemoteChange } from "./remote-change.ts";
import { isAlive, isDead, RowWorks, type RowWork, type TableWorks } from "./row-works.ts";
import type { InboundEdges, SessionMode, SessionParts, SessionScope } from "./session-scope.ts";
import type { TableRows } from "./table-rows.ts";
import { UniqueCollisions } from "./unique-collisions.ts";

export class Session {
  readonly #scope: SessionScope;
  readonly #placing: Placing;
  readonly #rules: ReferenceRules;
  readonly #collisions: UniqueCollisions;
  #earliestDelete: number | null = null;

  constructor(parts: SessionParts, mode: SessionMode, inbound: InboundEdges) {
    const hasHeld = parts.held.count() > 0;
    this.#scope = { parts, mode, inbound, hasHeld, works: new RowWorks(parts.clocks, hasHeld), lastStamp: mode.lastStamp };
    this.#placing = new Placing(this.#scope);
    this.#rules = new ReferenceRules(this.#scope, this.#placing);
    this.#collisions = new UniqueCollisions(this.#scope, this.#placing, this.#rules);
  }

  /** Of the deletes that were merged and are the latest word on their row; null: none was. */
  get earliestDelete(): number | null {
    return this.#earliestDelete;
  }

  get lastStamp(): number {
    return this.#scope.lastStamp;
  }

  /** Rows whose reference to an unsynced parent needs enforcement off: `[table, row id]`. */
  get relaxed(): readonly (readonly [string, string])[] {
    return this.#placing.relaxed;
  }

  /** Stamps what triggers captured since the last session and folds it into the registers. It always wins: its author had seen all else. */
  foldLocal(): void {
    new LocalChanges(this.#scope).fold();
  }

  /** Merges a change into its row's registers. False: this schema ignores it. */
  merge(change: RemoteChange): boolean {
    const rows = this.#scope.parts.tables.get(change.table);
    if (rows === undefined || (change.op === "DELETE" && rows.spec.deletes === "ignore")) return false;
    this.#scope.lastStamp = Math.max(this.#scope.lastStamp, change.clock.stamp);
    const { works } = this.#scope;
    const touched = works.of(change.table);
    if (!touched.rows.has(change.rowId) && !touched.direct.has(change.rowId) && this.#mergeDirectly(touched, rows, change)) return true;
    const work = this.#workOf(rows, change.rowId);
    const { life } = work.registers;
    const wasDead = isDead(work);
    const outcome = mergeChange(work.registers, change, rows.columns, (column) => works.valueOf(work, column));
    if (outcome.won.length > 0 || work.registers.life !== life) work.isChanged = true;
    recordConflicts(this.#scope, work, change, outcome);
    this.#noteDelete(work, life);
    const isForgotten = wasDead ? change.op !== "DELETE" && change.seen === 0 : outcome.lostLife && this.#isUnread(work);
    if (isForgotten) this.#scope.parts.retelling.note(rows, change);
    else this.#scope.parts.retelling.read(rows, change);
    if (change.values !== null) {
      work.latest = change.values;
      for (const column of outcome.won) work.overlay[column] = change.values[column] as WireValue;
    }
    return true;
  }

  /** Joins another device's registers of a row into this one's. False: this schema ignores it. */
  join({ table, rowId, registers, values }: RegisteredRow, isFresh: boolean): boolean {
    const rows = this.#scope.parts.tables.get(table);
    if (rows === undefined || (!registers.alive && rows.spec.deletes === "ignore")) return false;
    const { works } = this.#scope;
    for (const { stamp } of [registers.life, registers.base, ...registers.overrides.values()])
      this.#scope.lastStamp = Math.max(this.#scope.lastStamp, stamp);
    const touched = works.of(table);
    const plain = touched.rows.has(rowId) || touched.direct.has(rowId) ? null : plainInsert(rows, registers, values);
    if (plain !== null && this.#mergeDirectly(touched, rows, { ...plain, table, rowId, isFresh, seen: null, isRule: false })) return true;
    const work = this.#workOf(rows, rowId);
    const { life } = work.registers;
    const outcome = joinRegisters(work.registers, registers, values, rows.columns, (column) => works.valueOf(work, column));
    if (outcome.won.length > 0 || work.registers.life !== life) work.isChanged = true;
    const op = registers.alive ? "UPDATE" : "DELETE";
    // Nobody's edit in particular, and made without knowledge of any of this device's that are still news.
    const change = { table, rowId, op, clock: registers.life, written: NOTHING, values, isFresh, seen: 0, isRule: false } as const;
    recordConflicts(this.#scope, work, change, { ...outcome, overwritten: [] });
    for (const [clock, taken] of byWinner(work.registers, outcome.overwritten))
      recordConflicts(this.#scope, work, { ...change, op: "UPDATE", clock }, { ...outcome, overwritten: taken, turnedOver: null });
    this.#noteDelete(work, life);
    if (!registers.alive && registers.life.stamp > 0 && isAlive(work) && this.#isUnread(work))
      this.#scope.parts.retelling.note(rows, change);
    if (values !== null) {
      work.latest = values;
      for (const column of outcome.won) work.overlay[column] = values[column] as WireValue;
    }
    return true;
  }

  /** A row as it is to be merged into: while this device starts over, what the log has not given has no values either. */
  #workOf(rows: TableRows, rowId: string): RowWork {
    const work = this.#scope.works.get(rows, rowId);
    if (!this.#scope.mode.isStartingOver || !isUnwritten(work.registers)) return work;
    work.registers.overrides.clear(); // of an update of the app, which knew the row as it was here
    return Object.assign(work, { physical: null, data: null });
  }

  /** An edit of this device's from before it has read the log keeps the row: others may know nothing else of it. */
  #isUnread({ registers }: RowWork): boolean {
    const { device, hasReadLog } = this.#scope.mode;
    return !hasReadLog && registers.alive && registers.life.device === device;
  }

  #noteDelete(work: RowWork, before: Clock): void {
    const { life } = work.registers;
    if (life !== before && isDead(work)) this.#earliestDelete = Math.min(life.stamp, this.#earliestDelete ?? life.stamp);
  }

  /** Most changes are later than all that is known of their row: their clocks are one guarded statement. */
  #mergeDirectly({ direct }: TableWorks, rows: TableRows, { op, clock, written, values, rowId }: RemoteChange): boolean {
    if (values === null || clock.stamp === 0) return false;
    const { name, apply } = rows.spec;
    const isWhole =
      written === rows.columnSet || (written.size >= rows.columns.length && rows.columns.every((column) => written.has(column)));
    if (apply === "upsert" && isWhole && (op === "INSERT" || rows.spec.conflicts === "row")) {
      const found = this.#scope.parts.clocks.overwrite(name, rowId, clock, this.#scope.mode.device);
      if (found === null) return false;
      direct.set(rowId, { rows, rowId, values, columns: null, isKnown: found === "known", state: "waits" });
      return true;
    }
    const columns = rows.columns.filter((column) => written.has(column) && values[column] !== undefined);
    if (op !== "UPDATE" || columns.length === 0 || !this.#scope.parts.clocks.advance(name, rowId, clock, columns, this.#scope.mode.device))
      return false;
    direct.set(rowId, { rows, rowId, values, columns, isKnown: true, state: "waits" });
    return true;
  }

  /** Brings the tables in line with the registers of every row merged so far. */
  settle(): void {
    const { works, parts } = this.#scope;
    const dead: (readonly RowWork[])[] = [];
    for (const table of parts.tables.keys()) {
      const { rows, direct } = works.of(table);
      const changed = [...rows.values()].filter(({ isChanged }) => isChanged);
      dead.unshift(changed.filter((work) => !isAlive(work)));
      for (const row of direct.values()) this.#placing.placeDirectly(row);
      for (const work of changed) if (isAlive(work)) this.#placing.place(work);
    }
    for (const work of dead.flat()) this.#placing.bury(work);
    this.#placing.retry();
  }

  /** Tries held rows again; what still cannot be placed stays held. */
  resolve(rowsToTry: readonly (readonly [table: string, rowId: string])[]): void {
    for (const [table, rowId] of rowsToTry) {
      const rows = this.#scope.parts.tables.get(table);
      if (rows !== undefined) this.#placing.tryAgain(this.#scope.works.get(rows, rowId));
    }
    this.#placing.retry();
  }

  /** A user's edit of a held row, as one made now. False: it is not held, or deleted. Throws `RowRefusedError` where its table still refuses it. */
  editHeld(rows: TableRows, rowId: string, changed: Values): boolean {
    const { parts, works } = this.#scope;
    const work = works.get(rows, rowId);
    if (parts.held.get(rows.spec.name, rowId) === null || !isAlive(work)) return false;
    logEdit(this.#scope, work, changed);
    this.#placing.place(work);
    const held = parts.held.get(rows.spec.name, rowId);
    if (held?.reason === "constraint")
      throw new RowRefusedError(rows.spec.name, rowId, held.detail ?? "", obstaclesOf(parts.tables, rows, rowId, works.fullValues(work)));
    return true;
  }

  /** A user's delete of a held row. False: it is deleted already; null: it is not held. Throws `RowRefusedError` where another row needs it. */
  deleteHeld(rows: TableRows, rowId: string): boolean | null {
    const { parts, works } = this.#scope;
    const { name } = rows.spec;
    if (parts.held.get(name, rowId) === null) {
      const { alive, life } = parts.clocks.load(name, rowId)?.registers ?? absentRegisters();
      return !alive && life.stamp > 0 ? false : null;
    }
    const work = works.get(rows, rowId);
    if (!isAlive(work)) return false;
    const needed = this.#rules.neededBy(work, new Set());
    if (needed !== null) {
      const { child, reference } = needed;
      const obstacle = { kind: "referring", columns: reference.columns, table: child.rows.spec.name, rowId: child.rowId } as const;
      throw new RowRefusedError(name, rowId, "FOREIGNKEY", [obstacle]);
    }
    const below = this.#heldBelow(work);
    logDelete(this.#scope, work);
    this.#placing.bury(work);
    for (const child of below) this.#placing.tryAgain(child);
    this.#placing.retry();
    this.#repeat((held) => this.#rules.apply(held));
    return true;
  }

  /** Held rows that wait for this one, or for one of them. */
  #heldBelow(work: RowWork): readonly RowWork[] {
    const seen = new Set([work]);
    for (const parent of seen) for (const { child } of this.#placing.dependentsOf(parent)) seen.add(child);
    seen.delete(work);
    return [...seen].filter(({ rows, rowId }) => this.#scope.parts.held.get(rows.spec.name, rowId) !== null);
  }

  /** Once a pull is complete: rows whose parent is dead follow their reference's rule, and every device is told. */
  applyRules(): void {
    this.#repeat(
      (work) => this.#rules.apply(work) || (isAlive(work) && this.#collisions.settle(work)),
      () => this.#placing.held.some((work) => isAlive(work) && this.#collisions.makeRoom(work)),
    );
    this.#placing.stepBack();
  }

  /** For as long as a rule does something to a held row, or, where none does, `otherwise` can help. */
  #repeat(rule: (work: RowWork) => boolean, otherwise: () => boolean = () => false): void {
    for (let progress = true; progress;) {
      progress = false;
      for (const work of this.#placing.held) if (this.#placing.isHeld(work) && rule(work)) progress = true;
      progress ||= otherwise();
      if (progress) this.#placing.retry();
    }
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** Joined columns are of many edits, and its row's life may be of yet another: what they took the place of, by the clocks that they have now. */
function byWinner(
  { base, overrides }: Registers,
  overwritten: MergeOutcome["overwritten"],
): readonly [Clock, MergeOutcome["overwritten"]][] {
  const winnerOf = ({ column }: MergeOutcome["overwritten"][number]): Clock => overrides.get(column) ?? base;
  const winners = overwritten.map(winnerOf);
  const isFirst = (clock: Clock, at: number): boolean => winners.findIndex((other) => compareClocks(other, clock) === 0) === at;
  return winners.filter(isFirst).map((clock) => [clock, overwritten.filter((entry) => compareClocks(winnerOf(entry), clock) === 0)]);
}

/** The one INSERT that gives these registers; null where it takes more than that. */
function plainInsert(rows: TableRows, { alive, base, life, overrides }: Registers, values: Values | null): Change | null {
  const isPlain = alive && overrides.size === 0 && compareClocks(life, base) === 0;
  if (!isPlain || values === null || !rows.columns.every((column) => values[column] !== undefined)) return null;
  return { op: "INSERT", clock: base, written: rows.columnSet, values };
}
