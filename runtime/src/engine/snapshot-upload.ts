/**
 * Uploads what this device holds as the account's snapshot, chunk by chunk, resumed where it stopped.
 *
 * The app goes on writing and pulls go on meanwhile, so the chunks are not of one moment. They hold everything up to `cursor`,
 * the position at their beginning, and some of what came later, which a reader meets again in the log and merges without
 * effect. What must not be is a change in the snapshot that the log never gets: so it becomes the account's only after
 * everything that was pending at the last chunk has been pushed, and it names an entry of the log from after that.
 */
import type { SyncKitClient } from "../client/client.ts";
import { SyncError } from "../client/errors.ts";
import type { ReportProgress } from "../events/progress.ts";
import type { ExportPlace } from "../store/row-export.ts";
import { APPLIED_BY_APP, SNAPSHOT_ASKED_AT, SNAPSHOT_UPLOAD } from "../store/snapshot-facts.ts";
import type { Store } from "../store/store.ts";
import { REPLAY_ON_UPGRADE } from "./pull.ts";
import { lastEntry } from "./recovery.ts";
import { decodeManifest, encodeChunk, encodeManifest } from "./snapshot-chunk.ts";

export type SnapshotRelay = Pick<
  SyncKitClient,
  "hasExtension" | "newSnapshotId" | "snapshot" | "snapshotChunk" | "putSnapshotChunk" | "completeSnapshot" | "pullPayloads"
>;

export interface SnapshotUpload {
  /** `continued`: the rest follows with the next cycle. `refused`: see `reason`. */
  readonly outcome: "completed" | "continued" | "refused";
  readonly chunks: number;
  readonly rows: number;
  readonly reason: UploadRefusal | null;
}

/**
 * `extension`: the server takes none. `empty`: nothing to upload. `behind`: this device has not read the whole log. `version`: it does not
 * know all that the log holds. `unpushable`: it holds changes that the log will not get. `quarantine`: it could not read too much of the log.
 * `applied`: it holds rows that the app has applied, and that the log may not have. `restarted`: the server's log began anew meanwhile. `server`: the server did not take it.
 */
export type UploadRefusal = "extension" | "empty" | "behind" | "version" | "unpushable" | "applied" | "quarantine" | "restarted" | "server";

export interface UploadParts {
  readonly store: Store;
  readonly relay: SnapshotRelay;
  readonly device: string;
  /** A whole push, then a whole pull. */
  readonly sync: () => Promise<void>;
  readonly report: ReportProgress;
}

/** Characters of values in one chunk. A chunk is one transaction to read, one request, and what is lost by a crash. */
const CHUNK_LENGTH = 1024 * 1024;
/** Chunks that a cycle sends by itself: a large account is spread over several, so that no cycle takes long. */
const MAX_CHUNKS_PER_CYCLE = 16;
/** A snapshot is due when it saves a new device this many entries, and as many as there are rows. */
const MIN_SAVED = 10_000;
/** Entries that a reader of the snapshot must fetch one by one. */
const MAX_QUARANTINED = 100;

interface Progress {
  readonly id: string;
  readonly cursor: number;
  /** The last entry read up to there. */
  readonly last: readonly [seq: number, digest: string];
  readonly chunks: number;
  readonly rows: number;
  readonly ofRows: number;
  readonly link: string;
  /** Null: all chunks are sent. */
  readonly place: ExportPlace | null;
}

/** At the end of a complete cycle: goes on with an upload, or begins one if it is due. Null: there was nothing to do. */
export async function uploadIfDue(parts: UploadParts): Promise<SnapshotUpload | null> {
  const { store, relay } = parts;
  const isUnderWay = (store.state.get(SNAPSHOT_UPLOAD) ?? "") !== "";
  if (!isUnderWay && !(await isDue(store, relay))) return null;
  try {
    return await upload(parts, MAX_CHUNKS_PER_CYCLE);
  } catch (error) {
    // The cycle itself is complete. What may be tried again goes on with the next one.
    if (error instanceof SyncError) return { outcome: "continued", chunks: 0, rows: 0, reason: null };
    throw error;
  }
}

/** Uploads a whole snapshot now, whether or not one is due. */
export const uploadSnapshot = (parts: UploadParts): Promise<SnapshotUpload> => upload(parts, Infinity);

async function isDue(store: Store, relay: SnapshotRelay): Promise<boolean> {
  const cursor = store.state.getNumber("pull_cursor", 0);
  if (cursor - store.state.getNumber(SNAPSHOT_ASKED_AT, 0) < MIN_SAVED) return false;
  if (refusalOf(store) !== null || !(await relay.hasExtension("snapshots"))) return false;
  const rows = store.countRows();
  const snapshot = await relay.snapshot();
  const manifest = snapshot === null ? null : decodeManifest(snapshot.manifest);
  const toRead = snapshot === null || manifest === null ? cursor : manifest.rows + (cursor - snapshot.cursor);
  store.state.set(SNAPSHOT_ASKED_AT, String(cursor));
  return toRead - rows >= Math.max(MIN_SAVED, rows);
}

/** Why a snapshot of this device would not be what the log gives. */
function refusalOf(store: Store): UploadRefusal | null {
  const isBehind = store.state.getNumber("pull_cursor", 0) === 0 || store.state.get("start_over") === "1";
  if (isBehind || lastEntry(store) === null) return "behind";
  if (store.state.get(REPLAY_ON_UPGRADE) === "1") return "version";
  if (store.unpushableCount() > 0) return "unpushable";
  if (store.state.get(APPLIED_BY_APP) === "1") return "applied";
  return store.quarantineCount() > MAX_QUARANTINED ? "quarantine" : null;
}

async function upload(parts: UploadParts, maxChunks: number): Promise<SnapshotUpload> {
  const { store, relay } = parts;
  const refusal = refusalOf(store) ?? ((await relay.hasExtension("snapshots")) ? null : "extension");
  let progress = refusal === null ? (readProgress(store) ?? begin(store, relay)) : null;
  if (progress === null) return abandon(store, refusal ?? "empty");
  try {
    for (let sent = 0; progress.place !== null; sent++) {
      if (sent === maxChunks) return { outcome: "continued", chunks: progress.chunks, rows: progress.rows, reason: null };
      progress = await sendChunk(parts, progress, progress.place);
    }
    return await complete(parts, progress);
  } catch (error) {
    if (!(error instanceof SyncError) || error.status === null || error.retryable || error.status === 401) throw error;
    return abandon(store, "server");
  }
}

function begin(store: Store, relay: SnapshotRelay): Progress | null {
  const [first] = store.tables.keys();
  const ofRows = store.countRows();
  const last = lastEntry(store);
  if (first === undefined || last === null || ofRows === 0) return null;
  const place = { table: first, part: "rows", after: null } as const;
  return { id: relay.newSnapshotId(), cursor: store.state.getNumber("pull_cursor", 0), last, chunks: 0, rows: 0, ofRows, link: "", place };
}

async function sendChunk({ store, relay, device, report }: UploadParts, progress: Progress, place: ExportPlace): Promise<Progress> {
  const page = store.exportRows(device, place, CHUNK_LENGTH);
  const chunkPlace = { snapshotId: progress.id, cursor: progress.cursor, index: progress.chunks, link: progress.link };
  const link = await relay.putSnapshotChunk(device, chunkPlace, encodeChunk(store.tables, page.rows));
  const { chunks, rows, ofRows } = progress;
  const next = { ...progress, link, place: page.next, chunks: chunks + 1, rows: rows + page.rows.length };
  store.state.set(SNAPSHOT_UPLOAD, JSON.stringify(next));
  // The app goes on writing: how many rows there are is known only at the end.
  report({ phase: "snapshot", unit: "rows", done: next.rows, total: page.next === null ? next.rows : Math.max(ofRows, next.rows + 1) });
  return next;
}

async function complete(
  { store, relay, device, sync }: UploadParts,
  { id, cursor, last, chunks, rows, link }: Progress,
): Promise<SnapshotUpload> {
  await sync();
  const refusal = readProgress(store)?.id === id ? refusalOf(store) : "restarted";
  const checkpoint = lastEntry(store);
  if (refusal !== null || checkpoint === null) return abandon(store, refusal ?? "behind");
  const quarantined = store.quarantined(MAX_QUARANTINED).map(({ seq }) => seq);
  const manifest = encodeManifest({ rows, link, last, checkpoint, quarantined });
  await relay.completeSnapshot(device, { snapshotId: id, cursor, chunks, manifest }, Math.max(cursor, checkpoint[0]));
  store.state.set(SNAPSHOT_UPLOAD, "");
  return { outcome: "completed", chunks, rows, reason: null };
}

function abandon(store: Store, reason: UploadRefusal): SnapshotUpload {
  store.state.set(SNAPSHOT_UPLOAD, "");
  return { outcome: "refused", chunks: 0, rows: 0, reason };
}

function readProgress(store: Store): Progress | null {
  const text = store.state.get(SNAPSHOT_UPLOAD) ?? "";
  const progress = text === "" ? null : (JSON.parse(text) as Progress);
  // After an upgrade its tables may be others.
  return progress === null || (progress.place !== null && !store.tables.has(progress.place.table)) ? null : progress;
}
