/** Blobs and their uploads. */
import type { AbandonedUpload, BeginUploadResult, BlobStorage, NewUpload, StoredBlob } from "../blob-port.ts";
import type { Scope } from "../port.ts";
import { accountId } from "./account-id.ts";
import { lockHead } from "./lock-head.ts";
import type { Sql, SqlDatabase } from "./sql-database.ts";

const BLOB = `name, size_bytes AS "sizeBytes"`;

const findBlob = (sql: Sql, account: string, hash: string): Promise<StoredBlob | null> =>
  sql.get<StoredBlob>(`SELECT ${BLOB} FROM blobs WHERE account = :account AND hash = :hash`, { account, hash });

const findUpload = (sql: Sql, account: string, hash: string, sizeBytes: number): Promise<StoredBlob | null> =>
  sql.get<StoredBlob>(
    `SELECT ${BLOB} FROM blob_uploads WHERE account = :account AND hash = :hash AND size_bytes = :sizeBytes AND is_given_up = 0 LIMIT 1`,
    { account, hash, sizeBytes },
  );

export const blobs = (db: SqlDatabase): BlobStorage => ({
  beginUpload: (scope, upload) => beginUpload(db, scope, upload),
  findUpload: (scope, hash, sizeBytes) => findUpload(db, accountId(scope), hash, sizeBytes),
  findBlob: (scope, hash) => findBlob(db, accountId(scope), hash),
  confirmUpload: (scope, hash, name, now) =>
    db.transaction(async (tx) => {
      const account = accountId(scope);
      await lockHead(tx, account);
      const isMoved = await tx.run(
        `INSERT INTO blobs (account, hash, name, size_bytes, billing_key, confirmed_at)
         SELECT account, hash, name, size_bytes, billing_key, :now FROM blob_uploads
         WHERE account = :account AND name = :name AND is_given_up = 0
         ON CONFLICT (account, hash) DO NOTHING`,
        { account, name, now },
      );
      if (isMoved === 1) await tx.run("DELETE FROM blob_uploads WHERE account = :account AND name = :name", { account, name });
      // Else somebody else's upload of the same content was first, or this one is gone.
      return isMoved === 1 || (await findBlob(tx, account, hash)) !== null;
    }),
  giveUpUploads: (before, limit) => giveUpUploads(db, before, limit),
  forgetUpload: async ({ account, name }) => {
    await db.run("DELETE FROM blob_uploads WHERE account = :account AND name = :name AND is_given_up = 1", { account, name });
  },
});

const beginUpload = (db: SqlDatabase, scope: Scope, upload: NewUpload): Promise<BeginUploadResult> =>
  db.transaction(async (tx) => {
    const account = accountId(scope);
    await lockHead(tx, account);
    const { hash, sizeBytes, newId, billingKey, quotaBytes, now } = upload;
    if ((await findBlob(tx, account, hash)) !== null) return { kind: "exists" };
    const begun = await findUpload(tx, account, hash, sizeBytes);
    if (begun !== null) {
      const { name } = begun;
      // Its time begins anew, or it could be given up while the new URL is still good.
      await tx.run("UPDATE blob_uploads SET begun_at = :now WHERE account = :account AND name = :name", { account, name, now });
      return { kind: "upload", name };
    }
    if (quotaBytes !== null && (await usedBytes(tx, account)) + sizeBytes > quotaBytes) return { kind: "over-quota" };
    const name = `${account}/${newId}`;
    await tx.run(
      `INSERT INTO blob_uploads (account, name, hash, size_bytes, billing_key, begun_at)
       VALUES (:account, :name, :hash, :sizeBytes, :billingKey, :now)`,
      { account, name, hash, sizeBytes, billingKey, now },
    );
    return { kind: "upload", name };
  });

async function usedBytes(sql: Sql, account: string): Promise<number> {
  const row = await sql.get<{ readonly total: number }>(
    `SELECT CAST(coalesce(sum(size_bytes), 0) AS BIGINT) AS total FROM (
       SELECT size_bytes FROM blobs WHERE account = :account
       UNION ALL SELECT size_bytes FROM blob_uploads WHERE account = :account AND is_given_up = 0) AS every`,
    { account },
  );
  return row?.total ?? 0;
}

/** Under the account's lock, so that none is confirmed in the same moment. */
async function giveUpUploads(db: SqlDatabase, before: string, limit: number): Promise<readonly AbandonedUpload[]> {
  const found = await db.all<AbandonedUpload>(
    "SELECT account, name FROM blob_uploads WHERE begun_at < :before OR is_given_up = 1 LIMIT :limit",
    { before, limit },
  );
  const given: AbandonedUpload[] = [];
  for (const { account, name } of found) {
    const isGivenUp = await db.transaction(async (tx) => {
      await lockHead(tx, account);
      return tx.run(
        `UPDATE blob_uploads SET is_given_up = 1
         WHERE account = :account AND name = :name AND (begun_at < :before OR is_given_up = 1)`,
        { account, name, before },
      );
    });
    if (isGivenUp === 1) given.push({ account, name });
  }
  return given;
}
