/** Token buckets in memory, one per caller and tier: a burst at once, then a steady rate. A caller is an address or an account. */
import type { Clock } from "../system.ts";

export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

export interface RateLimits {
  /** Where a password is sent, per address: every attempt is a guess. */
  readonly auth: RateLimit;
  /** The same per email, from however many addresses the guesses come. */
  readonly guesses: RateLimit;
  /** Exchange of a code, per address. */
  readonly token: RateLimit;
  /** Everything else, per address. */
  readonly api: RateLimit;
  /** The same per account, from however many devices. */
  readonly account: RateLimit;
}

export const DEFAULT_RATE_LIMITS: RateLimits = {
  auth: { burst: 5, perSecond: 2 },
  guesses: { burst: 10, perSecond: 0.1 },
  token: { burst: 10, perSecond: 2 },
  api: { burst: 60, perSecond: 10 },
  account: { burst: 300, perSecond: 50 },
};

/** Callers remembered; past it the full buckets, then the oldest, are forgotten. */
const MAX_CALLERS = 50_000;

export interface Admission {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** Until the next request would be allowed; 0 when this one is. */
  readonly retryAfterSeconds: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Takes one request of a caller out of its bucket. */
export type Limiter = (caller: string) => Admission;

export function createLimiter({ burst, perSecond }: RateLimit, clock: Clock): Limiter {
  const buckets = new Map<string, Bucket>();

  const refilled = (bucket: Bucket, nowMs: number): number =>
    // A clock that was set back must not empty buckets.
    Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1000) * perSecond);

  const forget = (nowMs: number): void => {
    for (const [caller, bucket] of buckets) if (refilled(bucket, nowMs) >= burst) buckets.delete(caller);
    for (const caller of buckets.keys()) {
      if (buckets.size <= MAX_CALLERS / 2) break;
      buckets.delete(caller);
    }
  };

  return (caller) => {
    const nowMs = clock();
    const bucket = buckets.get(caller);
    const tokens = bucket === undefined ? burst : refilled(bucket, nowMs);
    const isAllowed = tokens >= 1;
    const left = isAllowed ? tokens - 1 : tokens;
    if (bucket === undefined && buckets.size >= MAX_CALLERS) forget(nowMs);
    buckets.set(caller, { tokens: left, atMs: nowMs });
    return { isAllowed, remaining: Math.floor(left), retryAfterSeconds: isAllowed ? 0 : Math.ceil((1 - left) / perSecond) };
  };
}
