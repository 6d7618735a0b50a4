/** The server put together: storage, secret, time and randomness in; a fetch function and a socket out. */
import { buildApp } from "./http/build-app.ts";
import { listen, type Listening, type ListenOptions } from "./http/listen.ts";
import { DEFAULT_RATE_LIMITS, type RateLimits } from "./http/rate-limit.ts";
import { DEFAULT_MAX_SNAPSHOT_BYTES } from "./http/snapshot-routes.ts";
import type { Logger } from "./http/request-log.ts";
import { createSessionTokens } from "./session/session-token.ts";
import type { Storage } from "./storage/port.ts";
import { systemClock, systemRandom, type Clock, type RandomBytes } from "./system.ts";

export interface ServerOptions {
  /** Stays the caller's to close, after the server. */
  readonly storage: Storage;
  /** Signs session tokens; 32 bytes or more. Another secret ends every session. */
  readonly secret: Uint8Array;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly logger?: Logger;
  /** Null: none, for tests and for a program that is its own only client. */
  readonly rateLimits?: RateLimits | null;
  /** Bytes of base64 that one account's snapshot may have. Default: 4 GiB. */
  readonly maxSnapshotBytes?: number;
}

export interface SyncServer {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>;
  listen(options?: ListenOptions): Promise<Listening>;
}

export function createServer(options: ServerOptions): SyncServer {
  const { storage, secret, clock = systemClock, random = systemRandom, logger = () => {}, rateLimits = DEFAULT_RATE_LIMITS } = options;
  const { maxSnapshotBytes = DEFAULT_MAX_SNAPSHOT_BYTES } = options;
  const app = buildApp({ storage, clock, random, logger, rateLimits, maxSnapshotBytes, tokens: createSessionTokens(secret, clock) });
  return {
    fetch: async (request) => app.fetch(request, {}),
    listen: (where = {}) => listen((request, env) => app.fetch(request, env), where),
  };
}
