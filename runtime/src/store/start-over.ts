/**
 * Starting over from the server: every row here is marked as written by nobody, the log is read from its start, and what
 * is still marked at its end leaves. Rows are written over, not made anew, so that their local columns stay.
 */
import { rowIdToWire, type WireValue } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import { BASELINE, clockOf } from "./clock.ts";
import type { Changelog } from "./changelog.ts";
import { quoteName, quoteText } from "./quote-name.ts";
import type { Values } from "./registers.ts";
import type { RemoteChange } from "./remote-change.ts";
import { type RowClocks, UNWRITTEN } from "./row-clocks.ts";
import type { TableRows } from "./table-rows.ts";
import { parseValues, pick } from "./values.ts";

type RowRef = readonly [table: string, rowId: string];

export interface StartOver {
  /** In a transaction of the caller's. Rows of update-only tables never leave: their marks alone are given up. */
  readonly mark: () => void;
  /** Some of the rows that are in their tables though the log does not have them alive, children first. Not those that are held. */
  readonly leftovers: (limit: number) => readonly RowRef[];
  /** Rows that could not leave, because something here refers to them. */
  readonly needed: () => readonly RowRef[];
  /**
   * Takes up to `limit` of the rows that were about to be told at the baseline. Returns what they have in columns in which the
   * log has nothing, to be merged here. Null: there are no more.
   */
  readonly gaps: (device: string, limit: number) => readonly RemoteChange[] | null;
  /** What an update was about to tell of rows that the log has not given is set aside, as what was to be told before it. */
  readonly withholdTold: () => void;
  /** Logs a row at the baseline. */
  readonly tell: (table: string, rowId: string) => void;
  /** Of held rows, too, what is here goes where the log has no value: their tables have them as they were before, dead ones among them. */
  readonly clearUnsaid: () => void;
  /** Marks go. A row that is still in its table is at the baseline. */
  readonly unmark: () => void;
}

/** Of a row that is not alive besides: `isUnwritten`, as stored. */
const MARKED = `alive = 0 AND ${UNWRITTEN}`;

interface Parts {
  readonly driver: Driver;
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
  readonly changelog: Changelog;
}

/** What the log has no value for has its default, as on a device that joins: what was here is in no log. */
export function resetUnsaid(driver: Driver, rows: TableRows, rowId: string, said: Values): void {
  const unsaid = rows.spec.apply === "update" ? [] : rows.columns.filter((column) => said[column] === undefined);
  if (unsaid.length === 0) return;
  try {
    rows.reset(rowId, unsaid);
  } catch (error) {
    if (driver.constraintOf(error) === null) throw error; // without a default it may not be: then what is here stays
  }
}

export function startOver({ driver, tables, clocks, changelog }: Parts): StartOver {
  const rowsOf = ({ spec }: TableRows): string => `(SELECT ${spec.sql.rowId} AS row_id FROM ${quoteName(spec.name)})`;

  return {
    mark() {
      for (const table of ["sync_row_clock", "sync_held", "sync_quarantine"]) driver.exec(`DELETE FROM ${table}`);
      for (const rows of tables.values())
        driver
          .prepare(
            `INSERT OR IGNORE INTO sync_row_clock (table_name, row_id, stamp, alive)
             SELECT ?, here.row_id, -1, ? FROM ${rowsOf(rows)} AS here WHERE here.row_id IS NOT NULL`,
          )
          .run(rows.spec.name, rows.spec.apply === "update" ? 1n : 0n);
    },
    leftovers(limit) {
      for (const rows of [...tables.values()].toReversed()) {
        if (rows.spec.apply === "update") continue;
        const name = quoteText(rows.spec.name);
        const found = driver
          .prepare(
            `SELECT here.row_id FROM ${rowsOf(rows)} AS here
             JOIN sync_row_clock AS known ON known.table_name = ${name} AND known.row_id = here.row_id AND known.alive = 0
             WHERE NOT EXISTS (SELECT 1 FROM sync_held WHERE table_name = ${name} AND row_id = here.row_id) LIMIT ?`,
          )
          .all(BigInt(limit));
        if (found.length > 0) return found.map(([rowId]) => [rows.spec.name, rowId as string]);
      }
      return [];
    },
    needed: () =>
      driver
        .prepare(`SELECT table_name, row_id FROM sync_held JOIN sync_row_clock USING (table_name, row_id) WHERE ${MARKED}`)
        .all()
        .map(([table, rowId]) => [table as string, rowId as string]),
    gaps(device, limit) {
      const withheld = changelog.takeWithheld(limit);
      if (withheld.length === 0) return null;
      return withheld.flatMap(({ table, rowId, data }): readonly RemoteChange[] => {
        const rows = tables.get(table);
        const stored = clocks.load(table, rowId);
        if (rows === undefined || stored === null || !stored.registers.alive || stored.registers.life.stamp < 0) return [];
        const given = parseValues(data) as Values;
        const here = stored.data ?? rows.read(rowId) ?? {};
        const { base, overrides } = stored.registers;
        const isGap = (column: string, value: WireValue | undefined): boolean => {
          const { stamp } = overrides.get(column) ?? base;
          return value !== undefined && (stamp < 0 || (stamp === 0 && here[column] === null && value !== null));
        };
        const written = rows.columns.filter((column) => isGap(column, given[column]));
        if (written.length === 0) return [];
        const values = { ...rowIdToWire(rows.identity, rowId), ...pick(given, written) };
        const clock = clockOf(rows.spec, BASELINE.stamp, device);
        return [{ table, rowId, op: "INSERT", clock, written: new Set(written), values, isFresh: false, seen: null, isRule: false }];
      });
    },
    withholdTold() {
      // What begins to sync has a clock since the update, which it gets when it is told.
      driver.exec(
        `UPDATE sync_row_clock SET columns = replace(columns, '[0,0]', '[-1,0]')
           WHERE ${UNWRITTEN} AND columns IS NOT NULL`,
      );
      changelog.withholdUngiven();
    },
    tell(table, rowId) {
      const rows = tables.get(table);
      const beside = clocks.load(table, rowId)?.data ?? null;
      if (rows === undefined) return;
      const data = beside === null ? rows.readPayload(rowId) : rows.payloadOf(rowId, beside);
      if (data === null) return;
      changelog.append({ table, op: "INSERT", rowId, stamp: 0, mask: 0n, data, old: null, seen: 0, isRule: false });
    },
    clearUnsaid() {
      const found = driver
        .prepare(
          `SELECT table_name, row_id FROM sync_held JOIN sync_row_clock USING (table_name, row_id) WHERE data IS NOT NULL AND NOT (${MARKED})`,
        )
        .all() as unknown as readonly RowRef[];
      for (const [table, rowId] of found) {
        const rows = tables.get(table);
        const data = clocks.load(table, rowId)?.data ?? null;
        if (rows !== undefined && data !== null) resetUnsaid(driver, rows, rowId, data);
      }
    },
    unmark() {
      driver.exec(
        `DELETE FROM sync_held WHERE EXISTS (SELECT 1 FROM sync_row_clock AS known
           WHERE known.table_name = sync_held.table_name AND known.row_id = sync_held.row_id AND ${MARKED});
         DELETE FROM sync_row_clock WHERE ${MARKED};
         DELETE FROM sync_row_clock WHERE alive = 1 AND ${UNWRITTEN} AND columns IS NULL`,
      );
    },
  };
}
