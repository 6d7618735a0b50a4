/**
 * Moves files between an app and the server: uploads what enabled rows have here and the server lacks, fetches what they lack.
 * A run may be broken off anywhere: the next one asks the database and the disk what is left.
 */
import type { SyncKitClient } from "../client/client.ts";
import { isSyncError, SyncError, type SyncErrorCode } from "../client/errors.ts";
import type { Clock, RandomSource, Sleep } from "../client/ports.ts";
import { RETRIES, retryDelayMs } from "../client/retry.ts";
import type { ReportProgress } from "../events/progress.ts";
import { PAUSED_UNTIL, type BlobRow, type BlobRows } from "../store/blob-rows.ts";
import type { StateStore } from "../store/state.ts";
import type { BlobFiles } from "./blob-files.ts";
import type { Pace } from "./pace.ts";

export interface BlobSync {
  /**
   * The file is here when this resolves: fetched now, before whatever else is moving, where it is not. Throws `blob/not-found`
   * while no device has uploaded it, and `blob/corrupt` for content that is not the file's, of which nothing is kept.
   */
  readonly get: (hash: string) => Promise<void>;
  /** Uploads what waits. Runs by itself after each cycle; a call during a run joins it. */
  readonly upload: () => Promise<BlobReport>;
  /** Fetches every file of an enabled row that is not here. After each cycle too, with `download: "all"`. */
  readonly downloadAll: () => Promise<BlobReport>;
  readonly status: () => BlobStatus;
}

/** What one run has done. */
export interface BlobReport {
  readonly direction: "upload" | "download";
  /** Files sent or fetched. */
  readonly files: number;
  /** Of their content. */
  readonly bytes: number;
  /** Files that the server had already, or that were here. Nothing was sent for them. */
  readonly deduplicated: number;
  /** Rows that say that a file is here, which it is not. */
  readonly missing: number;
  /** Files that were left out, and why. They are tried again by the next start of the app. */
  readonly failed: readonly { readonly hash: string; readonly code: SyncErrorCode }[];
  /** Why the run ended before its end, as code of the `SyncError`; null: it did not. */
  readonly stoppedBy: SyncErrorCode | null;
}

export interface BlobStatus {
  readonly pendingUploads: number;
  readonly pendingUploadBytes: number;
  readonly missing: number;
  readonly missingBytes: number;
  /** Milliseconds since 1970 until which nothing is uploaded (402: a quota or a plan is used up); null: now. */
  readonly pausedUntilMs: number | null;
}

export interface BlobSyncParts {
  readonly client: Pick<SyncKitClient, "blobUploadUrl" | "blobUpload" | "blobConfirm" | "blobDownloadUrl" | "blobContent" | "openBlob">;
  readonly rows: BlobRows;
  readonly files: BlobFiles;
  readonly state: StateStore;
  readonly pace: Pace;
  readonly report: ReportProgress;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly sleep: Sleep;
}

type Direction = BlobReport["direction"];

/** Rows looked at together. */
const PAGE = 100;
/** A quota or a plan does not change by asking. */
const PAYMENT_MS = 60 * 60 * 1000;
/** What is wrong with one file and says nothing of the next. */
const OF_ONE_FILE: ReadonlySet<SyncErrorCode> = new Set(["blob/corrupt", "blob/changed", "blob/not-found", "blob/too-large"]);
const MAX_FAILURES = 100;

export function createBlobSync(parts: BlobSyncParts): BlobSync {
  const { client, rows, files, state } = parts;
  /** Files that failed by their own fault since the app began: not tried by every run. */
  const given = { upload: new Map<string, SyncErrorCode>(), download: new Map<string, SyncErrorCode>() };
  const fetching = new Map<string, Promise<boolean>>();
  const running: { upload: Promise<BlobReport> | null; download: Promise<BlobReport> | null } = { upload: null, download: null };
  const tally = { upload: createTally("upload", parts.report), download: createTally("download", parts.report) };

  const pausedUntilMs = (): number | null => {
    const until = state.getNumber(PAUSED_UNTIL, 0);
    const now = parts.clock.nowMs();
    // An end further away than any pause lasts was written by a clock that has been put back since.
    return until > now && until <= now + PAYMENT_MS ? until : null;
  };

  async function* counted(bytes: AsyncIterable<Uint8Array>, isUrgent: boolean, moved: (bytes: number) => void): AsyncIterable<Uint8Array> {
    for await (const piece of bytes) {
      await parts.pace.take(piece.length, isUrgent);
      yield piece;
      moved(piece.length);
    }
  }

  /** False: the account had it already. Null: the file is not here. */
  async function uploadOne({ hash }: BlobRow): Promise<boolean | null> {
    const size = await files.size(hash);
    if (size === null) return null;
    const { url } = await client.blobUploadUrl(hash, size);
    if (url !== null) {
      const file = tally.upload.begin(size);
      try {
        const source = { hash, size, read: () => (file.restart(), files.read(hash)) };
        await client.blobUpload(url, source, (sealed) => counted(inPieces(sealed), false, file.moved));
        await client.blobConfirm(hash, size);
        file.end();
      } catch (error) {
        file.giveUp();
        throw error;
      }
    }
    rows.markStored(hash);
    return url !== null;
  }

  /** False: it was here already. */
  function fetchOne(hash: string, isUrgent: boolean): Promise<boolean> {
    const known = fetching.get(hash);
    if (known !== undefined) return known;
    const work = fetchFile(hash, isUrgent).finally(() => fetching.delete(hash));
    fetching.set(hash, work);
    return work;
  }

  async function fetchFile(hash: string, isUrgent: boolean): Promise<boolean> {
    const isHere = (await files.size(hash)) !== null;
    if (isHere) await files.parts.remove(hash); // killed after the file had its place
    else {
      const file = tally.download.begin(rows.sizeOf(hash) ?? 0);
      try {
        await receive(hash, isUrgent, file);
        file.end();
      } catch (error) {
        file.giveUp();
        throw error;
      }
      rows.markStored(hash);
    }
    rows.markHere(hash);
    return !isHere;
  }

  async function receive(hash: string, isUrgent: boolean, file: FileTally): Promise<void> {
    const resumedAt = await receiveSealed(hash, isUrgent, file);
    try {
      await files.place(hash, client.openBlob(files.parts.read(hash), hash));
    } catch (error) {
      if (!isSyncError(error) || error.code !== "blob/corrupt") throw error;
      await files.parts.remove(hash);
      // The part that was here may be of another upload of the same file, sealed with another nonce.
      if (resumedAt === 0) throw error;
      await receiveSealed(hash, isUrgent, file);
      try {
        await files.place(hash, client.openBlob(files.parts.read(hash), hash));
      } catch (again) {
        await files.parts.remove(hash);
        throw again;
      }
    }
    await files.parts.remove(hash);
  }

  /** Fetches what is left of the ciphertext. Returns how much of it had come before. */
  async function receiveSealed(hash: string, isUrgent: boolean, file: FileTally): Promise<number> {
    const before = await files.parts.size(hash);
    for (let attempt = 0, from = before; ; attempt++) {
      try {
        const { start, bytes } = await client.blobContent(await client.blobDownloadUrl(hash), from);
        file.restart();
        file.moved(start);
        await files.parts.write(hash, start, counted(bytes, isUrgent, file.moved));
        return before;
      } catch (error) {
        // 403: the URL has run out meanwhile; the next attempt asks for another.
        if (isSyncError(error) && error.code === "blob/too-large") await files.parts.remove(hash); // it will never be the file
        const isWorthwhile = isSyncError(error) && error.code !== "blob/not-found" && (error.retryable || error.status === 403);
        const waitMs = isWorthwhile && attempt < RETRIES ? retryDelayMs(attempt, error.retryAfterMs, parts.random) : null;
        if (waitMs === null) throw error;
        await parts.sleep(waitMs);
        const now = await files.parts.size(hash);
        if (now >= from + PIECE_BYTES) attempt = -1; // it moves on: a large file may be cut off many times
        from = now;
      }
    }
  }

  async function run(direction: Direction): Promise<BlobReport> {
    const report = { files: 0, bytes: 0, deduplicated: 0, missing: 0 };
    const page = direction === "upload" ? rows.toUpload : rows.toDownload;
    const move = direction === "upload" ? uploadOne : (row: BlobRow) => fetchOne(row.hash, false);
    let stoppedBy: SyncErrorCode | null = null;
    tally[direction].expect(rows.waiting(direction).bytes);
    try {
      for (let after = "", isOver = false; !isOver;) {
        const found = page(after, PAGE);
        isOver = found.length < PAGE;
        after = found.at(-1)?.hash ?? after;
        for (const row of found) {
          if (given[direction].has(row.hash)) continue;
          if (direction === "upload" && pausedUntilMs() !== null) throw new SyncError("server/payment-required");
          try {
            const isMoved = await move(row);
            if (isMoved === null) report.missing += 1;
            else if (!isMoved) report.deduplicated += 1;
            else {
              report.files += 1;
              report.bytes += row.size;
            }
          } catch (error) {
            if (!isSyncError(error) || !OF_ONE_FILE.has(error.code)) throw error;
            // Somebody else may upload it at any time.
            if (error.code !== "blob/not-found") given[direction].set(row.hash, error.code);
            else report.missing += 1;
          }
        }
      }
    } catch (error) {
      if (!isSyncError(error)) throw error;
      if (error.code === "server/payment-required" && pausedUntilMs() === null)
        state.set(PAUSED_UNTIL, String(parts.clock.nowMs() + PAYMENT_MS));
      stoppedBy = error.code;
    } finally {
      tally[direction].expect(null);
    }
    const failed = [...given[direction]].slice(0, MAX_FAILURES).map(([hash, code]) => ({ hash, code }));
    return { direction, ...report, failed, stoppedBy };
  }

  const joining = (direction: Direction): Promise<BlobReport> =>
    (running[direction] ??= run(direction).finally(() => (running[direction] = null)));

  return {
    get: async (hash) => void (await fetchOne(hash, true)),
    upload: () => joining("upload"),
    downloadAll: () => joining("download"),
    status() {
      const [up, down] = [rows.waiting("upload"), rows.waiting("download")];
      return {
        pendingUploads: up.files,
        pendingUploadBytes: up.bytes,
        missing: down.files,
        missingBytes: down.bytes,
        pausedUntilMs: pausedUntilMs(),
      };
    },
  };
}

/** So small that a cap on bytes per second is not felt as a stop. */
const PIECE_BYTES = 64 * 1024;

async function* inPieces(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

interface FileTally {
  readonly moved: (bytes: number) => void;
  /** Begins anew. */
  readonly restart: () => void;
  readonly end: () => void;
  readonly giveUp: () => void;
}

/** Adds up what all files of one direction have come to, for a progress bar. */
function createTally(phase: Direction, report: ReportProgress) {
  let done = 0;
  let total = 0;
  let expected: number | null = null;
  let open = 0;

  const tell = (): void => report({ phase, unit: "bytes", done, total: Math.max(done, total, expected ?? 0) });
  const rest = (): void => {
    open -= 1;
    if (open > 0 || expected !== null) return;
    done = 0;
    total = 0;
  };
  return {
    /** Of a run; null: it is over. */
    expect(bytes: number | null): void {
      expected = bytes;
      if (bytes !== null || open > 0) return;
      if (done > 0) report({ phase, unit: "bytes", done, total: done });
      done = 0;
      total = 0;
    },
    /** `size` is that of the content; sealed bytes, which are a little more, count up to it. */
    begin(size: number): FileTally {
      let mine = 0;
      open += 1;
      total += size;
      const set = (bytes: number): void => {
        const now = Math.min(bytes, size);
        done += now - mine;
        mine = now;
      };
      return {
        moved(bytes) {
          set(mine + bytes);
          tell();
        },
        restart: () => set(0),
        end() {
          set(size);
          tell();
          rest();
        },
        giveUp() {
          set(0);
          total -= size;
          rest();
        },
      };
    },
  };
}
