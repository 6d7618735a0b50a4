/**
 * A device that has read nothing of the log takes the account's snapshot, if there is one that fits the log, and goes on from
 * there. Its registers are then those that the log would have given. Whatever is wrong with a snapshot, the log is read instead:
 * what was taken of it until then is true, and merging it once more changes nothing.
 */
import type { PulledEntry } from "../client/entries.ts";
import { DecryptionError, SyncError } from "../client/errors.ts";
import type { ReportProgress } from "../events/progress.ts";
import type { RegisteredRow } from "../store/row-export.ts";
import { LAST_ENTRY, UNREAD_PUSHES, unreadPushes } from "../store/log-facts.ts";
import { SNAPSHOT_DOWNLOAD } from "../store/snapshot-facts.ts";
import type { Store } from "../store/store.ts";
import type { EntryFormat } from "./entry.ts";
import { REPLAY_ON_UPGRADE, retryQuarantine } from "./pull.ts";
import type { Relay } from "./relay.ts";
import { holdsEntry, isPushOf, lastEntry } from "./recovery.ts";
import { ChunkFormatError, decodeChunk, decodeManifest, type SnapshotManifest } from "./snapshot-chunk.ts";
import type { SnapshotRelay } from "./snapshot-upload.ts";

/** Gathered before a transaction, in rows and in chunks: a first sync shows its progress, and large transactions cost half. */
const MAX_ROWS = 20_000;
const MAX_CHUNKS = 8;

interface Progress {
  readonly id: string;
  readonly chunks: number;
  readonly rows: number;
  readonly link: string;
}

type Snapshot = SnapshotManifest & { readonly snapshotId: string; readonly cursor: number; readonly chunks: number };

/** Returns the number of rows taken: 0 where the log is to be read from its start. */
export async function bootstrap(
  store: Store,
  relay: SnapshotRelay & Relay,
  format: EntryFormat,
  device: string,
  report: ReportProgress,
): Promise<number> {
  const isBeginning = store.state.getNumber("pull_cursor", 0) === 0;
  if (!isBeginning || format.compat !== "full" || !(await relay.hasExtension("snapshots"))) return 0;
  const snapshot = await usableSnapshot(relay, device);
  if (snapshot === null || !(await isLogOfBefore(store, relay, device, snapshot.cursor))) return 0;
  let rows: number | null;
  try {
    rows = await take(store, relay, snapshot, device, report);
  } catch (error) {
    // Replaced by a newer one meanwhile, altered, or of a later format: the log has it all.
    const isUnusable =
      error instanceof DecryptionError || error instanceof ChunkFormatError || (error instanceof SyncError && error.status === 404);
    if (!isUnusable) throw error;
    rows = null;
  }
  if (rows === null) {
    store.state.set(SNAPSHOT_DOWNLOAD, "");
    return 0;
  }
  store.retryHeld(device);
  if (snapshot.quarantined.length > 0) await retryQuarantine(store, relay, format, device);
  return rows;
}

/** A snapshot whose checkpoint the log has: one that is newer than the log was made before the server was set back. */
async function usableSnapshot(relay: SnapshotRelay, device: string): Promise<Snapshot | null> {
  const found = await relay.snapshot();
  const manifest = found === null ? null : decodeManifest(found.manifest);
  if (found === null || manifest === null || found.cursor === 0 || manifest.checkpoint[0] < found.cursor) return null;
  const page = await relay.pullPayloads(device, manifest.checkpoint[0] - 1);
  return holdsEntry(page.entries, manifest.checkpoint) ? { ...manifest, ...found } : null;
}

/**
 * A log that has lost the last entry that this device has read, or one that it has pushed, is to be told what else it lost: the
 * pull finds out, and a snapshot would hide it. Pushes from past the snapshot's `cursor` come with the rest of the log.
 */
async function isLogOfBefore(store: Store, relay: Relay, device: string, cursor: number): Promise<boolean> {
  const entriesFrom = async (seq: number): Promise<readonly PulledEntry[]> => (await relay.pullPayloads(device, seq - 1)).entries;
  const known = lastEntry(store);
  if (known !== null && !holdsEntry(await entriesFrom(known[0]), known)) return false;
  for (const [end, pushed] of unreadPushes(store.state).filter((push) => push[0] <= cursor))
    if (!(await entriesFrom(end)).some((entry) => entry.seq === end && isPushOf(device, pushed, entry))) return false;
  return true;
}

/** Null: its end is not the one that its manifest names. */
async function take(
  store: Store,
  relay: SnapshotRelay,
  snapshot: Snapshot,
  device: string,
  report: ReportProgress,
): Promise<number | null> {
  const { snapshotId, cursor, last } = snapshot;
  let progress = readProgress(store, snapshotId);
  let gathered: RegisteredRow[] = [];
  let flushed = progress.chunks;
  let isPartly = false;
  const flush = (facts: Readonly<Record<string, string>>): void => {
    const state = { [SNAPSHOT_DOWNLOAD]: JSON.stringify(progress), ...(isPartly ? { [REPLAY_ON_UPGRADE]: "1" } : {}), ...facts };
    store.importRows(device, gathered, state);
    gathered = [];
    flushed = progress.chunks;
  };
  while (progress.chunks < snapshot.chunks) {
    const place = { snapshotId, cursor, index: progress.chunks, link: progress.link };
    const chunk = await relay.snapshotChunk(place).catch((error: unknown) => {
      flush({}); // what has come so far stays, and the next cycle goes on from there
      throw error;
    });
    const decoded = decodeChunk(store.tables, chunk.text);
    isPartly ||= decoded.isPartly;
    gathered = gathered.concat(decoded.rows);
    progress = { ...progress, chunks: progress.chunks + 1, rows: progress.rows + decoded.rows.length, link: chunk.link };
    if (gathered.length >= MAX_ROWS || progress.chunks - flushed >= MAX_CHUNKS) flush({});
    report({ phase: "bootstrap", unit: "rows", done: progress.rows, total: snapshot.rows });
  }
  if (progress.link !== snapshot.link) return null;
  for (const seq of snapshot.quarantined) store.quarantine({ seq, table: "", rowId: "", reason: "undecryptable" });
  // A place further on, known from before a restart of the log, says more than the snapshot's.
  const known = lastEntry(store);
  const further = known !== null && known[0] > last[0] ? known : last;
  const unread = unreadPushes(store.state).filter(([end]) => end > cursor); // the others are in the snapshot's part of the log
  flush({
    [SNAPSHOT_DOWNLOAD]: "",
    pull_cursor: String(cursor),
    [LAST_ENTRY]: JSON.stringify(further),
    [UNREAD_PUSHES]: JSON.stringify(unread),
  });
  return progress.rows;
}

function readProgress(store: Store, snapshotId: string): Progress {
  const text = store.state.get(SNAPSHOT_DOWNLOAD) ?? "";
  const progress = text === "" ? null : (JSON.parse(text) as Progress);
  return progress?.id === snapshotId ? progress : { id: snapshotId, chunks: 0, rows: 0, link: "" };
}
