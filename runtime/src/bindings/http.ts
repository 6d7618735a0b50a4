/**
 * Commands and events over HTTP on this computer, for an app whose window is a page in a browser: a handler from
 * Request to Response, for any server that speaks fetch. Other pages of the same browser can reach the port too,
 * so each request needs the token, and none may come from another origin or by another host name.
 */
import type { EventStream } from "../events/event-stream.ts";
import { answer, remoteCommands, type Answer, type Commands, type Remote } from "./invoke.ts";

export interface HttpBindingOptions {
  /** At least 32 characters nobody can guess; the page gets it from the app (in its address's fragment, for instance). */
  readonly token: string;
  /** Origins of the app's own pages besides the handler's own, as `http://127.0.0.1:5173`. */
  readonly origins?: readonly string[];
  /** Where the commands are. Default `/sync`. */
  readonly path?: string;
}

const LEAST_TOKEN = 32;
const MOST_BODY_BYTES = 65_536;
const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** `POST <path>/<command>` with a JSON list of arguments; `GET <path>/events` as a stream (SSE). Null: another path, not for this handler. */
export function httpHandler<Sync extends { readonly events: EventStream<unknown> }>(
  sync: Sync,
  commands: Commands<Sync>,
  options: HttpBindingOptions,
): (request: Request) => Promise<Response | null> {
  if (options.token.length < LEAST_TOKEN) throw new RangeError(`httpHandler: the token has less than ${LEAST_TOKEN} characters`);
  const path = options.path ?? "/sync";

  return async (request) => {
    const url = new URL(request.url);
    if (!url.pathname.startsWith(`${path}/`)) return null;
    const name = url.pathname.slice(path.length + 1);
    const origin = request.headers.get("origin");
    const headers = corsHeaders(origin, url, options.origins ?? []);
    if (!LOOPBACK.has(url.hostname) || headers === null)
      return json(403, problem("command/forbidden", "This page may not call commands."), {});
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
    if (!hasToken(request, options.token)) return json(401, problem("command/token", "The token is missing or wrong."), headers);
    if (request.method === "GET" && name === "events") return eventStream(sync.events, request.signal, headers);
    if (request.method !== "POST") return json(405, problem("command/method", "Commands are called with POST."), headers);
    if (!(request.headers.get("content-type") ?? "").startsWith("application/json"))
      return json(415, problem("command/arguments", "Arguments come as application/json."), headers);
    const values = await readList(request);
    if (values === undefined) return json(400, problem("command/arguments", "A command's arguments come as a JSON list."), headers);
    const result = await answer(sync, commands, name, values);
    return json(result.ok ? 200 : result.error.code === "command/unknown" ? 404 : 422, result, headers);
  };
}

/** For the page: the same commands as functions. Each throws `CommandError`. */
export function httpCommands<Table>(baseUrl: string, token: string, send: typeof fetch = fetch): Remote<Table> {
  return remoteCommands<Table>(async (name, values) => {
    const response = await send(`${baseUrl}/${encodeURIComponent(name)}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(values),
    });
    return (await response.json()) as Answer;
  });
}

const problem = (code: string, message: string): Answer => ({ ok: false, error: { code, message, retryable: false } });

function json(status: number, body: Answer, headers: Readonly<Record<string, string>>): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
}

/** Null: a page of another origin. Programs that are no browser send none, and still need the token. */
function corsHeaders(origin: string | null, url: URL, origins: readonly string[]): Readonly<Record<string, string>> | null {
  if (origin === null || origin === url.origin) return {};
  if (!origins.includes(origin)) return null;
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-headers": "authorization, content-type",
    "access-control-allow-methods": "GET, POST",
    vary: "Origin",
  };
}

/** Compares in time that depends on the lengths only. */
function hasToken(request: Request, token: string): boolean {
  const given = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
  let difference = given.length ^ token.length;
  for (let at = 0; at < token.length; at++) difference |= (given.charCodeAt(at) || 0) ^ token.charCodeAt(at);
  return difference === 0;
}

async function readList(request: Request): Promise<readonly unknown[] | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > MOST_BODY_BYTES) return undefined;
  const text = await request.text();
  if (text.length > MOST_BODY_BYTES) return undefined;
  try {
    const values: unknown = text === "" ? [] : JSON.parse(text);
    return Array.isArray(values) ? (values as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

function eventStream(events: EventStream<unknown>, signal: AbortSignal, headers: Readonly<Record<string, string>>): Response {
  const encoder = new TextEncoder();
  let unsubscribe = (): void => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      unsubscribe = events.subscribe((event) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`)));
      signal.addEventListener("abort", () => unsubscribe(), { once: true });
    },
    cancel: () => unsubscribe(),
  });
  return new Response(body, { headers: { ...headers, "content-type": "text/event-stream", "cache-control": "no-store" } });
}
