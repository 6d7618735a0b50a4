/** Who syncs with which server: from the environment, else what the development server left in `.data/`. */
import { existsSync, readFileSync } from "node:fs";
import type { Sync } from "@synckit-gen/runtime";

export interface Account {
  readonly url: string;
  readonly apiKey: string;
  readonly email: string;
  readonly password: string;
  /** Unwraps the key of the data. It never reaches the server. */
  readonly encryptionPassword: string;
}

export const DATA_FOLDER = ".data";
export const ACCOUNT_FILE = `${DATA_FOLDER}/account.json`;

export function readAccount(): Account | null {
  const { SYNCKIT_URL: url, SYNCKIT_API_KEY: apiKey, SYNCKIT_EMAIL: email } = process.env;
  const { SYNCKIT_PASSWORD: password, SYNCKIT_ENCRYPTION_PASSWORD: encryptionPassword } = process.env;
  if (url && apiKey && email && password && encryptionPassword) return { url, apiKey, email, password, encryptionPassword };
  return existsSync(ACCOUNT_FILE) ? (JSON.parse(readFileSync(ACCOUNT_FILE, "utf8")) as Account) : null;
}

/** Signs in; the account's first device makes the key, every other one opens it. */
export async function connect(sync: Sync, account: Account): Promise<void> {
  await sync.signIn(account.email, account.password);
  if (await sync.client.hasServerKey()) await sync.setupEncryptionExisting(account.encryptionPassword);
  else await sync.setupEncryptionNew(account.encryptionPassword);
}
