/** Sealed snapshots of an account (extension `snapshots`; docs/crypto.md, "Snapshot"). */
import { codec } from "@synckit-gen/schemas/protocol";
import { decodeReply, LARGE_REPLY_TIMEOUT_MS, type Connection } from "./connection.ts";
import { DecryptionError, SyncError } from "./errors.ts";

/** A snapshot with its manifest in the clear. */
export interface OpenedSnapshot {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly chunks: number;
  /** JSON text. */
  readonly manifest: string;
}

/** Where a chunk belongs, all of which is authenticated with it. */
export interface ChunkPlace {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly index: number;
  /** The link of the chunk before it; empty for the first. */
  readonly link: string;
}

export async function fetchSnapshot(connection: Connection): Promise<OpenedSnapshot | null> {
  const key = connection.requireKey();
  try {
    const reply = decodeReply(codec.decodeSnapshotReply, await connection.call(codec.endpoints.getSnapshot));
    const manifest = key.cipher.open(reply.manifest, manifestContext(reply.snapshotId, reply.cursor));
    return { snapshotId: reply.snapshotId, cursor: reply.cursor, chunks: reply.chunks, manifest };
  } catch (error) {
    if (error instanceof DecryptionError || (error instanceof SyncError && error.status === 404)) return null;
    throw error;
  }
}

export async function storeChunk(connection: Connection, deviceId: string, place: ChunkPlace, text: string): Promise<string> {
  const { snapshotId, cursor, index } = place;
  const data = connection.requireKey().cipher.seal(text, chunkContext(place));
  const body = codec.encodeSnapshotChunkPut({ deviceId, snapshotId, cursor, index, data });
  await connection.call(codec.endpoints.putSnapshotChunk, body, LARGE_REPLY_TIMEOUT_MS);
  return linkOf(data);
}

export async function storeSnapshot(connection: Connection, deviceId: string, snapshot: OpenedSnapshot, through: number): Promise<void> {
  const { snapshotId, cursor, chunks } = snapshot;
  const manifest = connection.requireKey().cipher.seal(snapshot.manifest, manifestContext(snapshotId, cursor));
  const body = codec.encodeSnapshotPut({ deviceId, snapshotId, cursor, through, chunks, manifest });
  await connection.call(codec.endpoints.putSnapshot, body, LARGE_REPLY_TIMEOUT_MS);
}

export async function fetchChunk(connection: Connection, place: ChunkPlace): Promise<{ readonly text: string; readonly link: string }> {
  const key = connection.requireKey();
  const { snapshotId, index } = place;
  const request = codec.encodeSnapshotChunkRequest({ snapshotId, index });
  const reply = await connection.call(codec.endpoints.getSnapshotChunk, request, LARGE_REPLY_TIMEOUT_MS);
  const data = decodeReply(codec.decodeSnapshotChunkReply, reply);
  connection.checkKey(key);
  return { text: key.cipher.open(data, chunkContext(place)), link: linkOf(data) };
}

const chunkContext = ({ snapshotId, cursor, index, link }: ChunkPlace): string =>
  JSON.stringify(["synckit snapshot chunk 1", snapshotId, cursor, index, link]);
const manifestContext = (snapshotId: string, cursor: number): string => JSON.stringify(["synckit snapshot manifest 1", snapshotId, cursor]);

/** The tag, with what stands before it: no two chunks that this key has sealed have the same. */
const linkOf = (data: string): string => data.slice(-24);
