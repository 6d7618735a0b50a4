import fc from "fast-check";
import { expect, test } from "vitest";
import { readTokenClaims } from "./token-claims.ts";

const part = (value: unknown): string => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const token = (claims: unknown): string => `${part({ alg: "HS256" })}.${part(claims)}.c2ln`;

test("user, app and expiry are read", () => {
  expect(readTokenClaims(token({ sub: "u1", app: "a1", exp: 1_800_000_000, iss: "x" }))).toEqual({
    userId: "u1",
    appId: "a1",
    expiresAtSeconds: 1_800_000_000,
  });
});

test("a token that names nobody still has an expiry", () => {
  expect(readTokenClaims(token({ exp: 5 }))).toEqual({ userId: null, appId: null, expiresAtSeconds: 5 });
});

test("anything without a numeric expiry is no token", () => {
  for (const text of ["", "a.b", "a.b.c", "a.b.c.d", token({}), token({ exp: "5" }), token(null), token([1]), token("{"), "x.%%%.y"])
    expect(readTokenClaims(text)).toBeNull();
});

test("no text makes it throw", () => {
  fc.assert(fc.property(fc.string(), (text) => void readTokenClaims(`a.${text}.b`)));
  fc.assert(fc.property(fc.string(), (text) => void readTokenClaims(token(text))));
});
