/**
 * Hybrid logical clocks: an ordinary time in microseconds, never going back on one device and never behind
 * anything that device has seen, with the device's id to tell equal times apart.
 */
import type { TableSpec } from "../generated/spec.ts";

export interface Clock {
  /** Microseconds since 1970; 0: baseline; -1: nobody has written yet. */
  readonly stamp: number;
  /** Of the baseline: empty, so that equal rows of two joining devices are equal; where rows merge whole, who told it. */
  readonly device: string;
}

/** Of a register that no operation has written: a value that came along with an UPDATE is held under it. */
export const ABSENT: Clock = { stamp: -1, device: "" };
/** Of rows that existed when a device joined: later than nothing, earlier than every edit. */
export const BASELINE: Clock = { stamp: 0, device: "" };

/**
 * Whether a device puts its id into the clock of what it tells at the baseline. Where rows merge whole, so must two rows of one
 * id that were there before: with two clocks one of them wins in every column. Update-only rows are not told, but marked.
 */
export const hasOwnBaseline = ({ conflicts, apply }: Pick<TableSpec, "conflicts" | "apply">): boolean =>
  conflicts === "row" && apply === "upsert";

/** The clock under which a device tells a row of this table. */
export const clockOf = (spec: Pick<TableSpec, "conflicts" | "apply">, stamp: number, device: string): Clock => ({
  stamp,
  device: stamp === BASELINE.stamp && !hasOwnBaseline(spec) ? BASELINE.device : device,
});

/** Negative, zero or positive as `a` is earlier than, equal to or later than `b`. */
export function compareClocks(a: Clock, b: Clock): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  return a.device === b.device ? 0 : a.device < b.device ? -1 : 1;
}
