/** What an application holds: one database in sync, what it is opened with, and what it reports. */
import type { Platform } from "@synckit-gen/schemas/protocol";
import type { BlobFiles } from "../blobs/blob-files.ts";
import type { BlobSync } from "../blobs/blob-sync.ts";
import type { SyncKitClient } from "../client/client.ts";
import type { SyncKitConfig } from "../client/config.ts";
import type { DatabaseHandle } from "../driver/driver-of.ts";
import type { Refusal } from "../engine/entry.ts";
import type { ForceOption } from "../engine/life-cycle.ts";
import type { PullReport } from "../engine/pull.ts";
import type { SnapshotUpload } from "../engine/snapshot-upload.ts";
import type { VerifyReport } from "../engine/verify.ts";
import type { EventStream } from "../events/event-stream.ts";
import type { SyncEvent } from "../events/sync-event.ts";
import type { Connectivity, Scheduler } from "../scheduler/scheduler.ts";
import type { Conflict } from "../store/conflicts.ts";
import type { HeldRow } from "../store/held.ts";
import type { QuarantinedEntry } from "../store/quarantine.ts";
import type { Values } from "../store/registers.ts";

export interface SyncOptions extends SyncKitConfig {
  /** The app's own handle, or a driver over it (`sqliteWasmDriver`): the engine works through it and never closes it. */
  readonly database: DatabaseHandle;
  /** Names this installation to the user and the server; the same name again is the same device. */
  readonly deviceName: string;
  /** Where the app keeps the files that its rows stand for (`blob` in the schema). Missing: rows sync, files do not. */
  readonly blobs?: BlobOptions;
  /** Default: what a browser says; elsewhere always online. */
  readonly connectivity?: Connectivity;
  /** Default: from the platform that runs this. */
  readonly platform?: Platform;
}

export interface BlobOptions {
  readonly files: BlobFiles;
  /** `on-demand`, the default: when `sync.blobs.get` asks for one. `all`: after each cycle. Uploads are not asked for. */
  readonly download?: "on-demand" | "all";
  /** Both directions together. Default: no cap. */
  readonly maxBytesPerSecond?: number;
}

export interface SyncStatusReport {
  /** A server and an API key are set. */
  readonly configured: boolean;
  readonly authenticated: boolean;
  /** `ready`: the master key is in memory. */
  readonly encryption: "none" | "ready";
  readonly deviceId: string | null;
  /** False: `detach` has taken sync off this database, and nothing is captured. */
  readonly attached: boolean;
  /** Entries that wait to be pushed. */
  readonly pendingChanges: number;
  /** Rows that wait for a parent, or that their table refuses. */
  readonly heldRows: number;
  /** Of those, the ones that their table refuses, for a value that another row has for instance: they wait for a person (`heldRows()`, `editHeld`, `deleteHeld`). */
  readonly refusedRows: number;
  /** Entries of the server's log that could not be read or trusted. */
  readonly quarantinedEntries: number;
  /** Overwritten edits that nobody has looked at. */
  readonly conflicts: number;
  /** Entries that no server takes: larger than the protocol carries. */
  readonly unpushableChanges: number;
  /** Milliseconds since 1970; null: never. */
  readonly lastSyncMs: number | null;
}

export interface SyncReport {
  readonly pushed: number;
  /** Entries that other devices have pushed since the last cycle. */
  readonly pulled: number;
  readonly merged: number;
  /** Rows taken from a snapshot, in the place of the log that led to them. */
  readonly bootstrapped: number;
  /** What became of a snapshot of this device's rows, where one was due. */
  readonly snapshot: SnapshotUpload | null;
  readonly refused: readonly Refusal[];
  readonly heldRows: number;
  readonly pruned: number;
}

export interface Authorization {
  /** Open it in the user's browser. */
  readonly authorizeUrl: string;
  /** To be compared with the state that the redirect carries. */
  readonly state: string;
  readonly verifier: string;
}

export interface CompleteAuthRequest {
  readonly code: string;
  readonly state: string;
  /** The state that `startAuth` gave. */
  readonly expectedState: string;
  readonly verifier: string;
  readonly port: number;
}

/** One app database in sync. All methods that touch the network may throw `SyncError`. */
export interface Sync {
  /** The server's calls one by one: sessions, keys, devices, entries, files. */
  readonly client: SyncKitClient;

  /** Who is signed in, and what waits. Reads the database; asks no server. */
  readonly status: () => SyncStatusReport;
  /** What happens, for a user interface: progress with totals, ends and failures of cycles, status. */
  readonly events: EventStream<SyncEvent>;
  /** Runs cycles by itself once started: by interval, after local changes, later and later while they fail. */
  readonly scheduler: Scheduler;
  /** The files that rows stand for. Throws `blob/no-files` where there are none: no such table, or no option `blobs`. */
  readonly blobs: BlobSync;
  /** Begins a sign-in in the browser (OAuth with PKCE): what to open, and what to keep until it returns to this port. */
  readonly startAuth: (options: { readonly port: number }) => Promise<Authorization>;
  /** Ends it, with the code that the browser brought. Throws `auth/rejected` where the states differ. */
  readonly completeAuth: (request: CompleteAuthRequest) => Promise<void>;
  /** With e-mail and account password, where the server allows it: the encryption password is another. */
  readonly signIn: (email: string, password: string) => Promise<void>;
  /** The account's first device: makes the master key. */
  readonly setupEncryptionNew: (password: string) => Promise<void>;
  /** Every other device: opens the account's key. */
  readonly setupEncryptionExisting: (password: string) => Promise<void>;
  /** Registers if needed, takes the initial snapshot once, pushes, pulls, tidies. A call during a cycle joins it. */
  readonly syncNow: () => Promise<SyncReport>;
  /** Clears credentials and session. The data stays. */
  readonly disconnect: () => Promise<void>;
  /**
   * Replaces the synced rows here with what the server has, then syncs. Local columns and other tables stay. Throws
   * `changes/unsynced` or `server/empty` unless forced. Signed in to another account, it gives this database to that one.
   */
  readonly startOver: (options?: ForceOption) => Promise<SyncReport>;
  /** Replaces what the server has with the synced rows here, then syncs; the other devices follow. */
  readonly replaceServer: () => Promise<SyncReport>;
  /**
   * Takes sync off this database and signs out. All rows stay. Throws `changes/unsynced` unless forced. Signing in and
   * syncing puts it back, and joins as a device that has rows of its own.
   */
  readonly detach: (options?: ForceOption) => Promise<void>;

  /**
   * Syncs, then compares the synced rows here with those of the other devices, through sealed digests, and names the first
   * table and row that differ. Each device has to verify at the same place of the log: the last one sees all.
   */
  readonly verify: () => Promise<VerifyReport>;

  /** A value of `sync_state`: `sync_interval_minutes`, `auto_sync_enabled`, and sync's own. */
  readonly getSyncState: (key: string) => string | null;
  /** Writes one. Only those two are an app's to write. */
  readonly setSyncState: (key: string, value: string) => void;
  /** The device id, from `sync_state` after the first time. */
  readonly ensureDeviceRegistered: () => Promise<string>;
  /** Logs every row that existed before; once. Returns how many. */
  readonly createInitialSnapshot: () => Promise<number>;
  /**
   * Uploads what this device holds as the account's snapshot, from which new devices begin. A cycle does so by itself when it
   * saves them much (docs/protocol.md, "snapshots"). Whether the server takes snapshots, and why not, is in the outcome.
   */
  readonly uploadSnapshot: () => Promise<SnapshotUpload>;
  /** The first half of a cycle. Returns how many entries went. */
  readonly pushChanges: () => Promise<number>;
  /** The other half. */
  readonly pullChanges: () => Promise<PullReport>;
  /**
   * Applies a row as if it had just been pulled: synced columns only, capture suppressed, parents checked. It is for what the log has
   * or will have: no other device is told of it, unless a log that was restored from a backup gets it from here. So that a snapshot
   * does not tell new devices alone, this one uploads none from then on.
   */
  readonly applyUpsert: (table: string, rowId: string, data: Values) => void;
  /** The same for a row that is deleted. */
  readonly applyDelete: (table: string, rowId: string) => void;
  /** Prunes pushed entries past their time. Returns how many. */
  readonly cleanupChangelog: () => number;
  /** Rows of the log that their tables cannot hold yet, with what they are to hold and what stands in their way; oldest first. */
  readonly heldRows: (limit?: number) => readonly HeldRow[];
  /**
   * Writes some synced columns of a held row, as an edit made now, so that it gets its place and what waits for it too. False: there is no
   * such row, or it is deleted. Throws `RowRefusedError`, and nothing is written, where the table still refuses it.
   */
  readonly editHeld: (table: string, rowId: string, values: Values) => boolean;
  /**
   * Deletes a held row, as a delete made now: it is pushed like any other, and rows that refer to the row follow their reference's rule.
   * False: it is deleted already. Throws `RowRefusedError`, and nothing is written, where another row does not let it go, and
   * `SyncError` (`row/not-held`) where no such row is held.
   */
  readonly deleteHeld: (table: string, rowId: string) => boolean;
  /** Entries of the server's log that could not be read or trusted. Nothing waits for them. */
  readonly quarantined: (limit?: number) => readonly QuarantinedEntry[];
  /** Reads them again, after the right key has come. Returns how many could be applied. */
  readonly retryQuarantine: () => Promise<number>;
  /** What merging took from edits that could not have known of each other, oldest first. */
  readonly conflicts: (limit?: number) => readonly Conflict[];
  /**
   * Writes a conflict's losing values again, as an edit made now. False: there is none with this id. Throws `RowRefusedError` where the
   * table does not take them, for a unique value that the winner still has for instance; the conflict stays.
   */
  readonly takeBack: (conflictId: number) => boolean;
  /** Forgets a conflict: the winner is right. False: there is none with this id. */
  readonly dismissConflict: (conflictId: number) => boolean;
}
