/**
 * The end of a browser's sign-in for native applications (RFC 8252, section 7.3): a listener on 127.0.0.1, on a
 * free port, for one redirect. A request with another state is refused and waited past: another page on this
 * computer must be able neither to slip in a code nor to end the sign-in.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { timingSafeEqual } from "node:crypto";
import { SyncError } from "../client/errors.ts";

export interface LoopbackOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** How long the user has, ms. Default ten minutes, as long as a code lives. */
  readonly timeoutMs?: number;
  /** Cancels: `code` rejects with `auth/cancelled`. */
  readonly signal?: AbortSignal;
  /** Heads the page that the browser ends on. */
  readonly appName?: string;
}

export interface Loopback {
  readonly port: number;
  /** Waits for the redirect that carries `state`. Rejects with `auth/denied`, `auth/timeout` or `auth/cancelled`. The listener ends with it. */
  code(state: string): Promise<string>;
  /** Cancels what waits. */
  close(): Promise<void>;
}

const TEN_MINUTES_MS = 600_000;
const MOST_HEADER_BYTES = 16_384;

export async function openLoopback(options: LoopbackOptions = {}): Promise<Loopback> {
  let answer: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  const server = createServer({ maxHeaderSize: MOST_HEADER_BYTES, requestTimeout: 10_000 }, (request, response) => {
    if (answer === null) reply(response, 503, "Not yet", "The application is not waiting for a sign-in.");
    else answer(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });

  const closed = new AbortController();
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      closed.abort();
      server.close(() => resolve());
      server.closeIdleConnections();
    });

  const code = async (state: string): Promise<string> => {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? TEN_MINUTES_MS);
    const ends = [timeout, closed.signal, ...(options.signal === undefined ? [] : [options.signal])];
    try {
      return await new Promise<string>((resolve, reject) => {
        for (const end of ends) {
          const stop = (): void => reject(new SyncError(end === timeout ? "auth/timeout" : "auth/cancelled"));
          if (end.aborted) stop();
          else end.addEventListener("abort", stop, { once: true });
        }
        answer = (request, response) => {
          const outcome = readRedirect(request, state);
          response.on("finish", () => {
            if (outcome.kind === "code") resolve(outcome.code);
            if (outcome.kind === "denied") reject(new SyncError("auth/denied", { detail: outcome.reason }));
          });
          const app = options.appName ?? "the application";
          if (outcome.kind === "code") reply(response, 200, "Signed in", `You can close this window and go back to ${app}.`);
          else if (outcome.kind === "denied")
            reply(response, 200, "Not signed in", `Nothing was shared. You can close this window and go back to ${app}.`);
          else if (outcome.kind === "stranger")
            reply(response, 400, "Not this sign-in", "This address does not belong to the sign-in that is going on.");
          else reply(response, 404, "Not found", "There is nothing here.");
        };
      });
    } finally {
      answer = null;
      await close();
    }
  };

  return { port: (server.address() as AddressInfo).port, code, close };
}

type Outcome =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "denied"; readonly reason: string }
  | { readonly kind: "stranger" }
  | { readonly kind: "elsewhere" };

function readRedirect(request: IncomingMessage, state: string): Outcome {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (request.method !== "GET" || url.pathname !== "/callback") return { kind: "elsewhere" };
  if (!isSame(url.searchParams.get("state") ?? "", state)) return { kind: "stranger" };
  const code = url.searchParams.get("code");
  if (code !== null && code !== "") return { kind: "code", code };
  return { kind: "denied", reason: KNOWN_ERRORS.find((known) => known === url.searchParams.get("error")) ?? "no code came back" };
}

/** RFC 6749, section 4.1.2.1. Nothing else that the browser brings is repeated in a message. */
const KNOWN_ERRORS = [
  "access_denied",
  "invalid_request",
  "unauthorized_client",
  "invalid_scope",
  "server_error",
  "temporarily_unavailable",
];

function isSame(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function reply(response: ServerResponse, status: number, title: string, text: string): void {
  const escaped = (raw: string): string => raw.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark }
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem }
</style>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
</html>
`);
}
