/**
 * The server's word that other devices have pushed, as server-sent events over fetch: a browser's EventSource cannot send a
 * token. It connects again by itself, later and later while that fails; what only a person can help ends it.
 */
import { codec } from "@synckit-gen/schemas/protocol";
import type { Connection } from "./connection.ts";
import { SyncError } from "./errors.ts";
import { refusalOf } from "./http.ts";
import { watchIdle, type IdleWatch } from "./idle-watch.ts";
import type { Session } from "./session.ts";

/**
 * `changed`: pull. It also comes after each connecting, since what was pushed while there was no connection was not told.
 * `keepalive`: the connection stands.
 */
export type Notice = "changed" | "keepalive";

/**
 * Ends when it is closed or the loop over it is left; throws `SyncError` where connecting again is of no use: `auth/expired`
 * and `auth/…` for a session that does not count any more, `server/rejected` from a server without notices.
 */
export interface NotifyStream extends AsyncIterable<Notice> {
  readonly close: () => void;
}

/** The server says something every 30 seconds. */
const IDLE_MS = 90_000;
const FIRST_DELAY_MS = 1000;
const MOST_DELAY_MS = 60_000;
/** A quarter of the wait is drawn, so that devices which lost the same server do not come back together. */
const JITTER = 0.25;
/** Of one line. Ours have twenty. */
const MAX_LINE = 16 * 1024;

/** `deviceId`: its own pushes are left out, where the server can. */
export function openNotices(connection: Connection, deviceId: string | null): NotifyStream {
  let isClosed = false;
  let end = (): void => {};
  const untilClosed = (stop: () => void): void => {
    end = stop;
    if (isClosed) stop();
  };

  async function* stream(): AsyncGenerator<Notice, undefined> {
    const { config } = connection;
    for (let failures = 0; ;) {
      if (isClosed) return;
      const session = connection.requireLiveSession();
      const watch = watchIdle(config.timers, IDLE_MS);
      untilClosed(watch.abort);
      const connectedAtMs = config.clock.nowMs();
      let retryAfterMs = 0;
      try {
        const body = await connect(connection, session, deviceId, watch);
        yield "changed";
        for await (const notice of read(body, watch)) {
          if (isClosed) return;
          if (connection.requireLiveSession().token !== session.token) break; // another sign-in: listen as that one
          yield notice;
        }
      } catch (error) {
        if (!(error instanceof SyncError)) throw error;
        if (error.code === "auth/rejected" && connection.isExpired(session)) throw new SyncError("auth/expired", { cause: error });
        if (!error.retryable) throw error;
        retryAfterMs = error.retryAfterMs ?? 0;
      } finally {
        watch.stop();
        watch.abort();
      }
      const lastedMs = config.clock.nowMs() - connectedAtMs;
      failures = lastedMs >= MOST_DELAY_MS ? 1 : failures + 1;
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 10), MOST_DELAY_MS);
      const [byte = 0] = config.random.bytes(1);
      await pause(Math.max(Math.round(delayMs * (1 - (JITTER * byte) / 255)), retryAfterMs));
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = connection.config.timers.after(ms, resolve);
      untilClosed(() => {
        cancel();
        resolve();
      });
    });

  return {
    close() {
      isClosed = true;
      end();
    },
    [Symbol.asyncIterator]: stream,
  };
}

type Body = ReadableStreamDefaultReader<Uint8Array>;

async function connect({ config }: Connection, session: Session, deviceId: string | null, watch: IdleWatch): Promise<Body> {
  const { method, path } = codec.endpoints.subscribe;
  const query = codec.encodeSubscribeQuery({ appId: session.appId, deviceId });
  const response = await config
    .fetch(`${config.endpointUrl(path)}?${query}`, {
      method,
      headers: { accept: "text/event-stream", authorization: `Bearer ${session.token}` },
      redirect: "manual", // a token must not follow to another host
      credentials: "omit",
      cache: "no-store",
      signal: watch.signal,
    })
    .catch((cause: unknown) => {
      throw lost(cause, watch);
    });
  if (!response.ok) throw await refusalOf(response, config.clock);
  const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
  const reader: Body | undefined = response.body?.getReader();
  if (isStream && reader !== undefined) return reader;
  await reader?.cancel();
  throw new SyncError("reply/malformed", { detail: "not a stream of events" });
}

const lost = (cause: unknown, watch: IdleWatch): SyncError =>
  new SyncError(watch.isLate() ? "network/timeout" : "network/offline", { cause });

async function* read(body: Body, watch: IdleWatch): AsyncGenerator<Notice> {
  const decoder = new TextDecoder();
  let rest = "";
  let isChanged = false;
  try {
    for (;;) {
      const { done, value } = await body.read().catch((cause: unknown) => {
        throw lost(cause, watch);
      });
      if (done) return;
      watch.touch();
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/u);
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE) throw new SyncError("reply/too-large");
      // What was said twice in one breath is said once: a server that never stops costs little.
      const said = new Set<Notice>();
      for (const line of lines) {
        if (line.startsWith(":")) said.add("keepalive");
        else if (/^event: ?changed$/u.test(line)) isChanged = true;
        else if (line === "") {
          if (isChanged) said.add("changed");
          isChanged = false;
        }
      }
      yield* said;
    }
  } finally {
    await body.cancel().catch(() => undefined);
  }
}
