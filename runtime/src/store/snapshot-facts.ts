/** State keys of snapshots of the account. */
import type { StateStore } from "./state.ts";

/** How far a snapshot has been sent, or taken, as JSON. Empty: none is under way. */
export const SNAPSHOT_UPLOAD = "snapshot_upload";
export const SNAPSHOT_DOWNLOAD = "snapshot_download";
/** The cursor at which this device last asked whether a snapshot is due. */
export const SNAPSHOT_ASKED_AT = "snapshot_asked_at";
/** `1`: the app has applied rows that the log may not have. */
export const APPLIED_BY_APP = "applied_by_app";
export const SNAPSHOT_FACTS = [SNAPSHOT_UPLOAD, SNAPSHOT_DOWNLOAD, SNAPSHOT_ASKED_AT] as const;

/** What is under way belongs to a log, a model or rows that are no more. */
export function forgetSnapshots(state: StateStore): void {
  for (const key of SNAPSHOT_FACTS) state.set(key, "");
}
