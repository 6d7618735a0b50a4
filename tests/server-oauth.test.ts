/** Signing in by browser: the authorization code flow as an app, a person, a standard client and an attacker meet it. */
import {
  createApp,
  createServer,
  createUser,
  endSessions,
  openSqliteStorage,
  startEmbeddedServer,
  type LogRecord,
  type Storage,
  type SyncServer,
} from "@synckit-gen/server";
import { createHash } from "node:crypto";
import * as oauth from "openid-client";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { inProcess, type Answer, type Caller } from "./server-client.ts";
import { FormBrowser, type FormPage } from "./support/form-browser.ts";

const ORIGIN = "http://in-process";
const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const REDIRECT = "http://127.0.0.1:8765/callback";

let storage: Storage;
let server: SyncServer;
let caller: Caller;
let browser: FormBrowser;
let apiKey: string;
let appId: string;
let nowMs: number;
let log: LogRecord[];
let passwordHash: string;
/** What Ada's browser keeps after a first sign-in: most tests begin where she is signed in, without another password hash. */
let signedInCookies: FormBrowser["cookies"] | null = null;

beforeAll(async () => {
  const elsewhere = openSqliteStorage(":memory:");
  await createUser(elsewhere, EMAIL, PASSWORD);
  passwordHash = (await elsewhere.findUserByEmail(EMAIL))?.passwordHash ?? "";
  await elsewhere.close();
});

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1);
  log = [];
  storage = openSqliteStorage(":memory:");
  const secret = new Uint8Array(32).fill(7);
  server = createServer({ storage, secret, clock: () => nowMs, rateLimits: null, logger: (record) => log.push(record) });
  caller = inProcess(server);
  browser = new FormBrowser((request) => server.fetch(request));
  const made = await createApp(storage, "Notes & <b>Co</b>");
  ({ apiKey } = made);
  appId = made.app.id;
  for (const name of ["ada", "grace"])
    await storage.createUser({ id: name, email: `${name}@example.com`, createdAt: new Date(nowMs).toISOString(), passwordHash });
});
afterEach(async () => {
  expect(log.filter(({ kind }) => kind === "failure")).toEqual([]);
  await storage.close();
});

type Members = Readonly<Record<string, string | null>>;

function authorizeUrl(changed: Members = {}): URL {
  const url = new URL("/oauth/authorize", ORIGIN);
  const members: Members = {
    response_type: "code",
    client_id: apiKey,
    redirect_uri: REDIRECT,
    state: "s&t",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...changed,
  };
  for (const [name, value] of Object.entries(members)) if (value !== null) url.searchParams.set(name, value);
  return url;
}

/** Ada, as far as the consent page. */
async function signIn(changed: Members = {}): Promise<FormPage> {
  for (const [name, value] of signedInCookies ?? []) browser.cookies.set(name, value);
  const page = await browser.open(authorizeUrl(changed));
  const consent = signedInCookies === null ? await browser.send(page, { email: EMAIL, password: PASSWORD }) : page;
  signedInCookies ??= new Map(browser.cookies);
  return consent;
}

async function codeFrom(page: Promise<FormPage>): Promise<string> {
  const { url } = await browser.send(await page, { decision: "allow" });
  return url.searchParams.get("code") ?? "";
}

/** What the token endpoint takes, up to a code that does not exist. */
const goodExchange = (): Record<string, string> => ({
  grant_type: "authorization_code",
  code: "none",
  redirect_uri: REDIRECT,
  code_verifier: VERIFIER,
  client_id: apiKey,
});

const exchange = (code: string, changed: Members = {}): Promise<Answer> => {
  const members: Members = { ...goodExchange(), code, ...changed };
  return caller.call("POST", "/oauth/token", Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null)));
};

describe("a person", () => {
  test("signs in, allows, and the app has a token for everything", async () => {
    const page = await browser.open(authorizeUrl());
    expect(page.status).toBe(200);
    expect(page.text).toContain("Sign in to Notes &amp; &lt;b&gt;Co&lt;/b&gt;");

    const consent = await browser.send(page, { email: " ADA@example.com", password: PASSWORD });
    expect(consent.text).toContain(EMAIL);
    expect(consent.text).toContain("a program on this computer");

    const { url, status } = await browser.send(consent, { decision: "allow" });
    expect(status).toBe(303);
    expect(url.origin + url.pathname).toBe(REDIRECT);
    expect([url.searchParams.get("state"), url.searchParams.get("iss")]).toEqual(["s&t", ORIGIN]);

    const token = await exchange(url.searchParams.get("code") ?? "");
    expect(token).toMatchObject({ status: 200, body: { token_type: "Bearer", expires_in: 604_800, app_id: appId } });
    expect(token.headers.get("cache-control")).toBe("no-store");
    const signedIn = caller.as(String(token.body["access_token"]));
    expect((await signedIn.call("GET", "/api/sync/status")).status).toBe(200);
    expect(await signedIn.call("GET", "/oauth/userinfo")).toMatchObject({
      status: 200,
      body: { sub: token.body["user_id"], email: EMAIL },
    });
  });

  test("who says no sends the app away, with its state", async () => {
    const { url } = await browser.send(await signIn(), { decision: "deny" });

    expect(Object.fromEntries(url.searchParams)).toEqual({
      error: "access_denied",
      error_description: "the user said no",
      state: "s&t",
      iss: ORIGIN,
    });
  });

  test("has no account with the app before saying yes", async () => {
    const consent = await signIn();
    const account = { appId, userId: "ada" };
    expect(await storage.readValidFrom(account)).toBeNull();

    await exchange(await codeFrom(Promise.resolve(consent)));

    expect(await storage.readValidFrom(account)).toBe(0);
  });

  test.each([
    ["a wrong password", { email: EMAIL, password: "wrong horse" }],
    ["an unknown email", { email: "nobody@example.com", password: PASSWORD }],
  ])("with %s reads the same words, beside the field, and keeps the email", async (_, members) => {
    const page = await browser.send(await browser.open(authorizeUrl()), members);

    expect(page.status).toBe(422);
    expect(page.text).toContain("The email or the password is wrong.");
    expect(page.text).toContain(`value="${members.email}"`);
    expect(page.text).toMatch(/id="password"[^>]*autofocus aria-invalid="true" aria-describedby="wrong"/);
    expect(page.text).not.toContain(members.password);
  });

  test("with no email address is told so at that field", async () => {
    const page = await browser.send(await browser.open(authorizeUrl()), { email: '"><script>', password: "x" });

    expect(page.status).toBe(422);
    expect(page.text).toMatch(/id="email"[^>]*autofocus aria-invalid="true" aria-describedby="wrong"/);
    expect(page.text).not.toContain("<script>");
  });

  test("stays signed in for a quarter of an hour, and is asked every time whether the app may", async () => {
    await exchange(await codeFrom(signIn()));
    expect((await browser.open(authorizeUrl())).text).toContain("You are signed in as");

    nowMs += 15 * 60_000 + 1000;

    expect((await browser.open(authorizeUrl())).text).toContain("Sign in to");
  });

  test("whose sign-in ran out before the answer signs in again", async () => {
    const consent = await signIn();
    nowMs += 16 * 60_000;

    const page = await browser.send(consent, { decision: "allow" });

    expect(page.url.pathname).toBe("/oauth/authorize");
    expect(page.text).toContain("Sign in to");
  });

  test("signs in as somebody else", async () => {
    const page = await browser.send(await signIn(), {}, 1);
    expect(page.text).toContain("Sign in to");

    expect((await browser.send(page, { email: "grace@example.com", password: PASSWORD })).text).toContain("grace@example.com");
  });

  test("whose sessions were ended is not signed in on any browser", async () => {
    const consent = await signIn();
    await endSessions(storage, "ada", () => nowMs);

    expect((await browser.send(consent, { decision: "allow" })).text).toContain("Sign in to");
  });

  test("who signed in between two ends of one second is signed out by the second", async () => {
    await endSessions(storage, "ada", () => nowMs);
    const consent = await browser.send(await browser.open(authorizeUrl()), { email: EMAIL, password: PASSWORD });
    expect(consent.text).toContain("ada@example.com");
    await endSessions(storage, "ada", () => nowMs);

    expect((await browser.send(consent, { decision: "allow" })).text).toContain("Sign in to");
  });

  test("who opens a form's address without its form starts again", async () => {
    for (const path of ["/oauth/sign-in", "/oauth/consent", "/oauth/sign-out"]) {
      const url = authorizeUrl();
      url.pathname = path;
      expect((await browser.open(url)).url.pathname).toBe("/oauth/authorize");
    }
  });
});

describe("a request", () => {
  test.each<[string, Members]>([
    ["an unknown client", { client_id: "sk_none" }],
    ["no client", { client_id: null }],
    ["no return address", { redirect_uri: null }],
    ["an unregistered return address", { redirect_uri: "https://evil.example.com/" }],
    ["a script as return address", { redirect_uri: "javascript:alert(1)" }],
  ])("with %s is refused on a page, and sends nobody anywhere", async (_, changed) => {
    const page = await browser.open(authorizeUrl(changed));

    expect(page).toMatchObject({ status: 400, forms: [] });
    expect(page.headers.get("location")).toBeNull();
    expect(page.text).toContain("This link does not work");
  });

  test.each<[string, string, Members]>([
    ["another response type", "unsupported_response_type", { response_type: "token" }],
    ["no response type", "invalid_request", { response_type: null }],
    ["no challenge", "invalid_request", { code_challenge: null }],
    ["a short challenge", "invalid_request", { code_challenge: "short" }],
    ["a plain challenge", "invalid_request", { code_challenge_method: "plain" }],
    ["no challenge method", "invalid_request", { code_challenge_method: null }],
  ])("with %s sends the app %s, with its state and the issuer", async (_, error, changed) => {
    const { url } = await browser.open(authorizeUrl(changed));

    expect(url.origin + url.pathname).toBe(REDIRECT);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ error, state: "s&t", iss: ORIGIN });
  });

  test("without a state, or with a member twice, is refused", async () => {
    const { url } = await browser.open(authorizeUrl({ state: null }));
    expect([url.searchParams.get("error"), url.searchParams.has("state")]).toEqual(["invalid_request", false]);

    const twice = authorizeUrl();
    twice.searchParams.append("scope", "a");
    twice.searchParams.append("scope", "b");
    expect((await browser.open(twice)).url.searchParams.get("error")).toBe("invalid_request");
  });

  test.each(["http://localhost:1/", "http://127.0.0.1/x?y=z", "http://[::1]:65535/cb"])("may return to %s", async (redirect_uri) => {
    const code = await codeFrom(signIn({ redirect_uri }));

    expect((await exchange(code, { redirect_uri })).status).toBe(200);
  });

  test("may return to an address that was registered for the app, and to it only", async () => {
    await storage.addRedirectUri(appId, "https://app.example.com/cb");
    await storage.addRedirectUri(appId, "com.example.app:/cb");

    for (const redirect_uri of ["https://app.example.com/cb", "com.example.app:/cb"])
      expect((await browser.open(authorizeUrl({ redirect_uri }))).status).toBe(200);
    for (const redirect_uri of ["https://app.example.com/cb/", "https://app.example.com/cb?x", "https://APP.example.com/cb"])
      expect((await browser.open(authorizeUrl({ redirect_uri }))).status).toBe(400);
  });
});

describe("a form", () => {
  const badForms: readonly (readonly [string, Readonly<Record<string, string>>, Readonly<Record<string, string>>])[] = [
    ["without its token", { form_token: "" }, {}],
    ["with another token", { form_token: "a.b.c" }, {}],
    ["from another site", {}, { "sec-fetch-site": "cross-site" }],
    ["from a sibling site", {}, { "sec-fetch-site": "same-site" }],
  ];

  test.each(badForms)("%s signs nobody in", async (_, members, headers) => {
    const page = await browser.send(await browser.open(authorizeUrl()), { email: EMAIL, password: PASSWORD, ...members }, 0, headers);

    expect(page.status).toBe(403);
    expect(page.text).toContain("Start again");
    expect((await browser.open(authorizeUrl())).text).toContain("Sign in to");
  });

  test.each(badForms)("%s gives no consent", async (_, members, headers) => {
    const page = await browser.send(await signIn(), { decision: "allow", ...members }, 0, headers);

    expect(page.status).toBe(403);
    expect(page.url.host).toBe(new URL(ORIGIN).host);
  });

  test("of another browser is refused", async () => {
    const other = new FormBrowser((request) => server.fetch(request));
    const page = await other.open(authorizeUrl());

    expect((await browser.send(page, { email: EMAIL, password: PASSWORD })).status).toBe(403);
  });

  test("of somebody who signed in here before is refused", async () => {
    const consent = await signIn();
    await browser.send(await browser.send(consent, {}, 1), { email: "grace@example.com", password: PASSWORD });

    expect((await browser.send(consent, { decision: "allow" })).status).toBe(403);
  });

  test("in JSON is refused", async () => {
    const page = await browser.open(authorizeUrl());
    const action = new URL(page.forms[0]?.action ?? "", ORIGIN);

    expect((await browser.open(action, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).status).toBe(400);
  });
});

describe("a page", () => {
  test("loads nothing, runs nothing, is framed by nobody, and sends its forms here and to the app", async () => {
    const consent = await signIn();
    const policy = consent.headers.get("content-security-policy") ?? "";

    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' http:\/\/127\.0\.0\.1:8765; frame-ancestors 'none'; base-uri 'none'$/,
    );
    expect(Object.fromEntries(consent.headers)).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    });
    expect(consent.text).not.toContain("<script");
  });

  test("that takes a password sends it here only", async () => {
    const { headers } = await browser.open(authorizeUrl());

    expect(headers.get("content-security-policy")).toContain("form-action 'self'; ");
  });

  test("behind https has cookies that no other host can set or read", async () => {
    const secure = createServer({ storage, rateLimits: null, publicUrl: "https://sync.example.com" });
    const { headers } = await new FormBrowser((request) => secure.fetch(request)).open(authorizeUrl());

    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-synckit-browser=[\w-]{22}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    expect(headers.get("strict-transport-security")).toContain("max-age=");
  });
});

describe("a failure", () => {
  test("of our own is 500 in general words, and in the log", async () => {
    const broken = openSqliteStorage(":memory:");
    await broken.close();
    const records: LogRecord[] = [];
    const closed = createServer({ storage: broken, rateLimits: null, logger: (record) => records.push(record) });

    for (const request of [
      new Request(authorizeUrl()),
      new Request(`${ORIGIN}/oauth/token`, { method: "POST", body: new URLSearchParams(goodExchange()) }),
    ]) {
      const response = await closed.fetch(request);
      expect([response.status, await response.json()]).toEqual([500, { error: "internal error" }]);
    }
    expect(records.map(({ kind }) => kind)).toEqual(["failure", "request", "failure", "request"]);
  });

  test("to wait is a page that says how long", async () => {
    const once = { burst: 1, perSecond: 0.1 };
    const often = { burst: 100, perSecond: 100 };
    const limits = { auth: once, guesses: often, token: often, api: often, account: often };
    const limited = createServer({ storage, rateLimits: limits, clock: () => nowMs });
    const window = new FormBrowser((request) => limited.fetch(request));
    const page = await window.open(authorizeUrl());
    expect((await window.send(page, { email: "none", password: "x" })).status).toBe(422);

    const refused = await window.send(page, { email: "none", password: "x" });

    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("10");
    expect(refused.text).toContain("Wait 10 seconds, then try again.");
  });
});

describe("a code", () => {
  test("is exchanged once", async () => {
    const code = await codeFrom(signIn());
    expect((await exchange(code)).status).toBe(200);

    expect(await exchange(code)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("of two exchanges at once, one gets the token", async () => {
    const code = await codeFrom(signIn());

    const answers = await Promise.all([exchange(code), exchange(code), exchange(code)]);

    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400]);
  });

  test("is good for ten minutes", async () => {
    const first = await codeFrom(signIn());
    nowMs += 599_000;
    expect((await exchange(first)).status).toBe(200);

    const second = await codeFrom(browser.open(authorizeUrl()));
    nowMs += 600_000;
    expect(await exchange(second)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test.each<[string, string, Members]>([
    ["another verifier", "invalid_grant", { code_verifier: "w".repeat(43) }],
    ["another return address", "invalid_grant", { redirect_uri: "http://127.0.0.1:8766/callback" }],
    ["an unknown client", "invalid_client", { client_id: "sk_none" }],
    ["no verifier", "invalid_request", { code_verifier: null }],
    ["a short verifier", "invalid_request", { code_verifier: "v".repeat(42) }],
    ["no return address", "invalid_request", { redirect_uri: null }],
    ["no client", "invalid_request", { client_id: null }],
    ["no grant type", "invalid_request", { grant_type: null }],
    ["another grant type", "unsupported_grant_type", { grant_type: "refresh_token" }],
    ["no slot", "invalid_request", { key: "" }],
  ])("with %s is refused as %s", async (_, error, changed) => {
    const answer = await exchange(await codeFrom(signIn()), changed);

    expect(answer).toMatchObject({ status: 400, body: { error } });
    expect(Object.keys(answer.body)).toEqual(["error", "error_description"]);
  });

  test("that was guessed at once is gone", async () => {
    const code = await codeFrom(signIn());
    await exchange(code, { code_verifier: "w".repeat(43) });

    expect((await exchange(code)).status).toBe(400);
  });

  test("of one app is refused to another", async () => {
    const other = await createApp(storage, "Other");
    const code = await codeFrom(signIn());

    expect(await exchange(code, { client_id: other.apiKey })).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("is void when the user's sessions are ended before the exchange", async () => {
    const code = await codeFrom(signIn());
    await endSessions(storage, "ada", () => nowMs);

    expect((await exchange(code)).status).toBe(400);
  });

  test("is exchanged by a form too, and the slot goes into the token", async () => {
    const form = new URLSearchParams({ ...goodExchange(), code: await codeFrom(signIn()), key: "slot" });
    const response = await server.fetch(new Request(`${ORIGIN}/oauth/token`, { method: "POST", body: form }));

    const { access_token } = (await response.json()) as { readonly access_token: string };
    expect(JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString())).toMatchObject({ key: "slot", app: appId });
  });

  test("and all that hides it stand in no log", async () => {
    const code = await codeFrom(signIn());
    const { body } = await exchange(code);
    const events = await storage.readAudit(100);

    expect(events.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(
      expect.arrayContaining(["consent done", "code-exchanged done"]),
    );
    const said = JSON.stringify([log, events]);
    for (const secret of [code, apiKey, PASSWORD, EMAIL, VERIFIER, CHALLENGE, String(body["access_token"])])
      expect(said).not.toContain(secret);
  });
});

describe("a standard client", () => {
  test.each(["oauth2", "oidc"] as const)("finds everything by %s discovery, signs in, and refuses what it must", async (algorithm) => {
    const embedded = await startEmbeddedServer({ appName: "Notes", email: EMAIL, password: PASSWORD });
    const window = new FormBrowser((request) => fetch(request));
    const config = await oauth.discovery(new URL(embedded.url), embedded.apiKey, undefined, oauth.None(), {
      algorithm,
      // oxlint-disable-next-line typescript/no-deprecated -- marked so for production, and this is loopback
      execute: [oauth.allowInsecureRequests],
    });
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
    const begin = async () => {
      const verifier = oauth.randomPKCECodeVerifier();
      const state = oauth.randomState();
      const url = oauth.buildAuthorizationUrl(config, {
        redirect_uri: "http://127.0.0.1:1/cb",
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      const page = await window.open(url);
      const consent = page.text.includes("Sign in to") ? await window.send(page, { email: EMAIL, password: PASSWORD }) : page;
      return { verifier, state, consent };
    };

    const first = await begin();
    const back = (await window.send(first.consent, { decision: "allow" })).url;
    const tokens = await oauth.authorizationCodeGrant(config, back, { pkceCodeVerifier: first.verifier, expectedState: first.state });
    expect(tokens).toMatchObject({ token_type: "bearer", expires_in: 604_800, user_id: embedded.userId, app_id: embedded.appId });
    expect(await oauth.fetchUserInfo(config, tokens.access_token, embedded.userId)).toEqual({ sub: embedded.userId, email: EMAIL });

    const second = await begin();
    const denied = (await window.send(second.consent, { decision: "deny" })).url;
    const checks = { pkceCodeVerifier: second.verifier, expectedState: second.state };
    await expect(oauth.authorizationCodeGrant(config, denied, checks)).rejects.toMatchObject({ error: "access_denied" });

    const third = await begin();
    const wrong = (await window.send(third.consent, { decision: "allow" })).url;
    const guess = { pkceCodeVerifier: oauth.randomPKCECodeVerifier(), expectedState: third.state };
    await expect(oauth.authorizationCodeGrant(config, wrong, guess)).rejects.toMatchObject({ error: "invalid_grant" });

    // Mixed up with another server's answer: the issuer tells.
    const fourth = await begin();
    const mixed = (await window.send(fourth.consent, { decision: "allow" })).url;
    mixed.searchParams.set("iss", "http://127.0.0.1:2");
    const mixedChecks = { pkceCodeVerifier: fourth.verifier, expectedState: fourth.state };
    await expect(oauth.authorizationCodeGrant(config, mixed, mixedChecks)).rejects.toMatchObject({
      cause: { message: 'unexpected "iss" (issuer) response parameter value' },
    });
    await embedded.close();
  });
});
