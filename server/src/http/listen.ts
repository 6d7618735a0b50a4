/** A socket for a fetch function, and its graceful end: requests under way are answered, no new one is taken. */
import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What a slow client may still take after the server was told to stop. */
const GRACE_MS = 10_000;

/** What one client may hold, and for how long. */
export interface SocketLimits {
  /** Until a request's headers are there. */
  readonly headersMs: number;
  /** Without a byte in either direction; a stream of notices has one every 30 seconds. */
  readonly idleMs: number;
  /** Of all clients together; past it a connection is closed as soon as it is made. */
  readonly maxConnections: number;
}

const STANDARD_LIMITS: SocketLimits = { headersMs: 10_000, idleMs: 75_000, maxConnections: 16_384 };
const MAX_HEADER_BYTES = 16 * 1024;
/** A blob on a slow line. Other bodies have a shorter time of their own (read-json.ts). */
const REQUEST_MS = 60 * 60 * 1000;
/** How long a connection may rest between requests: longer than common proxies do, or they send into one that closes. */
const KEEP_ALIVE_MS = 65_000;

export interface ListenOptions {
  /** Loopback unless told otherwise. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  readonly limits?: Partial<SocketLimits>;
}

export interface Listening {
  /** With the port in use, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

type Fetch = (request: Request, env?: object) => Response | Promise<Response>;

/**
 * Rejects with Node's own error when the address cannot be had (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`). `endStreams`: answers
 * that would go on for ever.
 */
export async function listen(
  fetch: Fetch,
  { host = "127.0.0.1", port = 0, limits = {} }: ListenOptions,
  endStreams: () => void,
): Promise<Listening> {
  const { headersMs, idleMs, maxConnections } = { ...STANDARD_LIMITS, ...limits };
  let isClosing = false;
  const answer: Fetch = async (request, env) => {
    const response = await fetch(request, env);
    // Else a kept-alive connection would hold the server open until it times out.
    if (isClosing) response.headers.set("Connection", "close");
    return response;
  };
  // The globals stay Node's own: an embedding program has its own use for Request and Response.
  const serverOptions = {
    headersTimeout: headersMs,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // How often Node looks for requests that are late.
    connectionsCheckingInterval: Math.min(headersMs, 5_000),
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = createAdaptorServer({ fetch: answer, overrideGlobalObjects: false, serverOptions }) as Server;
  server.timeout = idleMs;
  server.maxConnections = maxConnections;
  const unused = new Set<Socket>();
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }) => void unused.delete(socket));
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;

  let closed: Promise<void> | null = null;
  return {
    url: `http://${name}:${address.port}`,
    close: () => {
      isClosing = true;
      endStreams();
      closed ??= end(server);
      // Clients connect ahead of a request that never comes; Node takes those connections for busy.
      for (const socket of unused) socket.destroy();
      return closed;
    },
  };
}

function end(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close((error) => {
      clearTimeout(cut);
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
