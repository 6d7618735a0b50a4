/** State keys: what this device knows the server's log to have. */
import type { StateStore } from "./state.ts";

/** A place in the log, and what stands there. */
export type LogPlace = readonly [seq: number, digest: string];

/** The last entry ever read, as JSON `[seq, digest]`. Empty: none. */
export const LAST_ENTRY = "last_entry";
/** The last entry of each push that was not read back yet, as a JSON array of places: where the log ended then, and a digest. */
export const UNREAD_PUSHES = "unread_pushes";
export const LOG_FACTS = [LAST_ENTRY, UNREAD_PUSHES] as const;

export const unreadPushes = (state: StateStore): readonly LogPlace[] => JSON.parse(state.get(UNREAD_PUSHES) ?? "[]") as LogPlace[];

/** The log is read from its start again. It ends with `last` (null: not known), and after that come these pushes. */
export function beginLog(state: StateStore, last: LogPlace | null, pushes: readonly LogPlace[]): void {
  state.set(LAST_ENTRY, last === null ? "" : JSON.stringify(last));
  state.set(UNREAD_PUSHES, JSON.stringify(pushes));
}
