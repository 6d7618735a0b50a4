/** State keys: what this device knows the server's log to have. */
import type { StateStore } from "./state.ts";

/** The last entry ever read, as JSON `[seq, digest]`. Empty: none. */
export const LAST_ENTRY = "last_entry";
/** The last entry of each push that was not read back yet, as a JSON array of digests. */
export const UNREAD_PUSHES = "unread_pushes";
export const LOG_FACTS = [LAST_ENTRY, UNREAD_PUSHES] as const;

export const unreadPushes = (state: StateStore): readonly string[] => JSON.parse(state.get(UNREAD_PUSHES) ?? "[]") as string[];

/** The log begins anew, with these pushes in it. */
export function beginLog(state: StateStore, pushes: readonly string[]): void {
  state.set(LAST_ENTRY, "");
  state.set(UNREAD_PUSHES, JSON.stringify(pushes));
}
