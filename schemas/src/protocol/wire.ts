/** Requests and replies in our own words; `codec.ts` turns them into what travels. */
import type { Platform } from "./limits.ts";
import type { ChangeOp } from "./payload.ts";

export interface AuthRequest {
  readonly email: string;
  readonly password: string;
  readonly apiKey: string;
  /** The developer's billing slot. */
  readonly key: string;
}
export interface AuthReply {
  readonly token: string;
  readonly userId: string;
  readonly appId: string;
}
export interface TokenRequest {
  readonly grantType: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  readonly clientId: string;
  readonly key?: string;
}
/** As a server of ours answers it. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly userId: string;
  readonly appId: string;
}
/** As a client reads it. */
export interface TokenReply {
  readonly token: string;
  readonly expiresInSeconds: number | null;
  readonly userId: string | null;
  readonly appId: string | null;
}
export interface DeviceRequest {
  readonly deviceName: string;
  readonly platform: Platform;
}
export interface Device {
  readonly id: string;
  readonly deviceName: string;
  readonly platform: string | null;
  /** RFC 3339. */
  readonly createdAt: string | null;
  readonly lastSeenAt: string | null;
}
/** One changelog entry on the wire. `data`: base64 of nonce, ciphertext and tag. */
export interface WireChange {
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  readonly data: string | null;
}
/** As pulled: a server may leave both members out. */
export interface PulledChange extends WireChange {
  readonly deviceId: string | null;
  readonly seq: number | null;
}
export interface PushRequest {
  readonly deviceId: string;
  /** Extension `push-key`: a later batch of this device under the same key is this one again. */
  readonly batchKey?: string;
  readonly changes: readonly WireChange[];
}
export interface PushReply {
  readonly cursor: number;
}
export interface PullRequest {
  readonly deviceId: string;
  readonly cursor: number;
  readonly tables?: readonly string[];
  /** RFC 3339. */
  readonly since?: string;
}
export interface PullReply {
  readonly changes: readonly PulledChange[];
  readonly cursor: number;
  readonly hasMore: boolean;
}
export interface StatusReply {
  readonly totalChanges: number;
  readonly latestCursor: number;
}
/** One chunk of a snapshot that is being uploaded. */
export interface SnapshotChunkPut {
  readonly deviceId: string;
  readonly snapshotId: string;
  /** Where a device that takes the snapshot goes on with the log. */
  readonly cursor: number;
  /** From 0, without gaps. */
  readonly index: number;
  readonly data: string;
}
/** Completes a snapshot: from now on it is the account's. */
export interface SnapshotPut {
  readonly deviceId: string;
  readonly snapshotId: string;
  readonly cursor: number;
  /** The log holds everything that the snapshot does once it has reached this number. */
  readonly through: number;
  /** How many there are. */
  readonly chunks: number;
  readonly manifest: string;
}
export interface SnapshotReply {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly chunks: number;
  readonly manifest: string;
}
export interface SnapshotChunkRequest {
  readonly snapshotId: string;
  readonly index: number;
}
export interface KeyPutRequest {
  readonly encryptedKey: string;
  readonly expectedVersion?: number;
}
export interface KeyReply {
  readonly encryptedKey: string;
  readonly keyVersion: number;
}
/** Extension `digests`. `data`: base64 of nonce, ciphertext and tag, as in an entry. */
export interface DigestPutRequest {
  readonly deviceId: string;
  readonly data: string;
}
export interface StoredDigest extends DigestPutRequest {
  /** RFC 3339. */
  readonly updatedAt: string | null;
}
/** Names a blob by its content. */
export interface BlobRequest {
  /** SHA-256 of the plaintext: 64 lower-case hexadecimal digits. */
  readonly hash: string;
}
export interface SizedBlobRequest extends BlobRequest {
  /** Bytes as they are uploaded: encrypted. */
  readonly sizeBytes: number;
}
export interface BlobUploadReply {
  /** Where the bytes are to be PUT, without a bearer token; null: the server has them. */
  readonly url: string | null;
  readonly alreadyExists: boolean;
}
export interface BlobDownloadReply {
  readonly url: string;
}
export interface SubscribeRequest {
  readonly appId: string;
  /** Whose own pushes it need not hear of; null: of all. Ours. */
  readonly deviceId: string | null;
}
export interface ErrorReply {
  readonly error: string;
  readonly dimension?: string;
  readonly key?: string;
}
/** The wrapped master key: Argon2id over the password, XChaCha20-Poly1305 over the key. */
export interface KeyEnvelope {
  readonly version: 1;
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  /** 48 bytes: key and tag. */
  readonly ciphertext: Uint8Array;
  readonly kdf: { readonly memoryKib: number; readonly passes: number; readonly lanes: number };
}
