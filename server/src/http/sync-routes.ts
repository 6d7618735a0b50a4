/**
 * The endpoints of docs/protocol.md that need a session, relative to a prefix. Each reads its request with
 * the codec, asks the storage and answers; what travels inside the entries is never looked at.
 */
import { codec, EXTENSIONS, limits, timestampToStamp, WireError } from "@synckit-gen/schemas/protocol";
import { createHash } from "node:crypto";
import { audit } from "../audit.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Notices } from "../notices/port.ts";
import type { Session } from "../session/session-token.ts";
import type { LoggedChange, Storage } from "../storage/port.ts";
import { newUuid, nowText, type Clock, type RandomBytes } from "../system.ts";
import { checkChange, requireStorable } from "./check-change.ts";
import { HttpError } from "./http-error.ts";
import { MAX_SMALL_BODY_BYTES, readJson } from "./read-json.ts";

/** Bytes of data in one pulled page: as much as one push may bring. */
const MAX_PAGE_DATA = limits.MAX_REQUEST_BYTES;
export const UNKNOWN_DEVICE = "no such device: register it first";

export interface RouteContext {
  readonly storage: Storage;
  readonly notices: Notices;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Of one account's changes together; null: no limit. */
  readonly changeQuotaBytes: number | null;
  /** Null: nothing is counted. */
  readonly metrics: Metrics | null;
  /** Bytes of base64 that one account's snapshot may have. */
  readonly maxSnapshotBytes: number;
}

/** Answers one request of a signed-in caller with the JSON to send. */
export type SyncRoute = (context: RouteContext, session: Session, request: Request) => Promise<unknown>;

export const registerDevice: SyncRoute = async ({ storage, clock, random }, session, request) => {
  const { deviceName, platform } = codec.decodeDeviceRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  if (deviceName.trim() === "" || deviceName.length > limits.MAX_DEVICE_NAME)
    throw new WireError(`device_name: expected 1 to ${limits.MAX_DEVICE_NAME} characters`);
  requireStorable("device_name", deviceName);
  const device = await storage.registerDevice(session, { newId: newUuid(random), deviceName, platform, now: nowText(clock) });
  return codec.encodeDevice(device);
};

export const listDevices: SyncRoute = async ({ storage }, session) => codec.encodeDevices(await storage.listDevices(session));

/** The id is the last segment of the path. */
export const removeDevice: SyncRoute = async ({ storage, clock }, session, request) => {
  const id = request.url.replace(/[?#].*$/, "").replace(/^.*\//, "");
  if (!(await storage.removeDevice(session, id, nowText(clock)))) throw new HttpError(404, "no such device");
  await audit(storage, clock, "device-removed", "done", session);
  return {};
};

export const push: SyncRoute = async ({ storage, notices, clock, metrics, changeQuotaBytes }, session, request) => {
  const { deviceId, batchKey, changes } = codec.decodePushRequest(await readJson(request, limits.MAX_REQUEST_BYTES));
  if (batchKey === "" || (batchKey?.length ?? 0) > limits.MAX_BATCH_KEY)
    throw new WireError(`batch_key: expected 1 to ${limits.MAX_BATCH_KEY} characters`);
  requireStorable("batch_key", batchKey ?? "");
  if (changes.length > limits.MAX_BATCH_ENTRIES) throw new WireError(`changes: expected at most ${limits.MAX_BATCH_ENTRIES} entries`);
  const checked = changes.map(checkChange);
  const result = await storage.append(session, {
    deviceId,
    key: batchKey ?? null,
    digest: digestOf(checked),
    changes: checked,
    quotaBytes: changeQuotaBytes,
    now: nowText(clock),
  });
  if (result.kind === "unknown-device") throw new HttpError(404, UNKNOWN_DEVICE);
  if (result.kind === "over-quota") throw new HttpError(402, "quota_exceeded", {}, { dimension: "changes", key: session.key });
  if (result.kind === "appended" && changes.length > 0) {
    notices.publish(session, deviceId);
    metrics?.pushed(changes.length);
  }
  return codec.encodePushReply({ cursor: result.cursor });
};

export const pull: SyncRoute = async ({ storage, metrics }, session, request) => {
  const { deviceId, cursor, tables, since } = codec.decodePullRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  const sinceStamp = since === undefined ? null : timestampToStamp(since);
  if (since !== undefined && sinceStamp === null) throw new WireError("since: expected an RFC 3339 time");
  if (!(await storage.hasDevice(session, deviceId))) throw new HttpError(404, UNKNOWN_DEVICE);
  const page = await storage.readPage(session, {
    cursor,
    maxEntries: limits.MAX_BATCH_ENTRIES,
    maxDataBytes: MAX_PAGE_DATA,
    ...(tables === undefined ? {} : { tables }),
    ...(sinceStamp === null ? {} : { sinceStamp }),
  });
  metrics?.pulled(page.changes.length);
  return codec.encodePullReply(page);
};

export const status: SyncRoute = async ({ storage }, session) => {
  const head = await storage.readHead(session);
  // Numbers have no gaps and entries are never removed, so the last number counts them.
  return codec.encodeStatusReply({ totalChanges: head, latestCursor: head });
};

export const putDigest: SyncRoute = async ({ storage, clock }, session, request) => {
  const { deviceId, data } = codec.decodeDigestPutRequest(await readJson(request, limits.MAX_DIGEST_LENGTH + MAX_SMALL_BODY_BYTES));
  if (data.length > limits.MAX_DIGEST_LENGTH) throw new HttpError(413, `data: longer than ${limits.MAX_DIGEST_LENGTH} characters`);
  requireStorable("data", data);
  if (!(await storage.hasDevice(session, deviceId))) throw new HttpError(404, UNKNOWN_DEVICE);
  await storage.writeDigest(session, { deviceId, data, now: nowText(clock) });
  return {};
};

/** The latest ones, as much as fits one reply. */
export const listDigests: SyncRoute = async ({ storage }, session) => {
  let length = 0;
  const digests = await storage.readDigests(session);
  return codec.encodeDigestsReply(digests.filter(({ data }) => (length += data.length) <= MAX_PAGE_DATA));
};

export const extensions: SyncRoute = async () => codec.encodeExtensionsReply(new Map(Object.entries(EXTENSIONS)));

export const getKey: SyncRoute = async ({ storage }, session) => {
  const key = await storage.readKey(session);
  if (key === null) throw new HttpError(404, "no key is stored");
  return codec.encodeKeyReply({ encryptedKey: key.envelope, keyVersion: key.version });
};

export const putKey: SyncRoute = async ({ storage, clock }, session, request) => {
  const { encryptedKey, expectedVersion } = codec.decodeKeyPutRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  if (encryptedKey === "") throw new WireError("encrypted_key: expected a key envelope");
  if (Buffer.byteLength(encryptedKey) > limits.MAX_KEY_ENVELOPE_BYTES)
    throw new HttpError(413, `encrypted_key: larger than ${limits.MAX_KEY_ENVELOPE_BYTES} bytes`);
  requireStorable("encrypted_key", encryptedKey);
  const result = await storage.writeKey(session, {
    envelope: encryptedKey,
    now: nowText(clock),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  });
  if (result.kind === "conflict") throw new HttpError(409, "expected_version: another version is stored");
  return codec.encodeKeyPutReply(result.version);
};

/** Over every stored member as JSON, which marks where each ends: no two batches spell the same bytes. */
function digestOf(changes: readonly LoggedChange[]): string {
  const hash = createHash("sha256");
  for (const { table, op, rowId, timestamp, data } of changes) hash.update(JSON.stringify([table, op, rowId, timestamp, data]));
  return hash.digest("hex");
}
