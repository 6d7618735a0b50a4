/** Accounts and their devices. */
import type { Device } from "@synckit-gen/schemas/protocol";
import { accountId } from "./account-id.ts";
import { lockHead } from "./lock-head.ts";
import type { Part } from "./part.ts";
import type { SqlDatabase } from "./sql-database.ts";

const DEVICE = `id, name AS "deviceName", platform, created_at AS "createdAt", last_seen_at AS "lastSeenAt"`;

type Accounts = Part<"openAccount" | "registerDevice" | "listDevices" | "hasDevice" | "removeDevice">;

export function accounts(db: SqlDatabase): Accounts {
  const hasAccount = async (account: string): Promise<boolean> =>
    (await db.get("SELECT 1 AS one FROM accounts WHERE account = :account", { account })) !== null;
  return {
    openAccount: async (scope) => {
      const account = accountId(scope);
      // Read first: a login of a known account then waits for no writer.
      if (await hasAccount(account)) return;
      const { appId, userId } = scope;
      await db.run("INSERT INTO accounts (account, app_id, user_id) VALUES (:account, :appId, :userId) ON CONFLICT DO NOTHING", {
        account,
        appId,
        userId,
      });
    },
    registerDevice: (scope, { newId, deviceName, platform, now }) =>
      db.transaction(async (tx) => {
        const account = accountId(scope);
        await lockHead(tx, account);
        const device = await tx.get<Device>(
          `INSERT INTO devices (account, id, number, name, platform, created_at, last_seen_at)
           VALUES (:account, :newId, (SELECT coalesce(max(number), 0) + 1 FROM devices WHERE account = :account), :deviceName, :platform, :now, :now)
           ON CONFLICT (account, name) DO UPDATE SET platform = excluded.platform, last_seen_at = excluded.last_seen_at, removed_at = NULL
           RETURNING ${DEVICE}`,
          { account, newId, deviceName, platform, now },
        );
        if (device === null) throw new Error("registerDevice: an upsert returned no row");
        return device;
      }),
    listDevices: (scope) =>
      db.all<Device>(`SELECT ${DEVICE} FROM devices WHERE account = :account AND removed_at IS NULL ORDER BY number`, {
        account: accountId(scope),
      }),
    hasDevice: async (scope, deviceId) =>
      (await db.get("SELECT 1 AS one FROM devices WHERE account = :account AND id = :deviceId AND removed_at IS NULL", {
        account: accountId(scope),
        deviceId,
      })) !== null,
    removeDevice: async (scope, deviceId, now) =>
      (await db.run("UPDATE devices SET removed_at = :now WHERE account = :account AND id = :deviceId AND removed_at IS NULL", {
        account: accountId(scope),
        deviceId,
        now,
      })) === 1,
  };
}
