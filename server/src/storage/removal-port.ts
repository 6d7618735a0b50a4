/** Removing users and apps with all that they have. What is left is the audit log, which has ids only. */

/** Whose accounts: a user has one with each app, an app one with each user. */
export type Owner = { readonly userId: string } | { readonly appId: string };

export interface RemovalStorage {
  /** Names of all bytes in the blob store, uploads under way included. */
  listBlobNames(owner: Owner): Promise<readonly string[]>;
  /**
   * Removes the owner with all accounts, rows, snapshots, keys, devices, codes and addresses, in one transaction. Answers names of bytes, as
   * `listBlobNames`, which may have come since. Null: no such owner.
   */
  removeOwner(owner: Owner): Promise<readonly string[] | null>;
}
