/**
 * The only module that spells the wire's member names. Several of them are inferred or chosen where the
 * public description is silent (docs/protocol.md marks each), so a correction from a live server is a
 * change of this file and of `schemas/vectors/wire.json`, nothing else.
 *
 * Readers ignore members they do not know and refuse wrong types with `WireError`.
 */
import { bytesToBase64, base64ToBytes } from "./base64.ts";
import { PLATFORMS } from "./limits.ts";
import { CHANGE_OPS, type ChangeOp } from "./payload.ts";
import type * as Wire from "./wire.ts";

/** A request or reply that does not have the agreed shape. Names the member, never its value. */
export class WireError extends Error {
  override readonly name: string = "WireError";
}

/** A key envelope that is whole, but of a version, algorithm or cost that this client does not compute. */
export class UnknownEnvelopeError extends WireError {
  override readonly name = "UnknownEnvelopeError";
}

export const endpoints = {
  auth: { method: "POST", path: "/auth" },
  registerDevice: { method: "POST", path: "/devices" },
  listDevices: { method: "GET", path: "/devices" },
  push: { method: "POST", path: "/push" },
  pull: { method: "POST", path: "/pull" },
  status: { method: "GET", path: "/status" },
  getKey: { method: "GET", path: "/keys" },
  putKey: { method: "PUT", path: "/keys" },
  uploadBlob: { method: "POST", path: "/blobs/upload" },
  confirmBlob: { method: "POST", path: "/blobs/confirm" },
  downloadBlob: { method: "POST", path: "/blobs/download" },
  extensions: { method: "GET", path: "/extensions" },
  subscribe: { method: "GET", path: "/subscribe" },
  /** Ours; the device's id follows the path. */
  removeDevice: { method: "DELETE", path: "/devices/" },
  /** Ours. */
  endSessions: { method: "POST", path: "/end-sessions" },
  getSnapshot: { method: "GET", path: "/snapshots" },
  putSnapshot: { method: "PUT", path: "/snapshots" },
  putSnapshotChunk: { method: "PUT", path: "/snapshots/chunks" },
  getSnapshotChunk: { method: "POST", path: "/snapshots/chunks" },
  putDigest: { method: "PUT", path: "/digests" },
  listDigests: { method: "GET", path: "/digests" },
} as const;

/** Where the endpoints are mounted; a client uses the first. */
export const API_PREFIXES = ["/api/sync", "/api/v1/sync"] as const;
export const OAUTH_AUTHORIZE_PATH = "/oauth/authorize";
export const OAUTH_TOKEN_PATH = "/oauth/token";
export const OAUTH_USERINFO_PATH = "/oauth/userinfo";
/** RFC 8414; the second is where OpenID Connect clients look. */
export const OAUTH_METADATA_PATHS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] as const;
/** Issuer claim of a session token. */
export const TOKEN_ISSUER = "makenotwork-synckit";

// Members and their types -------------------------------------------------------------------------

type Json = Record<string, unknown>;

function object(value: unknown, what: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new WireError(`${what}: expected an object`);
  return value as Json;
}
function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new WireError(`${what}: expected a list`);
  return value;
}
function text(from: Json, name: string, ...aliases: readonly string[]): string {
  for (const member of [name, ...aliases]) if (typeof from[member] === "string") return from[member];
  throw new WireError(`${name}: expected a string`);
}
function optionalText(from: Json, name: string): string | null {
  const value = from[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw new WireError(`${name}: expected a string or null`);
  return value;
}
function count(from: Json, name: string, ...aliases: readonly string[]): number {
  for (const member of [name, ...aliases]) {
    const value = from[member];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  }
  throw new WireError(`${name}: expected a whole number, zero or more`);
}
function optionalCount(from: Json, name: string): number | null {
  return from[name] === undefined || from[name] === null ? null : count(from, name);
}
function flag(from: Json, name: string): boolean {
  const value = from[name];
  if (typeof value !== "boolean") throw new WireError(`${name}: expected true or false`);
  return value;
}

// Authentication ----------------------------------------------------------------------------------

export const encodeAuthRequest = (r: Wire.AuthRequest): Json => ({ email: r.email, password: r.password, api_key: r.apiKey, key: r.key });
export function decodeAuthRequest(body: unknown): Wire.AuthRequest {
  const from = object(body, "request");
  return {
    email: text(from, "email"),
    password: text(from, "password"),
    apiKey: text(from, "api_key"),
    key: optionalText(from, "key") ?? "default",
  };
}
export const encodeAuthReply = (r: Wire.AuthReply): Json => ({ token: r.token, user_id: r.userId, app_id: r.appId });
export function decodeAuthReply(body: unknown): Wire.AuthReply {
  const from = object(body, "reply");
  return { token: text(from, "token", "access_token"), userId: text(from, "user_id"), appId: text(from, "app_id") };
}
export const encodeTokenRequest = (r: Wire.TokenRequest): Json => ({
  grant_type: r.grantType,
  code: r.code,
  redirect_uri: r.redirectUri,
  code_verifier: r.codeVerifier,
  client_id: r.clientId,
  ...(r.key === undefined ? {} : { key: r.key }),
});
/** Members as text: a form and a JSON object are read alike. Those that are missing are empty. */
export function decodeTokenRequest(from: Readonly<Record<string, unknown>>): Wire.TokenRequest {
  const member = (name: string): string => optionalText(from, name) ?? "";
  const key = optionalText(from, "key");
  return {
    grantType: member("grant_type"),
    code: member("code"),
    redirectUri: member("redirect_uri"),
    codeVerifier: member("code_verifier"),
    clientId: member("client_id"),
    ...(key === null ? {} : { key }),
  };
}
export const encodeTokenReply = (r: Wire.IssuedToken): Json => ({
  access_token: r.token,
  token_type: "Bearer",
  expires_in: r.expiresInSeconds,
  user_id: r.userId,
  app_id: r.appId,
});
export function decodeTokenReply(body: unknown): Wire.TokenReply {
  const from = object(body, "reply");
  return {
    token: text(from, "access_token", "token"),
    expiresInSeconds: optionalCount(from, "expires_in"),
    userId: optionalText(from, "user_id"),
    appId: optionalText(from, "app_id"),
  };
}

// Devices -----------------------------------------------------------------------------------------

export const encodeDeviceRequest = (r: Wire.DeviceRequest): Json => ({ device_name: r.deviceName, platform: r.platform });
export function decodeDeviceRequest(body: unknown): Wire.DeviceRequest {
  const from = object(body, "request");
  const platform = PLATFORMS.find((known) => known === from["platform"]);
  if (platform === undefined) throw new WireError(`platform: expected one of ${PLATFORMS.join(", ")}`);
  return { deviceName: text(from, "device_name"), platform };
}
export const encodeDevice = (d: Wire.Device): Json => ({
  id: d.id,
  device_name: d.deviceName,
  platform: d.platform,
  created_at: d.createdAt,
  last_seen_at: d.lastSeenAt,
});
export function decodeDevice(body: unknown): Wire.Device {
  const from = object(body, "device");
  return {
    id: text(from, "id"),
    deviceName: text(from, "device_name"),
    platform: optionalText(from, "platform"),
    createdAt: optionalText(from, "created_at"),
    lastSeenAt: optionalText(from, "last_seen_at"),
  };
}
export const encodeDevices = (devices: readonly Wire.Device[]): Json[] => devices.map(encodeDevice);
export const decodeDevices = (body: unknown): readonly Wire.Device[] =>
  list(Array.isArray(body) ? body : object(body, "reply")["devices"], "devices").map(decodeDevice);

// Changes -----------------------------------------------------------------------------------------

export const encodeChange = (c: Wire.WireChange): Json => ({
  table: c.table,
  op: c.op,
  row_id: c.rowId,
  timestamp: c.timestamp,
  data: c.data,
});
export const encodePulledChange = (c: Wire.PulledChange): Json => ({ ...encodeChange(c), device_id: c.deviceId, seq: c.seq });
export function decodeChange(body: unknown): Wire.PulledChange {
  const from = object(body, "change");
  const op: ChangeOp | undefined = CHANGE_OPS.find((known) => known === text(from, "op").toUpperCase());
  if (op === undefined) throw new WireError(`op: expected one of ${CHANGE_OPS.join(", ")}`);
  return {
    table: text(from, "table"),
    op,
    rowId: text(from, "row_id"),
    timestamp: text(from, "timestamp"),
    data: optionalText(from, "data"),
    deviceId: optionalText(from, "device_id"),
    seq: optionalCount(from, "seq"),
  };
}
export const encodePushRequest = (r: Wire.PushRequest): Json => ({
  device_id: r.deviceId,
  ...(r.batchKey === undefined ? {} : { batch_key: r.batchKey }),
  changes: r.changes.map(encodeChange),
});
export function decodePushRequest(body: unknown): Wire.PushRequest {
  const from = object(body, "request");
  const batchKey = optionalText(from, "batch_key");
  return {
    deviceId: text(from, "device_id"),
    ...(batchKey === null ? {} : { batchKey }),
    changes: list(from["changes"], "changes").map(decodeChange),
  };
}
export const encodePushReply = (r: Wire.PushReply): Json => ({ cursor: r.cursor });
export const decodePushReply = (body: unknown): Wire.PushReply => ({ cursor: count(object(body, "reply"), "cursor") });
export const encodePullRequest = (r: Wire.PullRequest): Json => ({
  device_id: r.deviceId,
  cursor: r.cursor,
  ...(r.tables === undefined ? {} : { tables: r.tables }),
  ...(r.since === undefined ? {} : { since: r.since }),
});
export function decodePullRequest(body: unknown): Wire.PullRequest {
  const from = object(body, "request");
  const tables = from["tables"] === undefined || from["tables"] === null ? null : list(from["tables"], "tables");
  if (tables?.some((name) => typeof name !== "string")) throw new WireError("tables: expected a list of strings");
  const since = optionalText(from, "since");
  return {
    deviceId: text(from, "device_id"),
    cursor: count(from, "cursor"),
    ...(tables === null ? {} : { tables: tables as readonly string[] }),
    ...(since === null ? {} : { since }),
  };
}
export const encodePullReply = (r: Wire.PullReply): Json => ({
  changes: r.changes.map(encodePulledChange),
  cursor: r.cursor,
  has_more: r.hasMore,
});
export function decodePullReply(body: unknown): Wire.PullReply {
  const from = object(body, "reply");
  return { changes: list(from["changes"], "changes").map(decodeChange), cursor: count(from, "cursor"), hasMore: flag(from, "has_more") };
}
export const encodeStatusReply = (r: Wire.StatusReply): Json => ({ total_changes: r.totalChanges, latest_cursor: r.latestCursor });
export function decodeStatusReply(body: unknown): Wire.StatusReply {
  const from = object(body, "reply");
  return { totalChanges: count(from, "total_changes", "total"), latestCursor: count(from, "latest_cursor", "cursor") };
}

// The wrapped master key --------------------------------------------------------------------------

export const encodeKeyPutRequest = (r: Wire.KeyPutRequest): Json => ({
  encrypted_key: r.encryptedKey,
  ...(r.expectedVersion === undefined ? {} : { expected_version: r.expectedVersion }),
});
export function decodeKeyPutRequest(body: unknown): Wire.KeyPutRequest {
  const from = object(body, "request");
  const expectedVersion = optionalCount(from, "expected_version");
  return { encryptedKey: text(from, "encrypted_key"), ...(expectedVersion === null ? {} : { expectedVersion }) };
}
export const encodeKeyPutReply = (keyVersion: number): Json => ({ key_version: keyVersion });
/** Null: the server answered without a version. */
export const decodeKeyPutReply = (body: unknown): number | null =>
  body === null || body === undefined ? null : optionalCount(object(body, "reply"), "key_version");
export const encodeKeyReply = (r: Wire.KeyReply): Json => ({ encrypted_key: r.encryptedKey, key_version: r.keyVersion });
/** Null: the server holds no key. */
export function decodeKeyReply(body: unknown): Wire.KeyReply | null {
  const from = object(body, "reply");
  const encryptedKey = optionalText(from, "encrypted_key");
  return encryptedKey === null ? null : { encryptedKey, keyVersion: optionalCount(from, "key_version") ?? 1 };
}

const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const WRAPPED_KEY_BYTES = 48;

export const encodeKeyEnvelope = (e: Wire.KeyEnvelope): string =>
  JSON.stringify({
    version: e.version,
    salt: bytesToBase64(e.salt),
    nonce: bytesToBase64(e.nonce),
    ciphertext: bytesToBase64(e.ciphertext),
    kdf: { alg: "argon2id", m: e.kdf.memoryKib, t: e.kdf.passes, p: e.kdf.lanes },
  });

/** Reads our form, and a nonce joined with the ciphertext in one member (`ciphertext` or `encrypted_key`). */
export function decodeKeyEnvelope(envelope: string): Wire.KeyEnvelope {
  let parsed: unknown;
  try {
    parsed = JSON.parse(envelope);
  } catch {
    throw new WireError("key envelope: not JSON");
  }
  const from = object(parsed, "key envelope");
  if (typeof from["version"] !== "number") throw new WireError("key envelope: no version");
  if (from["version"] !== 1) throw new UnknownEnvelopeError("key envelope: this version is not known here");
  const salt = base64ToBytes(text(from, "salt"));
  const joined = base64ToBytes(text(from, "ciphertext", "encrypted_key"));
  const apart = typeof from["nonce"] === "string";
  const nonce = apart ? base64ToBytes(text(from, "nonce")) : joined?.subarray(0, NONCE_BYTES);
  const ciphertext = apart ? joined : joined?.subarray(NONCE_BYTES);
  if (salt?.length !== SALT_BYTES || nonce?.length !== NONCE_BYTES || ciphertext?.length !== WRAPPED_KEY_BYTES)
    throw new WireError("key envelope: a part has the wrong length");
  const kdf = from["kdf"] === undefined ? {} : object(from["kdf"], "kdf");
  if (kdf["alg"] !== undefined && kdf["alg"] !== "argon2id") throw new UnknownEnvelopeError("kdf: expected argon2id");
  const limited = (name: string, standard: number, most: number): number => {
    const value = optionalCount(kdf, name) ?? standard;
    if (value < 1 || value > most) throw new UnknownEnvelopeError(`kdf.${name}: outside what this client computes`);
    return value;
  };
  // A hostile server must not be able to ask for gigabytes: the limits are four times the standard.
  return {
    version: 1,
    salt,
    nonce,
    ciphertext,
    kdf: { memoryKib: limited("m", 65_536, 262_144), passes: limited("t", 3, 12), lanes: limited("p", 1, 1) },
  };
}

// Extensions --------------------------------------------------------------------------------------

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

// Extension `digests` -----------------------------------------------------------------------------

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

// Blobs -------------------------------------------------------------------------------------------

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

// Notices -----------------------------------------------------------------------------------------

/** Server-sent events: there is something to pull. */
export const NOTICE_CHANGED = "event: changed\ndata:\n\n";
/** A comment, so that nobody between takes the connection for dead. */
export const NOTICE_KEEPALIVE = ": keepalive\n\n";
/** Query of `GET /subscribe`, without the question mark. */
export const encodeSubscribeQuery = ({ appId, deviceId }: Wire.SubscribeRequest): string =>
  new URLSearchParams({ app_id: appId, ...(deviceId === null ? {} : { device_id: deviceId }) }).toString();
export function decodeSubscribeQuery(query: URLSearchParams): Wire.SubscribeRequest {
  const from = Object.fromEntries(query);
  return { appId: text(from, "app_id"), deviceId: optionalText(from, "device_id") };
}

// Errors ------------------------------------------------------------------------------------------

export const encodeError = (e: Wire.ErrorReply): Json => ({ ...e });
export function decodeError(body: unknown): Wire.ErrorReply {
  const from = body !== null && typeof body === "object" && !Array.isArray(body) ? (body as Json) : {};
  const member = (name: string): string | undefined => (typeof from[name] === "string" ? from[name] : undefined);
  const dimension = member("dimension");
  const key = member("key");
  return { error: member("error") ?? "", ...(dimension === undefined ? {} : { dimension }), ...(key === undefined ? {} : { key }) };
}
