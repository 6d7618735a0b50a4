/** Files on the server: named by the hash of their content, sealed on the way in, opened and checked on the way out. */
import { codec, limits } from "@synckit-gen/schemas/protocol";
import { sealedSize, type BlobForm, type Bytes } from "../crypto/blob.ts";
import { checkingHash } from "../crypto/content-hash.ts";
import { getContent, putContent, type Content } from "./blob-transport.ts";
import { decodeReply, type Connection } from "./connection.ts";
import { DecryptionError, SyncError } from "./errors.ts";
import { RETRIES, retryDelayMs } from "./retry.ts";

/** Plaintext above this is sealed in chunks, where every client of the account can be expected to read them. */
const MOST_WHOLE_BYTES = 8 * 1024 * 1024;

export interface BlobUploadUrl {
  /** Where the bytes go; null: nothing is to be sent. */
  readonly url: string | null;
  /** The account has this file already. */
  readonly alreadyExists: boolean;
}

/** A file's content, to be read from its start each time it is asked for: an upload that fails is tried again. */
export interface BlobSource {
  /** Bytes. */
  readonly size: number;
  readonly read: () => Bytes;
  /** The content's own: throws `blob/changed` before the last bytes are sent where it is another one. */
  readonly hash?: string;
}

/** What becomes of sealed bytes on their way: counted, slowed down. */
export type Through = (sealed: Bytes) => Bytes;

export async function askUploadUrl(connection: Connection, hash: string, size: number): Promise<BlobUploadUrl> {
  const sizeBytes = await sealedSizeOf(connection, size);
  if (sizeBytes > limits.MAX_BLOB_BYTES) throw new SyncError("blob/too-large");
  const reply = await connection.call(codec.endpoints.uploadBlob, codec.encodeSizedBlobRequest({ hash, sizeBytes }));
  return decodeReply(codec.decodeBlobUploadReply, reply);
}

export async function confirmUpload(connection: Connection, hash: string, size: number): Promise<void> {
  const sizeBytes = await sealedSizeOf(connection, size);
  await connection.call(codec.endpoints.confirmBlob, codec.encodeSizedBlobRequest({ hash, sizeBytes }));
}

export async function askDownloadUrl(connection: Connection, hash: string): Promise<string> {
  try {
    const reply = await connection.call(codec.endpoints.downloadBlob, codec.encodeBlobRequest({ hash }));
    return decodeReply(codec.decodeBlobDownloadReply, reply).url;
  } catch (error) {
    if (error instanceof SyncError && error.status === 404) throw new SyncError("blob/not-found", { cause: error, status: 404 });
    throw error;
  }
}

export async function upload(
  connection: Connection,
  url: string,
  source: BlobSource,
  through: Through = (sealed) => sealed,
): Promise<void> {
  const key = connection.requireKey();
  const form = await formOf(connection, source.size);
  const { config } = connection;
  for (let attempt = 0; ; attempt++) {
    try {
      connection.checkKey(key);
      const sealed = key.blobs.seal(form, contentOf(source), source.size);
      return await putContent(config, url, sealedSize(form, source.size), through(sealed));
    } catch (error) {
      if (!(error instanceof SyncError) || !error.retryable || attempt === RETRIES) throw error;
      const waitMs = retryDelayMs(attempt, error.retryAfterMs, config.random);
      if (waitMs === null) throw error;
      await config.sleep(waitMs);
    }
  }
}

/** The sealed bytes, from `from` on. A transfer that breaks is not begun again here: the caller has what came, and goes on from there. */
export const download = (connection: Connection, url: string, from: number): Promise<Content> => getContent(connection.config, url, from);

/** Opens what `download` gave. Throws `blob/corrupt`, for another hash after the last byte. */
export async function* openContent(connection: Connection, sealed: Bytes, hash: string | null): Bytes {
  const key = connection.requireKey();
  const opened = key.blobs.open(sealed);
  try {
    for await (const chunk of hash === null ? opened : checkingHash(opened, hash, "blob/corrupt")) {
      yield chunk;
      connection.checkKey(key);
    }
  } catch (cause) {
    throw cause instanceof DecryptionError ? new SyncError("blob/corrupt", { cause, detail: "wrong key or altered" }) : cause;
  }
}

const contentOf = ({ hash, read }: BlobSource): Bytes => (hash === undefined ? read() : checkingHash(read(), hash, "blob/changed"));

async function formOf(connection: Connection, size: number): Promise<BlobForm> {
  const mayBeChunks = size > MOST_WHOLE_BYTES && connection.config.chunkedBlobs;
  return mayBeChunks && (await connection.hasExtension("chunked-blobs")) ? "chunks" : "whole";
}

async function sealedSizeOf(connection: Connection, size: number): Promise<number> {
  return sealedSize(await formOf(connection, size), size);
}
