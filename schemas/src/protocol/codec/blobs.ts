/** Blobs: their bytes travel by URLs, not here. */
import { type Json, count, flag, object, text } from "./members.ts";
import { WireError } from "./wire-error.ts";
import type * as Wire from "../wire.ts";

const BLOB_HASH = /^[0-9a-f]{64}$/;
function blobHash(from: Json): string {
  const hash = text(from, "hash").toLowerCase();
  if (!BLOB_HASH.test(hash)) throw new WireError("hash: expected 64 hexadecimal digits");
  return hash;
}
export const encodeBlobRequest = (r: Wire.BlobRequest): Json => ({ hash: r.hash });
export const decodeBlobRequest = (body: unknown): Wire.BlobRequest => ({ hash: blobHash(object(body, "request")) });
export const encodeSizedBlobRequest = (r: Wire.SizedBlobRequest): Json => ({ hash: r.hash, size_bytes: r.sizeBytes });
export function decodeSizedBlobRequest(body: unknown): Wire.SizedBlobRequest {
  const from = object(body, "request");
  return { hash: blobHash(from), sizeBytes: count(from, "size_bytes", "size", "file_size") };
}
export const encodeBlobUploadReply = (r: Wire.BlobUploadReply): Json => ({
  upload_url: r.url,
  url: r.url,
  already_exists: r.alreadyExists,
});
export function decodeBlobUploadReply(body: unknown): Wire.BlobUploadReply {
  const from = object(body, "reply");
  const alreadyExists = from["already_exists"] === undefined ? false : flag(from, "already_exists");
  return { url: alreadyExists ? null : text(from, "upload_url", "url"), alreadyExists };
}
export const encodeBlobConfirmReply = (): Json => ({});
export const encodeBlobDownloadReply = (r: Wire.BlobDownloadReply): Json => ({ download_url: r.url, url: r.url });
export const decodeBlobDownloadReply = (body: unknown): Wire.BlobDownloadReply => ({
  url: text(object(body, "reply"), "download_url", "url"),
});
