/**
 * A SyncKit server in memory that answers the client's own `fetch`: one account, any number of devices, no
 * network. It keeps what a real server would see, so a test can look through all of it.
 */
import { codec, EXTENSIONS, type Device, type ExtensionName, type PulledChange, type StoredDigest } from "@synckit-gen/schemas/protocol";

/** What goes wrong with one request. `reply-lost`: the server has done its work, and nobody hears of it. */
export type Fault = "request-lost" | "reply-lost" | null;

export interface Network {
  /** Asked before each request. Default: nothing goes wrong. */
  fault: () => Fault;
  /** Entries in one pulled page. */
  pageSize: () => number;
  /** False: the server speaks the public protocol and no more. */
  hasExtensions: () => boolean;
}

export interface MemoryServer {
  readonly url: string;
  readonly apiKey: string;
  readonly email: string;
  readonly password: string;
  /** Every change as it was stored: what a server sees. */
  readonly log: readonly PulledChange[];
  /** Bodies of all requests, as they were sent. */
  readonly requests: readonly string[];
  /** For one device, with its own way of failing. */
  readonly fetchVia: (network: Network) => typeof fetch;
}

export const reliable = (): Network => ({ fault: () => null, pageSize: () => 500, hasExtensions: () => true });

/** The year 2100: tests travel in time. */
const TOKEN_EXPIRY_SECONDS = 4_102_444_800;
const TOKEN = ["e30", btoa(JSON.stringify({ sub: "user", app: "app", exp: TOKEN_EXPIRY_SECONDS })).replaceAll("=", ""), "sig"].join(".");

/** What it answers; the rest of `EXTENSIONS` is for real servers. */
const ANSWERED = ["push-key", "snapshots", "digests"] as const satisfies readonly ExtensionName[];

interface Upload {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly chunks: string[];
}

export function memoryServer(): MemoryServer {
  const log: PulledChange[] = [];
  const requests: string[] = [];
  const devices: Device[] = [];
  let upload: Upload | null = null;
  let snapshot: (Upload & { readonly manifest: string }) | null = null;
  const digests = new Map<string, StoredDigest>();
  const batches = new Map<string, number>();
  let key: { readonly encryptedKey: string; readonly keyVersion: number } | null = null;

  function answer(route: string, body: unknown, { pageSize, hasExtensions }: Network): Response {
    switch (route) {
      case "POST /auth":
        return Response.json(codec.encodeAuthReply({ token: TOKEN, userId: "user", appId: "app" }));
      case "POST /devices": {
        const { deviceName, platform } = codec.decodeDeviceRequest(body);
        let device = devices.find((known) => known.deviceName === deviceName);
        if (device === undefined) {
          device = { id: `device-${devices.length + 1}`, deviceName, platform, createdAt: null, lastSeenAt: null };
          devices.push(device);
        }
        return Response.json(codec.encodeDevice(device));
      }
      case "GET /devices":
        return Response.json(codec.encodeDevices(devices));
      case "POST /push": {
        const { deviceId, batchKey, changes } = codec.decodePushRequest(body);
        const repeated = batches.get(`${deviceId} ${batchKey}`);
        if (repeated !== undefined) return Response.json(codec.encodePushReply({ cursor: repeated }));
        for (const change of changes) log.push({ ...change, deviceId, seq: log.length + 1 });
        if (batchKey !== undefined) batches.set(`${deviceId} ${batchKey}`, log.length);
        return Response.json(codec.encodePushReply({ cursor: log.length }));
      }
      case "POST /pull": {
        const { cursor } = codec.decodePullRequest(body);
        const changes = log.slice(cursor, cursor + pageSize());
        const next = cursor + changes.length;
        return Response.json(codec.encodePullReply({ changes, cursor: next, hasMore: next < log.length }));
      }
      case "GET /extensions":
        return hasExtensions()
          ? Response.json(codec.encodeExtensionsReply(new Map(ANSWERED.map((name) => [name, EXTENSIONS[name]]))))
          : refusal(404);
      case "PUT /snapshots/chunks": {
        const { snapshotId, cursor, index, data } = codec.decodeSnapshotChunkPut(body);
        if (index === 0) upload = { snapshotId, cursor, chunks: [] };
        if (upload?.snapshotId !== snapshotId || index > upload.chunks.length) return refusal(409);
        upload.chunks.splice(index, Infinity, data);
        return Response.json({});
      }
      case "PUT /snapshots": {
        const { snapshotId, cursor, through, chunks, manifest } = codec.decodeSnapshotPut(body);
        if (snapshot?.snapshotId === snapshotId) return Response.json({});
        if (upload?.snapshotId !== snapshotId || upload.chunks.length !== chunks || through > log.length) return refusal(409);
        snapshot = { snapshotId, cursor, chunks: upload.chunks, manifest };
        upload = null;
        return Response.json({});
      }
      case "GET /snapshots":
        if (snapshot === null) return refusal(404);
        return Response.json(codec.encodeSnapshotReply({ ...snapshot, chunks: snapshot.chunks.length }));
      case "POST /snapshots/chunks": {
        const { snapshotId, index } = codec.decodeSnapshotChunkRequest(body);
        const data = snapshot?.snapshotId === snapshotId ? snapshot.chunks[index] : undefined;
        return data === undefined ? refusal(404) : Response.json(codec.encodeSnapshotChunkReply(data));
      }
      case "GET /status":
        return Response.json(codec.encodeStatusReply({ totalChanges: log.length, latestCursor: log.length }));
      case "PUT /digests": {
        const digest = codec.decodeDigestPutRequest(body);
        digests.set(digest.deviceId, { ...digest, updatedAt: null });
        return Response.json({});
      }
      case "GET /digests":
        return Response.json(codec.encodeDigestsReply([...digests.values()]));
      case "GET /keys":
        return key === null ? refusal(404) : Response.json(codec.encodeKeyReply(key));
      case "PUT /keys": {
        const { encryptedKey, expectedVersion } = codec.decodeKeyPutRequest(body);
        const version = key?.keyVersion ?? 0;
        if (expectedVersion !== undefined && expectedVersion !== version) return refusal(409);
        key = { encryptedKey, keyVersion: version + 1 };
        return Response.json(codec.encodeKeyPutReply(key.keyVersion));
      }
      default:
        return refusal(404);
    }
  }

  const fetchVia =
    (network: Network): typeof fetch =>
    async (input, init) => {
      const request = new Request(input, init);
      const text = await request.text();
      const fault = network.fault();
      if (fault === "request-lost") throw new TypeError("fetch failed");
      requests.push(text);
      const path = new URL(request.url).pathname.replace(codec.API_PREFIXES[0], "");
      const response = answer(`${request.method} ${path}`, text === "" ? null : JSON.parse(text), network);
      if (fault === "reply-lost") throw new TypeError("fetch failed");
      return response;
    };

  return { url: "http://127.0.0.1:1", apiKey: "test-kit", email: "user@example.com", password: "test-kit", log, requests, fetchVia };
}

const refusal = (status: number): Response => Response.json(codec.encodeError({ error: `test kit: ${status}` }), { status });
