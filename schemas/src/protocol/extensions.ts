/**
 * What a server of this project does beyond SyncKit's public protocol (docs/protocol.md, "Extensions"), by name, with the
 * version that this code speaks. A client asks before it uses one, and works without all of them.
 */

export const EXTENSIONS = {
  /** A push names its batch by a key, so that a batch whose reply was lost is stored once. */
  "push-key": 1,
  /** Encrypted snapshots of the account's rows, so that a new device need not read the whole log. */
  snapshots: 1,
  /** Devices leave each other a sealed digest of their rows, to find out whether they are equal. */
  digests: 1,
  /** A device can be taken off the list. */
  "device-removal": 1,
  /** A user can end every session, everywhere. */
  "end-sessions": 1,
  /** Large files are sealed in chunks: the server keeps bytes as ever, but every client of the account must know the form. */
  "chunked-blobs": 1,
} as const satisfies Record<string, number>;

export type ExtensionName = keyof typeof EXTENSIONS;
