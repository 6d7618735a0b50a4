/** The codec against the exact bytes of `schemas/vectors/wire.json`, and against shapes that it must refuse. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bytesToBase64 } from "./base64.ts";
import * as codec from "./codec.ts";
import { CHANGE_OPS } from "./payload.ts";
import type * as Wire from "./wire.ts";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/wire.json", import.meta.url), "utf8")) as Record<string, string>;
const vector = (name: string): string => vectors[name] ?? expect.fail(`no vector ${name}`);

const APP = "11111111-1111-4111-8111-111111111111";
const USER = "22222222-2222-4222-8222-222222222222";
const DEVICE = "33333333-3333-4333-8333-333333333333";
const HASH = "0123456789abcdef".repeat(4);
const TIME = "2026-01-02T03:04:05.678Z";

const device: Wire.Device = { id: DEVICE, deviceName: "Ada's laptop", platform: "linux", createdAt: TIME, lastSeenAt: TIME };
const inserted: Wire.WireChange = { table: "tasks", op: "INSERT", rowId: "r1", timestamp: "2026-01-02T03:04:05.678901Z", data: "AAAA" };
const deleted: Wire.WireChange = { table: "tasks", op: "DELETE", rowId: "r2", timestamp: "2026-01-02T03:04:05.678902Z", data: null };
const pulled: Wire.PulledChange = { ...inserted, op: "UPDATE", deviceId: DEVICE, seq: 42 };
const notPulled = { deviceId: null, seq: null };
const envelope: Wire.KeyEnvelope = {
  version: 1,
  salt: new Uint8Array(32).fill(1),
  nonce: new Uint8Array(24).fill(2),
  ciphertext: new Uint8Array(48).fill(3),
  kdf: { memoryKib: 65_536, passes: 3, lanes: 1 },
};

interface Pair {
  readonly name: string;
  readonly encoded: unknown;
  readonly decode: (body: unknown) => unknown;
  readonly decoded: unknown;
}

const pair = <T>(
  name: string,
  value: T,
  encode: (value: T) => unknown,
  decode: (body: unknown) => unknown,
  decoded: unknown = value,
): Pair => ({
  name,
  encoded: encode(value),
  decode,
  decoded,
});

const pairs: readonly Pair[] = [
  pair(
    "authRequest",
    { email: "ada@example.com", password: "correct horse", apiKey: "sk_1", key: "default" },
    codec.encodeAuthRequest,
    codec.decodeAuthRequest,
  ),
  pair("authReply", { token: "a.b.c", userId: USER, appId: APP }, codec.encodeAuthReply, codec.decodeAuthReply),
  pair("deviceRequest", { deviceName: "Ada's laptop", platform: "linux" } as const, codec.encodeDeviceRequest, codec.decodeDeviceRequest),
  pair("device", device, codec.encodeDevice, codec.decodeDevice),
  pair("devices", [device], codec.encodeDevices, codec.decodeDevices),
  pair("pushRequest", { deviceId: DEVICE, changes: [inserted, deleted] }, codec.encodePushRequest, codec.decodePushRequest, {
    deviceId: DEVICE,
    changes: [
      { ...inserted, ...notPulled },
      { ...deleted, ...notPulled },
    ],
  }),
  pair("keyedPushRequest", { deviceId: DEVICE, batchKey: "b1", changes: [deleted] }, codec.encodePushRequest, codec.decodePushRequest, {
    deviceId: DEVICE,
    batchKey: "b1",
    changes: [{ ...deleted, ...notPulled }],
  }),
  pair("pushReply", { cursor: 42 }, codec.encodePushReply, codec.decodePushReply),
  pair("pullRequest", { deviceId: DEVICE, cursor: 0 }, codec.encodePullRequest, codec.decodePullRequest),
  pair(
    "filteredPullRequest",
    { deviceId: DEVICE, cursor: 7, tables: ["tasks"], since: "2026-01-01T00:00:00Z" },
    codec.encodePullRequest,
    codec.decodePullRequest,
  ),
  pair("pullReply", { changes: [pulled], cursor: 42, hasMore: true }, codec.encodePullReply, codec.decodePullReply),
  pair("statusReply", { totalChanges: 42, latestCursor: 42 }, codec.encodeStatusReply, codec.decodeStatusReply),
  pair("keyPutRequest", { encryptedKey: "{}", expectedVersion: 1 }, codec.encodeKeyPutRequest, codec.decodeKeyPutRequest),
  pair("keyPutReply", 2, codec.encodeKeyPutReply, codec.decodeKeyPutReply),
  pair("keyReply", { encryptedKey: "{}", keyVersion: 2 }, codec.encodeKeyReply, codec.decodeKeyReply),
  pair(
    "extensionsReply",
    new Map([
      ["push-key", 1],
      ["snapshots", 1],
    ]),
    codec.encodeExtensionsReply,
    codec.decodeExtensionsReply,
  ),
  pair(
    "snapshotChunkPut",
    { deviceId: DEVICE, snapshotId: "s1", cursor: 40, index: 0, data: "AAAA" },
    codec.encodeSnapshotChunkPut,
    codec.decodeSnapshotChunkPut,
  ),
  pair(
    "snapshotPut",
    { deviceId: DEVICE, snapshotId: "s1", cursor: 40, through: 42, chunks: 1, manifest: "BBBB" },
    codec.encodeSnapshotPut,
    codec.decodeSnapshotPut,
  ),
  pair(
    "snapshotReply",
    { snapshotId: "s1", cursor: 40, chunks: 1, manifest: "BBBB" },
    codec.encodeSnapshotReply,
    codec.decodeSnapshotReply,
  ),
  pair("snapshotChunkRequest", { snapshotId: "s1", index: 0 }, codec.encodeSnapshotChunkRequest, codec.decodeSnapshotChunkRequest),
  pair("snapshotChunkReply", "AAAA", codec.encodeSnapshotChunkReply, codec.decodeSnapshotChunkReply),
  pair("digestPutRequest", { deviceId: DEVICE, data: "AAAA" }, codec.encodeDigestPutRequest, codec.decodeDigestPutRequest),
  pair(
    "digestsReply",
    [{ deviceId: DEVICE, data: "AAAA", updatedAt: "2026-01-02T03:04:05.678Z" }],
    codec.encodeDigestsReply,
    codec.decodeDigestsReply,
  ),
  pair("blobRequest", { hash: HASH }, codec.encodeBlobRequest, codec.decodeBlobRequest),
  pair("sizedBlobRequest", { hash: HASH, sizeBytes: 1040 }, codec.encodeSizedBlobRequest, codec.decodeSizedBlobRequest),
  pair("blobUploadReply", { url: "https://s3/x?y", alreadyExists: false }, codec.encodeBlobUploadReply, codec.decodeBlobUploadReply),
  pair("blobExistsReply", { url: null, alreadyExists: true }, codec.encodeBlobUploadReply, codec.decodeBlobUploadReply),
  pair("blobDownloadReply", { url: "https://s3/x?y" }, codec.encodeBlobDownloadReply, codec.decodeBlobDownloadReply),
  pair("error", { error: "the key is full", dimension: "storage_per_key", key: "default" }, codec.encodeError, codec.decodeError),
];

test.each(pairs)("$name is written byte for byte as the vector", ({ name, encoded }) => {
  expect(JSON.stringify(encoded)).toBe(vector(name));
});

test.each(pairs)("$name is read back whole, unknown members ignored", ({ name, decode, decoded }) => {
  const body: unknown = JSON.parse(vector(name));
  const extended = Array.isArray(body) ? body : { ...(body as object), later_member: { any: ["thing"] } };

  expect(decode(extended)).toEqual(decoded);
});

test("the token request is written byte for byte as the vector", () => {
  const request: Wire.TokenRequest = {
    grantType: "authorization_code",
    code: "xyz",
    redirectUri: "http://127.0.0.1:8765/callback",
    codeVerifier: "v",
    clientId: "sk_1",
    key: "default",
  };

  expect(JSON.stringify(codec.encodeTokenRequest(request))).toBe(vector("tokenRequest"));
  expect(codec.decodeTokenRequest(JSON.parse(vector("tokenRequest")) as Record<string, unknown>)).toEqual(request);
  const { key: _, ...keyless } = request;
  expect(codec.encodeTokenRequest(keyless)).not.toHaveProperty("key");
});

test("the token reply is read", () => {
  expect(codec.decodeTokenReply(JSON.parse(vector("tokenReply")))).toEqual({
    token: "a.b.c",
    expiresInSeconds: 604_800,
    userId: USER,
    appId: APP,
  });
});

test("each vector is one that a test knows", () => {
  const known = new Set([...pairs.map(({ name }) => name), "tokenRequest", "tokenReply", "keyEnvelope", "about"]);

  expect(Object.keys(vectors).filter((name) => !known.has(name))).toEqual([]);
});

describe("other spellings that a server may use are read", () => {
  test("access_token for token, and the reverse", () => {
    expect(codec.decodeAuthReply({ access_token: "t", user_id: USER, app_id: APP }).token).toBe("t");
    expect(codec.decodeTokenReply({ token: "t" })).toEqual({ token: "t", expiresInSeconds: null, userId: null, appId: null });
  });

  test("devices wrapped in an object, with only an id and a name", () => {
    expect(codec.decodeDevices({ devices: [{ id: DEVICE, device_name: "x" }] })).toEqual([
      { id: DEVICE, deviceName: "x", platform: null, createdAt: null, lastSeenAt: null },
    ]);
  });

  test("total and cursor in a status", () => {
    expect(codec.decodeStatusReply({ total: 3, cursor: 4 })).toEqual({ totalChanges: 3, latestCursor: 4 });
  });

  test("any letter case of an operation", () => {
    expect(codec.decodeChange({ ...codec.encodeChange(inserted), op: "insert" }).op).toBe("INSERT");
  });

  test("a change without data, device and number", () => {
    const { table, row_id, timestamp } = codec.encodeChange(deleted);
    expect(codec.decodeChange({ table, op: "DELETE", row_id, timestamp })).toEqual({ ...deleted, ...notPulled });
  });

  test("a delete with data", () => {
    expect(codec.decodeChange({ ...codec.encodeChange(deleted), data: "BBBB" }).data).toBe("BBBB");
  });

  test("no key: a null value, and no version: the first", () => {
    expect(codec.decodeKeyReply({ encrypted_key: null })).toBeNull();
    expect(codec.decodeKeyReply({})).toBeNull();
    expect(codec.decodeKeyReply({ encrypted_key: "{}" })).toEqual({ encryptedKey: "{}", keyVersion: 1 });
    expect(codec.decodeKeyPutReply(null)).toBeNull();
  });

  test("no billing slot: the default one", () => {
    expect(codec.decodeAuthRequest({ email: "e", password: "p", api_key: "k" }).key).toBe("default");
  });

  test("size or file_size of a blob, and its hash in any letter case", () => {
    expect(codec.decodeSizedBlobRequest({ hash: HASH.toUpperCase(), size: 7 })).toEqual({ hash: HASH, sizeBytes: 7 });
    expect(codec.decodeSizedBlobRequest({ hash: HASH, file_size: 7 })).toEqual({ hash: HASH, sizeBytes: 7 });
  });

  test("url alone for a blob, and no word on whether it exists", () => {
    expect(codec.decodeBlobUploadReply({ url: "u" })).toEqual({ url: "u", alreadyExists: false });
    expect(codec.decodeBlobDownloadReply({ url: "u" })).toEqual({ url: "u" });
  });

  test("an error of any shape", () => {
    expect(codec.decodeError({ error: "text" })).toEqual({ error: "text" });
    for (const body of [null, "text", [], { error: 5 }, 7]) expect(codec.decodeError(body)).toEqual({ error: "" });
  });
});

describe("wrong types are refused by the member's name and never its value", () => {
  const SECRET = "hunter2-value";

  test.each([
    ["email", codec.decodeAuthRequest, { email: [SECRET], password: "p", api_key: "k" }],
    ["password", codec.decodeAuthRequest, { email: "e", password: { SECRET }, api_key: "k" }],
    ["api_key", codec.decodeAuthRequest, { email: "e", password: SECRET }],
    ["key", codec.decodeAuthRequest, { email: "e", password: SECRET, api_key: "k", key: 5 }],
    ["token", codec.decodeAuthReply, { token: 5, user_id: SECRET, app_id: "a" }],
    ["access_token", codec.decodeTokenReply, { access_token: [SECRET] }],
    ["expires_in", codec.decodeTokenReply, { access_token: SECRET, expires_in: -1 }],
    ["platform", codec.decodeDeviceRequest, { device_name: SECRET, platform: SECRET }],
    ["device_name", codec.decodeDeviceRequest, { device_name: null, platform: "web" }],
    ["id", codec.decodeDevice, { device_name: SECRET }],
    ["devices", codec.decodeDevices, { devices: SECRET }],
    ["device_id", codec.decodePushRequest, { device_id: 7, changes: [] }],
    ["changes", codec.decodePushRequest, { device_id: SECRET, changes: { SECRET } }],
    ["change", codec.decodePushRequest, { device_id: SECRET, changes: [SECRET] }],
    ["op", codec.decodeChange, { table: "t", op: SECRET, row_id: "r", timestamp: TIME }],
    ["table", codec.decodeChange, { table: 1, op: "INSERT", row_id: SECRET, timestamp: TIME }],
    ["row_id", codec.decodeChange, { table: "t", op: "INSERT", row_id: 5, timestamp: TIME, data: SECRET }],
    ["timestamp", codec.decodeChange, { table: "t", op: "INSERT", row_id: "r", timestamp: 5, data: SECRET }],
    ["data", codec.decodeChange, { table: "t", op: "INSERT", row_id: "r", timestamp: TIME, data: { SECRET } }],
    ["seq", codec.decodeChange, { table: "t", op: "INSERT", row_id: "r", timestamp: TIME, seq: SECRET }],
    ["cursor", codec.decodePullRequest, { device_id: SECRET, cursor: -1 }],
    ["cursor", codec.decodePullRequest, { device_id: SECRET, cursor: 1.5 }],
    ["cursor", codec.decodePullRequest, { device_id: SECRET, cursor: "0" }],
    ["cursor", codec.decodePullRequest, { device_id: SECRET, cursor: 2 ** 53 }],
    ["tables", codec.decodePullRequest, { device_id: "d", cursor: 0, tables: [SECRET, 5] }],
    ["since", codec.decodePullRequest, { device_id: "d", cursor: 0, since: 5 }],
    ["has_more", codec.decodePullReply, { changes: [], cursor: 0, has_more: SECRET }],
    ["cursor", codec.decodePushReply, { cursor: SECRET }],
    ["total_changes", codec.decodeStatusReply, { total_changes: SECRET, latest_cursor: 0 }],
    ["hash", codec.decodeBlobRequest, { hash: SECRET }],
    ["hash", codec.decodeSizedBlobRequest, { hash: `${HASH}0`, size_bytes: 1 }],
    ["size_bytes", codec.decodeSizedBlobRequest, { hash: HASH, size_bytes: SECRET }],
    ["upload_url", codec.decodeBlobUploadReply, { already_exists: false, url: 5 }],
    ["already_exists", codec.decodeBlobUploadReply, { already_exists: SECRET }],
    ["download_url", codec.decodeBlobDownloadReply, { url: null }],
    ["encrypted_key", codec.decodeKeyPutRequest, { encrypted_key: 5 }],
    ["expected_version", codec.decodeKeyPutRequest, { encrypted_key: SECRET, expected_version: "1" }],
    ["encrypted_key", codec.decodeKeyReply, { encrypted_key: [SECRET] }],
    ["key_version", codec.decodeKeyReply, { encrypted_key: SECRET, key_version: 1.5 }],
    ["request", codec.decodePushRequest, SECRET],
    ["reply", codec.decodePullReply, null],
    ["request", codec.decodeAuthRequest, [SECRET]],
  ] as const)("%s", (member, decode: (body: unknown) => unknown, body) => {
    const error = refusal(() => decode(body));

    expect(error.message.startsWith(`${member}:`)).toBe(true);
    expect(error.message).not.toContain(SECRET);
  });

  test("whatever JSON arrives, a reader answers or throws a WireError", () => {
    const readers = pairs.map(({ decode }) => decode);
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...readers), (body, decode) => {
        try {
          decode(body);
        } catch (error) {
          expect(error).toBeInstanceOf(codec.WireError);
        }
      }),
    );
  });
});

test("any change survives the wire", () => {
  const change = fc.record({
    table: fc.string(),
    op: fc.constantFrom(...CHANGE_OPS),
    rowId: fc.string({ unit: "binary" }),
    timestamp: fc.string(),
    data: fc.option(fc.base64String()),
    deviceId: fc.uuid(),
    seq: fc.maxSafeNat(),
  });
  fc.assert(
    fc.property(change, (value) => {
      expect(codec.decodeChange(JSON.parse(JSON.stringify(codec.encodePulledChange(value))))).toEqual(value);
    }),
  );
});

describe("the key envelope", () => {
  const parts = (): Record<string, unknown> => JSON.parse(vector("keyEnvelope")) as Record<string, unknown>;

  test("is written byte for byte as the vector", () => {
    expect(codec.encodeKeyEnvelope(envelope)).toBe(vector("keyEnvelope"));
  });

  test("is read back whole", () => {
    expect(codec.decodeKeyEnvelope(vector("keyEnvelope"))).toEqual(envelope);
  });

  test.each(["ciphertext", "encrypted_key"])("with nonce and ciphertext joined in %s is read", (member) => {
    const joined = bytesToBase64(Uint8Array.from([...envelope.nonce, ...envelope.ciphertext]));
    const { salt } = parts();

    expect(codec.decodeKeyEnvelope(JSON.stringify({ version: 1, salt, [member]: joined }))).toEqual(envelope);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no version", JSON.stringify({ ...parts(), version: undefined })],
    ["a later version", JSON.stringify({ ...parts(), version: 2 })],
    ["a short salt", JSON.stringify({ ...parts(), salt: "AQEB" })],
    ["a salt that is not base64", JSON.stringify({ ...parts(), salt: "*" })],
    ["a short nonce", JSON.stringify({ ...parts(), nonce: "AQEB" })],
    ["a long ciphertext", JSON.stringify({ ...parts(), ciphertext: bytesToBase64(new Uint8Array(49)) })],
    ["another algorithm", JSON.stringify({ ...parts(), kdf: { alg: "scrypt" } })],
    ["memory without end", JSON.stringify({ ...parts(), kdf: { m: 4_194_304 } })],
    ["no memory", JSON.stringify({ ...parts(), kdf: { m: 0 } })],
    ["passes without end", JSON.stringify({ ...parts(), kdf: { t: 1000 } })],
    ["two lanes", JSON.stringify({ ...parts(), kdf: { p: 2 } })],
  ])("with %s is refused", (_, text) => {
    expect(refusal(() => codec.decodeKeyEnvelope(text))).toBeInstanceOf(codec.WireError);
  });
});

function refusal(action: () => unknown): codec.WireError {
  try {
    action();
  } catch (error) {
    if (error instanceof codec.WireError) return error;
    throw error;
  }
  return expect.fail("accepted");
}
