/** Users and apps that go. */
import type { Owner, RemovalStorage } from "../removal-port.ts";
import type { Sql, SqlDatabase, Transaction } from "./sql-database.ts";

/** Everything that has a column `account`, references before what they refer to. */
const TABLES = [
  "batch_keys",
  "blob_uploads",
  "blobs",
  "devices",
  "digests",
  "keys",
  "snapshot_chunks",
  "snapshots",
  "sync_log",
  "accounts",
];

export const removal = (db: SqlDatabase): RemovalStorage => ({
  listBlobNames: async (owner) => blobNames(db, await accountsOf(db, owner)),
  removeOwner: (owner) => db.transaction((tx) => removeOwner(tx, owner)),
});

const isUser = (owner: Owner): owner is { readonly userId: string } => "userId" in owner;
const idOf = (owner: Owner): string => (isUser(owner) ? owner.userId : owner.appId);
const columnOf = (owner: Owner): string => (isUser(owner) ? "user_id" : "app_id");

async function accountsOf(sql: Sql, owner: Owner, lock = ""): Promise<readonly string[]> {
  const found = await sql.all<{ readonly account: string }>(
    `SELECT account FROM accounts WHERE ${columnOf(owner)} = :id ORDER BY account${lock}`,
    { id: idOf(owner) },
  );
  return found.map(({ account }) => account);
}

async function blobNames(sql: Sql, accounts: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const account of accounts) {
    const found = await sql.all<{ readonly name: string }>(
      "SELECT name FROM blobs WHERE account = :account UNION ALL SELECT name FROM blob_uploads WHERE account = :account",
      { account },
    );
    names.push(...found.map(({ name }) => name));
  }
  return names;
}

async function removeOwner(tx: Transaction, owner: Owner): Promise<readonly string[] | null> {
  const id = idOf(owner);
  // First, so that no account of the owner can be opened any more.
  if ((await tx.get(`SELECT id FROM ${isUser(owner) ? "users" : "apps"} WHERE id = :id${tx.forUpdate}`, { id })) === null) return null;
  // Pushes under way hold these rows.
  const accounts = await accountsOf(tx, owner, tx.forUpdate);
  const names = await blobNames(tx, accounts);
  for (const account of accounts) for (const table of TABLES) await tx.run(`DELETE FROM ${table} WHERE account = :account`, { account });
  await tx.run(`DELETE FROM authorization_codes WHERE ${columnOf(owner)} = :id`, { id });
  if (!isUser(owner)) await tx.run("DELETE FROM redirect_uris WHERE app_id = :id", { id });
  await tx.run(`DELETE FROM ${isUser(owner) ? "users" : "apps"} WHERE id = :id`, { id });
  return names;
}
