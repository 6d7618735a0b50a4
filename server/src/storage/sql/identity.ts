/** The identity half of the storage: one short statement each, most of them once a week per device. */
import type { AuditEvent, AuthorizationCode, IdentityStorage, SigningKey } from "../identity-port.ts";
import type { User } from "../port.ts";
import { accountId } from "./account-id.ts";
import type { SqlDatabase } from "./sql-database.ts";

export const identity = (db: SqlDatabase): IdentityStorage => ({
  ...apps(db),
  ...users(db),
  ...codes(db),
  ...signingKeys(db),
  ...audit(db),
});

type Part<K extends keyof IdentityStorage> = Pick<IdentityStorage, K>;

const apps = (db: SqlDatabase): Part<"listRedirectUris" | "addRedirectUri" | "removeRedirectUri" | "replaceAppKey"> => ({
  listRedirectUris: async (appId) =>
    (await db.all<{ readonly uri: string }>("SELECT uri FROM redirect_uris WHERE app_id = :appId ORDER BY uri", { appId })).map(
      ({ uri }) => uri,
    ),
  addRedirectUri: async (appId, uri) =>
    (await db.run("INSERT INTO redirect_uris (app_id, uri) VALUES (:appId, :uri) ON CONFLICT DO NOTHING", { appId, uri })) === 1,
  removeRedirectUri: async (appId, uri) =>
    (await db.run("DELETE FROM redirect_uris WHERE app_id = :appId AND uri = :uri", { appId, uri })) === 1,
  replaceAppKey: async (appId, apiKeyHash) =>
    (await db.run("UPDATE apps SET api_key_hash = :apiKeyHash WHERE id = :appId", { appId, apiKeyHash })) === 1,
});

function users(db: SqlDatabase): Part<"findUser" | "replacePassword" | "endSessions" | "readValidFrom" | "readUserValidFrom"> {
  type Row = { readonly validFrom: number };
  return {
    findUser: (userId) => db.get<User>(`SELECT id, email, created_at AS "createdAt" FROM users WHERE id = :userId`, { userId }),
    replacePassword: async (userId, passwordHash) =>
      (await db.run("UPDATE users SET password_hash = :passwordHash WHERE id = :userId", { userId, passwordHash })) === 1,
    endSessions: (userId, validFrom) =>
      db.transaction(async (tx) => {
        await tx.run("DELETE FROM authorization_codes WHERE user_id = :userId", { userId });
        const ended = await tx.run(
          `UPDATE users SET valid_from = CASE WHEN valid_from >= CAST(:validFrom AS bigint) THEN valid_from + 1 ELSE CAST(:validFrom AS bigint) END
           WHERE id = :userId`,
          { userId, validFrom },
        );
        return ended === 1;
      }),
    readValidFrom: async (scope) =>
      (
        await db.get<Row>(
          `SELECT u.valid_from AS "validFrom" FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.account = :account`,
          { account: accountId(scope) },
        )
      )?.validFrom ?? null,
    readUserValidFrom: async (userId) =>
      (await db.get<Row>(`SELECT valid_from AS "validFrom" FROM users WHERE id = :userId`, { userId }))?.validFrom ?? null,
  };
}

const CODE = `code_hash AS "codeHash", app_id AS "appId", user_id AS "userId", redirect_uri AS "redirectUri",
  code_challenge AS "codeChallenge", expires_at AS "expiresAt"`;

const codes = (db: SqlDatabase): Part<"storeCode" | "takeCode"> => ({
  storeCode: ({ codeHash, appId, userId, redirectUri, codeChallenge, expiresAt }, now) =>
    db.transaction(async (tx) => {
      await tx.run("DELETE FROM authorization_codes WHERE expires_at < :now", { now });
      await tx.run(
        `INSERT INTO authorization_codes (code_hash, app_id, user_id, redirect_uri, code_challenge, expires_at)
         VALUES (:codeHash, :appId, :userId, :redirectUri, :codeChallenge, :expiresAt)`,
        { codeHash, appId, userId, redirectUri, codeChallenge, expiresAt },
      );
    }),
  takeCode: (codeHash) =>
    db.transaction((tx) =>
      tx.get<AuthorizationCode>(`DELETE FROM authorization_codes WHERE code_hash = :codeHash RETURNING ${CODE}`, { codeHash }),
    ),
});

const signingKeys = (db: SqlDatabase): Part<"listSigningKeys" | "addSigningKey" | "dropSigningKeys"> => ({
  listSigningKeys: () => db.all<SigningKey>(`SELECT number, secret, created_at AS "createdAt" FROM signing_keys ORDER BY number DESC`),
  addSigningKey: async ({ number, secret, createdAt }) =>
    (await db.run("INSERT INTO signing_keys (number, secret, created_at) VALUES (:number, :secret, :createdAt) ON CONFLICT DO NOTHING", {
      number,
      secret,
      createdAt,
    })) === 1,
  dropSigningKeys: async (below) => void (await db.run("DELETE FROM signing_keys WHERE number < :below", { below })),
});

const audit = (db: SqlDatabase): Part<"appendAudit" | "readAudit"> => ({
  appendAudit: ({ id, at, action, outcome, appId, userId, address }, forgetBefore, maxEvents) =>
    db.transaction(async (tx) => {
      await tx.run("DELETE FROM audit_log WHERE at < :forgetBefore", { forgetBefore });
      await tx.run(
        `INSERT INTO audit_log (id, at, action, outcome, app_id, user_id, address)
         VALUES (:id, :at, :action, :outcome, :appId, :userId, :address)`,
        { id, at, action, outcome, appId, userId, address },
      );
      await tx.run("DELETE FROM audit_log WHERE at < (SELECT at FROM audit_log ORDER BY at DESC LIMIT 1 OFFSET CAST(:before AS bigint))", {
        before: maxEvents - 1,
      });
    }),
  readAudit: (maxEvents) =>
    db.all<AuditEvent>(
      `SELECT id, at, action, outcome, app_id AS "appId", user_id AS "userId", address FROM audit_log
       ORDER BY at DESC, id LIMIT CAST(:maxEvents AS bigint)`,
      { maxEvents },
    ),
});
