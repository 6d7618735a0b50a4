/**
 * A server restored from an older backup: its log ends before this device's cursor, or goes on differently from there.
 * Every pull begins at the last entry it has read; where the log no longer has that entry, or something that this device has
 * pushed, this device reads it from the start and pushes what it lacks.
 */
import type { PayloadEntry, PulledEntry } from "../client/entries.ts";
import { LogRegisters } from "../store/reseed.ts";
import { LAST_ENTRY, type LogPlace, UNREAD_PUSHES, unreadPushes } from "../store/log-facts.ts";
import type { Store } from "../store/store.ts";
import { entryDigest, isSamePush, pushDigest } from "./entry-digest.ts";
import { decodeEntry, encodeEntry, type EntryFormat } from "./entry.ts";
import { batches } from "./push.ts";
import type { PulledPage, Relay } from "./relay.ts";

/**
 * What the log must still have: the last entry read, and the last of each push that was not read back yet. A log that was
 * restored from a backup lacks one of them, however long it has become since.
 */
export class KnownLog {
  readonly #device: string;
  readonly #cursor: number;
  #last: readonly [seq: number, digest: string] | null;
  #isLastThere: boolean;
  #unread: readonly LogPlace[];

  constructor(store: Store, device: string) {
    this.#device = device;
    this.#cursor = store.state.getNumber("pull_cursor", 0);
    this.#last = lastEntry(store);
    this.#isLastThere = this.#last === null;
    this.#unread = unreadPushes(store.state);
  }

  /** Where to read from: the last entry read comes once more. */
  get start(): number {
    return this.#last === null ? this.#cursor : Math.min(this.#cursor, this.#last[0] - 1);
  }

  /** Between the last entry read and the cursor there was nothing, unless a server once named a cursor past its log's end. */
  #isHidden({ seq }: PulledEntry): boolean {
    return seq !== null && seq > (this.#last?.[0] ?? seq) && seq <= this.#cursor;
  }

  /** The state that goes with having read this page, to be stored together with the cursor. Null: the log has lost something. */
  read(page: PulledPage): Readonly<Record<string, string>> | null {
    if (this.#last !== null && !this.#isLastThere) {
      this.#isLastThere = holdsEntry(page.entries, this.#last);
      if (this.#isLastThere && page.entries.some((entry) => this.#isHidden(entry))) return null;
      if (!this.#isLastThere && (!page.hasMore || page.cursor >= this.#last[0])) return null;
    }
    if (this.#unread.length > 0)
      for (const entry of page.entries) this.#unread = this.#unread.filter(([, pushed]) => !isPushOf(this.#device, pushed, entry));
    if (!page.hasMore && this.#unread.length > 0) return null;
    for (const entry of page.entries)
      if (entry.seq !== null && entry.seq >= (this.#last?.[0] ?? 0)) this.#last = [entry.seq, entryDigest(entry)];
    return { ...(this.#last === null ? {} : { [LAST_ENTRY]: JSON.stringify(this.#last) }), [UNREAD_PUSHES]: JSON.stringify(this.#unread) };
  }
}

/** The last entry read, as number and digest. */
export function lastEntry(store: Store): readonly [seq: number, digest: string] | null {
  const stored = store.state.get(LAST_ENTRY) ?? "";
  return stored === "" ? null : (JSON.parse(stored) as [number, string]);
}

export const holdsEntry = (page: readonly PulledEntry[], [seq, digest]: readonly [seq: number, digest: string]): boolean =>
  page.some((entry) => entry.seq === seq && entryDigest(entry) === digest);

/** The entry is the one that this device pushed. */
export const isPushOf = (device: string, pushed: string, entry: PulledEntry): boolean =>
  (entry.deviceId === null || entry.deviceId === device) && isSamePush(pushed, pushDigest(entry));

/** Reads the whole log and pushes what it lacks. Returns the number of entries pushed; the next pull starts at 0. */
export async function reseed(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<number> {
  const { log, head, last } = await readLog(relay, format, device);
  store.foldLocal(device);
  let pushed = 0;
  const unread: LogPlace[] = [];
  // All at once in memory: this happens once in the life of a server, and the log was read whole already.
  const missing = [...store.recallMissing(log)].map((recalled) => encodeEntry(format, recalled.entry, recalled.device));
  for (const batch of batches(missing)) {
    const end = await relay.pushPayloads(device, batch);
    pushed += batch.length;
    unread.push([end, pushDigest(batch.at(-1) as PayloadEntry)]);
  }
  store.restartLog(head, last, unread);
  return pushed;
}

/** Tells again what others may have forgotten. Readers who remember it find no loss in it: nobody has made these entries. */
export async function tellForgotten(store: Store, relay: Relay, format: EntryFormat, device: string): Promise<void> {
  // Without its author's clock an entry would be a new one.
  const forgotten = format.compat === "full" ? [...store.recallForgotten(device)] : [];
  const seen = store.highestCursor();
  const entries = forgotten.map(({ entry, device: author }) =>
    encodeEntry(format, { ...entry, seen, isRule: entry.op !== "DELETE" }, author),
  );
  for (const batch of batches(entries)) {
    const cursor = await relay.pushPayloads(device, batch);
    store.markPushed([], 0, { cursor, digest: pushDigest(batch.at(-1) as PayloadEntry) });
  }
  store.endRecall();
}

/** What the log's entries add up to, where it ends and with what, and the latest stamp in it. */
export async function readLog(
  relay: Relay,
  format: EntryFormat,
  device: string,
): Promise<{ readonly log: LogRegisters; readonly head: number; readonly last: LogPlace | null; readonly lastStamp: number }> {
  const log = new LogRegisters();
  let head = 0;
  let last: LogPlace | null = null;
  let lastStamp = 0;
  for (let hasMore = true; hasMore;) {
    const page = await relay.pullPayloads(device, head);
    for (const entry of page.entries) {
      if (entry.seq !== null && entry.seq >= (last?.[0] ?? 0)) last = [entry.seq, entryDigest(entry)];
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
  return { log, head, last, lastStamp };
}
