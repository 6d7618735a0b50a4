/** What waits to be pushed, what became of it, and when the log of it may be forgotten. */
import { PUSHED, UNPUSHABLE } from "./changelog.ts";
import { coalesce, type OutgoingEntry } from "./coalesce.ts";
import { UNREAD_PUSHES, unreadPushes } from "./log-facts.ts";
import { FIRST_READ, LAST_STAMP, PUSH_MARKS, type StoreScope } from "./store-scope.ts";

/** Pushes remembered: by the time of the hundredth, everyone who edits has read the first. */
const MAX_PUSH_MARKS = 100;
const DAY_MICROSECONDS = 24 * 60 * 60 * 1_000_000;
/** Unpushed entries looked at together: what edits of one row have more than this between them are sent apart. */
const MAX_COALESCED = 10_000;

/** A push that the server has. */
export interface Push {
  /** How far the log has come with it. */
  readonly cursor: number;
  /** Of its last entry. */
  readonly digest: string;
}

export interface Outbox {
  /** What waits to be sent, oldest first, coalesced; not always all of it. */
  readonly outgoing: () => readonly OutgoingEntry[];
  /** The row that goes with an entry: from the entry, or as it is now. Null: a DELETE, or a row that left without a trace. */
  readonly payloadOf: (outgoing: OutgoingEntry) => string | null;
  /** Ids of those at the baseline in whose row's baseline `device`, this one, is: an earlier version of the app may have merged it whole. */
  readonly ownBaselines: (outgoing: readonly OutgoingEntry[], device: string) => ReadonlySet<number>;
  /** These entries, the latest of which has `stamp`, are in the log; null: there was nothing to send of them. */
  readonly markPushed: (ids: readonly number[], stamp: number, push: Push | null) => void;
  readonly markUnpushable: (ids: readonly number[], stamp: number) => void;
  /** Removes pushed entries past their time, and forgets what nobody can need any more. Returns how many entries. */
  readonly cleanup: () => number;
  /** This device has read the log to its end. */
  readonly noteWholePull: () => void;
  /** It has done so once at least since it joined or began to start over. */
  readonly hasReadLog: () => boolean;
  /** What an author who has read so far is to say of it: 0, nothing, until the log was read whole for the first time. */
  readonly seenAt: (cursor: number) => number;
  /** It did so longer ago than the schema allows: what it has to say may refer to rows that others have forgotten. */
  readonly isAwayTooLong: () => boolean;
  readonly pendingCount: () => number;
  readonly unpushableCount: () => number;
  /** Another number after each entry, whoever wrote it. */
  readonly newestEntry: () => number;
}

export function outbox(scope: StoreScope): Outbox {
  const { spec, state, parts, memory, transaction, pushMarks } = scope;
  const { tables, changelog: log, nowMs } = parts;
  /** For all of them at once: a look at each costs a fifth of pushing a snapshot. */
  const ownBaselines = parts.driver.prepare(
    `SELECT log.id FROM sync_changelog AS log CROSS JOIN sync_row_clock AS known USING (table_name, row_id)
     WHERE log.id BETWEEN ? AND ? AND log.stamp = 0 AND known.stamp = 0 AND known.device = (SELECT id FROM sync_device WHERE device = ?)`,
  );

  return {
    outgoing: () => coalesce(log.unpushed(MAX_COALESCED), (table) => tables.get(table)?.spec.conflicts === "row"),
    payloadOf({ newest }) {
      const rows = tables.get(newest.table);
      if (newest.op === "DELETE" || rows === undefined) return null;
      const kept = (): string | null => {
        const stored = parts.clocks.load(newest.table, newest.rowId)?.data ?? null;
        return stored === null ? null : rows.payloadOf(newest.rowId, stored);
      };
      return log.dataOf(newest.id) ?? kept() ?? rows.readPayload(newest.rowId) ?? log.oldAfter(newest);
    },
    ownBaselines(outgoing, device) {
      const ids = outgoing.filter(({ entry }) => entry.stamp === 0).map(({ entry }) => entry.id);
      if (ids.length === 0) return new Set();
      return new Set(ownBaselines.all(BigInt(Math.min(...ids)), BigInt(Math.max(...ids)), device).map(([id]) => id as number));
    },
    markPushed: (ids, stamp, push) =>
      transaction(() => {
        log.mark(ids, PUSHED, stamp);
        // Entries do not leave in the order of their stamps: the mark stays below the first that waits.
        const through = log.pushedStamp();
        if (push === null) return;
        if (through !== null && through > (pushMarks().at(-1)?.[0] ?? 0))
          state.set(PUSH_MARKS, JSON.stringify([...pushMarks(), [through, push.cursor]].slice(-MAX_PUSH_MARKS)));
        // A push whose reply was lost may have been read back before it is repeated.
        if (push.cursor > state.getNumber("pull_cursor", 0))
          state.set(UNREAD_PUSHES, JSON.stringify([...unreadPushes(state), [push.cursor, push.digest]]));
      }),
    markUnpushable: (ids, stamp) => transaction(() => log.mark(ids, UNPUSHABLE, stamp)),
    cleanup: () =>
      transaction(() => {
        if (log.untold().length === 0) memory.forget(); // what is to be told again is needed for that
        return log.prune(nowMs() * 1000 - spec.changelog.retainDays * DAY_MICROSECONDS, spec.changelog.maxEntries);
      }),
    noteWholePull() {
      if ((state.get(FIRST_READ) ?? "") === "") state.set(FIRST_READ, String(state.getNumber("pull_cursor", 0)));
      memory.noteWholePull(state.getNumber(LAST_STAMP, 0), log.countUnpushed() === 0);
    },
    hasReadLog: () => (state.get(FIRST_READ) ?? "") !== "",
    seenAt(cursor) {
      const first = state.get(FIRST_READ) ?? "";
      return first === "" || cursor < Number(first) ? 0 : cursor;
    },
    isAwayTooLong: memory.isAwayTooLong,
    pendingCount: () => log.countUnpushed(),
    unpushableCount: () => log.countUnpushable(),
    newestEntry: () => log.newest(),
  };
}
