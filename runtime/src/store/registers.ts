/**
 * The merge rules (docs/merge.md), free of any database. A row has a life register and one register per
 * column; merging keeps the later clock in each, so the outcome depends on what arrived, not on when or how often.
 */
import type { ChangeOp, WireValue } from "@synckit-gen/schemas/protocol";
import { ABSENT, type Clock, compareClocks } from "./clock.ts";

export type Values = Readonly<Record<string, WireValue>>;

/** One operation on one row, from whichever device. */
export interface Change {
  readonly op: ChangeOp;
  readonly clock: Clock;
  /** The columns that it writes; others in `values` came along and are weak. */
  readonly written: ReadonlySet<string>;
  /** Column values as the wire holds them; null for DELETE. */
  readonly values: Values | null;
}

/** The clocks of a row. Values live in the app's table, or beside the clocks where the table cannot hold them. */
export interface Registers {
  life: Clock;
  alive: boolean;
  /** The clock of every column that `overrides` does not name. */
  base: Clock;
  readonly overrides: Map<string, Clock>;
}

export const absentRegisters = (): Registers => ({ life: ABSENT, alive: false, base: ABSENT, overrides: new Map() });

/** Nothing has been said of the row. While its device starts over, its table may have it all the same, as it was before. */
export const isUnwritten = ({ base, life, alive }: Registers): boolean => !alive && base.stamp < 0 && life.stamp < 0;

/** What became of a change, column by column. */
export interface MergeOutcome {
  /** Columns whose value the change now gives. */
  readonly won: readonly string[];
  /** Columns that it wrote and that a later clock keeps from it, though their values differ. */
  readonly lost: readonly string[];
  /** Values that it took the place of, with the clock under which each was held. */
  readonly overwritten: readonly { readonly column: string; readonly value: WireValue; readonly clock: Clock }[];
  /** The row was alive, or dead, under this clock, and the change turned it over. Null: it did not. */
  readonly turnedOver: Clock | null;
  /** A later clock says the opposite of what the change says about the row's life. */
  readonly lostLife: boolean;
}

/**
 * Merges one change into a row's registers.
 *
 * `current` reads the value that a column's register holds; it is asked only where the answer matters.
 */
export function mergeChange(
  registers: Registers,
  change: Change,
  columns: readonly string[],
  current: (column: string) => WireValue | undefined,
): MergeOutcome {
  const outcome = change.values === null ? NOTHING : mergeColumns(registers, change, change.values, columns, current);
  const order = compareClocks(change.clock, registers.life);
  const isAlive = change.op !== "DELETE";
  const isOpposite = registers.alive !== isAlive;
  const before = registers.life;
  if (order < 0) return { ...outcome, turnedOver: null, lostLife: isOpposite };
  if (order > 0 || !isAlive) {
    registers.life = change.clock;
    registers.alive = isAlive;
  }
  return { ...outcome, turnedOver: isOpposite && order > 0 ? before : null, lostLife: false };
}

/**
 * Joins the registers of another device into a row's: what merging every change behind them would give. `values` are
 * what they hold; a column without a value is left as it is.
 */
export function joinRegisters(
  registers: Registers,
  incoming: Registers,
  values: Values | null,
  columns: readonly string[],
  current: (column: string) => WireValue | undefined,
): MergeOutcome {
  const { won, lost, overwritten } = values === null ? NOTHING : joinColumns(registers, incoming, values, columns, current);
  const order = compareClocks(incoming.life, registers.life);
  const before = registers.life;
  const isOpposite = registers.alive !== incoming.alive;
  if (order > 0 || (order === 0 && !incoming.alive)) {
    registers.life = incoming.life;
    registers.alive = incoming.alive;
  }
  return { won, lost, overwritten, turnedOver: isOpposite && order > 0 ? before : null, lostLife: false };
}

function joinColumns(
  registers: Registers,
  incoming: Registers,
  values: Values,
  columns: readonly string[],
  current: (column: string) => WireValue | undefined,
): Pick<MergeOutcome, "won" | "lost" | "overwritten"> {
  const isNew = registers.base.stamp < 0 && registers.overrides.size === 0 && current(columns[0] ?? "") === undefined;
  if (isNew && columns.every((column) => values[column] !== undefined)) {
    registers.base = incoming.base;
    for (const [column, clock] of incoming.overrides) registers.overrides.set(column, clock);
    return { won: columns, lost: [], overwritten: [] };
  }
  const won: string[] = [];
  const overwritten: { column: string; value: WireValue; clock: Clock }[] = [];
  for (const column of columns) {
    const value = values[column];
    if (value === undefined) continue;
    const clock = incoming.overrides.get(column) ?? incoming.base;
    const held = registers.overrides.get(column) ?? registers.base;
    const order = compareClocks(clock, held);
    const before = order < 0 ? undefined : current(column);
    if (order < 0 || (order === 0 && !isGreater(value, before))) continue;
    registers.overrides.set(column, clock);
    won.push(column);
    if (before !== undefined && order > 0 && !isSame(value, before)) overwritten.push({ column, value: before, clock: held });
  }
  if (won.length > 0) settle(registers, columns);
  return { won, lost: [], overwritten };
}

const NOTHING: Pick<MergeOutcome, "won" | "lost" | "overwritten"> = { won: [], lost: [], overwritten: [] };

function mergeColumns(
  registers: Registers,
  change: Change,
  values: Values,
  columns: readonly string[],
  current: (column: string) => WireValue | undefined,
): Pick<MergeOutcome, "won" | "lost" | "overwritten"> {
  const won: string[] = [];
  const lost: string[] = [];
  const overwritten: { column: string; value: WireValue; clock: Clock }[] = [];
  for (const column of columns) {
    const value = values[column];
    if (value === undefined) continue;
    const isWritten = change.written.has(column);
    const clock = isWritten ? change.clock : ABSENT;
    const held = registers.overrides.get(column) ?? registers.base;
    const order = compareClocks(clock, held);
    if (order < 0 && !isWritten) continue;
    const before = current(column);
    if (order < 0 || (order === 0 && !isGreater(value, before))) {
      if (order < 0 && !isSame(value, before)) lost.push(column);
      continue;
    }
    registers.overrides.set(column, clock);
    won.push(column);
    if (before !== undefined && order > 0 && !isSame(value, before)) overwritten.push({ column, value: before, clock: held });
  }
  if (won.length > 0) settle(registers, columns);
  return { won, lost, overwritten };
}

/** Where every column has the same clock, that clock becomes the base; overrides equal to the base go. */
export function settle(registers: Registers, columns: readonly string[]): void {
  const clockOf = (column: string): Clock => registers.overrides.get(column) ?? registers.base;
  const first = clockOf(columns[0] as string);
  if (columns.every((column) => compareClocks(clockOf(column), first) === 0)) {
    registers.base = first;
    registers.overrides.clear();
    return;
  }
  // A base that is no column's clock any more is of no use: the first column's may be that of others too.
  if (columns.every((column) => registers.overrides.has(column) && compareClocks(clockOf(column), registers.base) !== 0)) {
    registers.base = columns.map(clockOf).reduce((a, b) => (compareClocks(a, b) <= 0 ? a : b));
  }
  for (const [column, clock] of registers.overrides) if (compareClocks(clock, registers.base) === 0) registers.overrides.delete(column);
}

/** The last word between values of equal clocks: nothing, then null, then by their JSON text. */
export function isGreater(value: WireValue, held: WireValue | undefined): boolean {
  if (held === undefined) return true;
  if (value === null || held === null) return held === null && value !== null;
  return JSON.stringify(value) > JSON.stringify(held);
}

const isSame = (a: WireValue, b: WireValue | undefined): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
