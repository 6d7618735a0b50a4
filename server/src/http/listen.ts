/** A socket for a fetch function, and its graceful end: requests under way are answered, no new one is taken. */
import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a slow client may still take after the server was told to stop. */
const GRACE_MS = 10_000;

export interface ListenOptions {
  /** Loopback unless told otherwise. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
}

export interface Listening {
  /** With the port in use, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

type Fetch = (request: Request, env?: object) => Response | Promise<Response>;

/** Rejects with Node's own error when the address cannot be had (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`). */
export async function listen(fetch: Fetch, { host = "127.0.0.1", port = 0 }: ListenOptions): Promise<Listening> {
  let isClosing = false;
  const answer: Fetch = async (request, env) => {
    const response = await fetch(request, env);
    // Else a kept-alive connection would hold the server open until it times out.
    if (isClosing) response.headers.set("Connection", "close");
    return response;
  };
  // The globals stay Node's own: an embedding program has its own use for Request and Response.
  const server = createAdaptorServer({ fetch: answer, overrideGlobalObjects: false }) as Server;
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;

  let closed: Promise<void> | null = null;
  return {
    url: `http://${name}:${address.port}`,
    close: () => {
      isClosing = true;
      closed ??= end(server);
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
