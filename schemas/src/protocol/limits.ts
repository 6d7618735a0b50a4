/** Numbers of the protocol, each with its unit. Source: the public description of SyncKit unless marked ours. */

/** Entries in one push, and in one page of a pull. */
export const MAX_BATCH_ENTRIES = 500;
/** Bytes of one entry's base64 `data`. Ours. */
export const MAX_ENTRY_BYTES = 1024 * 1024;
/** Bytes of one request body. Ours. */
export const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
/** Characters of a table name on the wire. Ours. */
export const MAX_TABLE_NAME = 128;
/** Characters of a row id on the wire. Ours. */
export const MAX_ROW_ID = 512;
/** Characters of a device's name. Ours. */
export const MAX_DEVICE_NAME = 255;
/** Characters of a batch's key. Ours. */
export const MAX_BATCH_KEY = 64;
/** Characters of a snapshot's id. Ours. */
export const MAX_SNAPSHOT_ID = 64;
/** Bytes of one snapshot chunk's base64 `data`. Ours. */
export const MAX_SNAPSHOT_CHUNK_BYTES = 8 * 1024 * 1024;
/** Bytes of a snapshot's base64 `manifest`. Ours. */
export const MAX_SNAPSHOT_MANIFEST_BYTES = 32 * 1024;
/** Characters of one device's sealed digest. Ours. */
export const MAX_DIGEST_LENGTH = 512 * 1024;
/** Bytes of the key envelope. */
export const MAX_KEY_ENVELOPE_BYTES = 4096;
/** Bytes of one blob as it is stored: encrypted. "500 MB" in the description, read as mebibytes. */
export const MAX_BLOB_BYTES = 500 * 1024 * 1024;
/** Seconds that a URL for a blob's bytes is good for. Ours. */
export const BLOB_URL_LIFETIME_SECONDS = 60 * 60;
/** Seconds that a session token lives. */
export const TOKEN_LIFETIME_SECONDS = 7 * 24 * 60 * 60;
/** Seconds by which a client treats a token as expired early. */
export const TOKEN_EARLY_SECONDS = 30;
/** Days that a pushed changelog entry is kept. */
export const DEFAULT_RETAIN_DAYS = 7;
/** Days that a device may stay away before it must start over. Ours. */
export const DEFAULT_MAX_AWAY_DAYS = 180;
/** Synced columns besides the key: one bit each of a signed 64-bit mask, and json_object's limit on old SQLite. */
export const MAX_MASK_COLUMNS = 62;
/** Platforms that a device may name. */
export const PLATFORMS = ["macos", "windows", "linux", "ios", "android", "web"] as const;
export type Platform = (typeof PLATFORMS)[number];
