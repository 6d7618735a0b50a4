/**
 * The half of the storage port that decides who may do what: where an app's codes may be sent, codes on their way,
 * sessions that were ended, the keys that sign them, and the audit log. The other half is `port.ts`. Secrets come in
 * as hashes, signing keys excepted.
 */
import type { Scope, User } from "./port.ts";

/** An authorization code between consent and token, and what it is bound to. */
export interface AuthorizationCode extends Scope {
  /** SHA-256 of the code, in hexadecimal. */
  readonly codeHash: string;
  readonly redirectUri: string;
  /** base64url of the verifier's SHA-256. */
  readonly codeChallenge: string;
  readonly expiresAt: string;
}

export interface SigningKey {
  /** From 1, one more for each rotation. The highest signs. */
  readonly number: number;
  readonly secret: Uint8Array;
  readonly createdAt: string;
}

export type AuditAction =
  | "app-created"
  | "app-key-replaced"
  | "app-removed"
  | "code-exchanged"
  | "consent"
  | "device-removed"
  | "operator-sign-in"
  | "password-changed"
  | "redirect-added"
  | "redirect-removed"
  | "sessions-ended"
  | "sign-in"
  | "signing-key-rotated"
  | "user-created"
  | "user-removed";

/** Ids only: what was typed into a form may be a password in the wrong field, and is never kept. */
export interface AuditEvent {
  readonly id: string;
  readonly at: string;
  readonly action: AuditAction;
  readonly outcome: "done" | "refused";
  readonly appId: string | null;
  readonly userId: string | null;
  /** The caller's; null for the command line. */
  readonly address: string | null;
}

export interface IdentityStorage {
  listRedirectUris(appId: string): Promise<readonly string[]>;
  /** False: it was there. */
  addRedirectUri(appId: string, uri: string): Promise<boolean>;
  /** False: it was not there. */
  removeRedirectUri(appId: string, uri: string): Promise<boolean>;
  /** False: no such app. */
  replaceAppKey(appId: string, apiKeyHash: string): Promise<boolean>;

  findUser(userId: string): Promise<User | null>;
  /** False: no such user. */
  replacePassword(userId: string, passwordHash: string): Promise<boolean>;
  /**
   * Tokens of the user issued before this second (since 1970) are void from now on, and so are codes not yet exchanged;
   * the second moves on by one at the least, since tokens may have been issued at it.
   * False: no such user.
   */
  endSessions(userId: string, validFrom: number): Promise<boolean>;
  /** From which second (since 1970) on the user's tokens count, 0 for all of them. Null: no such account. */
  readValidFrom(scope: Scope): Promise<number | null>;
  /** The same for a user of any app. Null: no such user. */
  readUserValidFrom(userId: string): Promise<number | null>;

  /** Keeps the code, and drops those that expired before `now`. */
  storeCode(code: AuthorizationCode, now: string): Promise<void>;
  /** Removes the code and answers it: of two callers at once one gets it. Its expiry is the caller's to check. */
  takeCode(codeHash: string): Promise<AuthorizationCode | null>;

  /** The highest number first. */
  listSigningKeys(): Promise<readonly SigningKey[]>;
  /** False: the number is taken, by somebody who rotated at the same time. */
  addSigningKey(key: SigningKey): Promise<boolean>;
  /** Removes every key below the number. */
  dropSigningKeys(below: number): Promise<void>;

  /** Keeps the event, and drops those before `forgetBefore` and all but the newest `maxEvents` (of one instant all or none). */
  appendAudit(event: AuditEvent, forgetBefore: string, maxEvents: number): Promise<void>;
  /** The newest first. */
  readAudit(maxEvents: number): Promise<readonly AuditEvent[]>;
}
