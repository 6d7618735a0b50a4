/** What the killed app is: its schema, its database file, and its start, as an app starts that was used before. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Keychain } from "@synckit-gen/runtime";
import type { EmbeddedServer } from "@synckit-gen/server";
import { type AppDevice, openAppDevice, signIn } from "../support/app-devices.ts";
import { migrate } from "../support/generated.ts";
import { loadSpec } from "../support/load-spec.ts";
import { modelOf, tableOf } from "../support/models.ts";

export type Account = Pick<EmbeddedServer, "url" | "apiKey" | "email" | "password">;

const model = modelOf([
  tableOf("projects", { columns: { name: "text" }, local: { secret: { type: "text" } } }),
  tableOf("tasks", {
    columns: { project: "uuid?", title: "text", done: "boolean" },
    references: [{ columns: ["project"], table: "projects", onDelete: "cascade" }],
  }),
]);

/** What a power cut may leave behind is for SQLite to repair: the journal of an app is on. */
export function openFile(path: string): Database.Database {
  const isNew = !existsSync(path);
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("foreign_keys = ON");
  return isNew ? migrate(db, model) : db;
}

export async function openApp(path: string, name: string, account: Account): Promise<AppDevice & { readonly db: Database.Database }> {
  const db = openFile(path);
  db.exec("DELETE FROM sync_state WHERE key = 'cycle_lease'"); // of the process that was killed: the minute that it lasts is over
  const device = openAppDevice(account, model, await loadSpec(model), { name, db, keychain: keychainIn(`${path}.keys`) });
  if (!(await device.sync.client.tryLoadKeyFromKeychain())) await signIn(device, account);
  return { ...device, db };
}

/** In the place of the system's: signing in costs the server a second of Argon2id, and a killed app does not do it again. */
function keychainIn(folder: string): Keychain {
  const fileOf = (account: string): string => join(folder, Buffer.from(account).toString("hex"));
  return {
    get: async (account) => (existsSync(fileOf(account)) ? Uint8Array.from(readFileSync(fileOf(account))) : null),
    async set(account, secret) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(fileOf(account), secret);
    },
    delete: async (account) => rmSync(fileOf(account), { force: true }),
  };
}
