/**
 * An app's files in a folder, named by their hash. A file is whole or not there: its content goes to a file beside it, to the
 * disk, and gets its name last.
 */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobFiles } from "../blobs/blob-files.ts";

export interface FolderBlobFilesOptions {
  /** Made where it is not there. Files are at `ab/abcdef…`, unfinished ones in `unfinished/`. */
  readonly folder: string;
  /**
   * Where the app has a file that is not in the folder, for instance where the user imported it from; null: nowhere. Such a file
   * is read and uploaded, and never written.
   */
  readonly locate?: (hash: string) => string | null;
}

const HASH = /^[0-9a-f]{64}$/;

export function folderBlobFiles({ folder, locate = () => null }: FolderBlobFilesOptions): BlobFiles {
  const fileOf = (hash: string): string => {
    if (!HASH.test(hash)) throw new RangeError("a hash is 64 hex digits in lower case"); // it becomes a path
    return join(folder, hash.slice(0, 2), hash);
  };
  const partOf = (hash: string): string => join(folder, "unfinished", fileOf(hash).slice(-64));
  const sizeAt = async (path: string): Promise<number | null> => {
    try {
      const found = await stat(path);
      return found.isFile() ? found.size : null;
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
      throw error;
    }
  };
  /** Where the file is, in the folder or outside of it. */
  async function find(hash: string): Promise<{ readonly path: string; readonly size: number } | null> {
    for (const path of [fileOf(hash), locate(hash)]) {
      const size = path === null ? null : await sizeAt(path);
      if (path !== null && size !== null) return { path, size };
    }
    return null;
  }

  return {
    size: async (hash) => (await find(hash))?.size ?? null,
    async *read(hash) {
      yield* createReadStream((await find(hash))?.path ?? fileOf(hash));
    },
    async place(hash, content) {
      const file = fileOf(hash);
      await mkdir(dirname(file), { recursive: true });
      const temporary = `${file}.${randomUUID()}.tmp`;
      try {
        await write(temporary, "wx", 0, content);
        await rename(temporary, file);
        await syncFolder(dirname(file));
      } finally {
        await rm(temporary, { force: true });
      }
    },
    parts: {
      size: async (hash) => (await sizeAt(partOf(hash))) ?? 0,
      async write(hash, at, bytes) {
        await mkdir(join(folder, "unfinished"), { recursive: true });
        const flags = (await sizeAt(partOf(hash))) === null ? "w+" : "r+";
        await write(partOf(hash), flags, at, bytes);
      },
      async *read(hash) {
        yield* createReadStream(partOf(hash));
      },
      remove: (hash) => rm(partOf(hash), { force: true }),
    },
  };
}

/** What came before `bytes` threw stays. */
async function write(path: string, flags: string, at: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await handle.truncate(at);
    let position = at;
    for await (const piece of bytes) {
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await handle.write(piece, done, piece.length - done, position);
        done += bytesWritten;
        position += bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The new name is on the disk only when its folder is. Windows cannot, and need not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  try {
    await handle?.sync();
  } catch (error) {
    if (codeOf(error) !== "EPERM") throw error;
  } finally {
    await handle?.close();
  }
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
