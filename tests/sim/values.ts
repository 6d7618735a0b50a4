/** Values that databases and JSON are known to disagree about, by column type. */
import type { ColumnType } from "@synckit-gen/schemas/model";
import type { Random } from "./random.ts";

export type Value = string | number | bigint | Buffer | null;

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const TEXTS: readonly Value[] = ["", "🚀 é", "nul\0inside", 'it\'s "quoted"', "line\nbreak", "{}", "null", "0", bytes(0, 255)];
const INTEGERS: readonly Value[] = [0n, 1n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, "not a number", 1.5, bytes(1)];
const REALS: readonly Value[] = [0.1, 1 / 3, 1e300, -1e-300, 5e-324, Infinity, -Infinity, 3, 2n ** 53n + 1n, "text", bytes(2)];
const BLOBS: readonly Value[] = [bytes(), bytes(0), bytes(0xde, 0xad), "text", 7n, 0.5];

/** Columns of these types take anything; SQLite converts or keeps it. Half of the values are plain, so that runs differ where it matters. */
export function valueOf(random: Random, type: ColumnType, isNullable: boolean): Value {
  if (isNullable && random.chance(0.15)) return null;
  const plain = random.below(1_000);
  switch (type) {
    case "text":
    case "uuid":
    case "timestamp":
    case "date":
      return random.chance(0.7) ? `value ${plain}` : random.pick(TEXTS);
    case "json":
      return random.chance(0.7) ? `{"n": ${plain}}` : random.pick(TEXTS);
    case "integer":
    case "bigint":
    case "boolean":
      return random.chance(0.7) ? BigInt(plain) : random.pick(INTEGERS);
    case "real":
      return random.chance(0.6) ? plain / 7 : random.pick(REALS);
    case "blob":
      return random.chance(0.6) ? bytes(plain % 256, plain >> 8) : random.pick(BLOBS);
  }
}

/** One of a handful of values instead: where values must be unique, they are to collide. */
export function rareValueOf(type: ColumnType, value: Value): Value {
  if (value === null) return null;
  const n = [...String(value)].reduce((sum, char) => sum + (char.codePointAt(0) ?? 0), 0) % 6;
  switch (type) {
    case "integer":
    case "bigint":
    case "boolean":
      return BigInt(n);
    case "real":
      return n / 2;
    case "blob":
      return bytes(n);
    case "json":
      return `{"n": ${n}}`;
    default:
      return `one of ${n}`;
  }
}

const ODD_KEYS = ["a,b", 'quo"te', "it's", "🚀", " ", "1e3"];

/** The n-th key of a table: few of them, so that rows are made again after deletion, and made on two devices. */
export function keyOf(type: ColumnType, n: number): Value {
  switch (type) {
    case "integer":
    case "boolean":
      return BigInt(n) - 1n;
    case "bigint":
      return 2n ** 53n + BigInt(n);
    case "real":
      throw new Error("values: REAL is no key");
    case "blob":
      return n === 0 ? bytes() : bytes(n, 0, 255 - n);
    default:
      return n % 2 === 0 ? `key-${n}` : (ODD_KEYS[n] ?? `key ${n}`);
  }
}
