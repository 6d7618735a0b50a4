/** `sync_conflicts`: what a merge took away from somebody who could not have known, so that it can be looked at and taken back. */
import type { Driver } from "../driver/driver.ts";
import type { Clock } from "./clock.ts";
import type { Values } from "./registers.ts";

export interface Conflict {
  readonly id: number;
  readonly table: string;
  readonly rowId: string;
  /** `overwritten`: another device's later edit of the same columns. `deleted`: another device's later delete of the row. */
  readonly kind: "overwritten" | "deleted";
  /** The losing values, by column, as a payload holds them. */
  readonly values: Values;
  /** Who lost, and when that edit was made. */
  readonly loser: Clock;
  /** Who won. */
  readonly winner: Clock;
  /** Milliseconds since 1970. */
  readonly noticedMs: number;
}

export interface ConflictStore {
  readonly add: (conflict: Omit<Conflict, "id">) => void;
  /** Oldest first. */
  readonly list: (limit: number) => readonly Conflict[];
  readonly get: (id: number) => Conflict | null;
  /** False: there is none with this id. */
  readonly remove: (id: number) => boolean;
  readonly count: () => number;
}

const COLUMNS = "id, table_name, row_id, kind, data, stamp, device, winner_stamp, winner_device, noticed";

export function conflictStore(driver: Driver): ConflictStore {
  const insert = driver.prepare(
    `INSERT INTO sync_conflicts (table_name, row_id, kind, data, stamp, device, winner_stamp, winner_device, noticed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const select = driver.prepare(`SELECT ${COLUMNS} FROM sync_conflicts ORDER BY id LIMIT ?`);
  const one = driver.prepare(`SELECT ${COLUMNS} FROM sync_conflicts WHERE id = ?`);
  const remove = driver.prepare("DELETE FROM sync_conflicts WHERE id = ?");
  const count = driver.prepare("SELECT count(*) FROM sync_conflicts");
  const toConflict = (row: readonly unknown[]): Conflict => ({
    id: row[0] as number,
    table: row[1] as string,
    rowId: row[2] as string,
    kind: row[3] as Conflict["kind"],
    values: JSON.parse(row[4] as string) as Values,
    loser: { stamp: row[5] as number, device: row[6] as string },
    winner: { stamp: row[7] as number, device: row[8] as string },
    noticedMs: row[9] as number,
  });
  return {
    add: ({ table, rowId, kind, values, loser, winner, noticedMs }) =>
      void insert.run(table, rowId, kind, JSON.stringify(values), loser.stamp, loser.device, winner.stamp, winner.device, noticedMs),
    list: (limit) => select.all(limit).map(toConflict),
    get(id) {
      const row = one.get(id);
      return row === undefined ? null : toConflict(row);
    },
    remove: (id) => remove.run(id) > 0,
    count: () => count.get()?.[0] as number,
  };
}
