/** What devices leave for each other to compare: one sealed text each. */
import type { StoredDigest } from "@synckit-gen/schemas/protocol";
import { accountId } from "./account-id.ts";
import type { Part } from "./part.ts";
import type { SqlDatabase } from "./sql-database.ts";

export const digests = (db: SqlDatabase): Part<"readDigests" | "writeDigest"> => ({
  readDigests: (scope) =>
    db.all<StoredDigest>(
      `SELECT device_id AS "deviceId", data, updated_at AS "updatedAt" FROM digests WHERE account = :account ORDER BY updated_at DESC, device_id`,
      { account: accountId(scope) },
    ),
  writeDigest: async (scope, { deviceId, data, now }) =>
    void (await db.run(
      `INSERT INTO digests (account, device_id, data, updated_at) VALUES (:account, :deviceId, :data, :now)
       ON CONFLICT (account, device_id) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at`,
      { account: accountId(scope), deviceId, data, now },
    )),
});
