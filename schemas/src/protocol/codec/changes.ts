/** What is pushed and pulled. */
import { CHANGE_OPS, type ChangeOp } from "../payload.ts";
import { type Json, count, flag, list, object, optionalCount, optionalText, text } from "./members.ts";
import { WireError } from "./wire-error.ts";
import type * as Wire from "../wire.ts";

export const encodeChange = (c: Wire.WireChange): Json => ({
  table: c.table,
  op: c.op,
  row_id: c.rowId,
  timestamp: c.timestamp,
  data: c.data,
});
export const encodePulledChange = (c: Wire.PulledChange): Json => ({ ...encodeChange(c), device_id: c.deviceId, seq: c.seq });
export function decodeChange(body: unknown): Wire.PulledChange {
  const from = object(body, "change");
  const op: ChangeOp | undefined = CHANGE_OPS.find((known) => known === text(from, "op").toUpperCase());
  if (op === undefined) throw new WireError(`op: expected one of ${CHANGE_OPS.join(", ")}`);
  return {
    table: text(from, "table"),
    op,
    rowId: text(from, "row_id"),
    timestamp: text(from, "timestamp"),
    data: optionalText(from, "data"),
    deviceId: optionalText(from, "device_id"),
    seq: optionalCount(from, "seq"),
  };
}
export const encodePushRequest = (r: Wire.PushRequest): Json => ({
  device_id: r.deviceId,
  ...(r.batchKey === undefined ? {} : { batch_key: r.batchKey }),
  changes: r.changes.map(encodeChange),
});
export function decodePushRequest(body: unknown): Wire.PushRequest {
  const from = object(body, "request");
  const batchKey = optionalText(from, "batch_key");
  return {
    deviceId: text(from, "device_id"),
    ...(batchKey === null ? {} : { batchKey }),
    changes: list(from["changes"], "changes").map(decodeChange),
  };
}
export const encodePushReply = (r: Wire.PushReply): Json => ({ cursor: r.cursor });
export const decodePushReply = (body: unknown): Wire.PushReply => ({ cursor: count(object(body, "reply"), "cursor") });
export const encodePullRequest = (r: Wire.PullRequest): Json => ({
  device_id: r.deviceId,
  cursor: r.cursor,
  ...(r.tables === undefined ? {} : { tables: r.tables }),
  ...(r.since === undefined ? {} : { since: r.since }),
});
export function decodePullRequest(body: unknown): Wire.PullRequest {
  const from = object(body, "request");
  const tables = from["tables"] === undefined || from["tables"] === null ? null : list(from["tables"], "tables");
  if (tables?.some((name) => typeof name !== "string")) throw new WireError("tables: expected a list of strings");
  const since = optionalText(from, "since");
  return {
    deviceId: text(from, "device_id"),
    cursor: count(from, "cursor"),
    ...(tables === null ? {} : { tables: tables as readonly string[] }),
    ...(since === null ? {} : { since }),
  };
}
export const encodePullReply = (r: Wire.PullReply): Json => ({
  changes: r.changes.map(encodePulledChange),
  cursor: r.cursor,
  has_more: r.hasMore,
});
export function decodePullReply(body: unknown): Wire.PullReply {
  const from = object(body, "reply");
  return { changes: list(from["changes"], "changes").map(decodeChange), cursor: count(from, "cursor"), hasMore: flag(from, "has_more") };
}
export const encodeStatusReply = (r: Wire.StatusReply): Json => ({ total_changes: r.totalChanges, latest_cursor: r.latestCursor });
export function decodeStatusReply(body: unknown): Wire.StatusReply {
  const from = object(body, "reply");
  return { totalChanges: count(from, "total_changes", "total"), latestCursor: count(from, "latest_cursor", "cursor") };
}
