/**
 * What a device forgets (docs/merge.md, "Forgetting"): registers of rows that are deleted for so long that no device which
 * may still push can have missed it, and what was kept of as old conflicts and unreadable entries. All times are the server's.
 */
import type { Driver } from "../driver/driver.ts";
import { clockOffset } from "./changelog.ts";
import type { StateStore } from "./state.ts";

export interface Forgetting {
  /** This device has read the log to its end. `isQuiet`: all that it has stamped is in the log. */
  readonly noteWholePull: (lastStamp: number, isQuiet: boolean) => void;
  /** A delete with this stamp has come from the log. */
  readonly noteDelete: (stamp: number) => void;
  /** What this device knew before does not count any more: it takes everything from the server, or puts everything there. */
  readonly beginAnew: () => void;
  /** It last read the whole log so long ago that others may have forgotten what it has not heard of. */
  readonly isAwayTooLong: () => boolean;
  /** In a transaction of the caller's. Returns how many deleted rows were forgotten. */
  readonly forget: () => number;
}

/** Up to which stamp everything was in the log at which time, milliseconds; rising. */
type Marks = readonly (readonly [ms: number, stamp: number])[];

const WHOLE_PULL = "whole_pull_ms";
const MARKS = "forget_marks";
const DAY_MS = 24 * 60 * 60 * 1_000;
const HOUR_MS = 60 * 60 * 1_000;
/** How many marks are made within the time after which rows are forgotten: each costs nothing, and forgets a bit earlier. */
const MARKS_KEPT = 16;

export function forgetting(driver: Driver, state: StateStore, nowMs: () => number, maxAwayDays: number): Forgetting {
  const serverMs = (): number => nowMs() + clockOffset(state);
  // Twice: a delete may reach the log as late as its author may stay away, and an edit that does not know of it as late again.
  const forgetAfterMs = 2 * maxAwayDays * DAY_MS;
  const marks = (): Marks => JSON.parse(state.get(MARKS) ?? "[]") as Marks;
  const forgetRows = driver.prepare(
    `DELETE FROM sync_row_clock WHERE alive = 0 AND coalesce(life_stamp, stamp) BETWEEN 1 AND ? AND NOT EXISTS (
       SELECT 1 FROM sync_held AS held WHERE held.table_name = sync_row_clock.table_name AND held.row_id = sync_row_clock.row_id)`,
  );
  const forgetConflicts = driver.prepare("DELETE FROM sync_conflicts WHERE noticed < ?");
  const forgetQuarantined = driver.prepare("DELETE FROM sync_quarantine WHERE since < ?");

  return {
    noteWholePull(lastStamp, isQuiet) {
      const now = serverMs();
      const known = state.getNumber(WHOLE_PULL, 0);
      if (now < known || now - known >= HOUR_MS) state.set(WHOLE_PULL, String(now));
      const last = marks().at(-1);
      if (isQuiet && (last === undefined || now - last[0] >= forgetAfterMs / MARKS_KEPT))
        state.set(MARKS, JSON.stringify([...marks(), [now, lastStamp]]));
    },
    // One that is earlier than a mark came within the time, or is told again: then those it is news to need the time once more.
    noteDelete(stamp) {
      const isNews = ([ms, marked]: Marks[number]): boolean => stamp <= marked && serverMs() - ms > forgetAfterMs / 2;
      if (marks().some(isNews)) state.set(MARKS, JSON.stringify(marks().filter((mark) => !isNews(mark))));
    },
    beginAnew() {
      state.set(WHOLE_PULL, String(serverMs()));
      state.set(MARKS, "[]");
    },
    isAwayTooLong: () => {
      const known = state.getNumber(WHOLE_PULL, 0);
      return known > 0 && serverMs() - known > maxAwayDays * DAY_MS;
    },
    forget() {
      const before = state.getNumber(WHOLE_PULL, 0) - forgetAfterMs;
      const reached = marks().findLast(([ms]) => ms <= before);
      if (reached === undefined) return 0;
      state.set(MARKS, JSON.stringify(marks().filter(([ms]) => ms > reached[0])));
      forgetConflicts.run(BigInt(before));
      forgetQuarantined.run(BigInt(before));
      return forgetRows.run(BigInt(reached[1]));
    },
  };
}
