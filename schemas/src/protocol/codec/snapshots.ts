/** What a server offers besides, and snapshots of an account. */
import { type Json, count, object, text } from "./members.ts";
import type * as Wire from "../wire.ts";

export const encodeExtensionsReply = (versions: ReadonlyMap<string, number>): Json => ({ extensions: Object.fromEntries(versions) });
export function decodeExtensionsReply(body: unknown): ReadonlyMap<string, number> {
  const extensions = object(object(body, "reply")["extensions"], "extensions");
  return new Map(Object.keys(extensions).map((name) => [name, count(extensions, name)]));
}
export const encodeSnapshotChunkPut = (r: Wire.SnapshotChunkPut): Json => ({
  device_id: r.deviceId,
  snapshot_id: r.snapshotId,
  cursor: r.cursor,
  index: r.index,
  data: r.data,
});
export function decodeSnapshotChunkPut(body: unknown): Wire.SnapshotChunkPut {
  const from = object(body, "request");
  return {
    deviceId: text(from, "device_id"),
    snapshotId: text(from, "snapshot_id"),
    cursor: count(from, "cursor"),
    index: count(from, "index"),
    data: text(from, "data"),
  };
}
export const encodeSnapshotPut = (r: Wire.SnapshotPut): Json => ({
  device_id: r.deviceId,
  snapshot_id: r.snapshotId,
  cursor: r.cursor,
  through: r.through,
  chunks: r.chunks,
  manifest: r.manifest,
});
export function decodeSnapshotPut(body: unknown): Wire.SnapshotPut {
  const from = object(body, "request");
  return {
    deviceId: text(from, "device_id"),
    snapshotId: text(from, "snapshot_id"),
    cursor: count(from, "cursor"),
    through: count(from, "through"),
    chunks: count(from, "chunks"),
    manifest: text(from, "manifest"),
  };
}
export const encodeSnapshotReply = (r: Wire.SnapshotReply): Json => ({
  snapshot_id: r.snapshotId,
  cursor: r.cursor,
  chunks: r.chunks,
  manifest: r.manifest,
});
export function decodeSnapshotReply(body: unknown): Wire.SnapshotReply {
  const from = object(body, "reply");
  return {
    snapshotId: text(from, "snapshot_id"),
    cursor: count(from, "cursor"),
    chunks: count(from, "chunks"),
    manifest: text(from, "manifest"),
  };
}
export const encodeSnapshotChunkRequest = (r: Wire.SnapshotChunkRequest): Json => ({ snapshot_id: r.snapshotId, index: r.index });
export function decodeSnapshotChunkRequest(body: unknown): Wire.SnapshotChunkRequest {
  const from = object(body, "request");
  return { snapshotId: text(from, "snapshot_id"), index: count(from, "index") };
}
export const encodeSnapshotChunkReply = (data: string): Json => ({ data });
export const decodeSnapshotChunkReply = (body: unknown): string => text(object(body, "reply"), "data");
