/**
 * A copy of a data directory that a running server can go on writing. First the database, as of one moment; then the blobs that
 * this copy names, each of which is there, since a confirmed blob is never changed or removed. What says that the copy is whole
 * comes last.
 */
import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { blobFile } from "../blobs/folder-blobs.ts";
import { codeOf } from "../error-code.ts";
import { openSqliteStorage } from "../storage/sqlite/open-sqlite-storage.ts";
import type { Storage } from "../storage/port.ts";

export const DATABASE_FILE = "synckit.db";
export const BLOB_FOLDER = "blobs";
const MANIFEST_FILE = "backup.json";
const AT_ONCE = 500;

export interface BackupManifest {
  readonly madeAt: string;
  readonly accounts: number;
  readonly changes: number;
  readonly blobs: number;
  readonly blobBytes: number;
  /** Blobs that the database names and the folder had not. */
  readonly missingBlobs: readonly string[];
  /** Whether the blobs are in the copy; false: they are in a store of their own. */
  readonly hasBlobs: boolean;
}

/** The directory is not empty, or not there, or not a whole copy. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** `blobFolder`: null when blobs are elsewhere. */
export async function backUp(storage: Storage, blobFolder: string | null, to: string, now: string): Promise<BackupManifest> {
  if (storage.copyTo === null) throw new BackupError("this database has its own means: use pg_dump, then copy the blobs");
  await mkdir(to, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  if ((await readdir(to)).length > 0) throw new BackupError(`${to} is not empty`);
  const database = join(to, DATABASE_FILE);
  // Made first, so that nobody else can read it for a moment.
  await writeFile(database, "", { mode: 0o600 });
  await storage.copyTo(database);

  const copy = openSqliteStorage(database);
  try {
    const [faults, usage] = [await copy.findFaults(), await copy.listUsage(null, Number.MAX_SAFE_INTEGER, 0)];
    if (faults.length > 0) throw new BackupError(`the copy is not sound: ${faults[0] ?? ""}`);
    const blobs = blobFolder === null ? NO_BLOBS : await copyBlobs(copy, blobFolder, join(to, BLOB_FOLDER));
    const manifest = {
      madeAt: now,
      accounts: usage.length,
      changes: usage.reduce((sum, { changes }) => sum + changes, 0),
      hasBlobs: blobFolder !== null,
      ...blobs,
    };
    await syncFile(database);
    const unfinished = join(to, `${MANIFEST_FILE}.part`);
    await writeFile(unfinished, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
    await rename(unfinished, join(to, MANIFEST_FILE));
    return manifest;
  } finally {
    await copy.close();
  }
}

type CopiedBlobs = Pick<BackupManifest, "blobs" | "blobBytes" | "missingBlobs">;
const NO_BLOBS: CopiedBlobs = { blobs: 0, blobBytes: 0, missingBlobs: [] };

/** Those that the storage names; what is there with the right size stays. */
export async function copyBlobs(storage: Storage, from: string, to: string): Promise<CopiedBlobs> {
  const missingBlobs: string[] = [];
  let [blobs, blobBytes] = [0, 0];
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (let after = ""; ;) {
    const page = await storage.listBlobs(after, AT_ONCE);
    for (const { name, sizeBytes } of page) {
      const [source, target] = [blobFile(from, name), blobFile(to, name)];
      if ((await sizeOf(source)) !== sizeBytes) missingBlobs.push(name);
      else {
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        if ((await sizeOf(target)) !== sizeBytes) {
          // A file of its own that shares its blocks, where the file system can.
          await copyFile(source, target, constants.COPYFILE_FICLONE);
          await syncFile(target);
        }
        blobs += 1;
        blobBytes += sizeBytes;
      }
    }
    const last = page.at(-1);
    if (last === undefined) return { blobs, blobBytes, missingBlobs };
    after = last.name;
  }
}

/** Null: not a whole copy. */
export async function readManifest(directory: string): Promise<BackupManifest | null> {
  try {
    const handle = await open(join(directory, MANIFEST_FILE));
    try {
      return JSON.parse(await handle.readFile("utf8")) as BackupManifest;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" || error instanceof SyntaxError) return null;
    throw error;
  }
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
