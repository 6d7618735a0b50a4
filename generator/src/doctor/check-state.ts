/** `sync_state`: what must be there, and what must be a number. */
import { numberOf, quoteText, textOf } from "../sqlite/database.ts";
import { hasColumns } from "../sqlite/read-shape.ts";
import { finding, fixable } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

const NUMBERS = [
  "pull_cursor",
  "highest_cursor",
  "sync_interval_minutes",
  "last_stamp",
  "stamped_through",
  "pushed_through",
  "last_sync_ms",
];
const SWITCHES = ["applying_remote", "initial_snapshot_done", "auto_sync_enabled"];

export function* checkState({ database, shape, wanted, places }: Subject): Iterable<Finding> {
  if (!hasColumns(shape, "sync_state", ["key", "value"])) return;
  const at = places.database;
  const values = new Map(
    database
      .rows(`SELECT "key", CAST("value" AS TEXT) AS "value" FROM "sync_state"`)
      .map((row) => [textOf(row["key"]), textOf(row["value"])]),
  );
  const missing = [...wanted.seeds.keys()].filter((key) => !values.has(key));
  for (const key of missing) yield fixable(finding("doctor/state-missing", at, { key }), wanted.seedStatement);

  if (values.get("applying_remote") === "1")
    yield fixable(finding("doctor/state-applying", at, {}), `UPDATE "sync_state" SET "value" = '0' WHERE "key" = 'applying_remote'`);
  for (const [key, value] of values) {
    const expected = faultOf(key, value);
    if (expected !== null) yield fixable(finding("doctor/state-invalid", at, { key, expected }), repairOf(key, wanted.seeds));
  }
}

/** What the value should be; null where it is. */
function faultOf(key: string, value: string): string | null {
  if (SWITCHES.includes(key)) return value === "0" || value === "1" ? null : "0 or 1";
  if (!NUMBERS.includes(key)) return null;
  const isNumber = /^\d+$/u.test(value) && Number.isSafeInteger(numberOf(value));
  return isNumber ? null : "a whole number";
}

function repairOf(key: string, seeds: ReadonlyMap<string, string>): string {
  const where = `WHERE "key" = ${quoteText(key)}`;
  const seed = seeds.get(key);
  if (seed !== undefined) return `UPDATE "sync_state" SET "value" = ${quoteText(seed)} ${where}`;
  // Stamps must go on rising, so the latest one is looked up; the rest is worked out again where it is missing.
  if (key !== "last_stamp") return `DELETE FROM "sync_state" ${where}`;
  const latest = `max(coalesce((SELECT max("stamp") FROM "sync_changelog"), 0), coalesce((SELECT max("stamp") FROM "sync_row_clock"), 0))`;
  return `UPDATE "sync_state" SET "value" = CAST(${latest} AS TEXT) ${where}`;
}
