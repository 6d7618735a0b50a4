/**
 * What is known of blobs: which were begun, which are there. Their bytes are elsewhere (`blobs/port.ts`), under a name that
 * each upload has to itself, so that removing an upload nobody confirmed can never take a blob away.
 */
import type { Scope } from "./port.ts";

export interface NewUpload {
  /** SHA-256 of the plaintext, as the client says: the server could not check it. */
  readonly hash: string;
  /** Bytes of the ciphertext. */
  readonly sizeBytes: number;
  /** Ends the name of its bytes, unless an upload of the same hash and size is under way. */
  readonly newId: string;
  /** The developer's billing slot. */
  readonly billingKey: string;
  /** Of all blobs and uploads of the account together; null: no limit. */
  readonly quotaBytes: number | null;
  readonly now: string;
}

export type BeginUploadResult =
  | { readonly kind: "exists" }
  | { readonly kind: "upload"; readonly name: string }
  | { readonly kind: "over-quota" };

export interface StoredBlob {
  /** Of its bytes in the blob store: account and id, with a slash between. */
  readonly name: string;
  readonly sizeBytes: number;
}

export interface BlobStorage {
  beginUpload(scope: Scope, upload: NewUpload): Promise<BeginUploadResult>;
  /** An upload under way; null: none of this hash and size was begun, or it was given up. */
  findUpload(scope: Scope, hash: string, sizeBytes: number): Promise<StoredBlob | null>;
  /** Turns an upload into the blob of its hash. False: it was given up meanwhile. */
  confirmUpload(scope: Scope, hash: string, name: string, now: string): Promise<boolean>;
  findBlob(scope: Scope, hash: string): Promise<StoredBlob | null>;
  /** Gives up to `limit` uploads up that were begun before, and those whose bytes could not be removed last time. */
  giveUpUploads(before: string, limit: number): Promise<readonly AbandonedUpload[]>;
  /** Its bytes are gone. */
  forgetUpload(upload: AbandonedUpload): Promise<void>;
}

export interface AbandonedUpload {
  readonly account: string;
  readonly name: string;
}
