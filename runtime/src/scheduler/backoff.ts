/** When to try again after a cycle failed. Pure: what failed and how often in; milliseconds, or "ask the user", out. */
import { SyncError } from "../client/errors.ts";

const MINUTE_MS = 60_000;
/** Failures back off 2, 4, 8, 15, 15, … minutes. */
const MOST_MS = 15 * MINUTE_MS;
/** A quota or a plan does not change by asking. */
const PAYMENT_MS = 60 * MINUTE_MS;
/** Somebody else's transaction or cycle ends soon. */
const BUSY_MS = 5_000;
/** A quarter of the wait is drawn, so that a fleet cut off at once does not come back at once. */
const JITTER = 0.25;

/** Only a person can go on from these: signing in, a password, another version of the app, a choice, a database that is repaired. */
const NEEDS_USER = /^(?:(?:auth|key|keychain|config|device|account|model)\/|database\/(?:read-only|damaged|closed)$)/;

export type NextTry = { readonly kind: "wait"; readonly ms: number } | { readonly kind: "needs-user"; readonly code: string };

/** `failures`: how many cycles in a row have failed, this one included. `random`: 0 to 1. */
export function nextTry(error: unknown, failures: number, random: number): NextTry {
  if (error instanceof SyncError) {
    if (error.code === "cycle/elsewhere" || error.code === "database/busy") return { kind: "wait", ms: BUSY_MS };
    if (error.code === "server/payment-required") return { kind: "wait", ms: PAYMENT_MS };
    if (NEEDS_USER.test(error.code)) return { kind: "needs-user", code: error.code };
  }
  const whole = Math.min(MINUTE_MS * 2 ** Math.min(failures, 10), MOST_MS);
  const asked = error instanceof SyncError ? (error.retryAfterMs ?? 0) : 0;
  return { kind: "wait", ms: Math.max(Math.round(whole * (1 - JITTER * random)), asked) };
}
