/** `sync_changelog`: what triggers captured on this device, and what became of it. */
import type { ChangeOp } from "@synckit-gen/schemas/protocol";
import type { Driver, Row } from "../driver/driver.ts";
import type { StateStore } from "./state.ts";

/** One captured change. `data` and `old` are JSON texts exactly as SQLite wrote them. */
export interface ChangelogEntry {
  readonly id: number;
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  /** Microseconds; 0: baseline. */
  readonly stamp: number;
  /** UPDATE: bit i is set when the column with that bit changed. */
  readonly mask: bigint;
  /** Synced columns after the change; null for DELETE. */
  readonly data: string | null;
  /** Synced columns before a DELETE. */
  readonly old: string | null;
  /** The cursor of this device when the change was stamped. */
  readonly seen: number;
  /** No user did this: the merge had to, by a rule of the schema. */
  readonly isRule: boolean;
}

export type NewEntry = Omit<ChangelogEntry, "id">;

/** An entry that has just been stamped. Its data stays in the table: folding rarely needs it. */
export type FreshEntry = Omit<ChangelogEntry, "data">;

/** Values of `pushed`. */
const UNPUSHED = 0;
export const PUSHED = 1;
/** Larger than any server takes: kept, reported, never sent. */
export const UNPUSHABLE = 2;

export interface Changelog {
  /** Gives every new entry its stamp, in order, and returns them. `lastStamp` is the latest this device has seen or given, `cursor` how far it has read. */
  readonly stamp: (lastStamp: number, cursor: number) => readonly FreshEntry[];
  /** The data of one entry. */
  readonly dataOf: (id: number) => string | null;
  readonly unpushed: (limit: number) => readonly ChangelogEntry[];
  readonly mark: (ids: readonly number[], pushed: typeof PUSHED | typeof UNPUSHABLE) => void;
  /** Writes an entry for something that the merge itself had to do. */
  readonly append: (entry: NewEntry) => void;
  /** The id of the last entry ever written; 0: none. */
  readonly newest: () => number;
  readonly countUnpushed: () => number;
  readonly countUnpushable: () => number;
  /** Removes pushed entries captured before `beforeStamp`, and the oldest pushed ones beyond `maxEntries`. Returns how many. */
  readonly prune: (beforeStamp: number, maxEntries: number | null) => number;
}

const COLUMNS = "id, table_name, op, row_id, stamp, CAST(mask AS TEXT), old, coalesce(seen, 0), coalesce(rule, 0), data"; // mask as text: it may be past 2^53

/** State keys: below these ids everything is stamped, or pushed, so that no query walks the pushed part of the log. */
const STAMPED_THROUGH = "stamped_through";
const PUSHED_THROUGH = "pushed_through";

/** What this device's clock is to be corrected by, ms: the engine keeps it here when the server's differs by much. */
export const clockOffset = (state: StateStore): number => state.getNumber("clock_offset_ms", 0);

export function changelog(driver: Driver, state: StateStore): Changelog {
  // The stamp of the i-th new entry is max(its time, the stamp before it + 1); unrolled, a running maximum of (time - i), plus i.
  const stampAll = driver.prepare(
    `UPDATE sync_changelog SET seen = ?, stamp = fresh.stamp FROM (
       SELECT id AS fresh_id, max(?, max(timestamp + ? - place) OVER (ORDER BY id)) + place AS stamp
       FROM (SELECT id, timestamp, row_number() OVER (ORDER BY id) AS place FROM sync_changelog WHERE id > ? AND stamp IS NULL)
     ) AS fresh WHERE id = fresh.fresh_id`,
  );
  const fresh = driver.prepare(
    "SELECT id, table_name, op, row_id, stamp, CAST(mask AS TEXT), old, coalesce(seen, 0), coalesce(rule, 0) FROM sync_changelog WHERE id > ? AND id <= ? AND stamp > 0 ORDER BY id",
  );
  const dataOf = driver.prepare("SELECT data FROM sync_changelog WHERE id = ?");
  const lastId = driver.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog");
  // Entries are pruned; AUTOINCREMENT remembers.
  const newest = driver.prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sync_changelog'), 0)");
  const firstUnstamped = driver.prepare("SELECT min(id) FROM sync_changelog WHERE id > ? AND stamp IS NULL");
  const unpushed = driver.prepare(
    `SELECT ${COLUMNS} FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED} AND stamp IS NOT NULL ORDER BY id LIMIT ?`,
  );
  const markRange = driver.prepare("UPDATE sync_changelog SET pushed = ? WHERE id BETWEEN ? AND ?");
  const firstUnpushed = driver.prepare(`SELECT coalesce(min(id) - 1, ?) FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED}`);
  const append = driver.prepare(
    "INSERT INTO sync_changelog (table_name, op, row_id, timestamp, data, mask, old, stamp, seen, rule) VALUES (?, ?, ?, ?, ?, CAST(? AS INTEGER), ?, ?, ?, ?)",
  );
  const countUnpushed = driver.prepare(`SELECT count(*) FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED}`);
  const countUnpushable = driver.prepare(`SELECT count(*) FROM sync_changelog WHERE pushed = ${UNPUSHABLE}`);
  const pruneOld = driver.prepare(`DELETE FROM sync_changelog WHERE pushed = ${PUSHED} AND timestamp < ?`);
  const pruneMany = driver.prepare(
    `DELETE FROM sync_changelog WHERE pushed = ${PUSHED} AND id <= (SELECT id FROM sync_changelog ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  );
  const pushedThrough = (): number => state.getNumber(PUSHED_THROUGH, 0);

  return {
    stamp(lastStamp, cursor) {
      const through = state.getNumber(STAMPED_THROUGH, 0);
      const from = firstUnstamped.get(through)?.[0];
      const to = lastId.get()?.[0] as number;
      if (from === null || from === undefined) return [];
      stampAll.run(cursor, lastStamp, clockOffset(state) * 1000, through);
      state.set(STAMPED_THROUGH, String(to));
      return fresh.all((from as number) - 1, to).map(toFresh);
    },
    dataOf: (id) => (dataOf.get(id)?.[0] as string | null | undefined) ?? null,
    unpushed: (limit) => unpushed.all(pushedThrough(), limit).map(toEntry),
    mark(ids, pushed) {
      const [first] = ids;
      const last = ids.at(-1);
      if (first === undefined || last === undefined) return;
      // A batch without gaps is one range; with gaps, each id counts.
      if (last - first === ids.length - 1) markRange.run(pushed, first, last);
      else for (const id of ids) markRange.run(pushed, id, id);
      const through = pushedThrough();
      const next = firstUnpushed.get(lastId.get()?.[0] as number, through)?.[0] as number;
      if (next > through) state.set(PUSHED_THROUGH, String(next));
    },
    append: (entry) =>
      void append.run(
        entry.table,
        entry.op,
        entry.rowId,
        entry.stamp,
        entry.data,
        entry.mask.toString(),
        entry.old,
        entry.stamp,
        entry.seen,
        entry.isRule ? 1n : null,
      ),
    newest: () => newest.get()?.[0] as number,
    countUnpushed: () => countUnpushed.get(pushedThrough())?.[0] as number,
    countUnpushable: () => countUnpushable.get()?.[0] as number,
    prune(beforeStamp, maxEntries) {
      const old = pruneOld.run(beforeStamp);
      return old + (maxEntries === null ? 0 : pruneMany.run(maxEntries));
    },
  };
}

const toFresh = (row: Row): FreshEntry => ({
  id: row[0] as number,
  table: row[1] as string,
  op: row[2] as ChangeOp,
  rowId: row[3] as string,
  stamp: row[4] as number,
  mask: BigInt((row[5] as string | null) ?? 0),
  old: row[6] as string | null,
  seen: row[7] as number,
  isRule: row[8] === 1,
});

const toEntry = (row: Row): ChangelogEntry => ({ ...toFresh(row), data: row[9] as string | null });
