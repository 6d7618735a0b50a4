/** Removes what was uploaded and never confirmed. Any number of servers may do so at once. */
import { limits } from "@synckit-gen/schemas/protocol";
import type { BlobStorage } from "../storage/blob-port.ts";
import type { Clock } from "../system.ts";
import type { BlobStore } from "./port.ts";

/** Long after the last URL for it has expired. */
const UPLOAD_LIFETIME_MS = 24 * limits.BLOB_URL_LIFETIME_SECONDS * 1000;
const AT_ONCE = 100;

/** How many were removed; the rest waits for the next time when the store fails. */
export async function sweepUploads(storage: BlobStorage, blobs: BlobStore, clock: Clock): Promise<number> {
  const before = new Date(clock() - UPLOAD_LIFETIME_MS).toISOString();
  for (let removed = 0; ;) {
    const uploads = await storage.giveUpUploads(before, AT_ONCE);
    for (const upload of uploads) {
      // Bytes first: a name that is forgotten while its bytes are there would never be removed.
      await blobs.remove(upload.name);
      await storage.forgetUpload(upload);
      removed += 1;
    }
    if (uploads.length < AT_ONCE) return removed;
  }
}
