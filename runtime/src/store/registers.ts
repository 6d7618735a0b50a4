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

/**
 * Merges one change into a row's registers and returns the columns whose value the change now gives.
 *
 * `current` reads the value that a column's register holds; it is asked only where clocks are equal.
 */
export function mergeChange(
  registers: Registers,
  change: Change,
  columns: readonly string[],
  current: (column: string) => WireValue | undefined,
): readonly string[] {
  const won = change.values === null ? [] : mergeColumns(registers, change, change.values, columns, current);
  const order = compareClocks(change.clock, registers.life);
  const isDelete = change.op === "DELETE";
  if (order > 0 || (order === 0 && isDelete)) {
    registers.life = change.clock;
    registers.alive = !isDelete;
  }
  return won;
}

function mergeColumns(
  registers: Registers,
  change: Change,
  values: Values,
  columns: readonly string[],
  current: (column: string) => WireValue | undefined,
): readonly string[] {
  const won: string[] = [];
  for (const column of columns) {
    const value = values[column];
    if (value === undefined) continue;
    const clock = change.written.has(column) ? change.clock : ABSENT;
    const order = compareClocks(clock, registers.overrides.get(column) ?? registers.base);
    if (order < 0 || (order === 0 && !isGreater(value, current(column)))) continue;
    registers.overrides.set(column, clock);
    won.push(column);
  }
  if (won.length > 0) settle(registers, columns);
  return won;
}

/** Where every column has the same clock, that clock becomes the base; overrides equal to the base go. */
function settle(registers: Registers, columns: readonly string[]): void {
  const clockOf = (column: string): Clock => registers.overrides.get(column) ?? registers.base;
  const first = clockOf(columns[0] as string);
  if (columns.every((column) => compareClocks(clockOf(column), first) === 0)) {
    registers.base = first;
    registers.overrides.clear();
    return;
  }
  for (const [column, clock] of registers.overrides) if (compareClocks(clock, registers.base) === 0) registers.overrides.delete(column);
}

/** The last word between values of equal clocks: nothing, then null, then by their JSON text. */
function isGreater(value: WireValue, held: WireValue | undefined): boolean {
  if (held === undefined) return true;
  if (value === null || held === null) return held === null && value !== null;
  return JSON.stringify(value) > JSON.stringify(held);
}
