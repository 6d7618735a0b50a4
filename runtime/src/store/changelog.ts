/** `sync_changelog`: what triggers captured on this device, and what became of it. */
import type { ChangeOp } from "@synckit-gen/schemas/protocol";
import type { Driver, Row, Statement } from "../driver/driver.ts";
import { UNWRITTEN } from "./row-clocks.ts";
import type { StateStore } from "./state.ts";

/** One captured change. `data` and `old` are JSON texts exactly as SQLite wrote them; with `capture: keys`, `data` is null. */
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

/** An entry that waits to be sent. What it holds of the row is asked for when its turn comes. */
export type UnpushedEntry = Omit<ChangelogEntry, "data" | "old">;

/** A row as it was to be told at the baseline. */
export type WithheldRow = Pick<ChangelogEntry, "table" | "rowId"> & { readonly data: string };

/** Values of `pushed`. */
const UNPUSHED = 0;
export const PUSHED = 1;
/** Larger than any server takes: kept, reported, never sent. */
export const UNPUSHABLE = 2;
/** Of the baseline, while this device starts over: the log may have no other word on some of its columns. */
const WITHHELD = 3;
/** No change: its row is to be told again, from the registers. */
const UNTOLD = 4;

export interface Changelog {
  /** Gives every new entry its stamp, in order, and returns them. `lastStamp` is the latest this device has seen or given, `cursor` how far it has read. */
  readonly stamp: (lastStamp: number, cursor: number) => readonly FreshEntry[];
  /** The data of one entry; null where it holds none. */
  readonly dataOf: (id: number) => string | null;
  /** What the next DELETE of the row kept of it; null where none follows. */
  readonly oldAfter: (entry: Pick<ChangelogEntry, "id" | "table" | "rowId">) => string | null;
  readonly unpushed: (limit: number) => readonly UnpushedEntry[];
  /** The stamp up to which everything is pushed; null: nothing that has one is. */
  readonly pushedStamp: () => number | null;
  /** Marks entries stamped at `stamp` or before: an id may have been given again since they were read. */
  readonly mark: (ids: readonly number[], pushed: typeof PUSHED | typeof UNPUSHABLE, stamp: number) => void;
  /** Writes an entry for something that the merge itself had to do. */
  readonly append: (entry: NewEntry) => void;
  /** The id of the last entry; 0: none. Where the newest entries are pruned, it goes back. */
  readonly newest: () => number;
  readonly countUnpushed: () => number;
  readonly countUnpushable: () => number;
  /** An entry of this row with this stamp is here. */
  readonly has: (stamp: number, rowId: string) => boolean;
  /** Such an entry is here, and is still to be pushed. */
  readonly isUnpushed: (table: string, rowId: string, stamp: number) => boolean;
  /** The latest stamp of an entry that was removed; 0: none was. */
  readonly prunedStamp: () => number;
  /** Removes pushed entries captured before `beforeStamp`, and the oldest pushed ones beyond `maxEntries`. Returns how many. */
  readonly prune: (beforeStamp: number, maxEntries: number | null) => number;
  /** Gives up what is not pushed. Rows at the baseline may yet have to be told: they are set aside. */
  readonly giveUp: () => void;
  /** Sets those of them aside that the log has not given while this device starts over, and gives up nothing. */
  readonly withholdUngiven: () => void;
  /** Sets a row aside in the same way. */
  readonly withhold: (row: WithheldRow) => void;
  /** Removes what was set aside, and returns it. */
  readonly takeWithheld: (limit: number) => readonly WithheldRow[];
  /** Keeps in mind that a row is to be told again. */
  readonly noteUntold: (table: string, rowId: string) => void;
  /** Table and row id of each. */
  readonly untold: () => readonly (readonly [table: string, rowId: string])[];
  readonly forgetUntold: () => void;
  /**
   * Of rows that have turned out to be deleted, nothing at the baseline is to be sent: where their registers hold something
   * that was about to be told, they are to be told as they are.
   */
  readonly withdrawDead: () => void;
  /** After entries were removed in another way: their ids will be given again, to entries that are neither stamped nor pushed. */
  readonly forgetRemoved: () => void;
  /** The app was updated: what is in the log was captured by the version before. */
  readonly noteUpgrade: () => void;
  /** The id up to which entries are of an earlier version; 0: none is. */
  readonly capturedBefore: () => number;
}

const COLUMNS = "id, table_name, op, row_id, stamp, CAST(mask AS TEXT), coalesce(seen, 0), coalesce(rule, 0)"; // mask as text: it may be past 2^53

/** State keys: below these ids everything is stamped, or pushed, so that no query walks the pushed part of the log. */
const STAMPED_THROUGH = "stamped_through";
const PUSHED_THROUGH = "pushed_through";
/** State key: the latest stamp of an entry that was removed. */
const PRUNED_STAMP = "pruned_stamp";
/** State key: the stamp of the last entry up to there that has one. Looking for it would walk through a whole snapshot, which has none. */
export const PUSHED_STAMP = "pushed_stamp";
/** State key: `1` while rows are to be told again. They are looked for in the whole log. */
const HAS_UNTOLD = "has_untold";
/** State key: entries up to this id were captured by an earlier version of the app, whose columns they name. */
const CAPTURED_BEFORE = "captured_before";

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
  const fresh = driver.prepare(`SELECT ${COLUMNS}, old FROM sync_changelog WHERE id > ? AND id <= ? AND stamp > 0 ORDER BY id`);
  const dataOf = driver.prepare("SELECT data FROM sync_changelog WHERE id = ?");
  const oldAfter = driver.prepare(
    "SELECT old FROM sync_changelog WHERE id > ? AND table_name = ? AND row_id = ? AND op = 'DELETE' AND old IS NOT NULL ORDER BY id LIMIT 1",
  );
  const lastStampIn = driver.prepare("SELECT stamp FROM sync_changelog WHERE id > ? AND id <= ? AND stamp > 0 ORDER BY id DESC LIMIT 1");
  const lastId = driver.prepare("SELECT coalesce(max(id), 0) FROM sync_changelog");
  const firstUnstamped = driver.prepare("SELECT min(id) FROM sync_changelog WHERE id > ? AND stamp IS NULL");
  const unpushed = driver.prepare(
    `SELECT ${COLUMNS} FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED} AND stamp IS NOT NULL ORDER BY id LIMIT ?`,
  );
  const unpushedAt = driver.prepare(
    `SELECT 1 FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED} AND table_name = ? AND row_id = ? AND stamp = ?`,
  );
  const markRange = driver.prepare("UPDATE sync_changelog SET pushed = ? WHERE id BETWEEN ? AND ? AND stamp <= ?");
  const firstUnpushed = driver.prepare(`SELECT coalesce(min(id) - 1, ?) FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED}`);
  const append = driver.prepare(
    "INSERT INTO sync_changelog (table_name, op, row_id, timestamp, data, mask, old, stamp, seen, rule) VALUES (?, ?, ?, ?, ?, CAST(? AS INTEGER), ?, ?, ?, ?)",
  );
  const countUnpushed = driver.prepare(`SELECT count(*) FROM sync_changelog WHERE id > ? AND pushed = ${UNPUSHED}`);
  const countUnpushable = driver.prepare(`SELECT count(*) FROM sync_changelog WHERE pushed = ${UNPUSHABLE}`);
  const stampFrom = driver.prepare(
    "SELECT id, stamp, row_id FROM sync_changelog WHERE id BETWEEN ? AND ? AND stamp > 0 ORDER BY id LIMIT 1",
  );
  const firstId = driver.prepare("SELECT coalesce(min(id), 0) FROM sync_changelog");
  const oldStamp = driver.prepare(
    `SELECT max(stamp) FROM sync_changelog WHERE pushed = ${PUSHED} AND (timestamp < ? OR id <= (SELECT id FROM sync_changelog ORDER BY id DESC LIMIT 1 OFFSET ?))`,
  );
  const pruneOld = driver.prepare(`DELETE FROM sync_changelog WHERE pushed = ${PUSHED} AND timestamp < ?`);
  const pruneMany = driver.prepare(
    `DELETE FROM sync_changelog WHERE pushed = ${PUSHED} AND id <= (SELECT id FROM sync_changelog ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  );
  const isStampedAt = driver.prepare("SELECT 1 FROM sync_changelog WHERE id = ? AND stamp IS NOT NULL");
  const isPushedAt = driver.prepare(`SELECT 1 FROM sync_changelog WHERE id = ? AND pushed <> ${UNPUSHED}`);
  /** Where the entry of a position has gone, its id and those before it may be given again: then everything is looked through. */
  const position = (key: string, holds: Statement): number => {
    const id = state.getNumber(key, 0);
    return holds.get(id) === undefined ? 0 : id;
  };
  const withholdAll = `UPDATE sync_changelog SET pushed = ${WITHHELD} WHERE pushed = ${UNPUSHED} AND stamp = 0 AND data IS NOT NULL`;
  const withholdUnpushed = driver.prepare(withholdAll);
  const withholdUngiven = driver.prepare(
    `${withholdAll} AND (table_name, row_id) IN (SELECT table_name, row_id FROM sync_row_clock WHERE ${UNWRITTEN})`,
  );
  const withhold = driver.prepare(
    `INSERT INTO sync_changelog (table_name, op, row_id, timestamp, data, stamp, pushed) VALUES (?, 'INSERT', ?, 0, ?, 0, ${WITHHELD})`,
  );
  const deleteUnpushed = driver.prepare(`DELETE FROM sync_changelog WHERE pushed IN (${UNPUSHED}, ${UNPUSHABLE}, ${UNTOLD})`);
  const noteUntold = driver.prepare(
    `INSERT INTO sync_changelog (table_name, op, row_id, timestamp, stamp, pushed) VALUES (?, 'UPDATE', ?, 0, 0, ${UNTOLD})`,
  );
  const dead = `SELECT 1 FROM sync_row_clock AS known WHERE known.table_name = sync_changelog.table_name
     AND known.row_id = sync_changelog.row_id AND known.alive = 0 AND coalesce(known.life_stamp, known.stamp) > 0`;
  const waiting = `id > ? AND pushed = ${UNPUSHED} AND stamp = 0`;
  const noteWithdrawn = driver.prepare(
    `INSERT INTO sync_changelog (table_name, op, row_id, timestamp, stamp, pushed)
     SELECT DISTINCT table_name, 'UPDATE', row_id, 0, 0, ${UNTOLD} FROM sync_changelog
     WHERE ${waiting} AND EXISTS (${dead} AND (known.stamp = 0 OR instr(known.columns, '[0,') > 0))`,
  );
  const withdraw = driver.prepare(`UPDATE sync_changelog SET pushed = ${PUSHED} WHERE ${waiting} AND EXISTS (${dead})`);
  const untold = driver.prepare(`SELECT DISTINCT table_name, row_id FROM sync_changelog WHERE pushed = ${UNTOLD}`);
  const deleteUntold = driver.prepare(`DELETE FROM sync_changelog WHERE pushed = ${UNTOLD}`);
  const withheld = driver.prepare(`SELECT id, table_name, row_id, data FROM sync_changelog WHERE pushed = ${WITHHELD} ORDER BY id LIMIT ?`);
  const deleteWithheld = driver.prepare(`DELETE FROM sync_changelog WHERE pushed = ${WITHHELD} AND id <= ?`);
  // Not later: an entry that is appended stamped may get the position's own id, and hide what was captured before it. Or has got
  // it already, from a migration: once it is pushed, it would hide those before it that are not.
  const forgetRemoved = (): void => {
    const last = lastId.get()?.[0] as number;
    for (const key of [STAMPED_THROUGH, PUSHED_THROUGH, CAPTURED_BEFORE]) if (state.getNumber(key, 0) > last) state.set(key, String(last));
    for (const [key, holds] of [
      [STAMPED_THROUGH, isStampedAt],
      [PUSHED_THROUGH, isPushedAt],
    ] as const)
      if (position(key, holds) < state.getNumber(key, 0)) state.set(key, "0");
  };
  const pushedThrough = (): number => position(PUSHED_THROUGH, isPushedAt);

  return {
    stamp(lastStamp, cursor) {
      const through = position(STAMPED_THROUGH, isStampedAt);
      const from = firstUnstamped.get(through)?.[0];
      const to = lastId.get()?.[0] as number;
      if (from === null || from === undefined) return [];
      stampAll.run(cursor, lastStamp, clockOffset(state) * 1000, through);
      state.set(STAMPED_THROUGH, String(to));
      return fresh.all((from as number) - 1, to).map(toFresh);
    },
    dataOf: (id) => (dataOf.get(id)?.[0] as string | null | undefined) ?? null,
    oldAfter: ({ id, table, rowId }) => (oldAfter.get(id, table, rowId)?.[0] as string | undefined) ?? null,
    unpushed: (limit) => unpushed.all(pushedThrough(), limit).map(toUnpushed),
    pushedStamp: () => (state.get(PUSHED_STAMP) === null ? null : state.getNumber(PUSHED_STAMP, 0)),
    mark(ids, pushed, stamp) {
      const [first] = ids;
      const last = ids.at(-1);
      if (first === undefined || last === undefined) return;
      // A batch without gaps is one range; with gaps, each id counts.
      if (last - first === ids.length - 1) markRange.run(pushed, first, last, stamp);
      else for (const id of ids) markRange.run(pushed, id, id, stamp);
      const through = pushedThrough();
      const next = firstUnpushed.get(lastId.get()?.[0] as number, through)?.[0] as number;
      if (next <= through) return;
      state.set(PUSHED_THROUGH, String(next));
      const newest = lastStampIn.get(through, next)?.[0];
      if (newest !== undefined) state.set(PUSHED_STAMP, String(newest));
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
    newest: () => lastId.get()?.[0] as number,
    countUnpushed: () => countUnpushed.get(pushedThrough())?.[0] as number,
    countUnpushable: () => countUnpushable.get()?.[0] as number,
    has(stamp, rowId) {
      // Stamps rise with ids.
      let [low, high] = [firstId.get()?.[0] as number, lastId.get()?.[0] as number];
      while (low <= high) {
        const middle = Math.floor((low + high) / 2);
        const found = stampFrom.get(BigInt(middle), BigInt(high)) as readonly [id: number, stamp: number, rowId: string] | undefined;
        if (found?.[1] === stamp) return found[2] === rowId;
        if (found === undefined || found[1] > stamp) high = middle - 1;
        else low = found[0] + 1;
      }
      return false;
    },
    isUnpushed: (table, rowId, stamp) => unpushedAt.get(pushedThrough(), table, rowId, stamp) !== undefined,
    prunedStamp: () => state.getNumber(PRUNED_STAMP, 0),
    prune(beforeStamp, maxEntries) {
      const last = oldStamp.get(beforeStamp, BigInt(maxEntries ?? Number.MAX_SAFE_INTEGER))?.[0];
      if (typeof last === "number" && last > state.getNumber(PRUNED_STAMP, 0)) state.set(PRUNED_STAMP, String(last));
      const old = pruneOld.run(beforeStamp);
      const removed = old + (maxEntries === null ? 0 : pruneMany.run(maxEntries));
      if (removed > 0) forgetRemoved();
      return removed;
    },
    withhold: ({ table, rowId, data }) => void withhold.run(table, rowId, data),
    withholdUngiven: () => void withholdUngiven.run(),
    giveUp() {
      withholdUnpushed.run();
      deleteUnpushed.run();
      forgetRemoved();
    },
    takeWithheld(limit) {
      const taken = withheld.all(BigInt(limit));
      if (taken.length === 0) return [];
      deleteWithheld.run(taken.at(-1)?.[0] as number);
      forgetRemoved();
      return taken.map(([, table, rowId, data]) => ({ table: table as string, rowId: rowId as string, data: data as string }));
    },
    noteUntold(table, rowId) {
      noteUntold.run(table, rowId);
      state.set(HAS_UNTOLD, "1");
    },
    untold: () => (state.get(HAS_UNTOLD) === "1" ? (untold.all() as unknown as readonly (readonly [string, string])[]) : []),
    forgetUntold() {
      if (deleteUntold.run() > 0) forgetRemoved();
      state.set(HAS_UNTOLD, "0");
    },
    withdrawDead() {
      const through = pushedThrough();
      if (noteWithdrawn.run(through) > 0) state.set(HAS_UNTOLD, "1");
      withdraw.run(through);
    },
    forgetRemoved,
    noteUpgrade: () => state.set(CAPTURED_BEFORE, String(lastId.get()?.[0] ?? 0)),
    capturedBefore: () => state.getNumber(CAPTURED_BEFORE, 0),
  };
}

const toUnpushed = (row: Row): UnpushedEntry => ({
  id: row[0] as number,
  table: row[1] as string,
  op: row[2] as ChangeOp,
  rowId: row[3] as string,
  stamp: row[4] as number,
  mask: BigInt((row[5] as string | null) ?? 0),
  seen: row[6] as number,
  isRule: row[7] === 1,
});

const toFresh = (row: Row): FreshEntry => ({ ...toUnpushed(row), old: row[8] as string | null });
