/**
 * The blob endpoints of docs/protocol.md: where to send the bytes, whether they have arrived, where to fetch them. The bytes
 * themselves go to the blob store, by URLs of its own.
 */
import { codec, limits } from "@synckit-gen/schemas/protocol";
import type { BlobStore } from "../blobs/port.ts";
import type { Session } from "../session/session-token.ts";
import type { Storage } from "../storage/port.ts";
import { newUuid, nowText, type Clock, type RandomBytes } from "../system.ts";
import { HttpError } from "./http-error.ts";
import { MAX_SMALL_BODY_BYTES, readJson } from "./read-json.ts";

export interface BlobContext {
  readonly storage: Storage;
  readonly blobs: BlobStore;
  /** Of one account's blobs together; null: no limit. */
  readonly blobQuotaBytes: number | null;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** As `SyncRoute`, told by which scheme and host the caller reached this server. */
export type BlobRoute = (context: BlobContext, session: Session, request: Request, origin: string) => Promise<unknown>;

export const uploadBlob: BlobRoute = async (context, session, request, origin) => {
  const { storage, blobs, blobQuotaBytes, clock, random } = context;
  const { hash, sizeBytes } = codec.decodeSizedBlobRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  if (sizeBytes > limits.MAX_BLOB_BYTES) throw new HttpError(413, `size_bytes: more than ${limits.MAX_BLOB_BYTES}`);
  const result = await storage.beginUpload(session, {
    hash,
    sizeBytes,
    newId: newUuid(random),
    billingKey: session.key,
    quotaBytes: blobQuotaBytes,
    now: nowText(clock),
  });
  switch (result.kind) {
    case "exists":
      return codec.encodeBlobUploadReply({ url: null, alreadyExists: true });
    case "over-quota":
      throw new HttpError(402, "quota_exceeded", {}, { dimension: "storage", key: session.key });
    case "upload":
      return codec.encodeBlobUploadReply({
        url: await blobs.uploadUrl(result.name, sizeBytes, origin),
        alreadyExists: false,
      });
  }
};

export const confirmBlob: BlobRoute = async ({ storage, blobs, clock }, session, request) => {
  const { hash, sizeBytes } = codec.decodeSizedBlobRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  const known = await storage.findBlob(session, hash);
  if (known !== null) {
    if (known.sizeBytes !== sizeBytes) throw new HttpError(409, "size_bytes: this blob is stored with another size");
    return codec.encodeBlobConfirmReply();
  }
  const upload = await storage.findUpload(session, hash, sizeBytes);
  if (upload === null) throw new HttpError(404, "no upload of this hash and size was begun");
  const stored = await blobs.sizeOf(upload.name);
  if (stored === null) throw new HttpError(409, "nothing was uploaded");
  if (stored !== sizeBytes) throw new HttpError(409, "size_bytes: another number of bytes was uploaded");
  if (!(await storage.confirmUpload(session, hash, upload.name, nowText(clock)))) throw new HttpError(404, "the upload was given up");
  return codec.encodeBlobConfirmReply();
};

export const downloadBlob: BlobRoute = async ({ storage, blobs }, session, request, origin) => {
  const { hash } = codec.decodeBlobRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  const blob = await storage.findBlob(session, hash);
  if (blob === null) throw new HttpError(404, "no such blob");
  return codec.encodeBlobDownloadReply({ url: await blobs.downloadUrl(blob.name, origin) });
};
