/** Who is signed in, and how that is kept in the keychain between two runs of an application. */
import type { Keychain } from "../keychain/keychain.ts";
import { SyncError } from "./errors.ts";

export interface Session {
  readonly token: string;
  readonly userId: string;
  readonly appId: string;
  /** Seconds since 1970. */
  readonly expiresAtSeconds: number;
  /** Version of the key envelope that the master key in memory came from. Null: not known. */
  readonly keyVersion: number | null;
}

/** What an application may know about the session. The token stays inside. */
export interface SessionInfo {
  readonly userId: string;
  readonly appId: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * Accounts in the keychain. `last` finds the session at start, when neither user nor app is known: it is
 * named by a hash of server and API key, so that two servers or two apps never share one.
 */
export class SessionStore {
  readonly #keychain: Keychain;
  readonly #last: string;

  constructor(keychain: Keychain, installation: string) {
    this.#keychain = keychain;
    this.#last = `${installation}:session`;
  }

  async save(session: Session): Promise<void> {
    await this.#set(sessionAccount(session), encode(JSON.stringify(session)));
    await this.#set(this.#last, encode(JSON.stringify({ userId: session.userId, appId: session.appId })));
  }

  /** Null: none, or one that cannot be read. */
  async load(): Promise<Session | null> {
    const owner = parse(await this.#get(this.#last));
    if (typeof owner?.["userId"] !== "string" || typeof owner["appId"] !== "string") return null;
    const { userId, appId } = owner as { userId: string; appId: string };
    const stored = parse(await this.#get(sessionAccount({ userId, appId })));
    const { token, expiresAtSeconds, keyVersion } = stored ?? {};
    if (typeof token !== "string" || typeof expiresAtSeconds !== "number") return null;
    return { token, userId, appId, expiresAtSeconds, keyVersion: typeof keyVersion === "number" ? keyVersion : null };
  }

  /** Takes the bytes over, and zeroes them once they are stored. */
  async saveMasterKey(session: Session, key: Uint8Array): Promise<void> {
    await this.#set(masterKeyAccount(session), key);
  }

  async loadMasterKey(session: Session): Promise<Uint8Array | null> {
    return this.#get(masterKeyAccount(session));
  }

  /** Forgets the session and the master key. */
  async clear(session: Session | null): Promise<void> {
    const accounts = session === null ? [] : [sessionAccount(session), masterKeyAccount(session)];
    for (const account of [...accounts, this.#last]) await this.#ask(() => this.#keychain.delete(account));
  }

  #get(account: string): Promise<Uint8Array | null> {
    return this.#ask(() => this.#keychain.get(account));
  }

  /** Zeroes the bytes once they are stored. */
  async #set(account: string, secret: Uint8Array): Promise<void> {
    try {
      await this.#ask(() => this.#keychain.set(account, secret));
    } finally {
      secret.fill(0);
    }
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof SyncError ? cause : new SyncError("keychain/failed", { cause });
    }
  }
}

type Owner = Pick<Session, "userId" | "appId">;
const sessionAccount = ({ appId, userId }: Owner): string => `${appId}:${userId}:session`;
const masterKeyAccount = ({ appId, userId }: Owner): string => `${appId}:${userId}:master-key`;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(bytes: Uint8Array | null): Readonly<Record<string, unknown>> | null {
  if (bytes === null) return null;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return parsed !== null && typeof parsed === "object" ? (parsed as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  } finally {
    bytes.fill(0);
  }
}
