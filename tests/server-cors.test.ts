/** Apps in browsers, on pages of other origins: what they are allowed, header by header, and in a real Chromium. */
import { createServer, openSqliteStorage } from "@synckit-gen/server";
import { build } from "esbuild";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { chromiumHint, chromiumPath, launchChromium } from "./support/chromium.ts";
import { startServer } from "./support/start-server.ts";

const ORIGIN = "https://app.example.com";
const OTHER = "https://evil.example.com";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function start(corsOrigins: readonly string[] = [ORIGIN]) {
  const server = await startServer({ corsOrigins });
  ends.push(() => server.close());
  return server;
}

const preflight = (url: string, origin: string): Promise<Response> =>
  fetch(url, {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type" },
  });
const allowed = (reply: Response): string | null => reply.headers.get("access-control-allow-origin");

describe("a page of an origin that was named", () => {
  test("may send what the client sends, to all that a client calls, and to no page for people", async () => {
    const { url } = await start();
    for (const path of ["/api/sync/push", "/api/v1/sync/subscribe", "/oauth/token", "/.well-known/oauth-authorization-server"]) {
      const reply = await preflight(url + path, ORIGIN);
      expect([path, reply.status, allowed(reply)]).toEqual([path, 204, ORIGIN]);
      expect(reply.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
      expect(reply.headers.get("access-control-allow-methods")).toContain("PUT");
      expect(reply.headers.get("access-control-allow-credentials")).toBeNull();
    }
    for (const path of ["/oauth/authorize", "/oauth/sign-in", "/oauth/consent"])
      expect(allowed(await preflight(url + path, ORIGIN))).toBeNull();
  });

  test("reads refusals as well, and the headers that the client goes by", async () => {
    const { url } = await start();
    for (const path of ["/api/sync/devices", "/api/sync/nowhere"]) {
      const reply = await fetch(url + path, { headers: { Origin: ORIGIN } });
      expect([path, reply.ok, allowed(reply)]).toEqual([path, false, ORIGIN]);
      const exposed = reply.headers.get("access-control-expose-headers")?.split(",") ?? [];
      expect(exposed).toEqual(expect.arrayContaining(["Date", "Retry-After", "X-RateLimit-Remaining"]));
      expect(reply.headers.get("vary")).toContain("Origin");
    }
  });

  test("reads that it was too fast, and for how long", async () => {
    const storage = openSqliteStorage(":memory:");
    ends.push(() => storage.close());
    const limit = { burst: 1, perSecond: 1 };
    const rateLimits = { auth: limit, guesses: limit, token: limit, api: limit, account: limit };
    const server = createServer({ storage, corsOrigins: [ORIGIN], rateLimits });
    const ask = () => server.fetch(new Request("http://x/api/sync/devices", { headers: { Origin: ORIGIN } }));
    await ask();
    const reply = await ask();

    expect([reply.status, allowed(reply), reply.headers.get("retry-after")]).toEqual([429, ORIGIN, "1"]);
    expect((await server.fetch(new Request("http://x/api/sync/push", { method: "OPTIONS", headers: { Origin: ORIGIN } }))).status).toBe(
      204,
    );
  });
});

test("a page of another origin may read nothing, and without named origins nobody may", async () => {
  const { url } = await start();
  expect(allowed(await preflight(`${url}/api/sync/push`, OTHER))).toBeNull();
  expect(allowed(await fetch(`${url}/api/sync/devices`, { headers: { Origin: OTHER } }))).toBeNull();
  const closed = await start([]);
  expect((await preflight(`${closed.url}/api/sync/push`, ORIGIN)).status).toBe(404);
  expect(allowed(await fetch(`${closed.url}/api/sync/devices`, { headers: { Origin: ORIGIN } }))).toBeNull();
});

test.each([
  "https://app.example.com/",
  "https://app.example.com/x",
  "app.example.com",
  "*",
  "null",
  "https://*.example.com",
  "HTTPS://A.B",
])("%s is no origin", async (origin) => {
  const storage = openSqliteStorage(":memory:");
  ends.push(() => storage.close());
  expect(() => createServer({ storage, corsOrigins: [origin] })).toThrow(/is not an origin/);
});
test.each(["http://localhost:5173", "tauri://localhost", "http://[::1]:8080"])("%s is one", async (origin) => {
  const storage = openSqliteStorage(":memory:");
  ends.push(() => storage.close());
  expect(() => createServer({ storage, corsOrigins: [origin] })).not.toThrow();
});

test.runIf(chromiumPath !== null)(
  `Chromium: the client on a page of another origin signs in, pushes, pulls, moves a file, hears of others and knows the server's time${chromiumHint}`,
  async () => {
    const bundle = await build({
      stdin: {
        contents: `export { SyncKitClient } from "@synckit-gen/runtime";`,
        resolveDir: resolve(import.meta.dirname, ".."),
      },
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      conditions: ["synckit-source"],
      logLevel: "silent",
    });
    const page = createHttpServer((request, response) => {
      const isScript = request.url === "/client.js";
      response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? bundle.outputFiles[0]?.contents : "<!doctype html><title>app</title>");
    });
    page.listen(0, "127.0.0.1");
    await once(page, "listening");
    ends.push(() => page.close());
    // Another host name, so another site too, not only another port.
    const origin = `http://localhost:${(page.address() as AddressInfo).port}`;
    const server = await start([origin]);
    const browser = await launchChromium();
    ends.push(() => browser.close());
    const opened = await (await browser.newContext()).newPage();
    await opened.goto(`http://127.0.0.1:${(page.address() as AddressInfo).port}/`);
    const run = `(async () => {
      const { SyncKitClient } = await import("/client.js");
      const client = new SyncKitClient(${JSON.stringify({ serverUrl: server.url, apiKey: server.apiKey })});
      await client.authenticate(${JSON.stringify(server.email)}, ${JSON.stringify(server.password)});
      await client.setupEncryptionNew("row password");
      const { id } = await client.registerDevice("Page", "web");
      await client.push(id, [{ table: "t", op: "INSERT", rowId: "r", timestamp: "2026-11-23T09:00:00.000000Z", data: { id: "r" } }]);
      const { changes } = await client.pull(id, 0);
      const file = new TextEncoder().encode("kick drum");
      const hash = Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", file)), (b) => b.toString(16).padStart(2, "0")).join("");
      await client.blobUpload((await client.blobUploadUrl(hash, file.length)).url, file);
      await client.blobConfirm(hash, file.length);
      const back = await client.blobDownload(await client.blobDownloadUrl(hash), hash);
      const { id: other } = await client.registerDevice("Other", "web");
      const heard = [];
      for await (const notice of client.subscribeNotifications(id)) {
        if (notice !== "changed") continue;
        const { changes: news, cursor } = await client.pull(id, heard.at(-1)?.cursor ?? 0);
        heard.push({ cursor, rows: news.map(({ rowId }) => rowId) });
        if (heard.length === 2) break;
        await client.push(other, [{ table: "t", op: "INSERT", rowId: "of another", timestamp: "2026-11-23T09:00:01.000000Z", data: { id: "x" } }]);
      }
      return { data: changes[0].data, file: new TextDecoder().decode(back), offset: client.clockOffsetMs(), heard: heard.map(({ rows }) => rows) };
    })()`;
    const refused = await opened.evaluate<string>(`${run}.then(() => "done", (error) => error.code)`);
    await opened.goto(origin);
    const report = await opened.evaluate<{ readonly offset: number | null }>(run);

    expect(refused).toBe("network/offline");
    expect(report).toMatchObject({ data: { id: "r" }, file: "kick drum", heard: [["r"], ["of another"]] });
    expect(report.offset).not.toBeNull();
  },
);
