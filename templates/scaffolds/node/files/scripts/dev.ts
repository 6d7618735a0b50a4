/** A server on this computer, and the app as the device "laptop" that talks to it. Everything is in `.data/`. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createApp, createServer, createUser, openSqliteStorage } from "@synckit-gen/server";
import { isSyncError } from "@synckit-gen/runtime";
import { ACCOUNT_FILE, connect, DATA_FOLDER, type Account } from "../src/account.ts";
import { runCommand, USAGE } from "../src/commands.ts";
import { openApp } from "../src/open-app.ts";

const SECRET_FILE = `${DATA_FOLDER}/server-secret`;
const SERVER_FILE = `${DATA_FOLDER}/server.db`;
const password = (): string => randomBytes(18).toString("base64url");

mkdirSync(DATA_FOLDER, { recursive: true });
const isNew = !existsSync(ACCOUNT_FILE) || !existsSync(SECRET_FILE);
if (isNew) {
  // A server without its account could not be signed in to; nor could devices that belong to it.
  rmSync(DATA_FOLDER, { recursive: true });
  mkdirSync(DATA_FOLDER);
  writeFileSync(SECRET_FILE, randomBytes(32), { mode: 0o600 });
}
const storage = openSqliteStorage(SERVER_FILE);
const server = createServer({ storage, secret: readFileSync(SECRET_FILE), rateLimits: null });
const listening = await server.listen({ port: Number(process.env["PORT"] ?? 0) });

async function newAccount(): Promise<Account> {
  const { apiKey } = await createApp(storage, "dev");
  const account = { url: listening.url, apiKey, email: "dev@example.com", password: password(), encryptionPassword: password() };
  await createUser(storage, account.email, account.password);
  return account;
}

const known = isNew ? await newAccount() : (JSON.parse(readFileSync(ACCOUNT_FILE, "utf8")) as Account);
const account: Account = { ...known, url: listening.url };
writeFileSync(ACCOUNT_FILE, `${JSON.stringify(account, null, 2)}\n`, { mode: 0o600 });

const app = openApp(`${DATA_FOLDER}/laptop.db`, { serverUrl: account.url, apiKey: account.apiKey, deviceName: "laptop" });
await connect(app.sync, account);
console.log(`Server: ${listening.url}. This is the device "laptop". Commands: ${USAGE}`);
console.log("A second device, in another terminal: npm run -s app -- --device phone sync");

const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: "laptop> " });
const prompt = (): void => {
  if (process.stdin.isTTY) lines.prompt();
};
prompt();
for await (const line of lines) {
  const words = line
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "");
  try {
    if (words.length > 0) console.log(await runCommand(app, words));
    if (words[0] === "add" || words[0] === "done") await app.sync.syncNow();
  } catch (error) {
    if (!isSyncError(error)) throw error;
    console.error(`Sync failed: ${error.message} (${error.code})`);
  }
  prompt();
}
app.close();
await listening.close();
await storage.close();
