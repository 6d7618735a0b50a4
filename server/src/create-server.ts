/** The server put together: storage, time and randomness in; a fetch function and a socket out. */
import type { BlobStore } from "./blobs/port.ts";
import { buildApp } from "./http/build-app.ts";
import { listen, type Listening, type ListenOptions } from "./http/listen.ts";
import { DEFAULT_RATE_LIMITS, type RateLimits } from "./http/rate-limit.ts";
import { DEFAULT_MAX_SNAPSHOT_BYTES } from "./http/snapshot-routes.ts";
import type { Logger } from "./http/request-log.ts";
import { createNoticeStreams } from "./http/notice-streams.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { createMemoryNotices } from "./notices/memory-notices.ts";
import type { Notices } from "./notices/port.ts";
import { createSessionTokens } from "./session/session-token.ts";
import { fixedSigningKey, storedSigningKeys } from "./session/signing-keys.ts";
import type { Storage } from "./storage/port.ts";
import { systemClock, systemRandom, type Clock, type RandomBytes } from "./system.ts";

export interface ServerOptions {
  /** Stays the caller's to close, after the server. */
  readonly storage: Storage;
  /** Signs tokens in place of the storage's signing keys; 32 bytes or more. Another secret ends every session. */
  readonly secret?: Uint8Array;
  /** Left out: this is the only server of its data. */
  readonly notices?: Notices;
  /** Left out: the server keeps no blobs. */
  readonly blobs?: BlobStore;
  /** Of one account's blobs together; none unless given. */
  readonly blobQuotaBytes?: number;
  /** Of one account's changes together, ciphertext with its row ids and tables; none unless given. */
  readonly changeQuotaBytes?: number;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly logger?: Logger;
  /** Left out: nothing is counted, and there is no `/metrics`. */
  readonly metrics?: Metrics;
  /** That `GET /metrics` asks for. Left out: it answers callers on this machine, unless a proxy stands before the server. */
  readonly metricsToken?: string;
  /** That the pages under `/admin` ask for; `OperatorTokenError` for a short one. Left out: there are none. */
  readonly operatorToken?: string;
  /** Null: none, for tests and for a program that is its own only client. */
  readonly rateLimits?: RateLimits | null;
  /** Bytes of base64 that one account's snapshot may have. Default: 4 GiB. */
  readonly maxSnapshotBytes?: number;
  /** Scheme and host by which the world reaches this server behind a proxy, as `https://sync.example.com`; `PublicUrlError` for more than that. */
  readonly publicUrl?: string;
  /** Addresses and ranges (`10.0.0.0/8`) of proxies whose X-Forwarded-For is believed; `ProxyAddressError` for anything else. */
  readonly trustedProxies?: readonly string[];
  /** Origins whose pages may call this server from a browser, as `https://app.example.com`; `CorsOriginError` for anything else. */
  readonly corsOrigins?: readonly string[];
}

/** A public URL that is not just scheme and host. */
export class PublicUrlError extends Error {
  override readonly name = "PublicUrlError";
}

/** An operator's token that could be guessed. */
export class OperatorTokenError extends Error {
  override readonly name = "OperatorTokenError";
}

/** Characters. */
const MIN_OPERATOR_TOKEN = 16;

export interface SyncServer {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  listen(options?: ListenOptions): Promise<Listening>;
}

export function createServer(options: ServerOptions): SyncServer {
  const { storage, secret, clock = systemClock, random = systemRandom, logger = () => {}, rateLimits = DEFAULT_RATE_LIMITS } = options;
  const keys = secret === undefined ? storedSigningKeys(storage, clock, random) : fixedSigningKey(secret);
  const notices = options.notices ?? createMemoryNotices();
  const streams = createNoticeStreams(notices);
  const { metrics = null, metricsToken = null } = options;
  metrics?.watchStreams(() => streams.count());
  const app = buildApp({
    storage,
    notices,
    streams,
    metrics,
    metricsToken,
    operatorToken: options.operatorToken === undefined ? null : requireLong(options.operatorToken),
    blobs: options.blobs ?? null,
    blobQuotaBytes: options.blobQuotaBytes ?? null,
    changeQuotaBytes: options.changeQuotaBytes ?? null,
    clock,
    random,
    logger,
    rateLimits,
    tokens: createSessionTokens(keys, clock),
    publicUrl: options.publicUrl === undefined ? null : originOf(options.publicUrl),
    maxSnapshotBytes: options.maxSnapshotBytes ?? DEFAULT_MAX_SNAPSHOT_BYTES,
    trustedProxies: options.trustedProxies ?? [],
    corsOrigins: options.corsOrigins ?? [],
  });
  return {
    fetch: async (request) => app.fetch(request, {}),
    listen: (where = {}) =>
      listen(
        (request, env) => app.fetch(request, env),
        where,
        () => streams.close(),
      ),
  };
}

function requireLong(token: string): string {
  if (token.length < MIN_OPERATOR_TOKEN)
    throw new OperatorTokenError(`the operator's token has fewer than ${MIN_OPERATOR_TOKEN} characters`);
  return token;
}

function originOf(publicUrl: string): string {
  const url = URL.parse(publicUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw new PublicUrlError(`"${publicUrl}" is not scheme and host only, like https://sync.example.com`);
  return url.origin;
}
