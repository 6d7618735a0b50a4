/**
 * All rows of the synced tables with their registers, page by page in a fixed order: parents first, of each table first the
 * rows that it holds, then those whose values wait beside their clocks (dead and held ones). What the app does between
 * two pages may be in the later one or not: whoever reads them has the log for that.
 */
import { rowIdToSql } from "@synckit-gen/schemas/protocol";
import type { Driver, Row } from "../driver/driver.ts";
import { BASELINE } from "./clock.ts";
import { quoteName } from "./quote-name.ts";
import type { Registers, Values } from "./registers.ts";
import { CLOCK_COLUMNS, type RowClocks } from "./row-clocks.ts";
import type { TableRows } from "./table-rows.ts";
import { parseValues } from "./values.ts";

/** A row as its registers have it. */
export interface RegisteredRow {
  readonly table: string;
  readonly rowId: string;
  readonly registers: Registers;
  /** Null: no value is known, only that the row is dead. */
  readonly values: Values | null;
}

/** Where the next page begins. It may be kept as JSON. */
export interface ExportPlace {
  readonly table: string;
  readonly part: "rows" | "beside";
  /** The last row id that was read of this part. */
  readonly after: string | null;
}

export interface ExportPage {
  readonly rows: readonly RegisteredRow[];
  /** Null: that was the last. */
  readonly next: ExportPlace | null;
}

interface Parts {
  readonly driver: Driver;
  /** In upsert order. */
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
}

/** Rows of one query at most. How many are read depends on how large the ones before them were. */
const PAGE_ROWS = 1_000;
const FIRST_ROW_LENGTH = 64 * 1024;
/** JSON of a row besides its payload, about. */
const ROW_OVERHEAD = 60;

/** Rows from `place` on (null: from the start) until their values have `maxLength` characters. */
export function exportPage(parts: Parts, place: ExportPlace | null, maxLength: number): ExportPage {
  const rows: RegisteredRow[] = [];
  let length = 0;
  let perRow = FIRST_ROW_LENGTH;
  let next = place ?? firstPlace([...parts.tables.keys()][0]);
  while (next !== null && length < maxLength) {
    const table = parts.tables.get(next.table);
    if (table === undefined) throw new Error(`exportPage: ${next.table} is not a synced table`);
    const limit = Math.max(1, Math.min(PAGE_ROWS, Math.ceil((maxLength - length) / perRow)));
    const found = next.part === "rows" ? readRows(parts, table, next.after, limit) : readBeside(parts, table, next.after, limit);
    const before = length;
    let taken = 0;
    for (; taken < found.length && length < maxLength; taken++) {
      const { row, size } = found[taken] as Found;
      if (row !== null) rows.push(row);
      length += size + ROW_OVERHEAD;
    }
    if (taken > 0) perRow = (length - before) / taken;
    const isThrough = taken === found.length && found.length < limit;
    next = isThrough ? following(parts, next) : { ...next, after: (found[taken - 1] as Found).rowId };
  }
  return { rows, next };
}

/** How many rows all pages will have together, about. */
export const countRows = ({ driver, tables }: Parts): number =>
  [...tables.keys()].reduce(
    (sum, name) => sum + Number(driver.prepare(`SELECT count(*) FROM ${quoteName(name)}`).get()?.[0]),
    Number(driver.prepare("SELECT count(*) FROM sync_row_clock WHERE alive = 0 OR data IS NOT NULL").get()?.[0]),
  );

const firstPlace = (table: string | undefined): ExportPlace | null => (table === undefined ? null : { table, part: "rows", after: null });

function following({ tables }: Parts, { table, part }: ExportPlace): ExportPlace | null {
  if (part === "rows") return { table, part: "beside", after: null };
  const names = [...tables.keys()];
  return firstPlace(names[names.indexOf(table) + 1]);
}

interface Found {
  readonly rowId: string;
  /** Null: told of elsewhere. */
  readonly row: RegisteredRow | null;
  readonly size: number;
}

function readRows({ driver, clocks }: Parts, { spec, identity }: TableRows, after: string | null, limit: number): readonly Found[] {
  const key = spec.identity.map(quoteName).join(", ");
  const isLater = after === null ? "" : ` AND (${key}) > (${spec.identity.map(() => "?").join(", ")})`;
  // The expressions stand in a query of their own: there, only the app's columns are in scope.
  const found = driver
    .prepare(
      `SELECT candidate.row_id, candidate.payload, known.data IS NOT NULL, ${CLOCK_COLUMNS.map((column) => `known.${column}`).join(", ")}
       FROM (SELECT ${spec.sql.rowId} AS row_id, ${spec.sql.payload} AS payload FROM ${quoteName(spec.name)}
             WHERE (${spec.sql.rowId}) IS NOT NULL${isLater} ORDER BY ${key} LIMIT ?) AS candidate
       LEFT JOIN sync_row_clock AS known ON known.table_name = ? AND known.row_id = candidate.row_id`,
    )
    .all(...(after === null ? [] : rowIdToSql(identity, after)), BigInt(limit), spec.name);
  return found.map(([rowId, payload, isBeside, ...clock]) => {
    const registers = clock[0] === null ? atBaseline() : clocks.registersOf(clock);
    const row = isBeside === 1 || !registers.alive ? null : toRow(spec.name, rowId as string, registers, payload as string);
    return { rowId: rowId as string, row, size: (payload as string).length };
  });
}

function readBeside({ driver, clocks }: Parts, { spec }: TableRows, after: string | null, limit: number): readonly Found[] {
  const found = driver
    .prepare(
      `SELECT row_id, data, ${CLOCK_COLUMNS.join(", ")} FROM sync_row_clock
       WHERE table_name = ?${after === null ? "" : " AND row_id > ?"} AND (alive = 0 OR data IS NOT NULL) ORDER BY row_id LIMIT ?`,
    )
    .all(spec.name, ...(after === null ? [] : [after]), BigInt(limit)); // the empty text is a row id, too
  return found.map(([rowId, data, ...clock]: Row) => ({
    rowId: rowId as string,
    row: toRow(spec.name, rowId as string, clocks.registersOf(clock), data as string | null),
    size: (data as string | null)?.length ?? 0,
  }));
}

const atBaseline = (): Registers => ({ base: BASELINE, life: BASELINE, alive: true, overrides: new Map() });

const toRow = (table: string, rowId: string, registers: Registers, json: string | null): RegisteredRow => ({
  table,
  rowId,
  registers,
  values: parseValues(json),
});
