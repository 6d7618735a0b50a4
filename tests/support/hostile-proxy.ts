/** Stands between a device and a good server, over sockets, and spoils replies as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface GoodReply {
  readonly status: number;
  readonly body: unknown;
}

/** Answers in the good server's stead; it has already done what it was asked, except that it signs a user in once. */
export type Mischief = (good: GoodReply, response: ServerResponse, request: IncomingMessage) => void;

export interface HostileProxy {
  readonly url: string;
  /** What happens to replies of endpoints that end like this. Empty: everything passes as it is. */
  readonly spoilt: Map<string, Mischief>;
  /** The same without asking the good server, which may have no end to its answer. */
  readonly usurped: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  /** The paths asked for, spoilt or not. */
  readonly asked: string[];
  readonly close: () => void;
}

export async function startHostileProxy(target: string): Promise<HostileProxy> {
  const spoilt = new Map<string, Mischief>();
  const usurped: HostileProxy["usurped"] = new Map();
  const asked: string[] = [];
  let signedIn: GoodReply | null = null; // slow on purpose: one good reply serves all that are spoilt
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = async (): Promise<void> => {
      const { method = "GET", url = "/", headers } = request;
      const body = await readBody(request);
      const path = url.replace(/\?.*/, "");
      const usurper = [...usurped].find(([ending]) => path.endsWith(ending))?.[1];
      if (usurper !== undefined) return usurper(request, response);
      const mischief = [...spoilt].find(([ending]) => path.endsWith(ending))?.[1];
      if (mischief !== undefined && signedIn !== null && path.endsWith("/auth")) return mischief(signedIn, response, request);
      const reply = await fetch(target + url, {
        method,
        headers: { "content-type": headers["content-type"] ?? "application/json", authorization: headers.authorization ?? "" },
        ...(body.length === 0 ? {} : { body }),
      });
      const text = await reply.text();
      const good: GoodReply = { status: reply.status, body: text === "" ? null : JSON.parse(text) };
      if (path.endsWith("/auth") && reply.ok) signedIn = good;
      if (mischief === undefined) response.writeHead(reply.status, { "content-type": "application/json" }).end(text);
      else mischief(good, response, request);
    };
    answer().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    spoilt,
    usurped,
    asked,
    close: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
