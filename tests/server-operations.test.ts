/** What an operator's programs ask of a server: health, readiness, metrics and the log. */
import {
  BlobStoreUnavailableError,
  createApp,
  createMetrics,
  createServer,
  createUser,
  openSqliteStorage,
  StorageUnavailableError,
  type BlobStore,
  type LogRecord,
  type ServerOptions,
  type Storage,
} from "@synckit-gen/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entry, inProcess, overHttp, textOf } from "./server-client.ts";

const SECRETS = { email: "ada@example.com", password: "correct horse battery" };

let storage: Storage;
let apiKey: string;
let ends: (() => Promise<void>)[];
beforeEach(async () => {
  ends = [];
  storage = openSqliteStorage(":memory:");
  ({ apiKey } = await createApp(storage, "App"));
  await createUser(storage, SECRETS.email, SECRETS.password);
});
afterEach(async () => {
  for (const end of ends) await end();
  await storage.close();
});

const serverWith = (more: Partial<ServerOptions> = {}) => createServer({ storage, rateLimits: null, ...more });
async function listening(more: Partial<ServerOptions> = {}): Promise<string> {
  const server = await serverWith({ metrics: createMetrics(), ...more }).listen();
  ends.push(() => server.close());
  return server.url;
}

const blobsThat = (sizeOf: BlobStore["sizeOf"]): BlobStore => ({
  uploadUrl: async () => "",
  downloadUrl: async () => "",
  remove: async () => {},
  sizeOf,
  names: null,
  content: null,
});

test("a server that runs is healthy, and ready while its stores answer", async () => {
  expect((await inProcess(serverWith()).call("GET", "/health")).body).toEqual({ status: "ok" });
  expect(await inProcess(serverWith()).call("GET", "/ready")).toMatchObject({ status: 200, body: { status: "ready", storage: "ok" } });
  const blobs = blobsThat(async () => null);
  expect((await inProcess(serverWith({ blobs })).call("GET", "/ready")).body).toEqual({ status: "ready", storage: "ok", blobs: "ok" });
});

test("a server whose stores do not answer is healthy and not ready, and does not say why", async () => {
  const away: Storage = { ...storage, ping: () => Promise.reject(new StorageUnavailableError("10.0.0.7 is away")) };
  const caller = inProcess(serverWith({ storage: away }));
  expect((await caller.call("GET", "/health")).status).toBe(200);
  expect(await caller.call("GET", "/ready")).toMatchObject({ status: 503, body: { status: "unavailable", storage: "unavailable" } });

  const blobs = blobsThat(() => Promise.reject(new BlobStoreUnavailableError("away")));
  expect((await inProcess(serverWith({ blobs })).call("GET", "/ready")).body).toEqual({
    status: "unavailable",
    storage: "ok",
    blobs: "unavailable",
  });
});

test("stores are not asked again within a second, however often readiness is", async () => {
  let asked = 0;
  let nowMs = Date.UTC(2026, 0, 1);
  const counted: Storage = { ...storage, ping: async () => void (asked += 1) };
  const caller = inProcess(serverWith({ storage: counted, clock: () => nowMs }));
  for (let i = 0; i < 5; i++) await caller.call("GET", "/ready");
  expect(asked).toBe(1);
  nowMs += 1000;
  await caller.call("GET", "/ready");
  expect(asked).toBe(2);
});

test("metrics count routes and entries, and name nobody", async () => {
  const url = await listening();
  const anyone = overHttp(url);
  const signedIn = await anyone.call("POST", "/api/sync/auth", { ...SECRETS, api_key: apiKey });
  const token = textOf(signedIn, "token");
  const caller = anyone.as(token);
  const device_id = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "Ada's desk", platform: "linux" }), "id");
  await caller.call("POST", "/api/sync/push", { device_id, changes: [entry("row-1"), entry("row-2")] });
  await caller.call("POST", "/api/sync/pull", { device_id, cursor: 1 });
  await caller.call("DELETE", `/api/sync/devices/${device_id}`);
  await anyone.call("GET", "/no/such/page");

  const reply = await fetch(`${url}/metrics`);
  const text = await reply.text();

  expect(reply.headers.get("content-type")).toContain("text/plain");
  expect(text).toContain("synckit_changes_pushed_total 2\n");
  expect(text).toContain("synckit_changes_pulled_total 1\n");
  expect(text).toContain("synckit_notice_streams 0\n");
  expect(text).toContain('synckit_http_requests_total{method="POST",route="/api/sync/push",status="200"} 1\n');
  expect(text).toContain('synckit_http_requests_total{method="DELETE",route="/api/sync/devices/:id",status="200"} 1\n');
  expect(text).toContain('synckit_http_requests_total{method="GET",route="none",status="404"} 1\n');
  expect(text).toContain('synckit_http_request_duration_seconds_count{route="/api/sync/pull"} 1\n');
  for (const hidden of [device_id, token, apiKey, textOf(signedIn, "user_id"), "Ada", "row-", "such"]) expect(text).not.toContain(hidden);
});

test("metrics are for this machine, or for whoever has the token", async () => {
  const get = async (url: string, headers: Record<string, string> = {}) => (await fetch(`${url}/metrics`, { headers })).status;
  const open = await listening();
  expect(await get(open)).toBe(200);
  expect(await get(open, { "X-Forwarded-For": "203.0.113.7" })).toBe(403);
  expect(await get(await listening({ publicUrl: "https://sync.example.com" }))).toBe(403);
  expect(await get(await listening({ trustedProxies: ["127.0.0.1"] }))).toBe(403);

  const guarded = await listening({ metricsToken: "tell me", publicUrl: "https://sync.example.com" });
  expect(await get(guarded)).toBe(401);
  expect(await get(guarded, { Authorization: "Bearer tell-me" })).toBe(401);
  expect(await get(await listening({ metricsToken: "tell-me" }), { Authorization: "Bearer tell-me" })).toBe(200);
  expect((await inProcess(serverWith()).call("GET", "/metrics")).status).toBe(404);
});

test("a log line names the endpoint and the request, and nothing that was in it", async () => {
  const records: LogRecord[] = [];
  const anyone = inProcess(serverWith({ logger: (record) => void records.push(record) }));
  const caller = anyone.as(textOf(await anyone.call("POST", "/api/sync/auth", { ...SECRETS, api_key: apiKey }), "token"));
  const device_id = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "Ada's desk", platform: "linux" }), "id");
  const { headers } = await caller.call("POST", "/api/sync/push", { device_id, changes: [entry("row-1")] });
  await caller.call("DELETE", `/api/sync/devices/${device_id}`);

  expect(records.map(({ path }) => path)).toEqual(["/api/sync/auth", "/api/sync/devices", "/api/sync/push", "/api/sync/devices/:id"]);
  expect(records[2]?.id).toBe(headers.get("x-request-id"));
  for (const hidden of [device_id, SECRETS.email, SECRETS.password, apiKey, "row-1", "Ada"])
    expect(JSON.stringify(records)).not.toContain(hidden);
});
