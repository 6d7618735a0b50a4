/** The limits of one pushed entry (docs/protocol.md, "Limits"). Refusals name the member, never its value. */
import { limits, timestampToStamp, type WireChange, WireError } from "@synckit-gen/schemas/protocol";
import type { LoggedChange } from "../storage/port.ts";

/** The entry with its instant. Throws `WireError` when it is past a limit. */
export function checkChange(change: WireChange): LoggedChange {
  const { table, op, rowId, timestamp, data } = change;
  if (table === "" || table.length > limits.MAX_TABLE_NAME) throw new WireError(`table: expected 1 to ${limits.MAX_TABLE_NAME} characters`);
  if (rowId === "" || rowId.length > limits.MAX_ROW_ID) throw new WireError(`row_id: expected 1 to ${limits.MAX_ROW_ID} characters`);
  if (data !== null && data.length > limits.MAX_ENTRY_BYTES) throw new WireError(`data: expected at most ${limits.MAX_ENTRY_BYTES} bytes`);
  for (const [member, text] of [
    ["table", table],
    ["row_id", rowId],
    ["data", data ?? ""],
  ] as const)
    requireStorable(member, text);
  const stamp = timestampToStamp(timestamp);
  if (stamp === null) throw new WireError("timestamp: expected an RFC 3339 time");
  return { table, op, rowId, timestamp, stamp, data };
}

/**
 * JSON can spell half of a surrogate pair: a database keeps a replacement character instead, and two row ids
 * become one. PostgreSQL takes no NUL.
 */
export function requireStorable(member: string, text: string): void {
  if (/[\p{Surrogate}\0]/u.test(text)) throw new WireError(`${member}: expected Unicode text without NUL`);
}
