/** All rows of a table in the order of their identity, a few at a time: a table may be larger than the memory. */
import { rowIdToSql } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import { quoteName } from "./quote-name.ts";
import type { TableRows } from "./table-rows.ts";

const CHUNK = 2_000;

/** Row ids and payloads, as SQLite writes them. Rows without an identity are left out. */
export function* scanRows(driver: Driver, { spec, identity }: TableRows): Generator<readonly [rowId: string, payload: string]> {
  const columns = spec.identity.map(quoteName).join(", ");
  const select = (after: string): string =>
    `SELECT ${spec.sql.rowId}, ${spec.sql.payload} FROM ${quoteName(spec.name)} WHERE (${spec.sql.rowId}) IS NOT NULL${after} ORDER BY ${columns} LIMIT ${CHUNK}`;
  const first = driver.prepare(select(""));
  const next = driver.prepare(select(` AND (${columns}) > (${spec.identity.map(() => "?").join(", ")})`));
  for (let rows = first.all(); ;) {
    for (const [rowId, payload] of rows) yield [rowId as string, payload as string];
    const last = rows.at(-1)?.[0];
    if (rows.length < CHUNK) return;
    rows = next.all(...rowIdToSql(identity, last as string));
  }
}
