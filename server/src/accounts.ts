/** Apps and users, made and changed: what the command line and an embedding program do, and hardly any request can. */
import { createHash } from "node:crypto";
import { audit, type AuditSubject } from "./audit.ts";
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

const newApiKey = (random: RandomBytes): string => `sk_${Buffer.from(random(32)).toString("base64url")}`;

/** Makes an app. The key is in this answer and nowhere else: only its hash is kept. */
export async function createApp(
  storage: Storage,
  name: string,
  { clock = systemClock, random = systemRandom }: Sources = {},
): Promise<{ readonly app: App; readonly apiKey: string }> {
  if (name.trim() === "" || name.length > MAX_APP_NAME) throw new AccountError(`an app's name has 1 to ${MAX_APP_NAME} characters`);
  const apiKey = newApiKey(random);
  const app: App = { id: newUuid(random), name: name.trim(), createdAt: nowText(clock) };
  if (!(await storage.createApp({ ...app, apiKeyHash: hashApiKey(apiKey) }))) throw new AccountError(`there is an app named "${app.name}"`);
  await audit(storage, clock, "app-created", "done", { appId: app.id });
  return { app, apiKey };
}

/** A new API key for an app: nobody signs in with the old one any more. Tokens that were issued go on. */
export async function replaceApiKey(
  storage: Storage,
  appId: string,
  { clock = systemClock, random = systemRandom }: Sources = {},
): Promise<string> {
  const apiKey = newApiKey(random);
  if (!(await storage.replaceAppKey(appId, hashApiKey(apiKey)))) throw new AccountError(`there is no app ${appId}`);
  await audit(storage, clock, "app-key-replaced", "done", { appId });
  return apiKey;
}

/** Makes a user, who can then sign in to every app of this server. */
export async function createUser(
  storage: Storage,
  email: string,
  password: string,
  { clock = systemClock, random = systemRandom }: Sources = {},
): Promise<User> {
  if (!isEmail(email)) throw new AccountError("an email address has one @ with something on both sides");
  requirePassword(password);
  const user: User = { id: newUuid(random), email: normalizeEmail(email), createdAt: nowText(clock) };
  if (!(await storage.createUser({ ...user, passwordHash: await hashPassword(password) })))
    throw new AccountError(`there is a user with the address ${user.email}`);
  await audit(storage, clock, "user-created", "done", { userId: user.id });
  return user;
}

/** Whoever knew the old password is signed out: every session of the user ends. */
export async function changePassword(storage: Storage, userId: string, password: string, clock: Clock = systemClock): Promise<void> {
  requirePassword(password);
  if (!(await storage.replacePassword(userId, await hashPassword(password)))) throw new AccountError(`there is no user ${userId}`);
  await audit(storage, clock, "password-changed", "done", { userId });
  await endSessions(storage, userId, clock);
}

/** Ends every session of the user, on every device and of every app, and voids codes on their way. */
export async function endSessions(storage: Storage, userId: string, clock: Clock = systemClock, by: AuditSubject = {}): Promise<void> {
  // The next second: a token's time has no fractions, and one of this second may be any of its ends.
  if (!(await storage.endSessions(userId, Math.floor(clock() / 1000) + 1))) throw new AccountError(`there is no user ${userId}`);
  await audit(storage, clock, "sessions-ended", "done", { ...by, userId });
}

function requirePassword(password: string): void {
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD)
    throw new AccountError(`a password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
}
