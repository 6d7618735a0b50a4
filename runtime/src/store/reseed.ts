/**
 * What a server's log lacks. A server restored from a backup has forgotten entries that devices have merged; every
 * device can say them again from its registers, with their own clocks, so that nothing changes but the log.
 */
import type { WireValue } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import type { ChangelogEntry } from "./changelog.ts";
import { BASELINE, type Clock, compareClocks } from "./clock.ts";
import { columnsToMask } from "./mask.ts";
import { quoteName } from "./quote-name.ts";
import { absentRegisters, isGreater, mergeChange, type Registers, type Values } from "./registers.ts";
import type { RowClocks, StoredRow } from "./row-clocks.ts";
import type { RemoteChange } from "./remote-change.ts";
import type { TableRows } from "./table-rows.ts";

/** An entry as it may have been pushed once, by whichever device. */
export interface RecalledEntry {
  readonly entry: ChangelogEntry;
  /** The device of its clock. */
  readonly device: string;
}

/** A row as a log has it. */
interface LoggedRow {
  readonly registers: Registers;
  readonly values: Record<string, WireValue>;
}

/** The registers that a log's entries add up to. Values count: of two that joined an account, both may have a row at the baseline. */
export class LogRegisters {
  readonly #rows = new Map<string, LoggedRow>();

  add(change: RemoteChange, columns: readonly string[]): void {
    const key = `${change.table}\0${change.rowId}`;
    const row = this.#rows.get(key) ?? { registers: absentRegisters(), values: {} };
    const { won } = mergeChange(row.registers, change, columns, (column) => row.values[column]);
    if (change.values !== null) for (const column of won) row.values[column] = change.values[column] as WireValue;
    this.#rows.set(key, row);
  }

  /** As if nothing had been added of this row. */
  remove(table: string, rowId: string): void {
    this.#rows.delete(`${table}\0${rowId}`);
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** Row ids of a table's living rows. */
  *aliveIn(table: string): Generator<string> {
    const prefix = `${table}\0`;
    for (const [key, { registers }] of this.#rows) if (registers.alive && key.startsWith(prefix)) yield key.slice(prefix.length);
  }

  get(table: string, rowId: string): LoggedRow | null {
    return this.#rows.get(`${table}\0${rowId}`) ?? null;
  }
}

interface Parts {
  readonly driver: Driver;
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
}

/** Every entry that would give the log what it lacks, table by table, parents first. */
export function* recallMissing(parts: Parts, log: LogRegisters): Generator<RecalledEntry> {
  for (const [table, rows] of parts.tables) {
    for (const rowId of rowIdsOf(parts.driver, rows)) {
      const stored = parts.clocks.load(table, rowId);
      const registers = stored?.registers ?? { base: BASELINE, life: BASELINE, alive: true, overrides: new Map<string, Clock>() };
      const values = stored?.data ?? rows.read(rowId);
      yield* recallRow(rows, rowId, registers, values, log.get(table, rowId));
    }
  }
}

/** The same of one row. `logged`: what the log is known to have of it. */
export const recallKnown = (
  rows: TableRows,
  rowId: string,
  { registers, data }: StoredRow,
  logged: LoggedRow | null,
): Generator<RecalledEntry> => recallRow(rows, rowId, registers, data ?? rows.read(rowId), logged);

/** Of rows that are here, and of those that clocks remember. */
export function rowIdsOf(driver: Driver, { spec }: TableRows): readonly string[] {
  const found = driver.prepare(
    `SELECT row_id FROM (SELECT ${spec.sql.rowId} AS row_id FROM ${quoteName(spec.name)} UNION SELECT row_id FROM sync_row_clock WHERE table_name = ?) WHERE row_id IS NOT NULL`,
  );
  return found.all(spec.name).map(([rowId]) => rowId as string);
}

function* recallRow(
  rows: TableRows,
  rowId: string,
  registers: Registers,
  values: Values | null,
  logged: LoggedRow | null,
): Generator<RecalledEntry> {
  const isLater = (clock: Clock, has: Clock | undefined): boolean => has === undefined || compareClocks(clock, has) > 0;
  /** The log's register of the column is earlier than this clock, or holds a value that ours beats. */
  const lacks = (clock: Clock, column: string): boolean => {
    if (logged === null) return true;
    const order = compareClocks(clock, logged.registers.overrides.get(column) ?? logged.registers.base);
    const value = values?.[column];
    return order > 0 || (order === 0 && value !== undefined && isGreater(value, logged.values[column]));
  };
  const entry = (op: ChangelogEntry["op"], clock: Clock, columns: readonly string[]): RecalledEntry => ({
    device: clock.device,
    entry: {
      id: 0,
      table: rows.spec.name,
      op,
      rowId,
      stamp: clock.stamp,
      seen: 0,
      isRule: false,
      mask: op === "UPDATE" ? columnsToMask(rows, columns) : 0n,
      // A column that nobody has had a value for is not in the row: as of a version that did not have it, readers give it its default.
      data: op === "DELETE" ? null : rows.payloadOf(rowId, values ?? {}),
      old: null,
    },
  });

  let told = logged?.registers.life;
  let hasTold = false;
  const tell = function* (op: ChangelogEntry["op"], clock: Clock, columns: readonly string[]): Generator<RecalledEntry> {
    if (isLater(clock, told)) told = clock;
    hasTold = true;
    yield entry(op, clock, columns);
  };
  if (values !== null) {
    const ofBase = rows.columns.filter((column) => !registers.overrides.has(column));
    if (registers.base.stamp >= 0 && (logged === null || ofBase.some((column) => lacks(registers.base, column)))) {
      // An INSERT would give columns that began to sync later, and that nobody has written since, the clock of the row.
      const isBelow = [...registers.overrides.values()].some((clock) => compareClocks(clock, registers.base) < 0);
      yield* isBelow ? tell("UPDATE", registers.base, ofBase) : tell("INSERT", registers.base, []);
    }
    const byClock = new Map<string, { clock: Clock; columns: string[] }>();
    for (const [column, clock] of registers.overrides) {
      if (clock.stamp < 0 || !lacks(clock, column)) continue;
      const key = `${clock.stamp} ${clock.device}`;
      const group = byClock.get(key) ?? { clock, columns: [] };
      group.columns.push(column);
      byClock.set(key, group);
    }
    for (const { clock, columns } of byClock.values()) yield* tell("UPDATE", clock, columns);
    // By a rule a row may live later than any of its columns was written; or nobody has written those that this version has.
    if (registers.alive && registers.life.stamp >= 0 && isLater(registers.life, told)) yield* tell("UPDATE", registers.life, []);
  }
  const isAliveThere = logged?.registers.alive === true && compareClocks(registers.life, logged.registers.life) === 0;
  // Who has forgotten the delete, though the log has it, takes what is told of the row for a new one.
  if (!registers.alive && registers.life.stamp >= 0 && (hasTold || isAliveThere || isLater(registers.life, logged?.registers.life)))
    yield entry("DELETE", registers.life, []);
}
