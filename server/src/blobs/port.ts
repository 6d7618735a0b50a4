/**
 * Where the bytes of blobs are. A client sends and fetches them by URLs that expire, without a session; the server itself
 * learns only how many there are. Names come from the storage.
 */

export interface BlobStore {
  /**
   * A URL that takes exactly so many bytes by PUT, for `BLOB_URL_LIFETIME_SECONDS`. `origin`: scheme and host by which the
   * caller reached this server, for stores whose URLs lead back to it.
   */
  uploadUrl(name: string, sizeBytes: number, origin: string): Promise<string>;
  /** A URL that gives the bytes by GET, in ranges too, for as long. */
  downloadUrl(name: string, origin: string): Promise<string>;
  /** Null: nothing was uploaded under this name, or not all of it. */
  sizeOf(name: string): Promise<number | null>;
  /** Also of what is not there. */
  remove(name: string): Promise<void>;
  /** Of all that is there; null: the store is not asked for them. */
  readonly names: (() => AsyncIterable<string>) | null;
  /** Answers the requests that its URLs lead to; null: they lead elsewhere. */
  readonly content: BlobContent | null;
}

/** A store whose URLs lead to this server. The path begins with `BLOB_CONTENT_PATH`. */
export interface BlobContent {
  answer(request: Request): Promise<Response>;
}

export const BLOB_CONTENT_PATH = "/blobs/";

/** The store cannot be reached. Rows sync without it. */
export class BlobStoreUnavailableError extends Error {
  override readonly name = "BlobStoreUnavailableError";
}
