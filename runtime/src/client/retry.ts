/** How long to wait before trying again. */
import type { RandomSource } from "./ports.ts";

/** Tries after the first. */
export const RETRIES = 3;
const FIRST_DELAY_MS = 500;
const JITTER = 0.25; // so that devices that lost the same server do not come back together
/** Longer waits than this belong to a scheduler: the caller gets the error and the time. */
const LONGEST_WAIT_MS = 60_000;

/** `attempt` counts from 0. Null: the server asks for a longer wait than a call may take. */
export function retryDelayMs(attempt: number, retryAfterMs: number | null, random: RandomSource): number | null {
  if (retryAfterMs !== null) return retryAfterMs <= LONGEST_WAIT_MS ? retryAfterMs : null;
  const [byte = 0] = random.bytes(1);
  return Math.round(FIRST_DELAY_MS * 2 ** attempt * (1 + (JITTER * byte) / 255));
}

/** `Retry-After` in seconds or as an HTTP date. Null: absent or unreadable. */
export function readRetryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = /^[A-Za-z]{3},/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
