/** Sweeps uploads that nobody confirmed, now and every hour, as long as the server runs. */
import type { BlobStorage } from "../storage/blob-port.ts";
import type { Clock } from "../system.ts";
import type { BlobStore } from "./port.ts";
import { sweepUploads } from "./sweep-uploads.ts";

const EVERY_MS = 60 * 60 * 1000;

/** Returns how to stop, which waits for a sweep that is under way. `onFailure`: the next one tries again. */
export function startSweeping(
  storage: BlobStorage,
  blobs: BlobStore,
  clock: Clock,
  onFailure: (error: Error) => void,
): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const sweep = (): void => {
    running = sweepUploads(storage, blobs, clock).catch((error: unknown) =>
      onFailure(error instanceof Error ? error : new Error(String(error))),
    );
  };
  sweep();
  const timer = setInterval(sweep, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
