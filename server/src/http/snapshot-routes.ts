/**
 * The extension `snapshots` (docs/protocol.md): a snapshot arrives in chunks, becomes the account's once it is complete,
 * and is read back chunk by chunk. What is inside is never looked at.
 */
import { codec, limits, WireError } from "@synckit-gen/schemas/protocol";
import { nowText } from "../system.ts";
import { HttpError } from "./http-error.ts";
import { MAX_SMALL_BODY_BYTES, readJson } from "./read-json.ts";
import { type SyncRoute, UNKNOWN_DEVICE } from "./sync-routes.ts";

/** Bytes of base64 in one account's snapshot, unless the server is told otherwise: some ten million rows. */
export const DEFAULT_MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024 * 1024;
/** An upload that got no chunk for this long is in nobody's way. */
const SNAPSHOT_BUSY_MS = 10 * 60 * 1000;

export const putSnapshotChunk: SyncRoute = async ({ storage, clock, maxSnapshotBytes }, session, request) => {
  const put = codec.decodeSnapshotChunkPut(await readJson(request, limits.MAX_SNAPSHOT_CHUNK_BYTES + MAX_SMALL_BODY_BYTES));
  checkSnapshotId(put.snapshotId);
  checkSealed("data", put.data, limits.MAX_SNAPSHOT_CHUNK_BYTES);
  const result = await storage.writeSnapshotChunk(session, {
    ...put,
    now: nowText(clock),
    busySince: nowText(() => clock() - SNAPSHOT_BUSY_MS),
    maxBytes: maxSnapshotBytes,
  });
  if (result === "unknown-device") throw new HttpError(404, UNKNOWN_DEVICE);
  if (result === "gap") throw new HttpError(409, "index: the upload does not go on here, begin a new one");
  if (result === "busy") throw new HttpError(409, "another device is uploading a snapshot");
  if (result === "full") throw new HttpError(413, `the snapshot is larger than ${maxSnapshotBytes} bytes`);
  return {};
};

export const putSnapshot: SyncRoute = async ({ storage, clock }, session, request) => {
  const { deviceId, ...put } = codec.decodeSnapshotPut(await readJson(request, MAX_SMALL_BODY_BYTES));
  checkSnapshotId(put.snapshotId);
  checkSealed("manifest", put.manifest, limits.MAX_SNAPSHOT_MANIFEST_BYTES);
  if (put.through < put.cursor) throw new WireError("through: expected a number from cursor on");
  if (!(await storage.hasDevice(session, deviceId))) throw new HttpError(404, UNKNOWN_DEVICE);
  const result = await storage.completeSnapshot(session, { ...put, now: nowText(clock) });
  if (result === "gap") throw new HttpError(409, "chunks: not all of them are here");
  if (result === "ahead") throw new HttpError(409, "through: the log does not reach it");
  if (result === "older") throw new HttpError(409, "cursor: there is a newer snapshot");
  return {};
};

export const getSnapshot: SyncRoute = async ({ storage }, session) => {
  const snapshot = await storage.readSnapshot(session);
  if (snapshot === null) throw new HttpError(404, "there is no snapshot");
  return codec.encodeSnapshotReply(snapshot);
};

export const getSnapshotChunk: SyncRoute = async ({ storage }, session, request) => {
  const { snapshotId, index } = codec.decodeSnapshotChunkRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  const data = await storage.readSnapshotChunk(session, snapshotId, index);
  if (data === null) throw new HttpError(404, "there is no such chunk");
  return codec.encodeSnapshotChunkReply(data);
};

function checkSnapshotId(id: string): void {
  if (!/^[\w-]+$/.test(id) || id.length > limits.MAX_SNAPSHOT_ID)
    throw new WireError(`snapshot_id: expected 1 to ${limits.MAX_SNAPSHOT_ID} letters, digits, _ or -`);
}

function checkSealed(member: string, data: string, maxBytes: number): void {
  if (data === "" || data.length > maxBytes || !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    throw new WireError(`${member}: expected at most ${maxBytes} bytes of base64`);
}
