/** Token buckets in memory, one per caller's address and tier: a burst at once, then a steady rate. */
import type { Clock } from "../system.ts";

export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

export interface RateLimits {
  /** Signing in, where every attempt is a guess. */
  readonly auth: RateLimit;
  /** Everything else under the API prefixes. */
  readonly api: RateLimit;
}

export const DEFAULT_RATE_LIMITS: RateLimits = { auth: { burst: 5, perSecond: 2 }, api: { burst: 60, perSecond: 10 } };

/** Addresses remembered; past it the full buckets, then the oldest, are forgotten. */
const MAX_ADDRESSES = 50_000;

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

/** Takes one request of an address out of its bucket. */
export type Limiter = (address: string) => Admission;

export function createLimiter({ burst, perSecond }: RateLimit, clock: Clock): Limiter {
  const buckets = new Map<string, Bucket>();

  const refilled = (bucket: Bucket, nowMs: number): number =>
    // A clock that was set back must not empty buckets.
    Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1000) * perSecond);

  const forget = (nowMs: number): void => {
    for (const [address, bucket] of buckets) if (refilled(bucket, nowMs) >= burst) buckets.delete(address);
    for (const address of buckets.keys()) {
      if (buckets.size <= MAX_ADDRESSES / 2) break;
      buckets.delete(address);
    }
  };

  return (address) => {
    const nowMs = clock();
    const bucket = buckets.get(address);
    const tokens = bucket === undefined ? burst : refilled(bucket, nowMs);
    const isAllowed = tokens >= 1;
    const left = isAllowed ? tokens - 1 : tokens;
    if (bucket === undefined && buckets.size >= MAX_ADDRESSES) forget(nowMs);
    buckets.set(address, { tokens: left, atMs: nowMs });
    return { isAllowed, remaining: Math.floor(left), retryAfterSeconds: isAllowed ? 0 : Math.ceil((1 - left) / perSecond) };
  };
}
