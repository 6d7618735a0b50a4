/**
 * Email and password against a user: for `POST /auth` and for the sign-in page. An unknown email, a wrong password and
 * a known email all take one password hash, and one guess of that email.
 */
import { WireError } from "@synckit-gen/schemas/protocol";
import { isEmail, MAX_PASSWORD, normalizeEmail } from "../accounts.ts";
import { PasswordQueueFullError, verifyPassword } from "../password/password-hash.ts";
import type { Storage, User } from "../storage/port.ts";
import type { Clock } from "../system.ts";
import { HttpError } from "./http-error.ts";
import { requireAdmission } from "./limit-requests.ts";
import { createLimiter, type RateLimit } from "./rate-limit.ts";

/** Who has this email and password; null: nobody. Throws `WireError` for what cannot be either. */
export type CheckCredentials = (email: string, password: string) => Promise<User | null>;

export function createCredentialCheck(storage: Storage, guesses: RateLimit | undefined, clock: Clock): CheckCredentials {
  const take = guesses === undefined ? null : createLimiter(guesses, clock);
  return async (email, password) => {
    if (!isEmail(email)) throw new WireError("email: expected an address");
    if (password.length > MAX_PASSWORD) throw new WireError(`password: expected at most ${MAX_PASSWORD} characters`);
    const normalized = normalizeEmail(email);
    if (take !== null) requireAdmission(take(normalized));
    const user = await storage.findUserByEmail(normalized);
    // Hashed whatever was found: neither the answer nor its time tells which part was wrong.
    return (await verify(user?.passwordHash ?? null, password)) ? user : null;
  };
}

async function verify(hash: string | null, password: string): Promise<boolean> {
  try {
    return await verifyPassword(hash, password);
  } catch (error) {
    if (error instanceof PasswordQueueFullError) throw new HttpError(429, "too many sign-ins at once", { "Retry-After": "5" });
    throw error;
  }
}
