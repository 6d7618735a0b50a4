import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadSodium } from "../crypto/sodium.ts";
import { challengeOf, createPkce } from "./pkce.ts";
import { platformRandom } from "./ports.ts";

const sodium = await loadSodium();

test("the challenge is that of RFC 7636, appendix B", () => {
  const { pkce } = JSON.parse(readFileSync(new URL("../../../schemas/vectors/crypto/published.json", import.meta.url), "utf8")) as {
    pkce: { verifier: string; challenge: string };
  };

  expect(challengeOf(sodium, pkce.verifier)).toBe(pkce.challenge);
});

test("state and verifier are fresh, unlike each other, and of the RFC's length and alphabet", () => {
  const a = createPkce(sodium, platformRandom);
  const b = createPkce(sodium, platformRandom);

  expect(new Set([a.state, a.verifier, b.state, b.verifier]).size).toBe(4);
  for (const text of [a.state, a.verifier, a.challenge]) expect(text).toMatch(/^[A-Za-z0-9_-]{43}$/);
});
