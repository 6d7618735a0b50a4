/** A device that was away for too long neither pushes nor pulls: only starting over brings it back. */
import { SyncError } from "../client/errors.ts";
import type { Store } from "../store/store.ts";

export function refuseIfAwayTooLong(store: Store): void {
  if (!store.isAwayTooLong()) return;
  const pending = store.pendingCount();
  throw new SyncError("device/away-too-long", pending === 0 ? {} : { detail: `${pending} changes have not been pushed` });
}
