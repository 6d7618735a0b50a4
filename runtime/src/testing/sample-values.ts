/** Made-up values: plain ones, and those that break what was not meant for them. */
import type { ColumnType } from "@synckit-gen/schemas/model";
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import type { Random } from "./random.ts";

const AWKWARD = ["", "it's", 'say "so"', "naïve 🙂", "a\nb", "{}", "NULL", "0", "1e3", "\\u0000"];

/** A value for a synced column. `isPlain`: one that constraints like better. */
export function sampleOf(type: ColumnType, random: Random, isPlain: boolean): SqlValue {
  switch (type) {
    case "text":
      return isPlain || random.chance(0.5) ? `text ${random.below(1000)}` : random.pick(AWKWARD);
    case "uuid":
      return uuid(random);
    case "integer":
      return isPlain ? BigInt(random.below(100)) : random.pick([0n, 1n, -7n, 9_007_199_254_740_991n, BigInt(random.below(1_000_000))]);
    case "bigint":
      return isPlain ? BigInt(random.below(100)) : random.pick([0n, 9_007_199_254_740_993n, -9_223_372_036_854_775_808n]);
    case "real":
      return isPlain ? random.below(100) + 0.5 : random.pick([0.1, 1e300, -2.5, 3, random.next()]);
    case "boolean":
      return BigInt(random.below(2));
    case "json":
      return JSON.stringify(random.pick([{}, [], { n: random.below(100) }, ["a", { b: null }]]));
    case "timestamp":
      return new Date(1_700_000_000_000 + random.below(1_000_000) * 1000).toISOString();
    case "date":
      return new Date(1_700_000_000_000 + random.below(1000) * 86_400_000).toISOString().slice(0, 10);
    case "blob":
      return Uint8Array.from({ length: random.below(8) }, () => random.below(256));
  }
}

/** A value for a column that only its declaration is known of. */
export function sampleOfDeclared(declaredType: string, random: Random): SqlValue {
  if (declaredType.includes("INT") || declaredType.includes("BOOL")) return BigInt(random.below(2));
  if (/REAL|FLOA|DOUB|NUM|DEC/u.test(declaredType)) return random.below(100) + 0.5;
  if (declaredType.includes("BLOB")) return Uint8Array.of(random.below(256));
  return `local ${random.below(1000)}`;
}

export function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.below(16).toString(16)).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
