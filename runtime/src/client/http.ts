/**
 * JSON over HTTP to one server: bearer token, retries, limits on time and size, no redirects. A reply that
 * is not what was agreed becomes a `SyncError` here; nothing above this file sees `fetch`.
 */
import { codec, limits } from "@synckit-gen/schemas/protocol";
import { SyncError } from "./errors.ts";
import type { Clock, RandomSource, Sleep } from "./ports.ts";
import { readRetryAfterMs, RETRIES, retryDelayMs } from "./retry.ts";

/** A full page of the largest entries is refused by the server long before; this bounds memory. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_REPLY_BYTES = 64 * 1024;
const MAX_SERVER_MESSAGE = 200; // characters of the server's own text that are kept
const TIMEOUT_MS = 30_000;
/** A clock that moved by this much more or less than time did was set, or slept. */
const CLOCK_WAS_SET_MS = 60_000;
/** Slowest line that a large request may go out on: 16 bytes per millisecond, 128 kbit/s. */
const UPLOAD_BYTES_PER_MS = 16;

export interface HttpPorts {
  readonly fetch: typeof fetch;
  readonly sleep: Sleep;
  readonly random: RandomSource;
  readonly clock: Clock;
}

export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly token: string | null;
  readonly body?: unknown;
  /** The body's members go as a form. */
  readonly isForm?: boolean;
  /** For the whole exchange, without the time that a large request needs. */
  readonly timeoutMs?: number;
}

type Outcome = { readonly kind: "reply"; readonly body: unknown } | { readonly kind: "failure"; readonly error: SyncError };

export class Http {
  readonly #ports: HttpPorts;
  #serverTime: { readonly offsetMs: number; readonly wallMinusMonotonicMs: number } | null = null;

  constructor(ports: HttpPorts) {
    this.#ports = ports;
  }

  /** How far the server's clock is ahead of this device's, ms; null: no reply has said since this one was set. Good to about a second. */
  get clockOffsetMs(): number | null {
    const known = this.#serverTime;
    if (known === null || Math.abs(this.#wallMinusMonotonicMs() - known.wallMinusMonotonicMs) >= CLOCK_WAS_SET_MS) return null;
    return known.offsetMs;
  }

  #wallMinusMonotonicMs(): number {
    const { clock } = this.#ports;
    return clock.monotonicMs === undefined ? 0 : clock.nowMs() - clock.monotonicMs();
  }

  /** The parsed reply; null for an empty one. Throws `SyncError`. */
  async send(call: HttpCall): Promise<unknown> {
    const body = call.body === undefined ? null : new TextEncoder().encode(bodyText(call));
    if (body !== null && body.length > limits.MAX_REQUEST_BYTES) throw new SyncError("entry/too-large", { detail: "the whole request" });
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#attempt(call, body);
      if (outcome.kind === "reply") return outcome.body;
      const { error } = outcome;
      if (!error.retryable || attempt === RETRIES) throw error;
      const waitMs = retryDelayMs(attempt, error.retryAfterMs, this.#ports.random);
      if (waitMs === null) throw error;
      await this.#ports.sleep(waitMs);
    }
  }

  async #attempt(call: HttpCall, body: Uint8Array<ArrayBuffer> | null): Promise<Outcome> {
    const sentAtMs = this.#ports.clock.nowMs();
    const signal = AbortSignal.timeout((call.timeoutMs ?? TIMEOUT_MS) + Math.ceil((body?.length ?? 0) / UPLOAD_BYTES_PER_MS));
    try {
      const response = await this.#ports.fetch(call.url, {
        method: call.method,
        headers: {
          accept: "application/json",
          ...(call.token === null ? {} : { authorization: `Bearer ${call.token}` }),
          ...(body === null ? {} : { "content-type": call.isForm ? "application/x-www-form-urlencoded" : "application/json" }),
        },
        ...(body === null ? {} : { body }),
        redirect: "manual", // a token must not follow to another host
        credentials: "omit",
        cache: "no-store",
        signal,
      });
      this.#noteClock(response, sentAtMs);
      if (response.ok) return { kind: "reply", body: parseJson(await readText(response, MAX_REPLY_BYTES)) };
      return { kind: "failure", error: await refusalOf(response, this.#ports.clock) };
    } catch (cause) {
      if (cause instanceof SyncError) return { kind: "failure", error: cause };
      if (signal.aborted) return { kind: "failure", error: new SyncError("network/timeout", { cause }) };
      const reason = reasonOf(cause);
      return { kind: "failure", error: new SyncError("network/offline", { cause, ...(reason === null ? {} : { detail: reason }) }) };
    }
  }

  /** A Date header is cut to the second: on average half a second before the reply was made, on the middle of the way. */
  #noteClock(response: Response, sentAtMs: number): void {
    const serverMs = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(serverMs)) return;
    const offsetMs = Math.round(serverMs + 500 - (sentAtMs + this.#ports.clock.nowMs()) / 2);
    this.#serverTime = { offsetMs, wallMinusMonotonicMs: this.#wallMinusMonotonicMs() };
  }
}

/** The system's word for it (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`), which Node has and browsers keep to themselves. */
function reasonOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  return "code" in error && typeof error.code === "string" ? error.code : reasonOf(error.cause);
}

/** Of a refusal that says nothing, so that it may not be the server's own. */
const HINTS: Readonly<Record<number, string>> = {
  404: "404: is this the server's address?",
  413: "413: larger than the server, or a proxy before it, takes",
};

/** Why the server did not do it. Reads the reply, or lets go of it. */
export async function refusalOf(response: Response, clock: Clock): Promise<SyncError> {
  const { status } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await response.body?.cancel();
    return new SyncError("server/redirected", { status });
  }
  const reply = await readErrorReply(response);
  const retryAfterMs = readRetryAfterMs(response.headers.get("retry-after"), clock.nowMs());
  const details = {
    status,
    detail: (reply.error === "" ? HINTS[status] : undefined) ?? String(status),
    ...(reply.error === "" ? {} : { serverMessage: reply.error.slice(0, MAX_SERVER_MESSAGE) }),
    ...(reply.dimension === undefined ? {} : { dimension: reply.dimension.slice(0, MAX_SERVER_MESSAGE) }),
    ...(reply.key === undefined ? {} : { billingKey: reply.key.slice(0, MAX_SERVER_MESSAGE) }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  };
  if (status === 401) return new SyncError("auth/rejected", details);
  if (status === 402) return new SyncError("server/payment-required", details);
  if (status === 429) return new SyncError("server/rate-limited", details);
  if (status >= 500) return new SyncError("server/unavailable", details);
  return new SyncError("server/rejected", details);
}

const bodyText = ({ body, isForm }: HttpCall): string =>
  isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body);

/** What the server says about a refusal matters less than the status: unreadable text is no text. */
async function readErrorReply(response: Response): Promise<ReturnType<typeof codec.decodeError>> {
  try {
    return codec.decodeError(parseJson(await readText(response, MAX_ERROR_REPLY_BYTES)));
  } catch {
    return codec.decodeError(null); // too long, no JSON, or cut off
  }
}

/** Counts while reading: a length header may lie, and a compressed body is counted as it unfolds. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw new SyncError("reply/too-large");
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new SyncError("reply/too-large");
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parseJson(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new SyncError("reply/malformed", { detail: "not JSON" }); // without a cause: the parser quotes the text
  }
}
