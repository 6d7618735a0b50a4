/** A bare caller of the server for tests: no client library between the test and the wire. */
import type { SyncServer } from "@synckit-gen/server";

type Fetch = (request: Request) => Promise<Response>;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export interface Caller {
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The same with this token. */
  as(token: string): Caller;
}

/** Calls a server without a socket. */
export const inProcess = (server: SyncServer): Caller => caller("http://in-process", (request) => server.fetch(request));
/** Calls a server over HTTP. */
export const overHttp = (url: string): Caller => caller(url, (request) => fetch(request));

function caller(origin: string, send: Fetch, token: string | null = null): Caller {
  return {
    as: (next) => caller(origin, send, next),
    call: async (method, path, body, headers = {}) => {
      const response = await send(
        new Request(origin + path, {
          method,
          headers: { "Content-Type": "application/json", ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      );
      return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers };
    },
  };
}

/** An entry whose data looks like what a client sends: 24 bytes of nonce, 16 of tag and some between. */
export const entry = (rowId: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  table: "tasks",
  op: "INSERT",
  row_id: rowId,
  timestamp: "2026-01-02T03:04:05.678901Z",
  data: Buffer.alloc(64, rowId).toString("base64"),
  ...more,
});

export function textOf(answer: Answer, member: string): string {
  const value = answer.body[member];
  if (typeof value !== "string") throw new Error(`${member} is missing from an answer with status ${answer.status}`);
  return value;
}
