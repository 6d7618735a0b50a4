/**
 * What the server asks of a database (docs/server.md, "Storage"). Asynchronous, so that a database behind
 * a network fits. An implementation must allocate sequence numbers of one account under a lock that is
 * held until the batch is visible: a reader that has seen number n must never later find a smaller one.
 *
 * Storage is told ids, hashes and times; it makes none. All times are RFC 3339 in UTC.
 */
import type { ChangeOp, Device, DigestPutRequest, Platform, PulledChange, StoredDigest } from "@synckit-gen/schemas/protocol";
import type { BlobStorage } from "./blob-port.ts";
import type { IdentityStorage } from "./identity-port.ts";
import type { UsageStorage } from "./usage-port.ts";
import type { RemovalStorage } from "./removal-port.ts";

/** One user's data of one app: nothing is ever shared between two of them. */
export interface Scope {
  readonly appId: string;
  readonly userId: string;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

export interface User {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly createdAt: string;
}

export interface NewApp extends App {
  /** SHA-256 of the API key, in hexadecimal; the key itself is never stored. */
  readonly apiKeyHash: string;
}

export interface NewUser extends User {
  /** Argon2id in its encoded form. */
  readonly passwordHash: string;
}

export interface DeviceRegistration {
  /** Taken when the name is new; a known name keeps the id that it has. */
  readonly newId: string;
  readonly deviceName: string;
  readonly platform: Platform;
  readonly now: string;
}

/** A wire change with the instant that its timestamp names, for filters. */
export interface LoggedChange {
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  /** As the device wrote it. */
  readonly timestamp: string;
  /** Microseconds since 1970. */
  readonly stamp: number;
  readonly data: string | null;
}

/** Keys of batches that are remembered for each device. */
export const REMEMBERED_BATCHES = 64;

export interface Batch {
  readonly deviceId: string;
  /** Its name among the device's batches, if it has one: the last `REMEMBERED_BATCHES` are known again. */
  readonly key: string | null;
  /** Equal batches have equal digests. */
  readonly digest: string;
  readonly changes: readonly LoggedChange[];
  /** Of the account's changes together, as `AccountUsage` counts them; left out: no limit. */
  readonly quotaBytes?: number | null;
  readonly now: string;
}

export type AppendResult =
  | { readonly kind: "appended"; readonly cursor: number }
  /** The device's previous batch once more, or one whose key is remembered: nothing was written, and `cursor` is what was answered then. */
  | { readonly kind: "repeated"; readonly cursor: number }
  | { readonly kind: "over-quota" }
  | { readonly kind: "unknown-device" };

export interface PageRequest {
  /** Entries past this number. */
  readonly cursor: number;
  readonly maxEntries: number;
  /** Bytes of data after which a page ends, whatever its number of entries; one entry always fits. */
  readonly maxDataBytes: number;
  readonly tables?: readonly string[];
  /** Entries of this instant (microseconds since 1970) or later. */
  readonly sinceStamp?: number;
}

export interface Page {
  readonly changes: readonly PulledChange[];
  /** The highest number examined; the request's own when there was nothing past it. */
  readonly cursor: number;
  readonly hasMore: boolean;
}

export interface StoredKey {
  readonly envelope: string;
  readonly version: number;
}

export interface KeyWrite {
  readonly envelope: string;
  /** Write only over this version; 0: only when there is none. */
  readonly expectedVersion?: number;
  readonly now: string;
}

export type KeyWriteResult = { readonly kind: "written"; readonly version: number } | { readonly kind: "conflict" };

/** The database cannot answer now: it restarts, or the way to it is cut. Nothing of the call was kept that a repetition would spoil. */
export class StorageUnavailableError extends Error {
  override readonly name = "StorageUnavailableError";
}

/** The account was removed while this call was on its way. */
export class AccountGoneError extends Error {
  override readonly name = "AccountGoneError";
}

export interface SnapshotChunk {
  readonly deviceId: string;
  readonly snapshotId: string;
  readonly cursor: number;
  readonly index: number;
  readonly data: string;
  /** RFC 3339; an unfinished upload of another device stands in the way until its last chunk is older than `busySince`. */
  readonly now: string;
  readonly busySince: string;
  /** Of data, in one snapshot. */
  readonly maxBytes: number;
}

/**
 * `gap`: the chunk does not continue what is here, so the upload must begin anew. `busy`: another device is uploading.
 * `full`: with this chunk the snapshot would be too large; what was there of it is gone.
 */
export type SnapshotChunkResult = "written" | "unknown-device" | "gap" | "busy" | "full";

export interface SnapshotCompletion {
  readonly snapshotId: string;
  readonly chunks: number;
  readonly cursor: number;
  /** The head that the log must have reached for the snapshot to hold nothing that the log does not. */
  readonly through: number;
  readonly manifest: string;
  readonly now: string;
}

/** `ahead`: the log does not reach that far. `older`: there is a newer snapshot; this one is gone. */
export type SnapshotCompletionResult = "completed" | "gap" | "ahead" | "older";

export interface StoredSnapshot {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly chunks: number;
  readonly manifest: string;
}

export interface Storage extends IdentityStorage, BlobStorage, RemovalStorage, UsageStorage {
  /** False: the name or key is taken. */
  createApp(app: NewApp): Promise<boolean>;
  listApps(): Promise<readonly App[]>;
  findAppByKeyHash(apiKeyHash: string): Promise<App | null>;

  /** False: the address is taken. */
  createUser(user: NewUser): Promise<boolean>;
  listUsers(): Promise<readonly User[]>;
  findUserByEmail(email: string): Promise<NewUser | null>;

  /** Makes the account of this app and user, once. Everything below needs it. */
  openAccount(scope: Scope): Promise<void>;

  registerDevice(scope: Scope, device: DeviceRegistration): Promise<Device>;
  /** In the order of their first registration. */
  listDevices(scope: Scope): Promise<readonly Device[]>;
  hasDevice(scope: Scope, deviceId: string): Promise<boolean>;
  /**
   * Takes the device off the list, so that it can neither push nor pull; its entries stay. Registered by its name once
   * more it is back under its id. False: no such device.
   */
  removeDevice(scope: Scope, deviceId: string, now: string): Promise<boolean>;

  /** All of the batch or none of it, in its order, with consecutive numbers. */
  append(scope: Scope, batch: Batch): Promise<AppendResult>;
  readPage(scope: Scope, request: PageRequest): Promise<Page>;
  /** The highest number given out, which is also how many entries there are. */
  readHead(scope: Scope): Promise<number>;

  /** Adds a chunk to an upload. Chunk 0 begins it, and an index that is there already is written over, and those after it go. */
  writeSnapshotChunk(scope: Scope, chunk: SnapshotChunk): Promise<SnapshotChunkResult>;
  /** Makes an upload the account's snapshot, and drops every other one, in one transaction. The same again is the same. */
  completeSnapshot(scope: Scope, completion: SnapshotCompletion): Promise<SnapshotCompletionResult>;
  /** The account's snapshot; null where there is none, or where the log does not reach it. */
  readSnapshot(scope: Scope): Promise<StoredSnapshot | null>;
  /** Null: there is no such snapshot any more, or no such chunk. */
  readSnapshotChunk(scope: Scope, snapshotId: string, index: number): Promise<string | null>;

  readKey(scope: Scope): Promise<StoredKey | null>;
  writeKey(scope: Scope, write: KeyWrite): Promise<KeyWriteResult>;

  /** Latest first. */
  readDigests(scope: Scope): Promise<readonly StoredDigest[]>;
  /** In place of the one that the device left before. */
  writeDigest(scope: Scope, digest: DigestPutRequest & { readonly now: string }): Promise<void>;

  /** Rejects when the database does not answer. */
  ping(): Promise<void>;

  close(): Promise<void>;
}
