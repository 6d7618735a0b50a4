/** Random choices that a seed repeats, and values that have broken programs before. */
import type { ColumnType } from "@synckit-gen/schemas/model";
import { blobCell, integerCell, realCell, textCell } from "./cells.ts";
import type { Cell } from "./cells.ts";

export interface Random {
  /** From 0 to below `count`. */
  readonly below: (count: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(from: readonly T[]) => T;
}

/** Mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (count) => Math.floor(next() * count),
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)] as (typeof from)[number],
  };
}

const TEXTS = [
  "",
  " ",
  "a",
  "A",
  "1",
  "1.0",
  "007",
  "1e3",
  "it's",
  '"q"',
  "a\\b",
  "back`tick",
  "a\0b",
  "\0",
  "😀👩‍👩‍👧",
  "é",
  '{"old":1}',
  ',"title":"x"',
  "NULL",
  "\n\t",
  "9007199254740993",
];
const INTEGERS = [
  0n,
  1n,
  -1n,
  2n,
  42n,
  9007199254740991n,
  9007199254740993n,
  -9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
];
const REALS = ["0.0", "0.1", "-1.5", "3.0", "1e300", "-1e300", "5e-324", "1.7976931348623157e308", "123456789.123456789"];
const BLOBS = ["", "00", "FF00FF", "C3A9", "7B7D"];

/** A value that a column of this type may well hold; now and then one of another class, which SQLite allows. */
export function randomCell(random: Random, type: ColumnType | null, isKey: boolean): Cell {
  if (!isKey && random.chance(0.06)) return random.pick([textCell("stray"), integerCell(7n), realCell("2.5"), blobCell("00FF")]);
  const salt = `${random.below(1_000_000)}`;
  switch (type) {
    case "integer":
    case "bigint":
      return integerCell(random.chance(0.4) ? random.pick(INTEGERS) : BigInt(random.below(1_000_000)));
    case "boolean":
      return integerCell(BigInt(random.below(2)));
    case "real":
      return realCell(random.chance(0.5) ? random.pick(REALS) : `${random.below(1000)}.${random.below(1000)}`);
    case "blob":
      return blobCell(random.chance(0.4) ? random.pick(BLOBS) : Buffer.from(salt).toString("hex").toUpperCase());
    default:
      return textCell(random.chance(0.4) ? random.pick(TEXTS) : `t${salt}`);
  }
}
