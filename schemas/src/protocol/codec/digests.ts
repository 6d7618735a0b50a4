/** Digests of devices' registers. */
import { type Json, list, object, optionalText, text } from "./members.ts";
import type * as Wire from "../wire.ts";

export const encodeDigestPutRequest = (r: Wire.DigestPutRequest): Json => ({ device_id: r.deviceId, data: r.data });
export function decodeDigestPutRequest(body: unknown): Wire.DigestPutRequest {
  const from = object(body, "request");
  return { deviceId: text(from, "device_id"), data: text(from, "data") };
}
export const encodeDigestsReply = (digests: readonly Wire.StoredDigest[]): Json => ({
  digests: digests.map((digest) => ({ ...encodeDigestPutRequest(digest), updated_at: digest.updatedAt })),
});
export const decodeDigestsReply = (body: unknown): readonly Wire.StoredDigest[] =>
  list(object(body, "reply")["digests"], "digests").map((digest) => ({
    ...decodeDigestPutRequest(digest),
    updatedAt: optionalText(object(digest, "digest"), "updated_at"),
  }));
