/**
 * Replacing what the server has with this device's rows, within the merge rules: each row here is logged once more with a
 * new stamp, and each row that the log has alive and this device does not have is logged as deleted.
 */
import { rowIdToWire } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import type { Changelog } from "./changelog.ts";
import type { DeviceNumbers } from "./devices.ts";
import { columnsToMask } from "./mask.ts";
import { quoteName, quoteText } from "./quote-name.ts";
import { absentRegisters } from "./registers.ts";
import type { LogRegisters } from "./reseed.ts";
import type { RowClocks } from "./row-clocks.ts";
import type { TableRows } from "./table-rows.ts";

interface Parts {
  readonly driver: Driver;
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
  readonly changelog: Changelog;
  readonly devices: DeviceNumbers;
}

export interface RelogMode {
  readonly device: string;
  /** The latest stamp of this device and of the log. */
  readonly lastStamp: number;
  /** How far the log was read: whatever stands in it is known here. */
  readonly head: number;
  readonly nowMs: number;
}

/** Held rows stay as they are, here and in the log. Returns the last stamp given and the number of entries. */
export function relog(parts: Parts, log: LogRegisters, mode: RelogMode): { readonly lastStamp: number; readonly entries: number } {
  const { driver, tables, clocks, changelog } = parts;
  const first = Math.max(mode.lastStamp, mode.nowMs * 1000);
  let stamp = first;
  for (const rows of tables.values()) stamp += logRows(driver, rows, stamp, mode.head);
  driver.prepare(RESET_CLOCKS).run(BigInt(parts.devices.numberOf(mode.device)), BigInt(first));

  const isHeld = driver.prepare("SELECT 1 FROM sync_held WHERE table_name = ? AND row_id = ?");
  for (const rows of [...tables.values()].toReversed()) {
    const { name: table, apply, deletes } = rows.spec;
    if (apply === "update" || deletes === "ignore") continue;
    for (const rowId of log.aliveIn(table)) {
      if (rows.read(rowId) !== null || isHeld.get(table, rowId) !== undefined) continue;
      stamp += 1;
      const old = JSON.stringify(rowIdToWire(rows.identity, rowId));
      changelog.append({ table, op: "DELETE", rowId, stamp, mask: 0n, data: null, old, seen: mode.head, isRule: false });
      const { registers, data } = clocks.load(table, rowId) ?? { registers: absentRegisters(), data: null };
      clocks.save(table, rowId, { ...registers, life: { stamp, device: mode.device }, alive: false }, data);
    }
  }
  return { lastStamp: stamp, entries: stamp - first };
}

/** Returns how many. */
function logRows(driver: Driver, rows: TableRows, stamp: number, head: number): number {
  const { name, apply, sql } = rows.spec;
  const table = quoteText(name);
  const [op, mask]: readonly [string, string | null] =
    apply === "update" ? ["UPDATE", columnsToMask(rows, rows.columns).toString()] : ["INSERT", null]; // it never inserts
  return driver
    .prepare(
      `INSERT INTO sync_changelog (table_name, op, row_id, timestamp, stamp, seen, mask, data)
       SELECT ${table}, ?, row_id, stamp, stamp, ?, CAST(? AS INTEGER), payload FROM (
         SELECT row_id, payload, ? + row_number() OVER () AS stamp
         FROM (SELECT ${sql.rowId} AS row_id, ${sql.payload} AS payload FROM ${quoteName(name)}) AS here
         WHERE row_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sync_held AS held WHERE held.table_name = ${table} AND held.row_id = here.row_id))`,
    )
    .run(op, BigInt(head), mask, BigInt(stamp));
}

/** Every register of the rows just logged has their entry's clock. */
const RESET_CLOCKS = `INSERT INTO sync_row_clock (table_name, row_id, stamp, device)
  SELECT table_name, row_id, stamp, ? FROM sync_changelog WHERE stamp > ?
  ON CONFLICT (table_name, row_id) DO UPDATE SET stamp = excluded.stamp, device = excluded.device, columns = NULL,
    life_stamp = NULL, life_device = NULL, alive = 1, data = NULL`;
