/** Replies that say what went wrong. */
import { type Json } from "./members.ts";
import type * as Wire from "../wire.ts";

export const encodeError = (e: Wire.ErrorReply): Json => ({ ...e });
export function decodeError(body: unknown): Wire.ErrorReply {
  const from = body !== null && typeof body === "object" && !Array.isArray(body) ? (body as Json) : {};
  const member = (name: string): string | undefined => (typeof from[name] === "string" ? from[name] : undefined);
  const dimension = member("dimension");
  const key = member("key");
  return { error: member("error") ?? "", ...(dimension === undefined ? {} : { dimension }), ...(key === undefined ? {} : { key }) };
}
