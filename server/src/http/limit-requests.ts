/** A rate limit as a step before a route: headers that tell what is left, 429 when nothing is. */
import type { Context, MiddlewareHandler } from "hono";
import type { Clock } from "../system.ts";
import { callerOf } from "./client-address.ts";
import type { Env } from "./env.ts";
import { HttpError } from "./http-error.ts";
import { createLimiter, type Admission, type RateLimit } from "./rate-limit.ts";

export const byAddress = (c: Context<Env>): string => callerOf(c.get("address"));
/** After the session is known. */
export const byAccount = (c: Context<Env>): string => `${c.get("session").appId} ${c.get("session").userId}`;

/** Routes that share this step share its buckets. */
export function limitRequests(
  limit: RateLimit | undefined,
  clock: Clock,
  callerOfRequest: (c: Context<Env>) => string,
): MiddlewareHandler<Env> {
  if (limit === undefined) return (_, next) => next();
  const take = createLimiter(limit, clock);
  return async (c, next) => {
    const admission = take(callerOfRequest(c));
    const told = c.res.headers.get("X-RateLimit-Remaining");
    // Of two limits the caller is told the one that it will meet first.
    if (told === null || admission.remaining <= Number(told)) {
      c.header("X-RateLimit-Limit", String(limit.burst));
      c.header("X-RateLimit-Remaining", String(admission.remaining));
    }
    requireAdmission(admission);
    await next();
  };
}

export function requireAdmission({ isAllowed, retryAfterSeconds }: Admission): void {
  if (!isAllowed) throw new HttpError(429, "too many requests", { "Retry-After": String(retryAfterSeconds) });
}
