/** Notices that there is something to pull. */
import { optionalText, text } from "./members.ts";
import type * as Wire from "../wire.ts";

/** Server-sent events: there is something to pull. */
export const NOTICE_CHANGED = "event: changed\ndata:\n\n";
/** A comment, so that nobody between takes the connection for dead. */
export const NOTICE_KEEPALIVE = ": keepalive\n\n";
/** Query of `GET /subscribe`, without the question mark. */
export const encodeSubscribeQuery = ({ appId, deviceId }: Wire.SubscribeRequest): string =>
  new URLSearchParams({ app_id: appId, ...(deviceId === null ? {} : { device_id: deviceId }) }).toString();
export function decodeSubscribeQuery(query: URLSearchParams): Wire.SubscribeRequest {
  const from = Object.fromEntries(query);
  return { appId: text(from, "app_id"), deviceId: optionalText(from, "device_id") };
}
