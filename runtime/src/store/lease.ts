/**
 * One cycle at a time on one database, whatever the number of windows, tabs and processes: who syncs says so in
 * `sync_state`, for a minute, and says it again while it lasts. Two cycles at once would do no harm, only everything twice.
 */
import type { Driver } from "../driver/driver.ts";

/** Longer than a transaction holds up the renewal; as long as others wait for a process that was killed. */
export const LEASE_MS = 60_000;

export interface CycleLease {
  /** True: `owner` has it until a minute from now. Taking it again renews it. */
  readonly take: (owner: string) => boolean;
  readonly release: (owner: string) => void;
}

/** An owner's name holds no colon. */
export function cycleLease(driver: Driver, nowMs: () => number): CycleLease {
  // An end further away than any lease lasts was written by a clock that has been put back since.
  const take = driver.prepare(
    `INSERT INTO sync_state (key, value) VALUES ('cycle_lease', ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value
     WHERE CAST(value AS INTEGER) <= ? OR CAST(value AS INTEGER) > ? OR substr(value, instr(value, ':') + 1) = ?`,
  );
  const release = driver.prepare("DELETE FROM sync_state WHERE key = 'cycle_lease' AND substr(value, instr(value, ':') + 1) = ?");
  return {
    take(owner) {
      const now = nowMs();
      const end = now + LEASE_MS;
      return take.run(`${end}:${owner}`, now, end, owner) === 1;
    },
    release: (owner) => void release.run(owner),
  };
}
