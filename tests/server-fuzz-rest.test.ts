/** Whatever comes with a session, a signed address or a signed-in browser: paths, queries, headers and forms that are not what they are to be. */
import { codec } from "@synckit-gen/schemas/protocol";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { inProcess, textOf } from "./server-client.ts";
import { FormBrowser } from "./support/form-browser.ts";
import { EMAIL, type FuzzedServer, PASSWORD, startFuzzedServer } from "./support/fuzzed-server.ts";

const ORIGIN = "http://in-process";
const OPERATOR_TOKEN = "a token that nobody guesses";
const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] as const;
const PATHS = [
  ...Object.values(codec.endpoints)
    .filter(({ path }) => path !== codec.endpoints.endSessions.path)
    .map(({ path }) => `/api/sync${path}`),
  "/account",
  "/admin",
  "/admin/devices",
  "/oauth/userinfo",
  "/health",
  "/ready",
  "/metrics",
  "/blobs/",
];

let fuzzed: FuzzedServer;
let server: FuzzedServer["server"];

beforeAll(async () => {
  fuzzed = await startFuzzedServer({
    operatorToken: OPERATOR_TOKEN,
    metricsToken: OPERATOR_TOKEN,
    corsOrigins: ["https://app.example.com"],
    trustedProxies: ["127.0.0.0/8"],
  });
  ({ server } = fuzzed);
});
afterEach(() => {
  expect(fuzzed.failures.splice(0)).toEqual([]);
});
afterAll(() => fuzzed.close());

const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.uuid(),
  fc.maxSafeInteger().map(String),
  fc.double().map(String),
  fc.constantFrom(
    "",
    "\0",
    "\ud800",
    "..",
    "../..",
    "%",
    "%zz",
    "%00",
    "%ff",
    "%2e%2e%2f",
    "//",
    "a".repeat(5000),
    "constructor",
    "__proto__",
    "-1",
    "1e9",
    "NaN",
  ),
);
/** What a header can hold. */
const headerText = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCodePoint(code)), maxLength: 60 }),
  fc.constantFrom(
    "bytes=0-",
    "bytes=-0",
    "bytes=5-2",
    "bytes=99999999999999999999-",
    "bytes=0-0,2-3",
    "gzip",
    "null",
    "*",
    "https://app.example.com",
    "application/json; charset=utf-16",
    "::1",
    "1.2.3.4, x, ,",
    "[::1]:80",
    '"',
    "=",
    ";;;",
    "Bearer",
    "same-origin",
    "cross-site",
  ),
);
const HEADERS = [
  "range",
  "x-forwarded-for",
  "x-forwarded-proto",
  "host",
  "origin",
  "accept",
  "accept-language",
  "content-type",
  "content-encoding",
  "cookie",
  "if-none-match",
  "if-range",
  "sec-fetch-site",
  "access-control-request-method",
  "access-control-request-headers",
  "expect",
  "transfer-encoding",
  "content-length",
  "x-request-id",
  "last-event-id",
];
const headers = fc.dictionary(fc.constantFrom(...HEADERS), headerText, { maxKeys: 3 });

function request(url: string, init: RequestInit): Request | null {
  try {
    return new Request(url, { redirect: "manual", ...init });
  } catch {
    return null; // no client could send it
  }
}
const ANSWERS = [200, 204, 206, 303, 400, 401, 403, 404, 405, 409, 413, 415, 416, 422];

test("any path below an endpoint, any query, any headers", async () => {
  const path = fc.tuple(
    fc.constantFrom(...PATHS),
    fc.oneof(
      fc.constant(""),
      odd.map((text) => `/${text}`),
      odd.map((text) => `/${encodeURIComponent(text.toWellFormed())}`),
    ),
    fc.oneof(
      fc.constant(""),
      fc.webQueryParameters().map((q) => `?${q}`),
      fc
        .tuple(fc.constantFrom("app_id", "device_id", "page", "app", "user", "cursor", "form"), odd)
        .map(([name, value]) => `?${name}=${encodeURIComponent(value.toWellFormed())}`),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...METHODS),
      path,
      headers,
      fc.option(fc.string({ unit: "binary" })),
      async (method, [start, more, query], given, body) => {
        const made = request(`${ORIGIN}${start}${more}${query}`, {
          method,
          headers: { Authorization: `Bearer ${fuzzed.token}`, ...given },
          body: method === "GET" || method === "HEAD" ? null : body,
        });
        fc.pre(made !== null);
        const response = await server.fetch(made);
        await response.body?.cancel();
        expect(fuzzed.failures).toEqual([]);
        expect(ANSWERS).toContain(response.status);
      },
    ),
    { numRuns: 1000 },
  );
});

test("any range of a file, and any change of its signed address", async () => {
  const caller = inProcess(server).as(fuzzed.token);
  const content = new Uint8Array(1000).fill(7);
  const hash = "ab".repeat(32);
  const put = textOf(await caller.call("POST", "/api/sync/blobs/upload", { hash, size_bytes: content.length }), "upload_url");
  expect((await server.fetch(new Request(put, { method: "PUT", body: content }))).status).toBe(200);
  expect((await caller.call("POST", "/api/sync/blobs/confirm", { hash, size_bytes: content.length })).status).toBe(200);
  const get = textOf(await caller.call("POST", "/api/sync/blobs/download", { hash }), "download_url");

  const number = fc.oneof(fc.nat(1200).map(String), fc.constantFrom("", "0", "999", "1000", "-5", "1e2", "00", "99999999999999999999"));
  const range = fc.oneof(
    fc.tuple(number, number).map(([from, to]) => `bytes=${from}-${to}`),
    headerText,
  );
  await fc.assert(
    fc.asyncProperty(range, fc.constantFrom("GET", "HEAD"), async (value, method) => {
      const response = await server.fetch(new Request(get, { method, headers: { range: value } }));
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect([200, 206, 416]).toContain(response.status);
      if (response.status === 416 || method === "HEAD") return;
      expect(bytes.length).toBe(Number(response.headers.get("content-length")));
      if (response.status === 200) expect(bytes.length).toBe(1000);
    }),
    { numRuns: 500 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(get, put),
      fc.nat(400),
      fc.nat(3),
      odd,
      fc.constantFrom("GET", "PUT"),
      async (url, place, removed, text, method) => {
        const at = ORIGIN.length + (place % (url.length - ORIGIN.length));
        const changed = url.slice(0, at) + text + url.slice(at + removed);
        const made = request(changed, { method, body: method === "PUT" ? content.slice(0, 10) : null });
        fc.pre(made !== null && made.url !== new URL(url).href);
        const response = await server.fetch(made);
        await response.body?.cancel();
        expect(fuzzed.failures).toEqual([]);
        // Only what is said twice, or in other letters, may still be the same grant.
        if (response.status === 200) expect(new URL(made.url).pathname, made.url).toBe(new URL(url).pathname);
        else expect([400, 403, 404, 405]).toContain(response.status);
      },
    ),
    { numRuns: 500 },
  );
  expect(Buffer.from(await (await server.fetch(new Request(get))).arrayBuffer()).equals(content)).toBe(true);
});

test("any values in the forms of somebody who is signed in, and in the addresses of the operator's pages", async () => {
  const person = new FormBrowser((each) => server.fetch(each));
  const account = await person.send(await person.open(`${ORIGIN}/account`), { email: EMAIL, password: PASSWORD });
  const operator = new FormBrowser((each) => server.fetch(each));
  expect((await operator.send(await operator.open(`${ORIGIN}/admin`), { token: OPERATOR_TOKEN })).status).toBe(200);
  const places = account.forms.flatMap(({ action }, place) => (/remove-device|password|delete/.test(action) ? [place] : []));
  expect(places.length).toBeGreaterThan(1);
  const member = fc.constantFrom(
    "device",
    "id",
    "app",
    "password",
    "current",
    "new_password",
    "email",
    "form_token",
    "confirm",
    "device_id",
    "app_id",
  );

  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), fc.dictionary(member, odd, { maxKeys: 4 }), async (place, members) => {
      const { status, text } = await person.send(account, members, place);
      expect([200, 403, 422]).toContain(status);
      expect(text).not.toContain("<script");
    }),
    { numRuns: 20 }, // each new password costs a hash
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("", "/devices"),
      fc.dictionary(fc.constantFrom("page", "app", "user"), odd, { maxKeys: 3 }),
      async (path, query) => {
        const { status, text } = await operator.open(`${ORIGIN}/admin${path}?${new URLSearchParams(query).toString()}`);
        expect([200, 404, 422]).toContain(status);
        expect(text).not.toContain("<script");
      },
    ),
    { numRuns: 300 },
  );
});
