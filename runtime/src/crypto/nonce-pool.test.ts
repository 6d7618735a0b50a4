import { expect, test } from "vitest";
import { platformRandom } from "../client/ports.ts";
import { NONCE_BYTES, NoncePool } from "./nonce-pool.ts";

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("nonces are 24 bytes and never repeat, across the ends of several pools", () => {
  const pool = new NoncePool(platformRandom);
  const nonces = Array.from({ length: 3 * 512 + 7 }, () => toHex(pool.next()));

  expect(new Set(nonces).size).toBe(nonces.length);
  expect(new Set(nonces.map((nonce) => nonce.length))).toEqual(new Set([2 * NONCE_BYTES]));
});

test("512 nonces cost one draw of 12,288 bytes", () => {
  const draws: number[] = [];
  const pool = new NoncePool({
    bytes(length) {
      draws.push(length);
      return platformRandom.bytes(length);
    },
  });

  for (let i = 0; i < 513; i++) pool.next();

  expect(draws).toEqual([12_288, 12_288]);
});

test("a random source that calls back into the pool gets a nonce of its own", () => {
  let depth = 0;
  const seen: string[] = [];
  const pool: NoncePool = new NoncePool({
    bytes(length) {
      if (depth++ === 0) seen.push(toHex(pool.next()));
      return platformRandom.bytes(length);
    },
  });

  for (let i = 0; i < 600; i++) seen.push(toHex(pool.next()));

  expect(new Set(seen).size).toBe(601);
});

test("a random source that reuses its buffer does not change a nonce already handed out", () => {
  const buffer = Buffer.alloc(12_288); // whose slice() is a view, unlike a plain Uint8Array's
  let fill = 0;
  const pool = new NoncePool({ bytes: () => buffer.fill(++fill) });
  const first = pool.next();

  for (let i = 0; i < 512; i++) pool.next();

  expect(first[0]).toBe(1);
});

test("a random source that gives too few bytes is refused", () => {
  expect(() => new NoncePool({ bytes: () => new Uint8Array(24) }).next()).toThrow("wrong number of bytes");
});
