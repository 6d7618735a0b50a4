/** Where an app keeps its files. The SDK reads and writes them through this, by the hash of their content. */

export interface BlobFiles {
  /** Bytes; null: the file is not here. */
  readonly size: (hash: string) => Promise<number | null>;
  /** From the start to the end. */
  readonly read: (hash: string) => AsyncIterable<Uint8Array>;
  /** All of `content` becomes the file, or, where it throws, nothing: the last bytes say whether it is what it should be. */
  readonly place: (hash: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Ciphertext of files that are on their way, which outlives the process where it can. */
  readonly parts: BlobParts;
}

export interface BlobParts {
  /** Bytes that have come; 0: none. */
  readonly size: (hash: string) => Promise<number>;
  /** Writes from byte `at` on. What was behind it goes; what has come stays, also where `bytes` throws. */
  readonly write: (hash: string, at: number, bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  readonly read: (hash: string) => AsyncIterable<Uint8Array>;
  /** Also of what is not there. */
  readonly remove: (hash: string) => Promise<void>;
}
