/** Whatever comes to the sign-in pages and the token endpoint: an answer, no failure of our own, and nobody sent where they must not go. */
import { createApp, createServer, openSqliteStorage, type LogRecord, type Storage, type SyncServer } from "@synckit-gen/server";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FormBrowser, type FormPage } from "./support/form-browser.ts";

const ORIGIN = "http://in-process";
const REDIRECT = "http://127.0.0.1:8765/callback";
const CHALLENGE = "c".repeat(43);

let storage: Storage;
let server: SyncServer;
let apiKey: string;
const failures: LogRecord[] = [];

beforeAll(async () => {
  storage = openSqliteStorage(":memory:");
  server = createServer({
    storage,
    secret: new Uint8Array(32),
    rateLimits: null,
    logger: (record) => void (record.kind === "failure" && failures.push(record)),
  });
  ({ apiKey } = await createApp(storage, "app"));
});
afterEach(() => {
  expect(failures).toEqual([]);
});
afterAll(() => storage.close());

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.webUrl(),
  fc.constantFrom("", "\0", "\ud800", "\r\nSet-Cookie: x=y", '"><script>alert(1)</script>', "a".repeat(5000), "%00", "javascript:alert(1)"),
);

const good = (): Readonly<Record<string, string>> => ({
  response_type: "code",
  client_id: apiKey,
  redirect_uri: REDIRECT,
  state: "state",
  code_challenge: CHALLENGE,
  code_challenge_method: "S256",
});
const urlOf = (path: string, members: Readonly<Record<string, string>>): URL => {
  const url = new URL(path, ORIGIN);
  for (const [name, value] of Object.entries(members)) url.searchParams.append(name, value);
  return url;
};

/** A page of ours, or a redirect to this server or to a program on the user's computer. */
async function expectPage(response: Response): Promise<void> {
  expect([200, 303, 400, 403, 413, 422]).toContain(response.status);
  const text = await response.text();
  if (response.status === 303) {
    const location = response.headers.get("location") ?? "";
    expect(["127.0.0.1", "localhost", "[::1]", "in-process"]).toContain(new URL(location, ORIGIN).hostname);
  } else {
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(text).toMatch(/^<!doctype html>/);
    expect(text).not.toContain("<script");
  }
}

const PAGES = ["/oauth/authorize", "/oauth/sign-in", "/oauth/consent", "/oauth/sign-out"];

test("any member of the query in place of a good one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PAGES), fc.constantFrom(...Object.keys(good())), anyText, async (path, name, value) =>
      expectPage(await server.fetch(new Request(urlOf(path, { ...good(), [name]: value }), { redirect: "manual" }))),
    ),
    { numRuns: 500 },
  );
});

test("any return address, loopback or nearly so", async () => {
  const host = fc.constantFrom(
    "127.0.0.1",
    "localhost",
    "[::1]",
    "127.0.0.1.example.com",
    "localhost@evil.example.com",
    "evil.example.com",
    "0",
  );
  const uri = fc
    .tuple(fc.constantFrom("http://", "https://", "//", "http:\\\\", "ftp://", ""), host, anyText)
    .map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(uri, fc.constantFrom("S256", "plain"), async (redirect_uri, code_challenge_method) =>
      expectPage(await server.fetch(new Request(urlOf("/oauth/authorize", { ...good(), redirect_uri, code_challenge_method })))),
    ),
    { numRuns: 500 },
  );
});

test("any query at all", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PAGES), fc.webQueryParameters(), async (path, query) =>
      expectPage(await server.fetch(new Request(`${ORIGIN}${path}?${query}`))),
    ),
    { numRuns: 300 },
  );
});

test("any bytes as a form, of any type, with any cookie", async () => {
  const type = fc.constantFrom(
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
  );
  const cookie = fc.string({ unit: "grapheme-ascii", maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PAGES.slice(1)),
      fc.uint8Array({ maxLength: 300 }),
      type,
      cookie,
      async (path, body, contentType, jar) => {
        const headers = { "content-type": contentType, cookie: `synckit-browser=${jar}; synckit-sign-in=${jar}` };
        await expectPage(await server.fetch(new Request(urlOf(path, good()), { method: "POST", body, headers })));
      },
    ),
    { numRuns: 300 },
  );
});

test("any values in a form of this browser", async () => {
  const browser = new FormBrowser((request) => server.fetch(request));
  const page: FormPage = await browser.open(urlOf("/oauth/authorize", good()));
  // No address among the emails: each of those costs a password hash, and says nothing new.
  const noEmail = anyText.filter((text) => !text.includes("@"));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(anyText, anyText, { maxKeys: 3 }), noEmail, anyText, async (more, email, password) => {
      const { status, text } = await browser.send(page, { ...more, email, password });
      expect([403, 422]).toContain(status);
      expect(text).not.toContain("<script");
    }),
    { numRuns: 200 },
  );
});

test("any form, JSON or bytes at the token endpoint", async () => {
  const member = fc.constantFrom("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "key");
  const request = fc.dictionary(member, fc.oneof(anyText, fc.jsonValue(), fc.constantFrom("authorization_code", "v".repeat(43), REDIRECT)));
  const bodies = fc.oneof(
    request.map((body) => ({ type: "application/json", body: JSON.stringify(body) })),
    request.map((body) => ({
      type: "application/x-www-form-urlencoded; charset=utf-8",
      body: new URLSearchParams(
        Object.entries(body).map(([name, value]): [string, string] => [name, typeof value === "string" ? value : JSON.stringify(value)]),
      ).toString(),
    })),
    fc.jsonValue().map((body) => ({ type: "application/json", body: JSON.stringify(body) })),
    fc.uint8Array({ maxLength: 200 }).map((body) => ({ type: "application/x-www-form-urlencoded", body })),
    fc.uint8Array({ maxLength: 200 }).map((body) => ({ type: "x/y", body })),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async ({ type, body }) => {
      const response = await server.fetch(
        new Request(`${ORIGIN}/oauth/token`, { method: "POST", body, headers: { "content-type": type } }),
      );
      expect(response.status).toBe(400);
      expect(Object.keys((await response.json()) as object)).toEqual(["error", "error_description"]);
    }),
    { numRuns: 500 },
  );
});
