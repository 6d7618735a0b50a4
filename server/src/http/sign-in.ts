/** `POST /auth`: email, password and API key against a session token. One answer for every wrong combination. */
import { codec, WireError } from "@synckit-gen/schemas/protocol";
import { hashApiKey, isEmail, MAX_PASSWORD, normalizeEmail } from "../accounts.ts";
import { PasswordQueueFullError, verifyPassword } from "../password/password-hash.ts";
import type { SessionTokens } from "../session/session-token.ts";
import type { Storage } from "../storage/port.ts";
import { HttpError } from "./http-error.ts";
import { MAX_SMALL_BODY_BYTES, readJson } from "./read-json.ts";

/** Characters of a billing slot: it travels in every token. */
const MAX_BILLING_KEY = 128;

export async function signIn(storage: Storage, tokens: SessionTokens, request: Request): Promise<unknown> {
  const { email, password, apiKey, key } = codec.decodeAuthRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  if (!isEmail(email)) throw new WireError("email: expected an address");
  if (password.length > MAX_PASSWORD) throw new WireError(`password: expected at most ${MAX_PASSWORD} characters`);
  if (key === "" || key.length > MAX_BILLING_KEY) throw new WireError(`key: expected 1 to ${MAX_BILLING_KEY} characters`);

  const app = await storage.findAppByKeyHash(hashApiKey(apiKey));
  const user = await storage.findUserByEmail(normalizeEmail(email));
  // Hashed whatever was found: neither the answer nor its time tells which part was wrong.
  const isPassword = await verify(user?.passwordHash ?? null, password);
  if (app === null || user === null || !isPassword) throw new HttpError(401, "the email, password or API key is wrong");

  const scope = { appId: app.id, userId: user.id };
  await storage.openAccount(scope);
  return codec.encodeAuthReply({ token: await tokens.issue({ ...scope, key }), ...scope });
}

async function verify(hash: string | null, password: string): Promise<boolean> {
  try {
    return await verifyPassword(hash, password);
  } catch (error) {
    if (error instanceof PasswordQueueFullError) throw new HttpError(429, "too many sign-ins at once", { "Retry-After": "5" });
    throw error;
  }
}
