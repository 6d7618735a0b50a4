/**
 * What every call of a client shares: who is signed in, the master key, what the server offers. All of it is in private
 * fields, so that printing a client shows no secret.
 */
import { codec, EXTENSIONS, limits, WireError, type ExtensionName } from "@synckit-gen/schemas/protocol";
import type { Secret } from "../crypto/secret.ts";
import { loadSodium } from "../crypto/sodium.ts";
import { resolveConfig, type ResolvedConfig, type SyncKitConfig } from "./config.ts";
import { SyncError } from "./errors.ts";
import { Http } from "./http.ts";
import { installationName } from "./installation.ts";
import { openMasterKey, type MasterKey } from "./master-key.ts";
import { SessionStore, type Session } from "./session.ts";

/** A page of the largest entries over a slow line takes longer than an ordinary reply. */
export const LARGE_REPLY_TIMEOUT_MS = 120_000;

export type Endpoint = Pick<(typeof codec.endpoints)[keyof typeof codec.endpoints], "method"> & { readonly path: string };

export class Connection {
  readonly #config: ResolvedConfig;
  readonly #http: Http;
  #store: Promise<SessionStore> | null = null;
  #session: Session | null = null;
  #key: MasterKey | null = null;
  #extensions: Promise<ReadonlyMap<string, number>> | null = null;

  constructor(config: SyncKitConfig) {
    this.#config = resolveConfig(config);
    this.#http = new Http(this.#config);
  }

  get config(): ResolvedConfig {
    return this.#config;
  }

  get http(): Http {
    return this.#http;
  }

  // The session ------------------------------------------------------------------------------------

  get session(): Session | null {
    return this.#session;
  }

  /** Another session, or none. What the server offers is asked anew. */
  beginSession(session: Session | null): void {
    this.#session = session;
    this.#extensions = null;
  }

  requireSession(): Session {
    if (this.#session === null) throw new SyncError("auth/not-signed-in");
    return this.#session;
  }

  /** A session that still lasts. Throws `auth/expired`. */
  requireLiveSession(): Session {
    const session = this.requireSession();
    if (this.isExpired(session)) throw new SyncError("auth/expired");
    return session;
  }

  /** The server's time, as far as it has said: with a clock that is a day ahead, each new session would have run out. */
  serverMs(): number {
    return this.#config.clock.nowMs() + (this.#http.clockOffsetMs ?? 0);
  }

  isExpired(session: Session): boolean {
    return this.serverMs() >= (session.expiresAtSeconds - limits.TOKEN_EARLY_SECONDS) * 1000;
  }

  sessionStore(): Promise<SessionStore> {
    this.#store ??= loadSodium().then((sodium) => new SessionStore(this.#config.keychain, installationName(sodium, this.#config)));
    return this.#store;
  }

  /** Does nothing where another account has signed in since. */
  async rememberKeyVersion(session: Session, keyVersion: number): Promise<void> {
    if (!isSameOwner(this.#session, session)) return;
    this.#session = { ...this.#session, keyVersion };
    await (await this.sessionStore()).save(this.#session);
  }

  // The master key -----------------------------------------------------------------------------------

  get key(): MasterKey | null {
    return this.#key;
  }

  requireKey(): MasterKey {
    if (this.#key === null) throw new SyncError("key/none");
    return this.#key;
  }

  /** After a wait: throws where the client was signed out meanwhile. */
  checkKey(key: MasterKey): void {
    if (this.#key !== key) throw new SyncError("key/none");
  }

  /** Takes the secret over. Throws, and destroys it, where the session's owner was signed out meanwhile. */
  async openKey(session: Session, secret: Secret): Promise<void> {
    const sodium = await loadSodium();
    if (!isSameOwner(this.#session, session)) {
      secret.destroy();
      throw new SyncError("auth/not-signed-in");
    }
    this.forgetKey();
    this.#key = openMasterKey(sodium, secret, this.#config.random);
  }

  forgetKey(): void {
    this.#key?.destroy();
    this.#key = null;
  }

  // Calls --------------------------------------------------------------------------------------------

  /** One call as the signed-in user. */
  async call(endpoint: Endpoint, body?: unknown, timeoutMs?: number): Promise<unknown> {
    const session = this.requireLiveSession();
    try {
      return await this.#http.send({
        method: endpoint.method,
        url: this.#config.endpointUrl(endpoint.path),
        token: session.token,
        ...(body === undefined ? {} : { body }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    } catch (error) {
      // It may have run out on the way, while a retry waited.
      if (error instanceof SyncError && error.code === "auth/rejected" && this.isExpired(session))
        throw new SyncError("auth/expired", { cause: error });
      throw error;
    }
  }

  /** Throws `server/unsupported` where the server does not offer it. */
  async requireExtension(name: ExtensionName): Promise<void> {
    if (!(await this.hasExtension(name))) throw new SyncError("server/unsupported", { detail: name });
  }

  async hasExtension(name: ExtensionName): Promise<boolean> {
    const asked = (this.#extensions ??= this.#fetchExtensions());
    try {
      return (await asked).get(name) === EXTENSIONS[name];
    } catch (error) {
      if (this.#extensions === asked) this.#extensions = null;
      throw error;
    }
  }

  /** Whatever a server answers but a list of extensions: it has none. Without an answer, nothing is known. */
  async #fetchExtensions(): Promise<ReadonlyMap<string, number>> {
    try {
      return decodeReply(codec.decodeExtensionsReply, await this.call(codec.endpoints.extensions));
    } catch (error) {
      const isAnswer = error instanceof SyncError && (error.status !== null || error.code.startsWith("reply/"));
      if (isAnswer && error.status !== 401 && error.status !== 429) return new Map();
      throw error;
    }
  }
}

export function decodeReply<T>(decode: (body: unknown) => T, body: unknown): T {
  try {
    return decode(body);
  } catch (cause) {
    if (cause instanceof WireError) throw new SyncError("reply/malformed", { cause, detail: cause.message });
    throw cause;
  }
}

const isSameOwner = (a: Session | null, b: Session): a is Session => a !== null && a.userId === b.userId && a.appId === b.appId;
