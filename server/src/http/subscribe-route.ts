/** `GET /subscribe`: a stream of notices that this account has changes, for as long as the session counts. */
import { codec } from "@synckit-gen/schemas/protocol";
import type { Context } from "hono";
import type { Session } from "../session/session-token.ts";
import type { Env } from "./env.ts";
import { HttpError } from "./http-error.ts";
import type { NoticeStreams } from "./notice-streams.ts";

/** `readSession`: once more, as it counts then. */
export function subscribe(streams: NoticeStreams, c: Context<Env>, readSession: () => Promise<Session | null>): Response {
  const scope = c.get("session");
  const { appId, deviceId } = codec.decodeSubscribeQuery(new URL(c.req.url).searchParams);
  if (appId !== scope.appId) throw new HttpError(403, "app_id: the session is of another app");
  const { outgoing } = c.env;
  const stream = streams.open({
    scope,
    deviceId,
    isValid: async () => (await readSession()) !== null,
    backlog: () => outgoing?.writableLength ?? 0,
    cut: () => outgoing?.destroy(),
  });
  return c.body(stream, 200, {
    "Content-Type": "text/event-stream",
    // nginx would keep notices back until it has a buffer full of them.
    "X-Accel-Buffering": "no",
    // Nothing follows on this connection: a server that stops need not wait for it.
    Connection: "close",
  });
}
