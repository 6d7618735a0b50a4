import { SignJWT, UnsecuredJWT } from "jose";
import { expect, test } from "vitest";
import { createSessionTokens } from "./session-token.ts";
import { fixedSigningKey } from "./signing-keys.ts";

const secret = new Uint8Array(32).fill(7);
const NOW_MS = Date.UTC(2026, 0, 1);
const NOW = NOW_MS / 1000;
const WEEK = 7 * 24 * 60 * 60;
const session = { appId: "app-1", userId: "user-1", key: "default" };
const at = (ms: number) => createSessionTokens(fixedSigningKey(secret), () => ms);
const read = { ...session, issuedAt: NOW };

interface Claims {
  readonly iss?: string;
  readonly iat?: number;
  readonly exp?: number;
  readonly app?: unknown;
}

const forge = ({ iss = "makenotwork-synckit", iat = NOW, exp = NOW + WEEK, app = "app-1" }: Claims, key = secret): Promise<string> =>
  new SignJWT({ app, key: "default" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("user-1")
    .setIssuer(iss)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(key);

test("a token says who was signed in", async () => {
  expect(await at(NOW_MS).read(await at(NOW_MS).issue(session, 0))).toEqual(read);
});

test("a token is not older than the sessions that were ended", async () => {
  expect(await at(NOW_MS).read(await at(NOW_MS).issue(session, NOW + 1))).toEqual({ ...session, issuedAt: NOW + 1 });
});

test("a token carries the claims that clients read", async () => {
  const [, claims = ""] = (await at(NOW_MS).issue(session, 0)).split(".");

  expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toEqual({
    sub: "user-1",
    app: "app-1",
    key: "default",
    iss: "makenotwork-synckit",
    iat: NOW,
    exp: NOW + WEEK,
  });
});

test("a forgery by the same means is read, so the refusals below are for their own reasons", async () => {
  expect(await at(NOW_MS).read(await forge({}))).toEqual(read);
});

test("a token lives for seven days", async () => {
  const token = await at(NOW_MS).issue(session, 0);

  expect(await at(NOW_MS + WEEK * 1000 - 1000).read(token)).toEqual(read);
  expect(await at(NOW_MS + WEEK * 1000 + 1000).read(token)).toBeNull();
});

test("a token from up to a minute ahead is read, one from further is not", async () => {
  expect(await at(NOW_MS).read(await forge({ iat: NOW + 60 }))).toEqual({ ...session, issuedAt: NOW + 60 });
  expect(await at(NOW_MS).read(await forge({ iat: NOW + 61 }))).toBeNull();
});

test("another secret, issuer or algorithm is refused", async () => {
  expect(await at(NOW_MS).read(await forge({}, new Uint8Array(32).fill(8)))).toBeNull();
  expect(await at(NOW_MS).read(await forge({ iss: "elsewhere" }))).toBeNull();
  const claims = { app: "app-1", key: "default", sub: "user-1", iss: "makenotwork-synckit", iat: NOW, exp: NOW + WEEK };
  expect(await at(NOW_MS).read(new UnsecuredJWT(claims).encode())).toBeNull();
  expect(await at(NOW_MS).read(await new SignJWT(claims).setProtectedHeader({ alg: "HS512" }).sign(new Uint8Array(64).fill(7)))).toBeNull();
});

test("a token without its claims is refused", async () => {
  expect(await at(NOW_MS).read(await forge({ app: 5 }))).toBeNull();
  const bare = await new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setIssuer("makenotwork-synckit").sign(secret);
  expect(await at(NOW_MS).read(bare)).toBeNull();
});

test("a token with any character changed is refused", async () => {
  const token = await at(NOW_MS).issue(session, 0);

  // The last character of a signature holds unused bits, so it is left out.
  for (let i = 0; i < token.length - 1; i++) {
    const changed = token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
    expect(await at(NOW_MS).read(changed), `character ${i}`).toBeNull();
  }
});

test.each(["", "x", "a.b.c", "..", "é"])("%j is no token", async (text) => {
  expect(await at(NOW_MS).read(text)).toBeNull();
});

test("a browser's token says for whom it is, and is no token of another kind", async () => {
  const tokens = at(NOW_MS);
  const form = await tokens.issuePageToken("form", "browser");

  expect(await tokens.readPageToken("form", form)).toEqual({ subject: "browser", issuedAt: NOW });
  expect(await tokens.readPageToken("sign-in", form)).toBeNull();
  expect(await tokens.read(form)).toBeNull();
  expect(await tokens.readPageToken("form", await tokens.issue(session, 0))).toBeNull();
});

test.each([
  ["form", 60 * 60],
  ["sign-in", 15 * 60],
] as const)("a browser's %s token ends after %i seconds", async (kind, seconds) => {
  const token = await at(NOW_MS).issuePageToken(kind, "x");

  expect(await at(NOW_MS + (seconds - 1) * 1000).readPageToken(kind, token)).not.toBeNull();
  expect(await at(NOW_MS + (seconds + 1) * 1000).readPageToken(kind, token)).toBeNull();
});
