/** By what an entry of the log is known again. Another device that says an entry again does not say it in the same words. */
import type { PayloadEntry, PulledEntry } from "../client/entries.ts";
import { fingerprint } from "./fingerprint.ts";

/** Of an entry that was read: what the wire says around it, and what is in it. */
export const entryDigest = ({ table, op, rowId, timestamp, payload, failure }: PulledEntry): string =>
  `${fingerprint(JSON.stringify([table, op, rowId, timestamp]))}.${failure === null ? fingerprint(payload ?? "") : UNREAD}`;

/** Of an entry as its author knows it; a server may write its time in other words. */
export const pushDigest = ({ table, op, rowId, payload, failure = null }: PayloadEntry & Partial<Pick<PulledEntry, "failure">>): string =>
  `${fingerprint(JSON.stringify([table, op, rowId]))}.${failure === null ? fingerprint(payload ?? "") : UNREAD}`;

/** An entry that cannot be opened today is still the entry that was read. */
const UNREAD = "?";

export function isSameEntry(a: string, b: string): boolean {
  const [wire, content] = a.split(".");
  const [otherWire, otherContent] = b.split(".");
  return wire === otherWire && (content === otherContent || content === UNREAD || otherContent === UNREAD);
}
