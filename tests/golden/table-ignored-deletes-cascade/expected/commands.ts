// Made by synckit-gen, yours to edit: what a later version adds is merged in, and what you changed stays.
// The commands that a user interface calls. The runtime does the work; checks and wording of your own go here.

import type { CompleteAuthRequest, Sync } from "@synckit-gen/runtime/generated-v1";

/** Configured, signed in, encryption, device, pending changes. */
export const syncStatus = (sync: Sync) => sync.status();

/** The URL to open in a browser, and the state and verifier to keep until it returns to this port. */
export const syncStartAuth = (sync: Sync, port: number) => sync.startAuth({ port });

/** Exchanges the code that the browser brought back for a session. `expectedState` and `verifier` are what `syncStartAuth` gave. */
export const syncCompleteAuth = (sync: Sync, { code, state, expectedState, verifier, port }: CompleteAuthRequest) =>
  sync.completeAuth({ code, state, expectedState, verifier, port });

/** First device: makes the key and wraps it with the password. */
export const syncSetupEncryptionNew = (sync: Sync, password: string) => sync.setupEncryptionNew(password);

/** Further devices: unwraps the key that is already on the server. */
export const syncSetupEncryptionExisting = (sync: Sync, password: string) => sync.setupEncryptionExisting(password);

/** One cycle, now. */
export const syncNow = (sync: Sync) => sync.syncNow();

/** Forgets the session and the keys on this device. Data stays. */
export const syncDisconnect = (sync: Sync) => sync.disconnect();

/** Edits that another device's later edit or delete took away, oldest first: to look at, take back or dismiss. */
export const syncConflicts = (sync: Sync, limit?: number) => sync.conflicts(limit);

/** Writes a conflict's losing values again, as an edit made now. False: it is gone already. */
export const syncTakeBack = (sync: Sync, conflictId: number) => sync.takeBack(conflictId);

/** The winner is right: forgets the conflict. */
export const syncDismissConflict = (sync: Sync, conflictId: number) => sync.dismissConflict(conflictId);

/** Rows that wait outside their table, with what they are to hold and what stands in their way, oldest first. */
export const syncHeldRows = (sync: Sync, limit?: number) => sync.heldRows(limit);

/** Gives a held row other values, as an edit made now. False: it is not held any more. */
export const syncEditHeld = (sync: Sync, table: string, rowId: string, values: Parameters<Sync["editHeld"]>[2]) =>
  sync.editHeld(table, rowId, values);

/** Deletes a held row, on every device. False: it is deleted already. */
export const syncDeleteHeld = (sync: Sync, table: string, rowId: string) => sync.deleteHeld(table, rowId);

/** The account's devices. */
export const syncDevices = (sync: Sync) => sync.client.listDevices();

/** Wraps the key under another password. Data and other devices stay as they are. */
export const syncChangePassword = (sync: Sync, newPassword: string) => sync.client.changePassword(newPassword);

/** By the names that other languages and bindings use. */
export const commands = {
  sync_status: syncStatus,
  sync_start_auth: syncStartAuth,
  sync_complete_auth: syncCompleteAuth,
  sync_setup_encryption_new: syncSetupEncryptionNew,
  sync_setup_encryption_existing: syncSetupEncryptionExisting,
  sync_now: syncNow,
  sync_disconnect: syncDisconnect,
  sync_conflicts: syncConflicts,
  sync_take_back: syncTakeBack,
  sync_dismiss_conflict: syncDismissConflict,
  sync_held_rows: syncHeldRows,
  sync_edit_held: syncEditHeld,
  sync_delete_held: syncDeleteHeld,
  sync_devices: syncDevices,
  sync_change_password: syncChangePassword,
} as const;
