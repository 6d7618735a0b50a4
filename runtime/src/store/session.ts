/**
 * One apply transaction's view of the rows it touches. Changes are first merged into registers, whatever
 * their order; then rows are placed in their tables parents first, and buried children first. A row that its
 * table cannot hold yet is held: its registers keep the values, and nothing else waits for it.
 *
 * Everything here runs inside one synchronous transaction with capture suppressed.
 */
import { rowIdToWire, ValueError, wireToSql, type WireValue } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import type { ReferenceSpec } from "../generated/spec.ts";
import { ABSENT, BASELINE, type Clock, compareClocks } from "./clock.ts";
import type { Changelog, FreshEntry } from "./changelog.ts";
import { columnsToMask, maskToColumns } from "./mask.ts";
import { isNullable, keysOf, parentRowIdOf, Parents, type RowView } from "./parents.ts";
import type { ConflictStore } from "./conflicts.ts";
import type { HeldReason, HeldStore } from "./held.ts";
import { absentRegisters, type Change, mergeChange, type MergeOutcome, type Registers, type Values } from "./registers.ts";
import type { RowClocks } from "./row-clocks.ts";
import type { TableRows } from "./table-rows.ts";

export interface RemoteChange extends Change {
  readonly table: string;
  readonly rowId: string;
  /** Pulled for the first time: a repeated or replayed page is no news, and no conflict. */
  readonly isFresh: boolean;
  /** How far its author had read the log; null: the payload does not say. */
  readonly seen: number | null;
  /** No user did this: the author's merge had to. */
  readonly isRule: boolean;
}

/** Up to which stamp this device's own changes were in the log when it had reached which cursor; rising. */
export type PushMarks = readonly (readonly [stamp: number, cursor: number])[];

/** Parts that outlive a session. */
export interface SessionParts {
  readonly driver: Driver;
  /** In upsert order. */
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
  readonly held: HeldStore;
  readonly changelog: Changelog;
  readonly conflicts: ConflictStore;
  readonly nowMs: () => number;
}

export interface SessionMode {
  /** This device's id, for the clocks of what it captured and of what the merge has to do. */
  readonly device: string;
  /** The latest stamp that this device has given or seen. */
  readonly lastStamp: number;
  /** How far this device has read. */
  readonly cursor: number;
  /** The initial snapshot has told the account of every row that was here. */
  readonly hasJoined: boolean;
  readonly pushMarks: PushMarks;
  /** The handle enforces foreign keys during this transaction. */
  readonly enforced: boolean;
  /** Foreign keys are checked at COMMIT, so that rows of one reference cycle can be placed one after the other. */
  readonly deferred: boolean;
}

/** A row whose change is already in its clocks and only needs writing: all columns (null) or some. */
interface DirectRow {
  readonly rows: TableRows;
  readonly rowId: string;
  readonly values: Values;
  readonly columns: readonly string[] | null;
}

interface Refusal {
  readonly reason: HeldReason;
  readonly detail: string | null;
}

interface RowWork extends RowView {
  readonly registers: Registers;
  /** Register values that the table does not hold; null where it does. */
  data: Values | null;
  /** Values that this session's changes gave. */
  overlay: Record<string, WireValue>;
  /** The latest payload seen, for a row that vanished from its table without a trace. */
  latest: Values;
  /** The row as its table has it now; undefined until read. */
  physical: Values | null | undefined;
  /** Being removed: stops the walk through a reference cycle. */
  isLeaving: boolean;
}

interface Child {
  readonly child: RowWork;
  readonly reference: ReferenceSpec;
}

/** Held rows looked through for children of a dead row; one that is missed costs its parent the columns that stay here. */
const MAX_WAITING = 1_000;

interface InboundEdge {
  readonly child: TableRows;
  readonly reference: ReferenceSpec;
}

/** Rows of a reference cycle could not all be placed: the transaction is to be run again without trusting any. */
export class BrokenCircleError extends Error {
  override readonly name = "BrokenCircleError";
}

export class Session {
  readonly #parts: SessionParts;
  readonly #mode: SessionMode;
  readonly #works = new Map<string, RowWork>();
  readonly #direct = new Map<string, DirectRow>();
  readonly #parents: Parents;
  readonly #hasHeld: boolean;
  readonly #inbound: ReadonlyMap<string, readonly InboundEdge[]>;
  /** Rows held by this session, by work; the reason is in `sync_held`. */
  readonly #heldHere = new Set<RowWork>();
  readonly #relaxed = new Set<RowWork>();
  /** Held rows that wait for nothing but each other: placed together, and checked at COMMIT. */
  #circle: ReadonlySet<RowWork> = new Set();
  lastStamp: number;

  constructor(parts: SessionParts, mode: SessionMode, inbound: ReadonlyMap<string, readonly InboundEdge[]>) {
    this.#parts = parts;
    this.#mode = mode;
    this.#inbound = inbound;
    this.lastStamp = mode.lastStamp;
    this.#hasHeld = parts.held.count() > 0;
    this.#parents = new Parents(parts, mode, (table, rowId) => {
      const work = this.#works.get(keyOf(table, rowId));
      if (work === undefined) return "unknown";
      return !isAlive(work) ? "dead" : this.#circle.has(work) ? "coming" : "unknown";
    });
  }

  /** Rows whose reference to an unsynced parent needs enforcement off: `[table, row id]`. */
  get relaxed(): readonly (readonly [string, string])[] {
    return Array.from(this.#relaxed, (work) => [work.rows.spec.name, work.rowId] as const);
  }

  // Local changes ---------------------------------------------------------------------------------

  /** Stamps what triggers captured since the last session and folds it into the registers. It always wins: its author had seen all else. */
  foldLocal(): void {
    for (const entry of this.#parts.changelog.stamp(this.lastStamp, this.#mode.cursor)) {
      this.lastStamp = Math.max(this.lastStamp, entry.stamp);
      const rows = this.#parts.tables.get(entry.table);
      if (rows !== undefined) this.#fold(rows, entry);
    }
  }

  #fold(rows: TableRows, entry: FreshEntry): void {
    const { clocks, held, changelog } = this.#parts;
    const { table, rowId, op } = entry;
    const clock: Clock = { stamp: entry.stamp, device: this.#mode.device };
    const isWhole = op === "INSERT" || (op === "UPDATE" && rows.spec.conflicts === "row");
    const changed = op === "UPDATE" && !isWhole ? maskToColumns(rows, entry.mask) : [];
    if (isWhole) {
      clocks.reset(table, rowId, clock);
      if (this.#hasHeld) held.remove(table, rowId);
      this.#keepIfGone(rows, entry);
      return;
    }
    if (op === "UPDATE" && clocks.advance(table, rowId, clock, changed, null)) return;

    const stored = clocks.load(table, rowId);
    // A row from before joining that nobody has been told of has no baseline yet: the snapshot gives it one, if it lives until then.
    const registers = stored?.registers ?? { ...absentRegisters(), base: this.#mode.hasJoined ? BASELINE : ABSENT };
    const isUntold = stored === null && !this.#mode.hasJoined;
    let data = stored?.data ?? null;
    registers.life = clock;
    registers.alive = op !== "DELETE";
    for (const column of changed) registers.overrides.set(column, clock);
    if (op === "DELETE") {
      data = data ?? (isUntold ? null : parseValues(entry.old));
      held.remove(table, rowId);
    } else if (data !== null) {
      data = { ...data, ...pick(parseValues(changelog.dataOf(entry.id)) ?? {}, changed) };
    }
    clocks.save(table, rowId, registers, data);
    if (op !== "UPDATE" || data !== null || !this.#keepIfGone(rows, entry)) return;
    if (isUntold) this.#tellBaseline(entry, registers);
  }

  /** Where deletes are ignored, a row may have left its table before its changes were folded: its values stay with its clocks. */
  #keepIfGone(rows: TableRows, { id, table, rowId }: FreshEntry): boolean {
    if (rows.spec.deletes !== "ignore" || rows.read(rowId) !== null) return false;
    const stored = this.#parts.clocks.load(table, rowId);
    if (stored !== null) this.#parts.clocks.save(table, rowId, stored.registers, parseValues(this.#parts.changelog.dataOf(id)));
    return true;
  }

  /** A row from before joining that left before the snapshot: what its change did not write enters the log as the snapshot would have put it. */
  #tellBaseline({ table, rowId, seen, id }: FreshEntry, registers: Registers): void {
    const data = this.#parts.changelog.dataOf(id);
    this.#parts.changelog.append({ table, op: "INSERT", rowId, stamp: 0, seen, isRule: false, mask: 0n, data, old: null });
    this.#parts.clocks.save(table, rowId, { ...registers, base: BASELINE }, parseValues(data));
  }

  // Remote changes --------------------------------------------------------------------------------

  /** Merges a change into its row's registers. False: this schema ignores it. */
  merge(change: RemoteChange): boolean {
    const rows = this.#parts.tables.get(change.table);
    if (rows === undefined || (change.op === "DELETE" && rows.spec.deletes === "ignore")) return false;
    this.lastStamp = Math.max(this.lastStamp, change.clock.stamp);
    const key = keyOf(change.table, change.rowId);
    if (!this.#works.has(key) && !this.#direct.has(key) && this.#mergeDirectly(rows, key, change)) return true;
    const work = this.#work(rows, change.rowId);
    const outcome = mergeChange(work.registers, change, rows.columns, (column) => this.#valueOf(work, column));
    this.#recordConflicts(work, change, outcome);
    if (change.values !== null) {
      work.latest = change.values;
      for (const column of outcome.won) work.overlay[column] = change.values[column] as WireValue;
    }
    return true;
  }

  /**
   * A conflict is a loss between two devices that could not have known of each other's edit. The log has one order, so
   * both kinds can be told from succession: a change that comes later in it with an earlier clock did not know what beats
   * it; and a change says how far its author had read, so it is known whether that included this device's own edit.
   */
  #recordConflicts(work: RowWork, change: RemoteChange, { lost, overwritten, turnedOver, lostLife }: MergeOutcome): void {
    if (!change.isFresh || change.clock.device === this.#mode.device || change.clock.stamp === 0) return;
    const { device } = this.#mode;
    const { registers } = work;
    const isUnseen = (clock: Clock): boolean => clock.device === device && !this.#wasSeen(clock.stamp, change.seen);
    const add = (kind: "overwritten" | "deleted", values: Values, loser: Clock, winner: Clock): void =>
      this.#parts.conflicts.add({
        table: work.rows.spec.name,
        rowId: work.rowId,
        kind,
        values,
        loser,
        winner,
        noticedMs: this.#parts.nowMs(),
      });

    if (change.values !== null && lostLife) {
      add("deleted", pick(change.values, [...change.written]), change.clock, registers.life);
    } else if (change.values !== null && lost.length > 0) {
      const winner = registers.overrides.get(lost[0] as string) ?? registers.base;
      add("overwritten", pick(change.values, lost), change.clock, winner);
    }
    const mine = overwritten.filter(({ clock }) => isUnseen(clock));
    const [first] = mine;
    if (first !== undefined)
      add("overwritten", Object.fromEntries(mine.map(({ column, value }) => [column, value])), first.clock, change.clock);
    if (change.op === "DELETE" && turnedOver !== null && change.isRule) {
      add("deleted", pick(this.#fullValues(work), work.rows.columns), turnedOver, change.clock); // nobody wanted it to go
    } else if (change.op === "DELETE" && turnedOver !== null && isUnseen(turnedOver)) {
      const edited = work.rows.columns.filter((column) => isUnseen(registers.overrides.get(column) ?? registers.base));
      add("deleted", pick(this.#fullValues(work), edited), turnedOver, change.clock);
    }
  }

  /** Whether an author who had read up to `cursor` had seen this device's own edit of that stamp. Edits before the first mark are long known. */
  #wasSeen(stamp: number, cursor: number | null): boolean {
    const mark = this.#mode.pushMarks.find(([marked]) => marked >= stamp);
    return mark !== undefined && (cursor === null || cursor >= mark[1]);
  }

  /** Most changes are later than all that is known of their row: their clocks are one guarded statement. */
  #mergeDirectly(rows: TableRows, key: string, { op, clock, written, values, rowId }: RemoteChange): boolean {
    if (values === null || clock.stamp === 0) return false;
    const { name, apply } = rows.spec;
    if (apply === "upsert" && written.size === rows.columns.length && (op === "INSERT" || rows.spec.conflicts === "row")) {
      if (!this.#parts.clocks.overwrite(name, rowId, clock, this.#mode.device)) return false;
      this.#direct.set(key, { rows, rowId, values, columns: null });
      return true;
    }
    const columns = rows.columns.filter((column) => written.has(column) && values[column] !== undefined);
    if (op !== "UPDATE" || columns.length === 0 || !this.#parts.clocks.advance(name, rowId, clock, columns, this.#mode.device))
      return false;
    this.#direct.set(key, { rows, rowId, values, columns });
    return true;
  }

  /** Brings the tables in line with the registers of every row merged so far. */
  settle(): void {
    const alive = new Map<string, (() => void)[]>();
    const queue = (table: string, place: () => void): void => {
      const places = alive.get(table);
      if (places === undefined) alive.set(table, [place]);
      else places.push(place);
    };
    for (const [key, direct] of this.#direct) queue(direct.rows.spec.name, () => this.#placeDirectly(key, direct));
    const dead: RowWork[] = [];
    for (const work of this.#works.values()) {
      if (isAlive(work)) queue(work.rows.spec.name, () => this.#place(work));
      else dead.push(work);
    }
    const order = [...this.#parts.tables.keys()];
    for (const table of order) for (const place of alive.get(table) ?? []) place();
    const ranks = new Map(order.map((name, rank) => [name, rank]));
    const rank = (work: RowWork): number => ranks.get(work.rows.spec.name) as number;
    for (const work of dead.toSorted((a, b) => rank(b) - rank(a))) this.#bury(work);
    this.#retry();
  }

  #placeDirectly(key: string, { rows, rowId, values, columns }: DirectRow): void {
    if (!this.#direct.has(key)) return; // a later change of the same row has taken it over
    const row: RowView = { rows, rowId, value: (column) => values[column] };
    const missing = this.#parents.missing(row, columns);
    const isFree = missing.blocking === null && missing.relaxed === null && missing.nulled.length === 0;
    if (isFree && this.#write(row, values, columns) === null) return;
    this.#place(this.#work(rows, rowId));
  }

  /** Tries held rows again; what still cannot be placed stays held. */
  resolve(rowsToTry: readonly (readonly [table: string, rowId: string])[]): void {
    for (const [table, rowId] of rowsToTry) {
      const rows = this.#parts.tables.get(table);
      if (rows === undefined) continue;
      const work = this.#work(rows, rowId);
      work.physical = undefined;
      this.#heldHere.add(work);
    }
    this.#retry();
  }

  /** Once a pull is complete: rows whose parent is dead follow their reference's rule, and every device is told. */
  applyRules(): void {
    for (let progress = true; progress;) {
      progress = false;
      for (const work of [...this.#heldHere]) if (this.#heldHere.has(work) && this.#applyRule(work)) progress = true;
      if (progress) this.#retry();
    }
  }

  #retry(): void {
    this.#placeHeld();
    if (!this.#mode.deferred) return;
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
        if (isAlive(work)) this.#place(work);
        else this.#bury(work);
        if (!this.#heldHere.has(work)) progress = true;
      }
    }
  }

  /** The largest set of held rows whose missing parents are all in the set. */
  #findCircle(): ReadonlySet<RowWork> {
    const circle = new Set([...this.#heldHere].filter((work) => isAlive(work) && this.#parents.missing(work, null).blocking !== null));
    this.#circle = circle;
    for (let isClosed = false; !isClosed;) {
      isClosed = true;
      for (const work of circle)
        if (this.#parents.missing(work, null).blocking !== null) {
          circle.delete(work);
          isClosed = false;
        }
    }
    return circle;
  }

  // Rows ------------------------------------------------------------------------------------------

  #work(rows: TableRows, rowId: string): RowWork {
    const key = keyOf(rows.spec.name, rowId);
    const known = this.#works.get(key);
    if (known !== undefined) return known;
    const stored = this.#parts.clocks.load(rows.spec.name, rowId);
    const direct = this.#direct.get(key);
    this.#direct.delete(key);
    const physical =
      stored === null || direct?.columns === null ? rows.read(rowId) : stored.registers.alive || this.#hasHeld ? undefined : null; // a dead row is in its table only while it is held
    const registers =
      stored?.registers ?? (physical === null ? absentRegisters() : { ...absentRegisters(), base: BASELINE, life: BASELINE, alive: true });
    const work: RowWork = {
      rows,
      rowId,
      value: (column) => this.#valueOf(work, column),
      registers,
      data: stored?.data ?? null,
      overlay: direct === undefined ? {} : { ...pick(direct.values, direct.columns ?? rows.columns) },
      latest: direct?.values ?? {},
      physical,
      isLeaving: false,
    };
    this.#works.set(key, work);
    return work;
  }

  #physical(work: RowWork): Values | null {
    if (work.physical === undefined) work.physical = work.rows.read(work.rowId);
    return work.physical;
  }

  #valueOf(work: RowWork, column: string): WireValue | undefined {
    return work.overlay[column] ?? (Object.hasOwn(work.overlay, column) ? null : (work.data ?? this.#physical(work) ?? {})[column]);
  }

  /** All that the registers hold, identity included. */
  #fullValues(work: RowWork): Values {
    return {
      ...(work.data ?? this.#physical(work) ?? { ...work.latest, ...rowIdToWire(work.rows.identity, work.rowId) }),
      ...work.overlay,
    };
  }

  #save(work: RowWork): void {
    const { base, overrides, life, alive } = work.registers;
    // A live row at the baseline needs no entry: that is what having none means.
    const isBaseline = alive && base.stamp === 0 && life.stamp === 0 && overrides.size === 0 && work.data === null;
    if (!isBaseline || this.#parts.clocks.load(work.rows.spec.name, work.rowId) !== null)
      this.#parts.clocks.save(work.rows.spec.name, work.rowId, work.registers, work.data);
  }

  #place(work: RowWork): void {
    const { rows } = work;
    const isWhole = work.data !== null || work.physical === null;
    const columns = isWhole ? null : rows.columns.filter((column) => Object.hasOwn(work.overlay, column));
    if (columns?.length === 0) return this.#save(work);
    const values = isWhole ? this.#fullValues(work) : { ...work.latest, ...work.overlay };

    const missing = this.#parents.missing(work, columns);
    if (missing.relaxed !== null) {
      this.#relaxed.add(work);
      return this.#hold(work, "relaxed", missing.relaxed);
    }
    if (missing.blocking !== null) return this.#hold(work, "parent", missing.blocking);
    const wanted = missing.nulled.length === 0 ? null : this.#fullValues(work); // before the table loses the reference
    const refusal = this.#write(work, wanted === null ? values : { ...values, ...nulls(missing.nulled) }, columns);
    if (refusal !== null) return this.#hold(work, refusal.reason, refusal.detail);

    work.physical = undefined;
    if (wanted !== null) return this.#hold(work, "parent", missing.nulled.join(", "), wanted);
    this.#unhold(work);
    work.data = null;
    work.overlay = {};
    this.#save(work);
  }

  /** Writes some columns of a row, or all (null). A null outcome: written. */
  #write({ rows, rowId }: RowView, values: Values, columns: readonly string[] | null): Refusal | null {
    try {
      if (columns !== null && rows.update(rowId, values, columns) > 0) return null;
      if (rows.upsert(rowId, values) === 0 && rows.spec.apply === "update") return { reason: "missing", detail: null };
      return null;
    } catch (error) {
      if (error instanceof ValueError) return { reason: "constraint", detail: "VALUE" };
      const constraint = this.#parts.driver.constraintOf(error);
      if (constraint === null) throw error;
      return { reason: "constraint", detail: constraint };
    }
  }

  /** Takes a dead row out of its table. While living rows refer to it, it stays: their rule is applied once the pull is complete. */
  #bury(work: RowWork): void {
    if (work.isLeaving) return;
    if (this.#physical(work) !== null) {
      work.isLeaving = true;
      for (const { child } of this.#childrenOf(work)) if (!isAlive(child)) this.#bury(child);
      work.isLeaving = false;
      const [waiting] = [...this.#childrenOf(work), ...this.#waitingFor(work)].filter(({ child }) => !child.isLeaving);
      if (waiting !== undefined) return this.#hold(work, "children", waiting.child.rows.spec.name);
      const values = this.#fullValues(work);
      if (!this.#remove(work)) return this.#hold(work, "constraint", "FOREIGNKEY");
      work.data = values;
    } else if (work.data !== null || Object.keys(work.overlay).length > 0) {
      work.data = this.#fullValues(work);
    }
    work.overlay = {};
    this.#unhold(work);
    this.#save(work);
  }

  /** False: the table keeps the row. */
  #remove(work: RowWork): boolean {
    try {
      work.rows.remove(work.rowId);
    } catch (error) {
      if (this.#parts.driver.constraintOf(error) === null) throw error;
      return false;
    }
    work.physical = null;
    this.#parents.forget();
    return true;
  }

  /** Living rows that are to refer to this one, and are held for now. */
  #waitingFor(work: RowWork): readonly Child[] {
    const edges = this.#inbound.get(work.rows.spec.name) ?? [];
    if (edges.length === 0 || (this.#heldHere.size === 0 && !this.#hasHeld)) return [];
    const held = this.#hasHeld ? this.#parts.held.list(MAX_WAITING) : [];
    return edges.flatMap(({ child: rows, reference }) => {
      const name = rows.spec.name;
      const works = new Set([...this.#heldHere].filter((candidate) => candidate.rows === rows));
      for (const { table, rowId } of held) if (table === name) works.add(this.#work(rows, rowId));
      return [...works]
        .filter((child) => child !== work && isAlive(child) && !this.#isMoving(child, work, reference))
        .map((child) => ({ child, reference }));
    });
  }

  /** Rows whose table has them refer to this one, itself left out. */
  #childrenOf(work: RowWork): readonly Child[] {
    return (this.#inbound.get(work.rows.spec.name) ?? []).flatMap(({ child: rows, reference }) => {
      const keys = keysOf(work.rows, this.#physical(work) ?? {}, reference);
      const rowIds = keys === null ? [] : rows.find(reference.columns, keys);
      return rowIds.map((rowId) => ({ child: this.#work(rows, rowId), reference })).filter(({ child }) => child !== work);
    });
  }

  #hold(work: RowWork, reason: HeldReason, detail: string | null, values: Values = this.#fullValues(work)): void {
    work.data = values;
    work.overlay = {};
    this.#heldHere.add(work);
    this.#parts.held.put({ table: work.rows.spec.name, rowId: work.rowId, reason, detail, sinceMs: this.#parts.nowMs() });
    this.#save(work);
  }

  #unhold(work: RowWork): void {
    if (work.data !== null || this.#heldHere.has(work)) this.#parts.held.remove(work.rows.spec.name, work.rowId);
    this.#heldHere.delete(work);
    this.#relaxed.delete(work);
  }

  // Rules -----------------------------------------------------------------------------------------

  /** What the schema says about a held row, if it says anything. True: something was done. */
  #applyRule(work: RowWork): boolean {
    return isAlive(work) ? this.#applyParentRule(work) || this.#settleCollision(work) : this.#applyChildRules(work);
  }

  /** A row whose parent is dead. One that merely has not come may be on its way, or unreadable: it does not count. */
  #applyParentRule(work: RowWork): boolean {
    for (const reference of work.rows.spec.references) {
      const rows = this.#parts.tables.get(reference.table);
      if (!reference.synced || rows === undefined || this.#parents.has(work, reference)) continue;
      const parentRowId = parentRowIdOf(work, reference, rows);
      const parent = parentRowId === null ? null : this.#work(rows, parentRowId);
      if (parent !== null && isDead(parent) && this.#followRule(work, parent, reference)) return true;
    }
    return false;
  }

  /** A dead row that living ones refer to. One that is about to refer elsewhere does not count. */
  #applyChildRules(parent: RowWork): boolean {
    const children = [...this.#childrenOf(parent), ...this.#waitingFor(parent)].filter(
      ({ child, reference }) => isAlive(child) && !this.#isMoving(child, parent, reference),
    );
    const refusing = children.find(({ child, reference }) => ruleOf(child.rows, reference) === "revive");
    const [first] = refusing === undefined ? children : [refusing];
    return first !== undefined && this.#followRule(first.child, parent, first.reference);
  }

  /** A living row refers to this one and does not let it go; nor does one whose own rows do not let it go. */
  #isNeeded(work: RowWork, seen: Set<RowWork>): boolean {
    seen.add(work);
    return [...this.#childrenOf(work), ...this.#waitingFor(work)].some(({ child, reference }) => {
      if (seen.has(child) || !isAlive(child) || this.#isMoving(child, work, reference)) return false;
      const rule = ruleOf(child.rows, reference);
      return rule === "revive" || (rule === "cascade" && this.#isNeeded(child, seen));
    });
  }

  #isMoving(child: RowWork, parent: RowWork, reference: ReferenceSpec): boolean {
    return parentRowIdOf(child, reference, parent.rows) !== parent.rowId;
  }

  #followRule(child: RowWork, parent: RowWork, reference: ReferenceSpec): boolean {
    const rule = ruleOf(child.rows, reference);
    if (rule === "cascade" && !this.#isNeeded(child, new Set([parent]))) {
      this.#log(child, "DELETE", []);
      this.#bury(child);
    } else if (rule === "set null") {
      this.#log(child, "UPDATE", reference.columns);
      this.#place(child);
    } else {
      if (parent.data === null && this.#physical(parent) === null) return false; // its values were never here: the child stays held
      this.#log(parent, "UPDATE", []);
      this.#place(parent);
    }
    return true;
  }

  /**
   * Two rows want one unique value. The one whose unique columns were written later keeps it; the other is deleted on
   * every device, and kept as a conflict. Clocks are the same everywhere, so every device deletes the same one.
   */
  #settleCollision(work: RowWork): boolean {
    const values = this.#fullValues(work);
    for (const columns of work.rows.spec.unique) {
      const bound = columns.map((column) => wireToSql(work.rows.typeOf(column), values[column] ?? null));
      if (bound.includes(null)) continue; // SQLite lets NULLs be
      const [otherId] = work.rows.find(columns, bound).filter((rowId) => rowId !== work.rowId);
      if (otherId === undefined) continue;
      const other = this.#work(work.rows, otherId);
      const loser = this.#isLater(work, other, columns) ? other : work;
      if (this.#isNeeded(loser, new Set())) continue; // it can neither stay nor go: held, and reported
      this.#log(loser, "DELETE", []);
      if (loser === other) this.#bury(other);
      return true;
    }
    return false;
  }

  #isLater(a: RowWork, b: RowWork, columns: readonly string[]): boolean {
    const latest = ({ registers }: RowWork): Clock =>
      columns.map((column) => registers.overrides.get(column) ?? registers.base).reduce((x, y) => (compareClocks(x, y) > 0 ? x : y));
    const order = compareClocks(latest(a), latest(b));
    return order === 0 ? a.rowId > b.rowId : order > 0;
  }

  /** Does to a row what a rule says, as a change of this device's own. What a DELETE takes away is kept as a conflict. */
  #log(work: RowWork, op: "DELETE" | "UPDATE", nulled: readonly string[]): true {
    const { rows, rowId, registers } = work;
    const clock: Clock = { stamp: Math.max(this.#parts.nowMs() * 1000, this.lastStamp + 1), device: this.#mode.device };
    this.lastStamp = clock.stamp;
    const before = this.#fullValues(work);
    const after = { ...before, ...nulls(nulled) };
    if (op === "DELETE")
      this.#parts.conflicts.add({
        table: rows.spec.name,
        rowId,
        kind: "deleted",
        values: pick(before, rows.columns),
        loser: registers.life,
        winner: clock,
        noticedMs: this.#parts.nowMs(),
      });
    registers.life = clock;
    registers.alive = op === "UPDATE";
    if (op === "UPDATE" && rows.spec.conflicts === "row") {
      registers.base = clock;
      registers.overrides.clear();
    } else for (const column of nulled) registers.overrides.set(column, clock);
    work.data = after;
    work.overlay = {};
    this.#parts.changelog.append({
      table: rows.spec.name,
      op,
      rowId,
      stamp: clock.stamp,
      seen: this.#mode.cursor,
      isRule: true,
      mask: op === "UPDATE" ? columnsToMask(rows, nulled) : 0n,
      data: op === "UPDATE" ? JSON.stringify(after) : null,
      old: op === "DELETE" ? JSON.stringify(before) : null,
    });
    return true;
  }
}

/** The references that point at each table, by table. */
export function inboundEdges(tables: ReadonlyMap<string, TableRows>): ReadonlyMap<string, readonly InboundEdge[]> {
  const inbound = new Map<string, InboundEdge[]>();
  for (const child of tables.values())
    for (const reference of child.spec.references) {
      if (!reference.synced) continue;
      const edges = inbound.get(reference.table) ?? [];
      edges.push({ child, reference });
      inbound.set(reference.table, edges);
    }
  return inbound;
}

const keyOf = (table: string, rowId: string): string => `${table}\0${rowId}`;
const isAlive = (work: RowWork): boolean => work.registers.alive;
const isDead = ({ registers }: RowWork): boolean => !registers.alive && registers.life.stamp > 0;

/** `revive`: the parent's delete is refused, as SQLite would have refused it, had the two been on one device. */
const ruleOf = (rows: TableRows, reference: ReferenceSpec): "cascade" | "set null" | "revive" =>
  reference.onDelete === "cascade" ? "cascade" : isNullable(rows, reference) ? "set null" : "revive";

const parseValues = (json: string | null): Values | null => (json === null ? null : (JSON.parse(json) as Values));
const nulls = (columns: readonly string[]): Values => Object.fromEntries(columns.map((column) => [column, null]));
const pick = (values: Values, columns: readonly string[]): Values =>
  Object.fromEntries(columns.filter((column) => values[column] !== undefined).map((column) => [column, values[column] as WireValue]));
