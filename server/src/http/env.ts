/** What a request carries from one step of its way to the next. */
import type { HttpBindings } from "@hono/node-server";
import type { Session } from "../session/session-token.ts";

export interface Env {
  readonly Bindings: Partial<HttpBindings>;
  readonly Variables: {
    /** The caller's, behind trusted proxies as they tell it. */
    address: string;
    /** Names the request in the log and in its answer. */
    requestId: string;
    /** Of a request with a bearer token. */
    session: Session;
  };
}
