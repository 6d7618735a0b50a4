/**
 * `sync_row_clock`: the registers' clocks. A row of an app's table without an entry here is at the baseline.
 * `data` holds the registers' values where the app's table does not: of dead rows and of held ones.
 */
import type { Driver, Row } from "../driver/driver.ts";
import type { Clock } from "./clock.ts";
import { compareClocks } from "./clock.ts";
import type { DeviceNumbers } from "./devices.ts";
import type { Registers, Values } from "./registers.ts";

export interface StoredRow {
  readonly registers: Registers;
  readonly data: Values | null;
}

export interface RowClocks {
  readonly load: (table: string, rowId: string) => StoredRow | null;
  readonly save: (table: string, rowId: string, registers: Registers, data: Values | null) => void;
  /** Registers from the columns that `CLOCK_COLUMNS` names. */
  readonly registersOf: (row: Row) => Registers;
  /** Gives every register this clock, whatever was there. */
  readonly reset: (table: string, rowId: string, clock: Clock) => void;
  /**
   * As `reset`, if the row has no clocks (`new`), or the clock is later than all of them, its table holds the row, and no
   * register is `except`'s (`known`). Null: nothing was written. Reading first costs a third more.
   */
  readonly overwrite: (table: string, rowId: string, clock: Clock, except: string) => "new" | "known" | null;
  /** Gives life and some columns this clock, under the same conditions. False: nothing was written. */
  readonly advance: (table: string, rowId: string, clock: Clock, columns: readonly string[], except: string | null) => boolean;
}

/** What registers are made of, for a SELECT from `sync_row_clock`. */
export const CLOCK_COLUMNS = ["stamp", "device", "columns", "life_stamp", "life_device", "alive"] as const;

/** Nobody has written the row, nor said that it lives. For a WHERE in which no other table has columns of these names. */
export const UNWRITTEN = "stamp = -1 AND life_stamp IS NULL";

/** No register of the row has the device that is bound here (twice). An override's device stands last in its pair. */
const NOT_OF = "device <> ? AND (columns IS NULL OR instr(columns, ',' || CAST(? AS INTEGER) || ']') = 0)";

export function rowClocks(driver: Driver, devices: DeviceNumbers): RowClocks {
  const select = driver.prepare(`SELECT ${CLOCK_COLUMNS.join(", ")}, data FROM sync_row_clock WHERE table_name = ? AND row_id = ?`);
  const upsert = driver.prepare(
    `INSERT INTO sync_row_clock (table_name, row_id, stamp, device, columns, life_stamp, life_device, alive, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (table_name, row_id) DO UPDATE SET stamp = excluded.stamp, device = excluded.device, columns = excluded.columns,
       life_stamp = excluded.life_stamp, life_device = excluded.life_device, alive = excluded.alive, data = excluded.data`,
  );
  const reset = driver.prepare(
    `INSERT INTO sync_row_clock (table_name, row_id, stamp, device) VALUES (?, ?, ?, ?)
     ON CONFLICT (table_name, row_id) DO UPDATE SET stamp = excluded.stamp, device = excluded.device, columns = NULL,
       life_stamp = NULL, life_device = NULL, alive = 1, data = NULL`,
  );
  /** Rows mostly come all new or all known: the statement that did for the last one is tried first. */
  let isNextKnown = false;
  const create = driver.prepare(
    "INSERT INTO sync_row_clock (table_name, row_id, stamp, device) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const overwrite = driver.prepare(
    `UPDATE sync_row_clock SET stamp = ?, device = ?, columns = NULL, life_stamp = NULL, life_device = NULL
     WHERE table_name = ? AND row_id = ? AND alive = 1 AND data IS NULL AND coalesce(life_stamp, stamp) < ? AND ${NOT_OF}`,
  );
  const advance = driver.prepare(
    `UPDATE sync_row_clock SET columns = json_patch(coalesce(columns, '{}'), ?), life_stamp = ?, life_device = ?
     WHERE table_name = ? AND row_id = ? AND alive = 1 AND data IS NULL AND coalesce(life_stamp, stamp) < ? AND ${NOT_OF}`,
  );
  const clockOf = (stamp: number, number: number): Clock => ({ stamp, device: devices.deviceOf(number) });

  function registersOf([stamp, device, columns, lifeStamp, lifeDevice, alive]: Row): Registers {
    const base = clockOf(stamp as number, device as number);
    const overrides = new Map<string, Clock>();
    if (columns !== null)
      for (const [column, [at, number]] of Object.entries(JSON.parse(columns as string) as Record<string, [number, number]>))
        overrides.set(column, clockOf(at, number));
    return { base, overrides, life: lifeStamp === null ? base : clockOf(lifeStamp as number, lifeDevice as number), alive: alive === 1 };
  }

  return {
    registersOf,
    reset: (table, rowId, clock) => void reset.run(table, rowId, clock.stamp, devices.numberOf(clock.device)),
    overwrite(table, rowId, { stamp, device }, except) {
      const number = devices.numberOf(device);
      const other = devices.numberOf(except);
      const isNew = (): boolean => create.run(table, rowId, stamp, number) > 0;
      const isKnown = (): boolean => overwrite.run(stamp, number, table, rowId, stamp, other, other) > 0;
      if (isNextKnown && isKnown()) return "known";
      const found = isNew() ? "new" : !isNextKnown && isKnown() ? "known" : null;
      isNextKnown = found === "known";
      return found;
    },
    advance(table, rowId, { stamp, device }, columns, except) {
      const other = except === null ? -1 : devices.numberOf(except);
      const number = devices.numberOf(device);
      const patch = JSON.stringify(Object.fromEntries(columns.map((column) => [column, [stamp, number]])));
      return advance.run(patch, stamp, number, table, rowId, stamp, other, other) > 0;
    },
    load(table, rowId) {
      const row = select.get(table, rowId);
      if (row === undefined) return null;
      const data = row[CLOCK_COLUMNS.length];
      return { registers: registersOf(row), data: typeof data === "string" ? (JSON.parse(data) as Values) : null };
    },
    save(table, rowId, { base, overrides, life, alive }, data) {
      const columns = Object.fromEntries(Array.from(overrides, ([column, at]) => [column, [at.stamp, devices.numberOf(at.device)]]));
      const ownLife = compareClocks(life, base) !== 0;
      upsert.run(
        table,
        rowId,
        base.stamp,
        devices.numberOf(base.device),
        overrides.size === 0 ? null : JSON.stringify(columns),
        ownLife ? life.stamp : null,
        ownLife ? devices.numberOf(life.device) : null,
        alive ? 1 : 0,
        data === null ? null : JSON.stringify(data),
      );
    },
  };
}
