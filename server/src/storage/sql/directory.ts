/** Apps and users: what belongs to no account. */
import type { App, NewUser, User } from "../port.ts";
import type { Part } from "./part.ts";
import type { SqlDatabase } from "./sql-database.ts";

const APP = `SELECT id, name, created_at AS "createdAt" FROM apps`;

type Directory = Part<"createApp" | "listApps" | "findAppByKeyHash" | "createUser" | "listUsers" | "findUserByEmail">;

export const directory = (db: SqlDatabase): Directory => ({
  createApp: async ({ id, name, apiKeyHash, createdAt }) =>
    (await db.run(
      "INSERT INTO apps (id, name, api_key_hash, created_at) VALUES (:id, :name, :apiKeyHash, :createdAt) ON CONFLICT DO NOTHING",
      { id, name, apiKeyHash, createdAt },
    )) === 1,
  listApps: () => db.all<App>(`${APP} ORDER BY name`),
  findAppByKeyHash: (apiKeyHash) => db.get<App>(`${APP} WHERE api_key_hash = :apiKeyHash`, { apiKeyHash }),
  createUser: async ({ id, email, passwordHash, createdAt }) =>
    (await db.run(
      "INSERT INTO users (id, email, password_hash, created_at) VALUES (:id, :email, :passwordHash, :createdAt) ON CONFLICT DO NOTHING",
      { id, email, passwordHash, createdAt },
    )) === 1,
  listUsers: () => db.all<User>(`SELECT id, email, created_at AS "createdAt" FROM users ORDER BY email`),
  findUserByEmail: (email) =>
    db.get<NewUser>(`SELECT id, email, password_hash AS "passwordHash", created_at AS "createdAt" FROM users WHERE email = :email`, {
      email,
    }),
});
