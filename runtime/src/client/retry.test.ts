import { expect, test } from "vitest";
import type { RandomSource } from "./ports.ts";
import { readRetryAfterMs, retryDelayMs } from "./retry.ts";

const always = (byte: number): RandomSource => ({ bytes: (length) => new Uint8Array(length).fill(byte) });

test("delays double from half a second, with up to a quarter more", () => {
  expect([0, 1, 2].map((attempt) => retryDelayMs(attempt, null, always(0)))).toEqual([500, 1000, 2000]);
  expect([0, 1, 2].map((attempt) => retryDelayMs(attempt, null, always(255)))).toEqual([625, 1250, 2500]);
});

test("the server's own wait wins, and one above a minute is left to the caller", () => {
  expect(retryDelayMs(0, 0, always(9))).toBe(0);
  expect(retryDelayMs(2, 60_000, always(9))).toBe(60_000);
  expect(retryDelayMs(0, 60_001, always(9))).toBeNull();
});

test("Retry-After is read in seconds and as a date", () => {
  const nowMs = Date.UTC(2026, 10, 23, 9, 0, 0);

  expect(readRetryAfterMs("7", nowMs)).toBe(7000);
  expect(readRetryAfterMs("Mon, 23 Nov 2026 09:00:30 GMT", nowMs)).toBe(30_000);
  expect(readRetryAfterMs("Mon, 23 Nov 2026 08:00:00 GMT", nowMs)).toBe(0);
});

test("an absent or unreadable Retry-After is none", () => {
  for (const header of [null, "", "soon", "-1", "1.5", "1e9", "2026-11-23"]) expect(readRetryAfterMs(header, 0)).toBeNull();
});
