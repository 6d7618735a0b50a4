/**
 * Push: captured changes in the order in which the database accepted them. That order is safe for foreign
 * keys by itself: every statement it came from passed them (the snapshot is written parents first).
 */
import { limits, ValueError } from "@synckit-gen/schemas/protocol";
import { refuseIfAwayTooLong } from "./away.ts";
import { pushDigest } from "./entry-digest.ts";
import type { Relay } from "./relay.ts";
import type { PayloadEntry } from "../client/entries.ts";
import type { Store } from "../store/store.ts";
import type { ReportProgress } from "../events/progress.ts";
import type { OutgoingEntry } from "../store/coalesce.ts";
import { refuseTooOld } from "./too-old.ts";
import { encodeEntry, type EntryFormat } from "./entry.ts";

/** Bytes of payload text in one request: base64 and the wire's other members make about half as much again of it. */
const MAX_BATCH_BYTES = limits.MAX_REQUEST_BYTES / 2;
/** Bytes of payload that still fit one entry's base64 with nonce and tag. */
const MAX_PAYLOAD_BYTES = Math.floor((limits.MAX_ENTRY_BYTES * 3) / 4) - 64;

/**
 * Sends what was pending at the call, in batches, and returns the number of changes that are now in the log. What an app
 * writes meanwhile waits for the next push: a busy writer must not keep this one from ending.
 */
export async function pushChanges(
  store: Store,
  relay: Relay,
  format: EntryFormat,
  device: string,
  report: ReportProgress = () => {},
): Promise<number> {
  refuseTooOld(store);
  refuseIfAwayTooLong(store);
  let pushed = 0;
  store.foldLocal(device);
  const total = store.pendingCount();
  for (let left = total; left > 0;) {
    const outgoing = store.outgoing();
    if (outgoing.length === 0) return pushed;
    for (const batch of pushBatches(store, format, device, outgoing)) {
      if (batch.unpushable.length > 0) store.markUnpushable(batch.unpushable, batch.stamp);
      if (batch.ids.length > 0) {
        const last = batch.entries.at(-1);
        const push = last === undefined ? null : { cursor: await relay.pushPayloads(device, batch.entries), digest: pushDigest(last) };
        // By id and stamp, not by row: an edit made during the request is another entry, and stays.
        store.markPushed(batch.ids, batch.stamp, push);
        pushed += batch.ids.length;
        report({ phase: "push", unit: "entries", done: pushed, total });
      }
      left -= batch.ids.length + batch.unpushable.length;
    }
  }
  return pushed;
}

/** Splits entries into requests that a server takes, in order. */
export function* batches(entries: readonly PayloadEntry[]): Generator<readonly PayloadEntry[]> {
  let batch: PayloadEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = sizeOf(entry);
    if (size > MAX_PAYLOAD_BYTES) continue; // it was never pushed
    if (batch.length === limits.MAX_BATCH_ENTRIES || (batch.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Bytes of payload text. */
const sizeOf = ({ payload }: PayloadEntry): number => new TextEncoder().encode(payload ?? "").length;

interface Batch {
  /** Of the changelog, rising: an entry may stand for several. */
  readonly ids: readonly number[];
  /** The latest of their stamps. */
  readonly stamp: number;
  readonly entries: readonly PayloadEntry[];
  readonly unpushable: readonly number[];
}

/** Rows are read when their batch is made. */
function* pushBatches(store: Store, format: EntryFormat, device: string, outgoing: readonly OutgoingEntry[]): Generator<Batch> {
  let ids: number[] = [];
  let entries: PayloadEntry[] = [];
  let unpushable: number[] = [];
  let bytes = 0;
  let stamp = 0;
  const take = (): Batch => {
    const batch = { ids: ids.toSorted((a, b) => a - b), stamp, entries, unpushable: unpushable.toSorted((a, b) => a - b) };
    [ids, entries, unpushable, bytes] = [[], [], [], 0];
    return batch;
  };
  const ownBaselines = store.ownBaselines(outgoing, device);
  for (const next of outgoing) {
    const encoded = encodeOutgoing(store, format, device, next, ownBaselines.has(next.entry.id));
    stamp = Math.max(stamp, next.newest.stamp);
    if (encoded === "gone") {
      ids.push(...next.ids); // nothing is left to say of it
      continue;
    }
    const size = encoded === null ? 0 : sizeOf(encoded);
    if (encoded === null || size > MAX_PAYLOAD_BYTES) {
      unpushable.push(...next.ids);
      continue;
    }
    if (entries.length === limits.MAX_BATCH_ENTRIES || (entries.length > 0 && bytes + size > MAX_BATCH_BYTES)) yield take();
    bytes += size;
    ids.push(...next.ids);
    entries.push(encoded);
  }
  if (ids.length + unpushable.length > 0) yield take();
}

/** Null: of a table that this version does not sync, or of a row whose key is not of its column's type. `gone`: the row left without a trace. */
function encodeOutgoing(
  store: Store,
  format: EntryFormat,
  device: string,
  outgoing: OutgoingEntry,
  isOwnBaseline: boolean,
): PayloadEntry | "gone" | null {
  if (!format.tables.has(outgoing.entry.table)) return null;
  try {
    const data = store.payloadOf(outgoing);
    if (data === null && outgoing.entry.op !== "DELETE") return "gone";
    const { entry, later, newest } = outgoing;
    const seen = store.seenAt(entry.seen);
    const edits = later.map((edit) => ({ ...edit, seen: store.seenAt(edit.seen) }));
    const isWhole = format.tables.get(entry.table)?.spec.conflicts === "row";
    return encodeEntry(format, { ...entry, seen, data, later: edits, isWhole, isOwnBaseline, newestStamp: newest.stamp }, device);
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}
