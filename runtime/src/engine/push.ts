/**
 * Push: captured changes in the order in which the database accepted them. That order is safe for foreign
 * keys by itself: every statement it came from passed them (the snapshot is written parents first).
 */
import { limits } from "@synckit-gen/schemas/protocol";
import type { Relay } from "./relay.ts";
import type { PayloadEntry } from "../client/entries.ts";
import type { Store } from "../store/store.ts";
import type { ReportProgress } from "../events/progress.ts";
import { encodeEntry, type EntryFormat } from "./entry.ts";

/** Bytes of payload text in one request: base64 and the wire's other members make about half as much again of it. */
const MAX_BATCH_BYTES = limits.MAX_REQUEST_BYTES / 2;
/** Bytes of payload that still fit one entry's base64 with nonce and tag. */
const MAX_PAYLOAD_BYTES = Math.floor((limits.MAX_ENTRY_BYTES * 3) / 4) - 64;

/**
 * Sends what was pending at the call, in batches, and returns the number of entries sent. What an app writes meanwhile
 * waits for the next push: a busy writer must not keep this one from ending.
 */
export async function pushChanges(
  store: Store,
  relay: Relay,
  format: EntryFormat,
  device: string,
  report: ReportProgress = () => {},
): Promise<number> {
  let pushed = 0;
  store.foldLocal(device);
  const total = store.pendingCount();
  for (let left = total; ;) {
    const batch = nextBatch(store, format, device);
    if (batch.unpushable.length > 0) store.markUnpushable(batch.unpushable);
    if (batch.entries.length > 0) {
      const cursor = await relay.pushPayloads(device, batch.entries);
      // By id, not by row: an edit made during the request is another entry, and stays.
      store.markPushed(batch.ids, batch.lastStamp, cursor);
      pushed += batch.ids.length;
      report({ phase: "push", unit: "entries", done: pushed, total });
    }
    left -= batch.ids.length + batch.unpushable.length;
    if (left <= 0 || batch.ids.length + batch.unpushable.length === 0) return pushed;
  }
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
  readonly ids: readonly number[];
  /** Microseconds. */
  readonly lastStamp: number;
  readonly entries: readonly PayloadEntry[];
  readonly unpushable: readonly number[];
}

function nextBatch(store: Store, format: EntryFormat, device: string): Batch {
  const ids: number[] = [];
  const entries: PayloadEntry[] = [];
  const unpushable: number[] = [];
  let bytes = 0;
  let lastStamp = 0;
  for (const entry of store.unpushed()) {
    if (!format.tables.has(entry.table)) {
      unpushable.push(entry.id); // captured by an older version; this one does not sync the table
      continue;
    }
    const encoded = encodeEntry(format, entry, device);
    const size = sizeOf(encoded);
    if (size > MAX_PAYLOAD_BYTES) {
      unpushable.push(entry.id);
      continue;
    }
    if (entries.length > 0 && bytes + size > MAX_BATCH_BYTES) break;
    bytes += size;
    ids.push(entry.id);
    lastStamp = Math.max(lastStamp, entry.stamp);
    entries.push(encoded);
  }
  return { ids, lastStamp, entries, unpushable };
}
