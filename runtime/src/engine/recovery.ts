/**
 * A server restored from an older backup: its log ends before this device's cursor, or goes on differently from there.
 * Every pull begins at the last entry it has read; where the log no longer has that entry, or ends before what this device
 * has pushed, this device reads it from the start and pushes what it lacks.
 */
import type { PulledEntry } from "../client/entries.ts";
import { LogRegisters } from "../store/reseed.ts";
import type { Store } from "../store/store.ts";
import { decodeEntry, encodeEntry, type EntryFormat } from "./entry.ts";
import { fingerprint } from "./fingerprint.ts";
import { batches } from "./push.ts";
import type { Relay } from "./relay.ts";

/** State key: the last entry read, as `[seq, digest]`. */
export const LAST_ENTRY = "last_entry";

/** The state that remembers the last of these entries; to be stored together with the cursor. */
export function lastEntryFact(entries: readonly PulledEntry[]): Readonly<Record<string, string>> {
  let last: PulledEntry | null = null;
  for (const entry of entries) if (entry.seq !== null && entry.seq >= (last?.seq ?? 0)) last = entry;
  return last === null ? {} : { [LAST_ENTRY]: JSON.stringify([last.seq, digestOf(last)]) };
}

/** The cursor to check the log from: just before the last entry read. Null: nothing to check by. */
export function checkpoint(store: Store): { readonly cursor: number; readonly holds: (page: readonly PulledEntry[]) => boolean } | null {
  const last = lastEntry(store);
  if (last === null || store.state.getNumber("pull_cursor", 0) === 0) return null;
  return { cursor: last[0] - 1, holds: (page) => holdsEntry(page, last) };
}

/** The last entry read, as number and digest. */
export function lastEntry(store: Store): readonly [seq: number, digest: string] | null {
  const stored = store.state.get(LAST_ENTRY);
  return stored === null ? null : (JSON.parse(stored) as [number, string]);
}

export const holdsEntry = (page: readonly PulledEntry[], [seq, digest]: readonly [seq: number, digest: string]): boolean =>
  page.some((entry) => entry.seq === seq && isSame(digestOf(entry), digest));

/** Reads the whole log and pushes what it lacks. Returns the number of entries pushed; the next pull starts at 0. */
export async function reseed(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<number> {
  const { log, head } = await readLog(relay, format, device);
  store.foldLocal(device);
  let pushed = 0;
  // All at once in memory: this happens once in the life of a server, and the log was read whole already.
  const missing = [...store.recallMissing(log)].map((recalled) => encodeEntry(format, recalled.entry, recalled.device));
  for (const batch of batches(missing)) {
    await relay.pushPayloads(device, batch);
    pushed += batch.length;
  }
  store.restartLog(head);
  return pushed;
}

/** What the log's entries add up to, where it ends, and the latest stamp in it. */
export async function readLog(
  relay: Relay,
  format: EntryFormat,
  device: string,
): Promise<{ readonly log: LogRegisters; readonly head: number; readonly lastStamp: number }> {
  const log = new LogRegisters();
  let head = 0;
  let lastStamp = 0;
  for (let hasMore = true; hasMore;) {
    const page = await relay.pullPayloads(device, head);
    for (const entry of page.entries) {
      const decoded = decodeEntry(format, entry);
      if (!("changes" in decoded)) continue;
      for (const change of decoded.changes) {
        log.add(change, format.tables.get(change.table)?.columns ?? []);
        lastStamp = Math.max(lastStamp, change.clock.stamp);
      }
    }
    head = page.cursor;
    hasMore = page.hasMore;
  }
  return { log, head, lastStamp };
}

/** What the wire says around an entry, and what is in it. Another device that says an entry again, at the same place of another log, does so under its own name. */
const digestOf = ({ deviceId, table, op, rowId, timestamp, payload, failure }: PulledEntry): string =>
  `${fingerprint(JSON.stringify([deviceId, table, op, rowId, timestamp]))}.${failure === null ? fingerprint(payload ?? "") : UNREAD}`;

/** An entry that cannot be opened today is still the entry that was read. */
const UNREAD = "?";

function isSame(a: string, b: string): boolean {
  const [wire, content] = a.split(".");
  const [otherWire, otherContent] = b.split(".");
  return wire === otherWire && (content === otherContent || content === UNREAD || otherContent === UNREAD);
}
