/** The wrapped master key of an account, written by compare-and-set. */
import type { StoredKey } from "../port.ts";
import { accountId } from "./account-id.ts";
import { lockHead } from "./lock-head.ts";
import type { Part } from "./part.ts";
import type { Sql, SqlDatabase } from "./sql-database.ts";

const read = (sql: Sql, account: string): Promise<StoredKey | null> =>
  sql.get<StoredKey>("SELECT envelope, version FROM keys WHERE account = :account", { account });

export const keys = (db: SqlDatabase): Part<"readKey" | "writeKey"> => ({
  readKey: (scope) => read(db, accountId(scope)),
  writeKey: (scope, { envelope, expectedVersion, now }) =>
    db.transaction(async (tx) => {
      const account = accountId(scope);
      await lockHead(tx, account);
      const current = (await read(tx, account))?.version ?? 0;
      if (expectedVersion !== undefined && expectedVersion !== current) return { kind: "conflict" };
      const version = current + 1;
      await tx.run(
        `INSERT INTO keys (account, envelope, version, updated_at) VALUES (:account, :envelope, :version, :now)
         ON CONFLICT (account) DO UPDATE SET envelope = excluded.envelope, version = excluded.version, updated_at = excluded.updated_at`,
        { account, envelope, version, now },
      );
      return { kind: "written", version };
    }),
});
