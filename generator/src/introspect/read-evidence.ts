/**
 * What the values of a column look like: counts over its first rows. The counting is done in SQL, so that no value
 * of the app ever enters this program.
 */
import { numberOf, quoteName } from "../sqlite/database.ts";
import type { Database } from "../sqlite/database.ts";
import type { TableShape } from "../sqlite/read-shape.ts";

/** Rows of each table that are looked at: enough to see a column's habit, few enough for a thousand tables. */
export const SAMPLED_ROWS = 2000;

export interface Evidence {
  readonly nulls: number;
  readonly integers: number;
  readonly reals: number;
  readonly texts: number;
  readonly blobs: number;
  /** Integers that are 0 or 1. */
  readonly flags: number;
  /** Integers past ±(2^53 - 1). */
  readonly wide: number;
  /** Reals without a fraction. */
  readonly wholeReals: number;
  /** Texts of each form. */
  readonly uuids: number;
  readonly hashes: number;
  readonly dates: number;
  readonly timestamps: number;
  readonly json: number;
  /** Blobs of 16 bytes, and of a hash's 20, 32 or 64. */
  readonly uuidBlobs: number;
  readonly hashBlobs: number;
}

const HEX = "[0-9a-fA-F]";
const UUID = [8, 4, 4, 4, 12].map((length) => HEX.repeat(length)).join("-");
const DATE = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]";

const COUNTS: Readonly<Record<keyof Evidence, string>> = {
  nulls: "v IS NULL",
  integers: "typeof(v) = 'integer'",
  reals: "typeof(v) = 'real'",
  texts: "typeof(v) = 'text'",
  blobs: "typeof(v) = 'blob'",
  flags: "typeof(v) = 'integer' AND v IN (0, 1)",
  wide: "typeof(v) = 'integer' AND v NOT BETWEEN -9007199254740991 AND 9007199254740991",
  wholeReals: "typeof(v) = 'real' AND v = round(v)",
  uuids: `typeof(v) = 'text' AND v GLOB '${UUID}'`,
  hashes: `typeof(v) = 'text' AND length(v) IN (32, 40, 64, 128) AND v NOT GLOB '*[^0-9a-fA-F]*'`,
  dates: `typeof(v) = 'text' AND v GLOB '${DATE}'`,
  timestamps: `typeof(v) = 'text' AND v GLOB '${DATE}[T ][0-2][0-9]:[0-5][0-9]*'`,
  json: "typeof(v) = 'text' AND substr(v, 1, 1) IN ('{', '[') AND json_valid(v)",
  uuidBlobs: "typeof(v) = 'blob' AND length(v) = 16",
  hashBlobs: "typeof(v) = 'blob' AND length(v) IN (20, 32, 64)",
};

const SELECTED = Object.entries(COUNTS)
  .map(([name, condition]) => `count(*) FILTER (WHERE ${condition}) AS ${name}`)
  .join(", ");

/** By column. */
export function readEvidence(database: Database, table: TableShape): ReadonlyMap<string, Evidence> {
  return new Map(
    table.columns
      .filter((column) => !column.isGenerated)
      .map(({ name }) => {
        const [row] = database.rows(
          `SELECT ${SELECTED} FROM (SELECT +${quoteName(name)} AS v FROM ${quoteName(table.name)} LIMIT ${SAMPLED_ROWS})`,
        );
        const count = (what: keyof Evidence): number => numberOf(row?.[what]);
        return [
          name,
          {
            nulls: count("nulls"),
            integers: count("integers"),
            reals: count("reals"),
            texts: count("texts"),
            blobs: count("blobs"),
            flags: count("flags"),
            wide: count("wide"),
            wholeReals: count("wholeReals"),
            uuids: count("uuids"),
            hashes: count("hashes"),
            dates: count("dates"),
            timestamps: count("timestamps"),
            json: count("json"),
            uuidBlobs: count("uuidBlobs"),
            hashBlobs: count("hashBlobs"),
          },
        ] as const;
      }),
  );
}
