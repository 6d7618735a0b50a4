/** The server on a socket: parallel devices, large and broken bodies, and a stop in the middle of work. */
import { createServer, openSqliteStorage, startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { entry, overHttp, textOf, type Caller } from "./server-client.ts";

let server: EmbeddedServer;
let caller: Caller;
let token: string;

beforeEach(async () => {
  server = await startEmbeddedServer();
  const { email, password, apiKey, url } = server;
  token = textOf(await overHttp(url).call("POST", "/api/sync/auth", { email, password, api_key: apiKey, key: "default" }), "token");
  caller = overHttp(url).as(token);
});
afterEach(() => server.close());

const register = async (device_name: string): Promise<string> =>
  textOf(await caller.call("POST", "/api/sync/devices", { device_name, platform: "linux" }), "id");

interface Pulled {
  readonly seq: number;
  readonly row_id: string;
  readonly device_id: string;
}

test("H29: devices that push together get numbers without gaps, and a device that pulls meanwhile misses none", async () => {
  const DEVICES = 8;
  const BATCHES = 15;
  const SIZE = 20;
  const ids = await Promise.all(Array.from({ length: DEVICES }, (_, i) => register(`device ${i}`)));
  const reader = await register("reader");
  let isPushing = true;

  const push = async (device_id: string, device: number): Promise<readonly number[]> => {
    const cursors: number[] = [];
    for (let batch = 0; batch < BATCHES; batch++) {
      const changes = Array.from({ length: SIZE }, (_, i) => entry(`${device}-${batch}-${i}`));
      cursors.push(Number((await caller.call("POST", "/api/sync/push", { device_id, changes })).body["cursor"]));
    }
    return cursors;
  };
  const poll = async (): Promise<readonly Pulled[]> => {
    const seen: Pulled[] = [];
    let cursor = 0;
    // One more round after the last push, for what came between the last look and the end.
    for (let isLast = false; ;) {
      const page = (await caller.call("POST", "/api/sync/pull", { device_id: reader, cursor })).body;
      seen.push(...(page["changes"] as readonly Pulled[]));
      cursor = Number(page["cursor"]);
      if (page["has_more"] === true) continue;
      if (isLast) return seen;
      isLast = !isPushing;
    }
  };

  const polling = poll();
  const cursors = (await Promise.all(ids.map(push))).flat();
  isPushing = false;
  const seen = await polling;

  const total = DEVICES * BATCHES * SIZE;
  expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  expect(new Set(seen.map(({ row_id }) => row_id)).size).toBe(total);
  expect(cursors.toSorted((a, b) => a - b)).toEqual(Array.from({ length: DEVICES * BATCHES }, (_, i) => (i + 1) * SIZE));
  // A batch is one block: nothing of another device lies between its entries.
  for (const [device, id] of ids.entries())
    for (let batch = 0; batch < BATCHES; batch++) {
      const block = seen.filter(({ row_id }) => row_id.startsWith(`${device}-${batch}-`));
      expect(block.map(({ seq, row_id, device_id }) => [seq - (block[0]?.seq ?? 0), row_id, device_id])).toEqual(
        Array.from({ length: SIZE }, (_, i) => [i, `${device}-${batch}-${i}`, id]),
      );
    }
});

test("a body that is too large is refused, declared or not, and the connection goes on", async () => {
  const big = "x".repeat(16 * 1024 * 1024 + 1);
  const chunks = function* (): Generator<Uint8Array> {
    for (let sent = 0; sent <= 16; sent++) yield new Uint8Array(1024 * 1024).fill(0x20);
  };
  const headers = { Authorization: `Bearer ${token}` };

  expect((await fetch(`${server.url}/api/sync/push`, { method: "POST", headers, body: big })).status).toBe(413);
  const streamed = { method: "POST", headers, body: ReadableStream.from(chunks()), duplex: "half" } as const;
  expect((await fetch(`${server.url}/api/sync/push`, streamed)).status).toBe(413);
  expect((await caller.call("GET", "/api/sync/status")).status).toBe(200);
});

test("a body without a declared length is read", async () => {
  const device_id = await register("chunked");
  const body = ReadableStream.from([Buffer.from(`{"device_id":"${device_id}",`), Buffer.from('"changes":[]}')]);
  const response = await fetch(`${server.url}/api/sync/push`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body,
    duplex: "half",
  });

  expect(response.status).toBe(200);
});

test("a caller that hangs up in the middle of its body stores nothing and harms nobody", async () => {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`POST /api/sync/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 5000\r\n\r\n{"device_id"`);
  await caller.call("GET", "/api/sync/status");
  socket.destroy();

  expect((await caller.call("GET", "/api/sync/status")).body).toEqual({ total_changes: 0, latest_cursor: 0 });
});

test("a request under way is answered before the server has stopped, and none is taken after", async () => {
  const device_id = await register("slow");
  const body = JSON.stringify({ device_id, changes: [entry("late")] });
  const slow = httpRequest(`${server.url}/api/sync/push`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Length": Buffer.byteLength(body), Expect: "100-continue" },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    slow.once("response", (response) => resolve(response.resume().statusCode));
    slow.once("error", reject);
  });
  await new Promise((resolve) => slow.once("continue", resolve)); // the server has its headers
  slow.write(body.slice(0, 10));

  const closing = server.close();
  slow.end(body.slice(10));

  expect(await answered).toBe(200);
  await closing;
  await expect(fetch(`${server.url}/health`)).rejects.toThrow("fetch failed");
});

test("closing twice is closing once", async () => {
  const storage = openSqliteStorage(":memory:");
  const listening = await createServer({ storage, secret: new Uint8Array(32) }).listen();

  await Promise.all([listening.close(), listening.close()]);
  await listening.close();
  await storage.close();
});

test("a port in use is refused with Node's own code", async () => {
  const storage = openSqliteStorage(":memory:");
  const port = Number(new URL(server.url).port);

  await expect(createServer({ storage, secret: new Uint8Array(32) }).listen({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await storage.close();
});

test("a server listens on loopback, and IPv6 addresses are written as a URL needs them", async () => {
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const storage = openSqliteStorage(":memory:");
  const listening = await createServer({ storage, secret: new Uint8Array(32) })
    .listen({ host: "::1" })
    .catch(() => null);
  if (listening !== null) {
    expect(listening.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${listening.url}/health`)).status).toBe(200);
    await listening.close();
  }
  await storage.close();
});

test("an embedded server with a file leaves its data there", async () => {
  const directory = mkdtempSync(join(tmpdir(), "synckit-embedded-"));
  const path = join(directory, "server.db");
  const embedded = await startEmbeddedServer({ path, appName: "Demo", email: "Ada@Example.com", password: "correct horse" });
  expect(embedded).toMatchObject({ email: "ada@example.com", password: "correct horse" });
  await embedded.close();

  expect(existsSync(`${path}-wal`)).toBe(false);
  const bytes = readFileSync(path).toString("latin1");
  expect(bytes).toContain("ada@example.com");
  expect(bytes).not.toContain(embedded.apiKey);
  expect(bytes).not.toContain("correct horse");
  rmSync(directory, { recursive: true });
});

test("a connection on which nothing was asked holds up no stop", async () => {
  const other = await startEmbeddedServer();
  const { port } = new URL(other.url);
  const socket = connect(Number(port), "127.0.0.1");
  const ended = new Promise((resolve) => void socket.once("close", resolve));
  // Neither does the server cut it off when its patience ends: that would take ten seconds, and here does not happen.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  // Answered after the server has taken the connection above.
  await overHttp(other.url).call("GET", "/health");

  await Promise.all([other.close(), ended]);
}, 60_000); // less than the 75 seconds after which an idle connection is closed
