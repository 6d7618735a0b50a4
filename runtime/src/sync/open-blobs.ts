/** The files that rows stand for, where the schema and the application have any. */
import { createBlobSync, type BlobSyncParts, type BlobReport, type BlobSync } from "../blobs/blob-sync.ts";
import { createPace } from "../blobs/pace.ts";
import { SyncError } from "../client/errors.ts";
import type { Driver } from "../driver/driver.ts";
import type { EventSource } from "../events/event-stream.ts";
import type { SyncEvent } from "../events/sync-event.ts";
import type { AppSpec } from "../generated/spec.ts";
import { blobRows } from "../store/blob-rows.ts";
import type { BlobOptions } from "./sync.ts";

export interface Blobs {
  /** Throws `blob/no-files` where there are none. */
  readonly sync: BlobSync;
  /** After a cycle. Files take their time: the next cycle may begin meanwhile, and what cannot be moved now is found by the next run. */
  readonly move: () => void;
}

export function openBlobs(
  driver: Driver,
  spec: AppSpec,
  options: BlobOptions | undefined,
  events: EventSource<SyncEvent>,
  parts: Omit<BlobSyncParts, "rows" | "files" | "pace">,
): Blobs {
  const rows = blobRows(driver, spec);
  if (rows === null || options === undefined) return { sync: NO_BLOBS, move: () => {} };
  const pace = createPace(options.maxBytesPerSecond ?? null, parts);
  const plain = createBlobSync({ ...parts, rows, files: options.files, pace });
  const told = async (run: Promise<BlobReport>): Promise<BlobReport> => {
    const done = await run;
    events.forget((kind) => kind === `progress ${done.direction}`);
    events.publish({ kind: "blobs", report: done });
    return done;
  };
  const sync = { ...plain, upload: () => told(plain.upload()), downloadAll: () => told(plain.downloadAll()) };
  const ignore = (): undefined => undefined;
  return {
    sync,
    move() {
      sync.upload().catch(ignore);
      if (options.download === "all") sync.downloadAll().catch(ignore);
    },
  };
}

const noFiles = (): never => {
  throw new SyncError("blob/no-files");
};
const NO_BLOBS: BlobSync = {
  get: async () => noFiles(),
  upload: async () => noFiles(),
  downloadAll: async () => noFiles(),
  status: noFiles,
};
