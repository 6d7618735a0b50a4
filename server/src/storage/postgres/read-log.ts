/** One page of the log: where it ends is decided by lengths, before any data is read. */
import type { LogRange, LogRow, LogSlice, Sql } from "../sql/sql-database.ts";

interface Measured {
  /** Null: nothing in the range. */
  readonly last: number | null;
  readonly isCut: boolean;
}

/** 500 of the largest entries would be half a gigabyte; their lengths are known without looking at them. */
export async function readLog(db: Sql, range: LogRange): Promise<LogSlice> {
  const { account, after, upTo, maxEntries, maxDataBytes, tables, sinceStamp } = range;
  const filters = [
    ...(sinceStamp === null ? [] : ["stamp >= :sinceStamp"]),
    ...(tables === null ? [] : ["table_name IN (SELECT json_array_elements_text(CAST(:tables AS json)))"]),
  ];
  const inRange = ["account = :account", "seq > :after", "seq <= :upTo", ...filters].join(" AND ");
  const parameters = {
    account,
    after,
    ...(sinceStamp === null ? {} : { sinceStamp }),
    ...(tables === null ? {} : { tables: JSON.stringify(tables) }),
  };
  const fits = "position = 1 OR (position <= :maxEntries AND data_bytes <= :maxDataBytes)";
  const measured = await db.get<Measured>(
    `SELECT max(seq) FILTER (WHERE ${fits}) AS last, coalesce(bool_or(NOT (${fits})), false) AS "isCut" FROM (
       SELECT seq, row_number() OVER entries AS position, sum(coalesce(octet_length(data), 0)) OVER entries AS data_bytes
       FROM (SELECT seq, data FROM sync_log WHERE ${inRange} ORDER BY seq LIMIT :limit) AS candidates
       WINDOW entries AS (ORDER BY seq)
     ) AS measured`,
    { ...parameters, upTo, maxEntries, maxDataBytes, limit: maxEntries + 1 },
  );
  if (measured === null || measured.last === null) return { rows: [], isCut: false };
  const rows = await db.all<LogRow>(
    `SELECT seq, device_id AS "deviceId", table_name AS "table", op, row_id AS "rowId", timestamp, data
     FROM sync_log WHERE ${inRange} ORDER BY seq`,
    { ...parameters, upTo: measured.last },
  );
  return { rows, isCut: measured.isCut };
}
