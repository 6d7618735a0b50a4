/** What one client can take of a server: connections, time, headers, attempts. */
import { createApp, createServer, createUser, openSqliteStorage, type Listening, type RateLimits, type Storage } from "@synckit-gen/server";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inProcess, textOf } from "./server-client.ts";

let storage: Storage;
let cleanUps: (() => unknown)[] = [];

beforeEach(() => {
  storage = openSqliteStorage(":memory:");
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  await storage.close();
});

describe("on a socket", () => {
  async function listenWith(limits: object): Promise<Listening> {
    const listening = await createServer({ storage, rateLimits: null }).listen({ limits });
    cleanUps.push(() => listening.close());
    return listening;
  }
  async function open({ url }: Listening): Promise<Socket> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    // First, since the server closes once its clients are gone.
    cleanUps.unshift(() => socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  }

  test("a client that never ends its headers is answered 408 and closed, and others are served meanwhile", async () => {
    const listening = await listenWith({ headersMs: 300 });
    const slow = await open(listening);
    slow.write("GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    expect((await fetch(`${listening.url}/health`)).status).toBe(200);

    expect(await text(slow)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a client that goes silent in its body is closed", async () => {
    const listening = await listenWith({ idleMs: 300 });
    const silent = await open(listening);
    silent.write("POST /api/sync/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{");

    expect(await text(silent)).not.toContain(" 200 ");
    expect((await fetch(`${listening.url}/health`)).status).toBe(200);
  });

  test("connections past the limit are closed at once, and there is room again when one goes", async () => {
    const listening = await listenWith({ maxConnections: 2 });
    const [first] = [await open(listening), await open(listening)];
    const third = await open(listening);
    expect(await text(third)).toBe("");

    first.destroy();
    await expect.poll(async () => (await fetch(`${listening.url}/health`)).status).toBe(200);
  });

  test("headers past 16 KiB are refused", async () => {
    const listening = await listenWith({});

    expect((await fetch(`${listening.url}/health`, { headers: { "x-large": "x".repeat(17 * 1024) } })).status).toBe(431);
  });
});

describe("attempts", () => {
  const NONE = { burst: 1e6, perSecond: 1e6 };
  const UNLIMITED: RateLimits = { auth: NONE, guesses: NONE, token: NONE, api: NONE, account: NONE };
  let nowMs = Date.UTC(2026, 0, 1);
  const serverWith = (limits: Partial<RateLimits>) =>
    inProcess(createServer({ storage, clock: () => nowMs, rateLimits: { ...UNLIMITED, ...limits } }));

  test("of one email are limited, whether it is known or not, from however many addresses", async () => {
    const { apiKey } = await createApp(storage, "app");
    await createUser(storage, "ada@example.com", "correct horse");
    const server = serverWith({ guesses: { burst: 2, perSecond: 0.1 } });
    const attempt = (email: string, password: string) => server.call("POST", "/api/sync/auth", { email, password, api_key: apiKey });

    for (const email of ["ada@example.com", "nobody@example.com"]) {
      for (let i = 0; i < 2; i++) expect((await attempt(email, "wrong horse")).status).toBe(401);
      // Letter case and spaces make no other email of it.
      const refused = await attempt(` ${email.toUpperCase()}`, "correct horse");
      expect(refused).toMatchObject({ status: 429, body: { error: "too many requests" } });
      expect(refused.headers.get("retry-after")).toBe("10");
    }
    nowMs += 10_000;
    expect((await attempt("ada@example.com", "correct horse")).status).toBe(200);
  });

  test("of one account are limited together, and of another not", async () => {
    const { apiKey } = await createApp(storage, "app");
    const server = serverWith({ account: { burst: 2, perSecond: 1 } });
    const callers = [];
    for (const email of ["ada@example.com", "grace@example.com"]) {
      await createUser(storage, email, "correct horse");
      const answer = await server.call("POST", "/api/sync/auth", { email, password: "correct horse", api_key: apiKey });
      callers.push(server.as(textOf(answer, "token")));
    }
    const [ada, grace] = callers;
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push(await ada?.call("GET", "/api/v1/sync/status"));

    expect(
      statuses.map((answer) => [answer?.status, answer?.headers.get("x-ratelimit-limit"), answer?.headers.get("x-ratelimit-remaining")]),
    ).toEqual([
      [200, "2", "1"],
      [200, "2", "0"],
      [429, "2", "0"],
    ]);
    expect((await grace?.call("GET", "/api/sync/status"))?.status).toBe(200);
  });

  test("to exchange a code are limited", async () => {
    const server = serverWith({ token: { burst: 1, perSecond: 0.5 } });
    expect((await server.call("POST", "/oauth/token", {})).status).toBe(400);

    const refused = await server.call("POST", "/oauth/token", {});
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
  });

  test("behind a trusted proxy are counted for each client, and without trust for the proxy", async () => {
    const limits: RateLimits = { ...UNLIMITED, auth: { burst: 1, perSecond: 0.1 } };
    for (const trustedProxies of [["127.0.0.1"], []]) {
      const listening = await createServer({ storage, rateLimits: limits, trustedProxies }).listen();
      cleanUps.push(() => listening.close());
      const attempt = async (client: string): Promise<number> =>
        (await fetch(`${listening.url}/api/sync/auth`, { method: "POST", body: "{}", headers: { "x-forwarded-for": client } })).status;

      expect(await attempt("198.51.100.1")).toBe(422);
      expect(await attempt("198.51.100.1")).toBe(429);
      expect(await attempt("198.51.100.2")).toBe(trustedProxies.length === 0 ? 429 : 422);
    }
  });
});
