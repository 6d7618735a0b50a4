/** Making apps and users: what the command line and an embedding program do, and no request can. */
import { createHash } from "node:crypto";
import { hashPassword } from "./password/password-hash.ts";
import type { App, Storage, User } from "./storage/port.ts";
import { newUuid, nowText, systemClock, systemRandom, type Clock, type RandomBytes } from "./system.ts";

const MAX_APP_NAME = 200;
const MIN_PASSWORD = 8;
/** Longer than any password manager writes; hashing is not free per byte. */
export const MAX_PASSWORD = 1024;
/** What SMTP can carry. */
const MAX_EMAIL = 320;

/** A name, address or password that cannot be taken. The message never holds a password. */
export class AccountError extends Error {
  override readonly name = "AccountError";
}

interface Sources {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

/** Addresses differ by more than letter case. */
export const normalizeEmail = (email: string): string => email.trim().normalize("NFC").toLowerCase();
/** One @ with something on both sides: whether the address exists is not for the server to say. */
export const isEmail = (email: string): boolean => email.length <= MAX_EMAIL && /^[^\s@]+@[^\s@]+$/.test(email.trim());
/** API keys are random, so a plain hash hides them. */
export const hashApiKey = (apiKey: string): string => createHash("sha256").update(apiKey).digest("hex");

/** Makes an app. The key is in this answer and nowhere else: only its hash is kept. */
export async function createApp(
  storage: Storage,
  name: string,
  { clock = systemClock, random = systemRandom }: Sources = {},
): Promise<{ readonly app: App; readonly apiKey: string }> {
  if (name.trim() === "" || name.length > MAX_APP_NAME) throw new AccountError(`an app's name has 1 to ${MAX_APP_NAME} characters`);
  const apiKey = `sk_${Buffer.from(random(32)).toString("base64url")}`;
  const app: App = { id: newUuid(random), name: name.trim(), createdAt: nowText(clock) };
  if (!(await storage.createApp({ ...app, apiKeyHash: hashApiKey(apiKey) }))) throw new AccountError(`there is an app named "${app.name}"`);
  return { app, apiKey };
}

/** Makes a user, who can then sign in to every app of this server. */
export async function createUser(
  storage: Storage,
  email: string,
  password: string,
  { clock = systemClock, random = systemRandom }: Sources = {},
): Promise<User> {
  if (!isEmail(email)) throw new AccountError("an email address has one @ with something on both sides");
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD)
    throw new AccountError(`a password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
  const user: User = { id: newUuid(random), email: normalizeEmail(email), createdAt: nowText(clock) };
  if (!(await storage.createUser({ ...user, passwordHash: await hashPassword(password) })))
    throw new AccountError(`there is a user with the address ${user.email}`);
  return user;
}
