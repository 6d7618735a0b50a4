/**
 * The HTTP surface: every endpoint of docs/protocol.md under each prefix, with what comes before it (rate
 * limit, session) and after it (errors as JSON, one log record). Needs no socket: `app.fetch` answers.
 */
import type { HttpBindings } from "@hono/node-server";
import { codec, WireError } from "@synckit-gen/schemas/protocol";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Session, SessionTokens } from "../session/session-token.ts";
import { StorageUnavailableError } from "../storage/port.ts";
import type { Clock } from "../system.ts";
import { HttpError } from "./http-error.ts";
import { createLimiter, type RateLimit, type RateLimits } from "./rate-limit.ts";
import type { Logger } from "./request-log.ts";
import { signIn } from "./sign-in.ts";
import {
  extensions,
  getKey,
  listDevices,
  pull,
  push,
  putKey,
  registerDevice,
  status,
  type RouteContext,
  type SyncRoute,
} from "./sync-routes.ts";
import { getSnapshot, getSnapshotChunk, putSnapshot, putSnapshotChunk } from "./snapshot-routes.ts";

export interface AppParts extends RouteContext {
  readonly tokens: SessionTokens;
  /** Null: no limits. */
  readonly rateLimits: RateLimits | null;
  readonly logger: Logger;
}

type Env = { readonly Bindings: Partial<HttpBindings>; readonly Variables: { session: Session } };

const SYNC_ROUTES = [
  [codec.endpoints.registerDevice, registerDevice],
  [codec.endpoints.listDevices, listDevices],
  [codec.endpoints.push, push],
  [codec.endpoints.pull, pull],
  [codec.endpoints.status, status],
  [codec.endpoints.getKey, getKey],
  [codec.endpoints.putKey, putKey],
  [codec.endpoints.extensions, extensions],
  [codec.endpoints.getSnapshot, getSnapshot],
  [codec.endpoints.putSnapshot, putSnapshot],
  [codec.endpoints.putSnapshotChunk, putSnapshotChunk],
  [codec.endpoints.getSnapshotChunk, getSnapshotChunk],
] as const satisfies readonly (readonly [{ method: string; path: string }, SyncRoute])[];

/** Characters of a path that a log line shows. */
const MAX_LOGGED_PATH = 200;

export function buildApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  app.use(logged(parts));
  app.onError((error, c) => refuse(error, c, parts.logger));
  app.notFound((c) => c.json(codec.encodeError({ error: "no such endpoint" }), 404));
  app.get("/health", (c) => c.json({ status: "ok" }));

  const { rateLimits, clock } = parts;
  // One bucket for both prefixes, or each would double the other's allowance.
  const authLimit = limited(rateLimits?.auth ?? null, clock);
  const apiLimit = limited(rateLimits?.api ?? null, clock);
  for (const prefix of codec.API_PREFIXES) {
    const { auth } = codec.endpoints;
    app.on(auth.method, prefix + auth.path, authLimit, async (c) => c.json(await signIn(parts.storage, parts.tokens, c.req.raw)));
    for (const [endpoint, route] of SYNC_ROUTES)
      app.on(endpoint.method, prefix + endpoint.path, apiLimit, withSession(parts), async (c) =>
        c.json(await route(parts, c.get("session"), c.req.raw)),
      );
  }
  return app;
}

function logged({ logger }: AppParts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    // Replies hold tokens, keys and account data: no cache may keep them.
    c.header("Cache-Control", "no-store");
    c.header("X-Content-Type-Options", "nosniff");
    await next();
    logger({ kind: "request", ...target(c), status: c.res.status, ms: performance.now() - started });
  };
}

function limited(limit: RateLimit | null, clock: Clock): MiddlewareHandler<Env> {
  if (limit === null) return (_, next) => next();
  const take = createLimiter(limit, clock);
  return async (c, next) => {
    const admission = take(c.env.incoming?.socket.remoteAddress ?? "in-process");
    c.header("X-RateLimit-Limit", String(limit.burst));
    c.header("X-RateLimit-Remaining", String(admission.remaining));
    if (!admission.isAllowed) throw new HttpError(429, "too many requests", { "Retry-After": String(admission.retryAfterSeconds) });
    await next();
  };
}

function withSession({ tokens, storage }: AppParts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const token = /^bearer +([^ ]+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const session = token === undefined ? null : await tokens.read(token);
    // The account is looked up too: a token outlives a database that was replaced.
    if (session === null || !(await storage.hasAccount(session)))
      throw new HttpError(401, "a valid bearer token is needed", { "WWW-Authenticate": "Bearer" });
    c.set("session", session);
    await next();
  };
}

function refuse(error: Error, c: Context<Env>, logger: Logger): Response {
  const answer = (code: ContentfulStatusCode, message: string): Response => c.json(codec.encodeError({ error: message }), code);
  if (error instanceof HttpError) {
    for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
    return answer(error.status, error.message);
  }
  if (error instanceof WireError) return answer(422, error.message);
  if (error instanceof StorageUnavailableError) {
    logger({ kind: "failure", ...target(c), error });
    c.header("Retry-After", "5");
    return answer(503, error.message);
  }
  logger({ kind: "failure", ...target(c), error });
  return answer(500, "internal error");
}

const target = (c: Context<Env>): { readonly method: string; readonly path: string } => ({
  method: c.req.method,
  path: c.req.path.slice(0, MAX_LOGGED_PATH),
});
