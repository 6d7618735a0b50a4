/** What waits: numbers for a person who asks why something has not arrived. */
import { numberOf, textOf } from "../sqlite/database.ts";
import { findTable, hasColumns } from "../sqlite/read-shape.ts";
import { hasLog } from "./check-entries.ts";
import type { Subject } from "./subject.ts";

export interface Counts {
  /** Captured and not pushed yet. */
  readonly pending: number;
  /** When the oldest of these was captured, as ISO 8601; null where nothing waits. */
  readonly oldestPending: string | null;
  /** Larger than any server takes, or set aside. */
  readonly unpushable: number;
  readonly pushed: number;
  /** Characters that the log holds. */
  readonly logSize: number;
  /** Remote rows that cannot be stored yet, by reason. */
  readonly held: Readonly<Record<string, number>>;
  /** Entries of the server that could not be read or trusted, by reason. */
  readonly quarantined: Readonly<Record<string, number>>;
  /** Losing values that are kept. */
  readonly conflicts: number;
}

export function countWaiting(subject: Subject): Counts {
  const { database, shape } = subject;
  const log = hasLog(subject)
    ? database.rows(
        `SELECT count(*) FILTER (WHERE "pushed" = 0) AS pending, count(*) FILTER (WHERE "pushed" = 2) AS unpushable, count(*) FILTER (WHERE "pushed" = 1) AS pushed,
           strftime('%Y-%m-%dT%H:%M:%SZ', min("timestamp") FILTER (WHERE "pushed" = 0) / 1000000, 'unixepoch') AS oldest,
           sum(length("table_name") + length("row_id") + coalesce(length("data"), 0)) AS size FROM "sync_changelog"`,
      )[0]
    : undefined;
  const byReason = (table: string): Readonly<Record<string, number>> =>
    !hasColumns(shape, table, ["reason"])
      ? {}
      : Object.fromEntries(
          database
            .rows(`SELECT "reason", count(*) AS n FROM "${table}" GROUP BY "reason" ORDER BY "reason"`)
            .map((row) => [textOf(row["reason"]), numberOf(row["n"])]),
        );
  return {
    pending: numberOf(log?.["pending"]),
    oldestPending: log?.["oldest"] == null ? null : textOf(log["oldest"]),
    unpushable: numberOf(log?.["unpushable"]),
    pushed: numberOf(log?.["pushed"]),
    logSize: numberOf(log?.["size"]),
    held: byReason("sync_held"),
    quarantined: byReason("sync_quarantine"),
    conflicts:
      findTable(shape, "sync_conflicts") === undefined
        ? 0
        : numberOf(database.rows(`SELECT count(*) AS n FROM "sync_conflicts"`)[0]?.["n"]),
  };
}
