/** By what an entry of the log is known again. */
import type { PayloadEntry, PulledEntry } from "../client/entries.ts";
import { fingerprint } from "./fingerprint.ts";

/** Of an entry that was read. By its nonce it differs from an equal one that was pushed to the same place of another log. */
export const entryDigest = ({ deviceId, table, op, rowId, timestamp, nonce }: PulledEntry): string =>
  fingerprint(JSON.stringify([deviceId, table, op, rowId, timestamp, nonce]));

/** Of an entry as its author knows it: a server may write its time in other words. */
export const pushDigest = ({ table, op, rowId, payload, failure = null }: PayloadEntry & Partial<Pick<PulledEntry, "failure">>): string =>
  `${fingerprint(JSON.stringify([table, op, rowId]))}.${failure === null ? fingerprint(payload ?? "") : UNREAD}`;

/** An entry that cannot be opened today may still be the one that was pushed. */
const UNREAD = "?";

export function isSamePush(pushed: string, read: string): boolean {
  const [wire, content] = pushed.split(".");
  const [otherWire, otherContent] = read.split(".");
  return wire === otherWire && (content === otherContent || otherContent === UNREAD);
}
