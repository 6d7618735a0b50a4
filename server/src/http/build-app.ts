/**
 * The HTTP surface: every endpoint of docs/protocol.md under each prefix, with what comes before it (rate
 * limit, session) and after it (errors as JSON, one log record). Needs no socket: `app.fetch` answers.
 */
import { codec, WireError } from "@synckit-gen/schemas/protocol";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { randomUUID } from "node:crypto";
import { BLOB_CONTENT_PATH, BlobStoreUnavailableError, type BlobStore } from "../blobs/port.ts";
import type { Session, SessionTokens } from "../session/session-token.ts";
import { AccountGoneError, StorageUnavailableError } from "../storage/port.ts";
import { accountPages } from "./account-pages.ts";
import { confirmBlob, downloadBlob, uploadBlob, type BlobRoute } from "./blob-routes.ts";
import { createClientAddress } from "./client-address.ts";
import { createCredentialCheck } from "./credentials.ts";
import { createCors } from "./cors.ts";
import type { Env } from "./env.ts";
import { HttpError } from "./http-error.ts";
import { byAccount, byAddress, limitRequests } from "./limit-requests.ts";
import { authorizePages, userinfo, type AuthorizeParts } from "./oauth/authorize-pages.ts";
import { metadata } from "./oauth/metadata.ts";
import { operations } from "./operations.ts";
import { operatorPages } from "./operator-pages.ts";
import { exchangeCode } from "./oauth/token-route.ts";
import { subscribe } from "./subscribe-route.ts";
import type { NoticeStreams } from "./notice-streams.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Logger } from "./request-log.ts";
import { endSessions, signIn } from "./session-routes.ts";
import {
  extensions,
  getKey,
  listDevices,
  listDigests,
  pull,
  push,
  putDigest,
  putKey,
  registerDevice,
  removeDevice,
  status,
  type RouteContext,
  type SyncRoute,
} from "./sync-routes.ts";
import { getSnapshot, getSnapshotChunk, putSnapshot, putSnapshotChunk } from "./snapshot-routes.ts";

export interface AppParts extends RouteContext {
  /** Null: the server keeps no blobs. */
  readonly blobs: BlobStore | null;
  readonly blobQuotaBytes: number | null;
  readonly tokens: SessionTokens;
  readonly metricsToken: string | null;
  /** Null: there are no operator's pages. */
  readonly operatorToken: string | null;
  readonly streams: NoticeStreams;
  /** Null: no limits. */
  readonly rateLimits: RateLimits | null;
  readonly logger: Logger;
  /** Scheme and host by which browsers and clients reach this server; null: whatever they say. */
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly string[];
  /** Origins whose pages may call this server. */
  readonly corsOrigins: readonly string[];
}

const SYNC_ROUTES = [
  [codec.endpoints.registerDevice, registerDevice],
  [codec.endpoints.listDevices, listDevices],
  [codec.endpoints.push, push],
  [codec.endpoints.pull, pull],
  [codec.endpoints.status, status],
  [codec.endpoints.getKey, getKey],
  [codec.endpoints.putKey, putKey],
  [codec.endpoints.extensions, extensions],
  [{ method: codec.endpoints.removeDevice.method, path: `${codec.endpoints.removeDevice.path}:id` }, removeDevice],
  [codec.endpoints.getSnapshot, getSnapshot],
  [codec.endpoints.putSnapshot, putSnapshot],
  [codec.endpoints.putSnapshotChunk, putSnapshotChunk],
  [codec.endpoints.getSnapshotChunk, getSnapshotChunk],
  [codec.endpoints.putDigest, putDigest],
  [codec.endpoints.listDigests, listDigests],
] as const satisfies readonly (readonly [{ method: string; path: string }, SyncRoute])[];

const BLOB_ROUTES = [
  [codec.endpoints.uploadBlob, uploadBlob],
  [codec.endpoints.confirmBlob, confirmBlob],
  [codec.endpoints.downloadBlob, downloadBlob],
] as const satisfies readonly (readonly [{ method: string; path: string }, BlobRoute])[];

/** Characters that a log line shows of a path which no endpoint has. */
const MAX_LOGGED_PATH = 200;

export function buildApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  app.use(logged(parts));
  const cors = createCors(parts.corsOrigins);
  if (cors !== null) for (const path of cors.paths) app.use(path, cors.step);
  app.onError((error, c) => refuse(error, c, parts));
  app.notFound((c) => c.json(codec.encodeError({ error: "no such endpoint" }), 404));

  const { rateLimits, clock, publicUrl } = parts;
  const checkCredentials = createCredentialCheck(parts.storage, rateLimits?.guesses, clock);
  const issuerOf: AuthorizeParts["issuerOf"] = (c) => publicUrl ?? new URL(c.req.url).origin;
  const context = { ...parts, checkCredentials, issuerOf, isHttps: publicUrl?.startsWith("https:") === true };
  // One bucket for all that share a limit, or each prefix and page would add an allowance of its own.
  const authLimit = limitRequests(rateLimits?.auth, clock, byAddress);
  const tokenLimit = limitRequests(rateLimits?.token, clock, byAddress);
  const apiLimit = limitRequests(rateLimits?.api, clock, byAddress);
  const accountLimit = limitRequests(rateLimits?.account, clock, byAccount);
  app.route("/", operations({ ...parts, isBehindProxy: publicUrl !== null || parts.trustedProxies.length > 0 }, apiLimit));
  const signedIn = [apiLimit, withSession(parts), accountLimit] as const;

  const blobContext = parts.blobs === null ? null : { ...parts, blobs: parts.blobs };
  for (const prefix of codec.API_PREFIXES) {
    const { auth, endSessions: end, subscribe: stream } = codec.endpoints;
    app.on(auth.method, prefix + auth.path, authLimit, async (c) => c.json(await signIn(context, c.get("address"), c.req.raw)));
    app.on(end.method, prefix + end.path, ...signedIn, async (c) => c.json(await endSessions(parts, c.get("session"), c.get("address"))));
    app.on(stream.method, prefix + stream.path, ...signedIn, (c) => subscribe(parts.streams, c, () => readSession(parts, c)));
    for (const [endpoint, route] of SYNC_ROUTES)
      app.on(endpoint.method, prefix + endpoint.path, ...signedIn, async (c) => c.json(await route(parts, c.get("session"), c.req.raw)));
    if (blobContext !== null)
      for (const [endpoint, route] of BLOB_ROUTES)
        app.on(endpoint.method, prefix + endpoint.path, ...signedIn, async (c) =>
          c.json(await route(blobContext, c.get("session"), c.req.raw, issuerOf(c))),
        );
  }
  const content = parts.blobs?.content ?? null;
  // No session and no limit: each of these URLs was asked for with both.
  if (content !== null) app.on(["GET", "PUT"], `${BLOB_CONTENT_PATH}*`, (c) => content.answer(c.req.raw));

  for (const path of codec.OAUTH_METADATA_PATHS) app.get(path, apiLimit, (c) => c.json(metadata(issuerOf(c))));
  app.post(codec.OAUTH_TOKEN_PATH, tokenLimit, async (c) => {
    const { status: code, body } = await exchangeCode(context, c.get("address"), c.req.raw);
    return c.json(body, code);
  });
  app.get(codec.OAUTH_USERINFO_PATH, ...signedIn, async (c) => c.json(await userinfo(context, c.get("session"))));
  const pageLimits = { auth: authLimit, other: apiLimit };
  app.route("/", authorizePages(context, pageLimits));
  app.route("/", accountPages(context, pageLimits));
  if (parts.operatorToken !== null) app.route("/", operatorPages({ ...context, operatorToken: parts.operatorToken }, pageLimits));
  return app;
}

function logged({ logger, metrics, trustedProxies }: AppParts): MiddlewareHandler<Env> {
  const clientAddress = createClientAddress(trustedProxies);
  return async (c, next) => {
    const started = performance.now();
    const id = randomUUID();
    c.set("requestId", id);
    c.header("X-Request-Id", id);
    c.set("address", clientAddress(c.env.incoming?.socket.remoteAddress, c.req.header("x-forwarded-for")));
    // Replies hold tokens, keys and account data: no cache may keep them.
    c.header("Cache-Control", "no-store");
    c.header("X-Content-Type-Options", "nosniff");
    await next();
    const ms = performance.now() - started;
    logger({ kind: "request", ...target(c), status: c.res.status, ms });
    metrics?.answered(c.req.method, routeOf(c) ?? "none", c.res.status, ms / 1000);
  };
}

/** Null: none that counts. */
async function readSession({ tokens, storage }: AppParts, c: Context<Env>): Promise<Session | null> {
  const token = /^bearer +([^ ]+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
  const session = token === undefined ? null : await tokens.read(token);
  // The account is looked up too: a token outlives a database that was replaced, and sessions are ended there.
  const validFrom = session === null ? null : await storage.readValidFrom(session);
  return session === null || validFrom === null || session.issuedAt < validFrom ? null : session;
}

function withSession(parts: AppParts): MiddlewareHandler<Env> {
  return async (c, next) => {
    const session = await readSession(parts, c);
    if (session === null) throw new HttpError(401, "a valid bearer token is needed", { "WWW-Authenticate": "Bearer" });
    c.set("session", session);
    await next();
  };
}

function refuse(error: Error, c: Context<Env>, { logger, metrics }: AppParts): Response {
  const answer = (code: ContentfulStatusCode, message: string, details = {}): Response =>
    c.json(codec.encodeError({ error: message, ...details }), code);
  if (error instanceof HttpError) {
    for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
    return answer(error.status, error.message, error.details);
  }
  if (error instanceof AccountGoneError) {
    c.header("WWW-Authenticate", "Bearer");
    return answer(401, error.message);
  }
  if (error instanceof WireError) return answer(422, error.message);
  metrics?.failed();
  logger({ kind: "failure", ...target(c), error });
  if (error instanceof StorageUnavailableError || error instanceof BlobStoreUnavailableError) {
    c.header("Retry-After", "5");
    return answer(503, error.message);
  }
  return answer(500, "internal error");
}

/** The pattern, since paths may hold ids; null: no endpoint has this path. */
function routeOf(c: Context<Env>): string | null {
  const route = routePath(c, -1);
  return route === "/*" ? null : route;
}

const target = (c: Context<Env>): { readonly id: string; readonly method: string; readonly path: string } => ({
  id: c.get("requestId"),
  method: c.req.method,
  path: routeOf(c) ?? c.req.path.slice(0, MAX_LOGGED_PATH),
});
