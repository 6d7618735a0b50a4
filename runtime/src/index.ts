/** The public surface of the SDK. Generated code uses `@synckit-gen/runtime/generated-v1`. */
export { SyncKitClient } from "./client/client.ts";
export type { SyncKitConfig } from "./client/config.ts";
export type { ChangeEntry, JsonValue, PayloadEntry, PulledEntry } from "./client/entries.ts";
export { DecryptionError, isSyncError, SyncError } from "./client/errors.ts";
export type { SyncErrorCode } from "./client/errors.ts";
export type { Pkce } from "./client/pkce.ts";
export type { Clock, RandomSource } from "./client/ports.ts";
export type { SessionInfo } from "./client/session.ts";
export { argon2idIn } from "./crypto/argon2id.ts";
export type { Argon2id } from "./crypto/argon2id.ts";
export { memoryKeychain } from "./keychain/keychain.ts";
export type { Keychain } from "./keychain/keychain.ts";
export type { Refusal, RefusalReason } from "./engine/entry.ts";
export type { PullReport } from "./engine/pull.ts";
export { openSync } from "./open-sync.ts";
export type { Authorization, CompleteAuthRequest, Sync, SyncOptions, SyncReport, SyncStatusReport } from "./open-sync.ts";
export type { HeldReason, HeldRow } from "./store/held.ts";
export { DatabaseBusyError } from "./store/store.ts";
