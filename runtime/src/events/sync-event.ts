/** What happens during sync, for a user interface. */
import type { BlobReport } from "../blobs/blob-sync.ts";
import type { SyncReport, SyncStatusReport } from "../sync/sync.ts";
import type { SchedulerState } from "../scheduler/scheduler.ts";
import type { Progress } from "./progress.ts";

export type SyncEvent =
  /** A cycle has begun. */
  | { readonly kind: "started" }
  | ({ readonly kind: "progress" } & Progress)
  | { readonly kind: "finished"; readonly report: SyncReport }
  /** `code` as in `SyncError`, or `internal`. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly retryable: boolean }
  /** A run that moves files is over. */
  | { readonly kind: "blobs"; readonly report: BlobReport }
  /** After each cycle, and after signing in or out. */
  | { readonly kind: "status"; readonly status: SyncStatusReport }
  | { readonly kind: "schedule"; readonly state: SchedulerState };

/** Which events replace one another for who subscribes late. */
export const replayKey = (event: SyncEvent): string =>
  event.kind === "progress" ? `progress ${event.phase}` : event.kind === "finished" || event.kind === "failed" ? "started" : event.kind;
