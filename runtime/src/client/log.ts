/** The account's log of entries: sealed on the way in, opened on the way out. */
import { codec, limits, type StatusReply } from "@synckit-gen/schemas/protocol";
import { decodeReply, LARGE_REPLY_TIMEOUT_MS, type Connection } from "./connection.ts";
import type { PayloadEntry, PulledEntry } from "./entries.ts";
import { SyncError } from "./errors.ts";
import { openData, openEntries, sealEntries } from "./sealing.ts";

/** A page of the log, with payloads as JSON text. */
export interface PayloadPage {
  readonly entries: readonly PulledEntry[];
  readonly cursor: number;
  readonly hasMore: boolean;
}

/** Which entries of the log are wanted. Never for the loop that syncs: the cursor moves past those left out. */
export interface PullFilter {
  /** Entries of these tables only. */
  readonly tables?: readonly string[];
  /** Entries made at this time or later: RFC 3339, UTC. */
  readonly since?: string;
}

export async function pushEntries(connection: Connection, deviceId: string, entries: readonly PayloadEntry[]): Promise<number> {
  if (entries.length > limits.MAX_BATCH_ENTRIES) throw new RangeError(`pushPayloads: more than ${limits.MAX_BATCH_ENTRIES} entries`);
  const key = connection.requireKey();
  const changes = sealEntries(key.cipher, entries);
  const isKeyed = entries.length > 0 && (await connection.hasExtension("push-key"));
  connection.checkKey(key);
  const request = { deviceId, ...(isKeyed ? { batchKey: key.cipher.batchKey(JSON.stringify(entries)) } : {}), changes };
  const reply = await connection.call(codec.endpoints.push, codec.encodePushRequest(request));
  return decodeReply(codec.decodePushReply, reply).cursor;
}

export async function pullEntries(connection: Connection, deviceId: string, cursor: number, filter: PullFilter = {}): Promise<PayloadPage> {
  const key = connection.requireKey();
  const request = codec.encodePullRequest({ deviceId, cursor, ...filter });
  const reply = await connection.call(codec.endpoints.pull, request, LARGE_REPLY_TIMEOUT_MS);
  const page = decodeReply(codec.decodePullReply, reply);
  if (page.cursor < cursor) throw new SyncError("reply/malformed", { detail: "the cursor goes back" });
  if (page.hasMore && page.cursor === cursor) throw new SyncError("reply/malformed", { detail: "more to come, but the cursor stands" });
  // An unfiltered log that goes on and on without an entry would be read for ever.
  const isFiltered = filter.tables !== undefined || filter.since !== undefined;
  if (page.hasMore && page.changes.length === 0 && !isFiltered)
    throw new SyncError("reply/malformed", { detail: "more to come, but nothing here" });
  connection.checkKey(key);
  return { entries: openEntries(key.cipher, page.changes), cursor: page.cursor, hasMore: page.hasMore };
}

export async function logStatus(connection: Connection): Promise<StatusReply> {
  return decodeReply(codec.decodeStatusReply, await connection.call(codec.endpoints.status));
}

export async function storeDigest(connection: Connection, deviceId: string, text: string): Promise<void> {
  const data = connection.requireKey().cipher.seal(text);
  await connection.call(codec.endpoints.putDigest, codec.encodeDigestPutRequest({ deviceId, data }));
}

export async function fetchDigests(connection: Connection): Promise<readonly { readonly device: string; readonly text: string | null }[]> {
  const key = connection.requireKey();
  const reply = await connection.call(codec.endpoints.listDigests, undefined, LARGE_REPLY_TIMEOUT_MS);
  const digests = decodeReply(codec.decodeDigestsReply, reply);
  connection.checkKey(key);
  return digests.map(({ deviceId, data }) => ({ device: deviceId, text: openData(key.cipher, data).payload }));
}
