/** Files in memory, for tests and demonstrations. */
import type { BlobFiles } from "../blobs/blob-files.ts";

export interface MemoryBlobFiles extends BlobFiles {
  /** The files, by hash. An app puts what it has made here. */
  readonly files: Map<string, Uint8Array>;
  /** What has come of files on their way. */
  readonly unfinished: Map<string, Uint8Array>;
}

const PIECE_BYTES = 64 * 1024;

export function memoryBlobFiles(): MemoryBlobFiles {
  const files = new Map<string, Uint8Array>();
  const unfinished = new Map<string, Uint8Array>();
  async function* pieces(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
    if (bytes === undefined) throw new Error("the file is gone");
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  }
  return {
    files,
    unfinished,
    size: async (hash) => files.get(hash)?.length ?? null,
    read: (hash) => pieces(files.get(hash)),
    async place(hash, content) {
      let whole = new Uint8Array(0);
      for await (const piece of content) whole = joined(whole, piece);
      files.set(hash, whole);
    },
    parts: {
      size: async (hash) => unfinished.get(hash)?.length ?? 0,
      async write(hash, at, bytes) {
        unfinished.set(hash, (unfinished.get(hash) ?? new Uint8Array(0)).slice(0, at));
        for await (const piece of bytes) unfinished.set(hash, joined(unfinished.get(hash) ?? new Uint8Array(0), piece));
      },
      read: (hash) => pieces(unfinished.get(hash)),
      remove: async (hash) => void unfinished.delete(hash),
    },
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
