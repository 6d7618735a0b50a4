/**
 * Failures that an application can act on. Codes are stable; wording is not. A message never holds a
 * password, key, token or row: what a caller needs to decide is in the members.
 */

const catalog = {
  "config/invalid-url": { retryable: false, message: "The server's address is not a usable URL." },
  "config/insecure-url": { retryable: false, message: "The server's address must start with https (http is for this computer only)." },
  "network/offline": { retryable: true, message: "The server could not be reached." },
  "network/timeout": { retryable: true, message: "The server did not answer in time." },
  "server/unavailable": { retryable: true, message: "The server has trouble of its own." },
  "server/rate-limited": { retryable: true, message: "The server asks for fewer requests." },
  "server/payment-required": { retryable: false, message: "The server refuses because a quota or a plan is used up." },
  "server/rejected": { retryable: false, message: "The server refused the request." },
  "server/unsupported": { retryable: false, message: "The server does not offer this." },
  "server/redirected": { retryable: false, message: "The server pointed to another address, which is not followed." },
  "reply/malformed": { retryable: false, message: "The reply does not have the agreed form." },
  "reply/too-large": { retryable: false, message: "The reply is larger than this client reads." },
  "auth/not-signed-in": { retryable: false, message: "Nobody is signed in." },
  "auth/expired": { retryable: false, message: "The session has expired: sign in again." },
  "auth/rejected": { retryable: false, message: "The server did not accept these credentials or this session." },
  "auth/denied": { retryable: false, message: "The sign-in was not allowed in the browser." },
  "auth/timeout": { retryable: false, message: "Nobody finished the sign-in in the browser in time." },
  "auth/cancelled": { retryable: false, message: "The sign-in was cancelled." },
  "auth/other-account": {
    retryable: false,
    message: "This database belongs to another account. Nothing was sent: sign in to that one, start over from this one, or detach first.",
  },
  "key/none": { retryable: false, message: "No master key is loaded: set up encryption first." },
  "key/not-set-up": { retryable: false, message: "The server holds no key yet: set up encryption with a new password." },
  "key/exists": { retryable: false, message: "The server already holds a key: use its password. It was not overwritten." },
  "key/changed-elsewhere": { retryable: false, message: "Another device has changed the password: enter the current one first." },
  "key/empty-password": { retryable: false, message: "The encryption password is empty." },
  "key/wrong-password": { retryable: false, message: "The password does not open the key." },
  "key/bad-phrase": { retryable: false, message: "This is not a recovery phrase." },
  "key/wrong-phrase": { retryable: false, message: "The recovery phrase belongs to another key: it does not open this account's entries." },
  "key/damaged-envelope": { retryable: false, message: "The stored key cannot be read: it is damaged." },
  "key/unknown-version": { retryable: false, message: "The stored key has a form that this version does not know." },
  "keychain/unavailable": {
    retryable: false,
    message: "This computer has no keychain: choose a folder under a passphrase, or memory (`openKeychain` in @synckit-gen/runtime/node).",
  },
  "keychain/failed": { retryable: false, message: "The keychain did not do what was asked." },
  "database/outdated": {
    retryable: false,
    message: "The database's sync tables are older than this runtime: run `synckit-gen generate` and then the migrations it has written.",
  },
  "database/mismatch": {
    retryable: false,
    message:
      "The database does not have what the schema names. Run the app's own migrations before `createSync`; `synckit-gen doctor` compares the two.",
  },
  "database/other-schema": {
    retryable: false,
    message:
      "Another schema syncs tables of this database: another app's, or that of a later version of this one. Two would share one log. " +
      "Nothing was changed: give each app a database of its own, or one schema for all tables. Where this schema had these tables and " +
      "they were never released, `synckit-gen doctor --fix` removes what is left of them.",
  },
  "database/migration-failed": { retryable: false, message: "A migration of sync could not be run. All of it was taken back." },
  "database/busy": { retryable: true, message: "The database is busy. Nothing was written; the same call works later." },
  "database/full": { retryable: true, message: "The disk is full, or the database may not grow. Nothing was written: free some space." },
  "database/read-only": { retryable: false, message: "The database cannot be written: its file, folder or handle is read-only." },
  "database/damaged": { retryable: false, message: "The database's file is damaged, or no database: restore it from a copy, then sync." },
  "database/unreachable": { retryable: true, message: "The database's file could not be read or written." },
  "database/closed": { retryable: false, message: "The database handle is closed. Stop the scheduler and await cycles before closing it." },
  "cycle/elsewhere": { retryable: true, message: "Another window or process is syncing this database." },
  "entry/undecryptable": { retryable: false, message: "An entry cannot be decrypted with this key." },
  "blob/corrupt": { retryable: false, message: "A file from the server is not what its hash says: it was not kept." },
  "blob/changed": { retryable: false, message: "A file is not what its hash says any more: it was not uploaded." },
  "blob/not-found": { retryable: true, message: "The server does not have this file yet." },
  "blob/too-large": { retryable: false, message: "A file is larger than the server takes." },
  "blob/no-files": { retryable: false, message: "This app keeps no files with sync: give `openSync` the option `blobs`." },
  "app/outdated": {
    retryable: false,
    message: "Another device runs a version of this app that this one would misread: update the app here. Nothing was lost.",
  },
  "changes/unsynced": {
    retryable: false,
    message: "Changes on this device have not reached the server: sync first, or force it and lose them.",
  },
  "device/away-too-long": {
    retryable: false,
    message:
      "This device has not synced for longer than the schema allows, so that others may have forgotten rows it does not know to be deleted. " +
      "Nothing was sent or taken. Start over from the server; changes made here since are given up only if that is forced.",
  },
  "row/not-held": {
    retryable: false,
    message: "No such row is held on this device: `heldRows()` lists those that are. What is in its table is deleted there.",
  },
  "server/empty": { retryable: false, message: "The server has nothing to start over from: every synced row here would go." },
  "entry/too-large": { retryable: false, message: "An entry is larger than the protocol carries." },
} as const satisfies Record<string, { readonly retryable: boolean; readonly message: string }>;

export type SyncErrorCode = keyof typeof catalog;

export interface SyncErrorDetails {
  readonly cause?: unknown;
  /** Adds to the message: which member, which limit. Never a value. */
  readonly detail?: string;
  /** HTTP status. */
  readonly status?: number;
  /** What is used up, for `server/payment-required`. */
  readonly dimension?: string;
  /** The billing slot that is full, for `server/payment-required`. */
  readonly billingKey?: string;
  /** The server's own text: untrusted, for a log or a detail view. */
  readonly serverMessage?: string;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number;
  /** Which entry, for the `entry/…` codes, or which row, for `row/…`. */
  readonly entry?: { readonly table: string; readonly rowId: string };
}

/** Switch on `code`; `retryable` says that the same call may succeed later with nobody doing anything. */
export class SyncError extends Error {
  override readonly name: string = "SyncError";
  readonly code: SyncErrorCode;
  readonly retryable: boolean;
  readonly status: number | null;
  readonly dimension: string | null;
  readonly billingKey: string | null;
  readonly serverMessage: string | null;
  readonly retryAfterMs: number | null;
  readonly entry: { readonly table: string; readonly rowId: string } | null;

  constructor(code: SyncErrorCode, details: SyncErrorDetails = {}) {
    const { message, retryable } = catalog[code];
    const text = details.detail === undefined ? message : `${message} (${details.detail})`;
    super(text, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = retryable;
    this.status = details.status ?? null;
    this.dimension = details.dimension ?? null;
    this.billingKey = details.billingKey ?? null;
    this.serverMessage = details.serverMessage ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.entry = details.entry ?? null;
  }
}

/** This database holds the rows of another account than the one that is signed in. Nothing was sent or changed. */
export class OtherAccountError extends SyncError {
  override readonly name = "OtherAccountError";
  /**
   * What can be done: sign in to the account that the rows belong to; give them up for what this account has (`startOver`);
   * or let go of that account (`detach`), sign in again, and so bring the rows into this one.
   */
  readonly choices = ["sign-in", "start-over", "detach"] as const;

  constructor() {
    super("auth/other-account");
  }
}

/** Why one entry could not be opened. */
export type DecryptionFailure = "not-base64" | "decryption";

/** An entry that this key does not open: damaged, forged, or sealed under another key. */
export class DecryptionError extends SyncError {
  override readonly name = "DecryptionError";
  readonly reason: DecryptionFailure;

  constructor(reason: DecryptionFailure) {
    super("entry/undecryptable", { detail: reason === "not-base64" ? "not base64" : "wrong key or altered" });
    this.reason = reason;
  }
}

export const isSyncError = (error: unknown): error is SyncError => error instanceof SyncError;
