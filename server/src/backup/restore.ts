/** A backup becomes a data directory. Nothing that is there is overwritten unless told, nor while somebody uses it. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { openSqliteStorage } from "../storage/sqlite/open-sqlite-storage.ts";
import { closeForGood } from "../storage/sqlite/close-for-good.ts";
import { BackupError, BLOB_FOLDER, copyBlobs, DATABASE_FILE, readManifest, syncFile, type BackupManifest } from "./backup.ts";

/** `blobFolder`: null when blobs are elsewhere. Answers what the backup said of itself. */
export async function restore(
  from: string,
  data: string,
  blobFolder: string | null,
  { mayReplace }: { readonly mayReplace: boolean },
): Promise<BackupManifest> {
  const manifest = await readManifest(from);
  if (manifest === null) throw new BackupError(`${from} is not a whole backup`);
  const database = join(data, DATABASE_FILE);
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (existsSync(database)) {
    if (!mayReplace) throw new BackupError(`${data} holds a database: --replace puts the backup in its place`);
    if (!closeForGood(database)) throw new BackupError(`the database in ${data} is in use: stop the server first`);
  }
  const arriving = `${database}.restoring`;
  await rm(arriving, { force: true });
  await copyFile(join(from, DATABASE_FILE), arriving);
  const storage = openSqliteStorage(arriving);
  try {
    const [fault] = await storage.findFaults();
    if (fault !== undefined) throw new BackupError(`the backup is not sound: ${fault}`);
    // Blobs first: a database that is there may be served.
    if (blobFolder !== null && manifest.hasBlobs) await copyBlobs(storage, join(from, BLOB_FOLDER), blobFolder);
  } finally {
    await storage.close();
  }
  await syncFile(arriving);
  // A log that is not of this file would be played into it.
  for (const rest of ["-wal", "-shm"]) await rm(database + rest, { force: true });
  await rename(arriving, database);
  return manifest;
}
