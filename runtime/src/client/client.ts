/**
 * The client of a SyncKit server: sign-in, encryption set-up, devices, push and pull. It holds the session
 * and the master key, both in private fields, so that printing a client shows neither.
 *
 * Payloads are sealed before they leave and opened after they arrive; everything else that travels is listed
 * in docs/threat-model.md. Each method throws `SyncError`.
 */
import {
  codec,
  EXTENSIONS,
  limits,
  WireError,
  type Device,
  type ExtensionName,
  type Platform,
  type StatusReply,
} from "@synckit-gen/schemas/protocol";
import { createMasterKey, KEY_BYTES, unwrapMasterKey, wrapMasterKey, type EnvelopeTools } from "../crypto/envelope.ts";
import { createPayloadCipher } from "../crypto/payload.ts";
import { Secret } from "../crypto/secret.ts";
import { loadSodium } from "../crypto/sodium.ts";
import { resolveConfig, type ResolvedConfig, type SyncKitConfig } from "./config.ts";
import type { ChangeEntry, PayloadEntry, PulledEntry } from "./entries.ts";
import { DecryptionError, SyncError } from "./errors.ts";
import { Http } from "./http.ts";
import { installationName } from "./installation.ts";
import { openMasterKey, type MasterKey } from "./master-key.ts";
import { openData, openEntries, sealEntries, toChangeEntry, toPayloadEntry } from "./sealing.ts";
import { createPkce, type Pkce } from "./pkce.ts";
import { SessionStore, type Session, type SessionInfo } from "./session.ts";
import { readTokenClaims } from "./token-claims.ts";

/** A page of the largest entries over a slow line takes longer than an ordinary reply. */
const PULL_TIMEOUT_MS = 120_000;

export class SyncKitClient {
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

  // Signing in -----------------------------------------------------------------------------------

  /** Where the browser starts the OAuth flow. `port`: where the application listens on 127.0.0.1. */
  buildAuthorizeUrl(port: number, state: string, codeChallenge: string): string {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.#config.apiKey,
      redirect_uri: redirectUri(port),
      state,
      code_challenge: codeChallenge,
      code_challenge_method: "S256",
    });
    return `${this.#config.serverPathUrl(codec.OAUTH_AUTHORIZE_PATH)}?${query.toString()}`;
  }

  /** A fresh state, verifier and challenge for one OAuth flow. */
  async createPkce(): Promise<Pkce> {
    return createPkce(await loadSodium(), this.#config.random);
  }

  /** Direct sign-in. Accounts with a second factor need the OAuth flow. */
  async authenticate(email: string, password: string): Promise<{ userId: string; appId: string }> {
    const { apiKey, key } = this.#config;
    const { method, path } = codec.endpoints.auth;
    const body = codec.encodeAuthRequest({ email, password, apiKey, key });
    const reply = await this.#http.send({ method, url: this.#config.endpointUrl(path), token: null, body });
    return this.#signIn(decodeReply(codec.decodeAuthReply, reply));
  }

  /** Second half of the OAuth flow. `port` is the one that the authorize URL named. */
  async authenticateWithCode(code: string, codeVerifier: string, port: number): Promise<{ userId: string; appId: string }> {
    const { apiKey, key } = this.#config;
    const body = codec.encodeTokenRequest({
      grantType: "authorization_code",
      code,
      redirectUri: redirectUri(port),
      codeVerifier,
      clientId: apiKey,
      key,
    });
    const url = this.#config.serverPathUrl(codec.OAUTH_TOKEN_PATH);
    const reply = await this.#http.send({ method: "POST", url, token: null, body }).catch((error: unknown) => {
      // RFC 6749 refuses a code with status 400.
      if (error instanceof SyncError && error.status === 400) throw new SyncError("auth/rejected", { cause: error, status: 400 });
      throw error;
    });
    return this.#signIn(decodeReply(codec.decodeTokenReply, reply));
  }

  /** True when there is no session, or when it ends within 30 seconds. */
  isTokenExpired(): boolean {
    return this.#session === null || this.#isExpired(this.#session);
  }

  sessionInfo(): SessionInfo | null {
    if (this.#session === null) return null;
    const { userId, appId, expiresAtSeconds } = this.#session;
    return { userId, appId, expiresAtMs: expiresAtSeconds * 1000 };
  }

  /** Signs out: session and master key leave memory (zeroed) and keychain. */
  async clearSession(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#extensions = null;
    this.#forgetKey();
    const store = await this.#sessionStore();
    await store.clear(session ?? (await store.load()));
  }

  // Encryption -----------------------------------------------------------------------------------

  /**
   * First device: makes a master key and stores it on the server, wrapped under the password. Throws
   * `key/exists` when the server holds one, and never overwrites it: data sealed under it would be lost.
   */
  async setupEncryptionNew(password: string): Promise<void> {
    const session = this.#requireSession();
    if (this.#key !== null) throw new SyncError("key/exists", { detail: "a master key is loaded: changePassword stores it again" });
    if ((await this.#fetchKey()) !== null) throw new SyncError("key/exists");
    const tools = await this.#envelopeTools();
    const secret = createMasterKey(this.#config.random);
    const keyVersion = await wrapMasterKey(tools, secret, password)
      .then((envelope) => this.#storeEnvelope(envelope, 0, "key/exists"))
      .catch((error: unknown) => {
        secret.destroy();
        throw error;
      });
    await this.#adoptKey(session, secret, keyVersion);
  }

  /** Further device: fetches the wrapped master key and opens it with the password. */
  async setupEncryptionExisting(password: string): Promise<void> {
    const session = this.#requireSession();
    const stored = await this.#fetchKey();
    if (stored === null) throw new SyncError("key/not-set-up");
    const secret = await unwrapMasterKey(await this.#envelopeTools(), stored.encryptedKey, password);
    await this.#adoptKey(session, secret, stored.keyVersion);
  }

  /** Later run: takes session and master key from the keychain. False: one of the two has to be made again. */
  async tryLoadKeyFromKeychain(): Promise<boolean> {
    const store = await this.#sessionStore();
    const stored = await store.load();
    this.#session ??= stored;
    const session = this.#session;
    if (session === null) return false;
    if (this.#key !== null) return true;
    const bytes = await store.loadMasterKey(session);
    if (bytes?.length !== KEY_BYTES) return false;
    await this.#openKey(session, Secret.of(bytes));
    return true;
  }

  /** Tells a first device (set up anew) from a further one (ask for the password). */
  async hasServerKey(): Promise<boolean> {
    return (await this.#fetchKey()) !== null;
  }

  hasMasterKey(): boolean {
    return this.#key !== null;
  }

  /**
   * Wraps the master key under another password; no data is encrypted again. Other devices keep working.
   * Throws `key/changed-elsewhere` when the password was changed since this device last entered it.
   */
  async changePassword(newPassword: string): Promise<void> {
    const session = this.#requireSession();
    const key = this.#requireKey();
    const stored = await this.#fetchKey();
    if (stored !== null && session.keyVersion !== null && stored.keyVersion !== session.keyVersion)
      throw new SyncError("key/changed-elsewhere");
    const envelope = await wrapMasterKey(await this.#envelopeTools(), key.secret, newPassword).catch((error: unknown) => {
      throw this.#key === key ? error : new SyncError("key/none", { cause: error }); // signed out while it was derived
    });
    const keyVersion = await this.#storeEnvelope(envelope, stored?.keyVersion ?? 0, "key/changed-elsewhere");
    await this.#rememberKeyVersion(session, keyVersion);
  }

  /**
   * The master key as 24 words to write down: whoever has them can read everything, and without them and the
   * password nobody can. Show them once and keep them nowhere.
   */
  async recoveryPhrase(): Promise<string> {
    const { phraseOf } = await import("../crypto/recovery-phrase.ts");
    return phraseOf(this.#requireKey().secret);
  }

  /**
   * The password is lost: takes the master key from the phrase and wraps it under a new password. The phrase is
   * tried on the account's entries first (`deviceId` is needed to read them): `key/wrong-phrase` where it opens
   * none of them, and nothing has changed then.
   */
  async setupEncryptionFromPhrase(phrase: string, newPassword: string, deviceId: string): Promise<void> {
    const session = this.#requireSession();
    if (newPassword === "") throw new SyncError("key/empty-password");
    const { readPhrase } = await import("../crypto/recovery-phrase.ts");
    const secret = readPhrase(phrase);
    try {
      const stored = await this.#fetchKey();
      if (!(await this.#opensEntries(secret, deviceId))) throw new SyncError("key/wrong-phrase");
      const envelope = await wrapMasterKey(await this.#envelopeTools(), secret, newPassword);
      const keyVersion = await this.#storeEnvelope(envelope, stored?.keyVersion ?? 0, "key/changed-elsewhere");
      this.#forgetKey();
      await this.#adoptKey(session, secret, keyVersion);
    } catch (error) {
      secret.destroy();
      throw error;
    }
  }

  /** What the server sees in place of a hidden row id: 64 hex digits. */
  rowHash(table: string, rowId: string): string {
    return this.#requireKey().cipher.rowHash(table, rowId);
  }

  // Devices --------------------------------------------------------------------------------------

  /** The same name gives the same device again. */
  async registerDevice(deviceName: string, platform: Platform): Promise<Device> {
    const reply = await this.#call(codec.endpoints.registerDevice, codec.encodeDeviceRequest({ deviceName, platform }));
    return decodeReply(codec.decodeDevice, reply);
  }

  async listDevices(): Promise<readonly Device[]> {
    return decodeReply(codec.decodeDevices, await this.#call(codec.endpoints.listDevices));
  }

  // Changes --------------------------------------------------------------------------------------

  /** Pushes up to 500 entries; gives the server's new cursor. */
  async push(deviceId: string, changes: readonly ChangeEntry[]): Promise<number> {
    return this.pushPayloads(deviceId, changes.map(toPayloadEntry));
  }

  /** One page after `cursor` (0 at first). Throws at the first entry that cannot be opened. */
  async pull(deviceId: string, cursor: number): Promise<{ changes: readonly ChangeEntry[]; cursor: number; hasMore: boolean }> {
    const page = await this.pullPayloads(deviceId, cursor);
    return { changes: page.entries.map(toChangeEntry), cursor: page.cursor, hasMore: page.hasMore };
  }

  /**
   * As `push`, with payloads that are JSON text already. The same entries pushed again are stored once, where the server
   * has the extension for it. Throws `entry/too-large` before anything is sent.
   */
  async pushPayloads(deviceId: string, entries: readonly PayloadEntry[]): Promise<number> {
    if (entries.length > limits.MAX_BATCH_ENTRIES) throw new RangeError(`pushPayloads: more than ${limits.MAX_BATCH_ENTRIES} entries`);
    const key = this.#requireKey();
    const changes = sealEntries(key.cipher, entries);
    const isKeyed = entries.length > 0 && (await this.hasExtension("push-key"));
    if (this.#key !== key) throw new SyncError("key/none"); // signed out meanwhile
    const request = { deviceId, ...(isKeyed ? { batchKey: key.cipher.batchKey(JSON.stringify(entries)) } : {}), changes };
    const reply = await this.#call(codec.endpoints.push, codec.encodePushRequest(request));
    return decodeReply(codec.decodePushReply, reply).cursor;
  }

  /** As `pull`, with payloads as JSON text. An entry that cannot be opened says so and stops nothing. */
  async pullPayloads(deviceId: string, cursor: number): Promise<{ entries: readonly PulledEntry[]; cursor: number; hasMore: boolean }> {
    const key = this.#requireKey();
    const reply = await this.#call(codec.endpoints.pull, codec.encodePullRequest({ deviceId, cursor }), PULL_TIMEOUT_MS);
    const page = decodeReply(codec.decodePullReply, reply);
    if (page.cursor < cursor) throw new SyncError("reply/malformed", { detail: "the cursor goes back" });
    if (page.hasMore && page.cursor === cursor) throw new SyncError("reply/malformed", { detail: "more to come, but the cursor stands" });
    if (this.#key !== key) throw new SyncError("key/none"); // signed out while the reply was on its way
    return { entries: openEntries(key.cipher, page.changes), cursor: page.cursor, hasMore: page.hasMore };
  }

  /** Number of entries on the server, and its cursor. */
  async status(): Promise<StatusReply> {
    return decodeReply(codec.decodeStatusReply, await this.#call(codec.endpoints.status));
  }

  // Digests (extension `digests`) ---------------------------------------------------------------------

  /** Leaves a text for the account's other devices, sealed, in place of the one before. */
  async putDigest(deviceId: string, text: string): Promise<void> {
    const data = this.#requireKey().cipher.seal(text);
    await this.#call(codec.endpoints.putDigest, codec.encodeDigestPutRequest({ deviceId, data }));
  }

  /** What each device has left, this one included, latest first. `text` is null where it does not open. */
  async readDigests(): Promise<readonly { readonly device: string; readonly text: string | null }[]> {
    const key = this.#requireKey();
    const digests = decodeReply(codec.decodeDigestsReply, await this.#call(codec.endpoints.listDigests, undefined, PULL_TIMEOUT_MS));
    if (this.#key !== key) throw new SyncError("key/none"); // signed out while the reply was on its way
    return digests.map(({ deviceId, data }) => ({ device: deviceId, text: openData(key.cipher, data).payload }));
  }

  /** Whether the server offers this extension, in the version that is spoken here. Asked of the server once a session. */
  async hasExtension(name: ExtensionName): Promise<boolean> {
    const asked = (this.#extensions ??= this.#fetchExtensions());
    try {
      return (await asked).get(name) === EXTENSIONS[name];
    } catch (error) {
      if (this.#extensions === asked) this.#extensions = null;
      throw error;
    }
  }

  /** How far the server's clock is ahead of this device's, ms; null: not known yet. */
  clockOffsetMs(): number | null {
    return this.#http.clockOffsetMs;
  }

  // Snapshots (extension `snapshots`) --------------------------------------------------------------

  newSnapshotId(): string {
    return Array.from(this.#config.random.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The account's snapshot as the server has it; null where there is none, or none that this key opens. */
  async snapshot(): Promise<OpenedSnapshot | null> {
    const key = this.#requireKey();
    try {
      const reply = decodeReply(codec.decodeSnapshotReply, await this.#call(codec.endpoints.getSnapshot));
      const manifest = key.cipher.open(reply.manifest, manifestContext(reply.snapshotId, reply.cursor));
      return { snapshotId: reply.snapshotId, cursor: reply.cursor, chunks: reply.chunks, manifest };
    } catch (error) {
      if (error instanceof DecryptionError || (error instanceof SyncError && error.status === 404)) return null;
      throw error;
    }
  }

  /** Seals and stores one chunk. Gives its link, which the next chunk and the manifest name. */
  async putSnapshotChunk(deviceId: string, place: ChunkPlace, text: string): Promise<string> {
    const { snapshotId, cursor, index } = place;
    const data = this.#requireKey().cipher.seal(text, chunkContext(place));
    const body = codec.encodeSnapshotChunkPut({ deviceId, snapshotId, cursor, index, data });
    await this.#call(codec.endpoints.putSnapshotChunk, body, PULL_TIMEOUT_MS);
    return linkOf(data);
  }

  /** Makes an uploaded snapshot the account's. */
  async completeSnapshot(deviceId: string, snapshot: OpenedSnapshot, through: number): Promise<void> {
    const { snapshotId, cursor, chunks } = snapshot;
    const manifest = this.#requireKey().cipher.seal(snapshot.manifest, manifestContext(snapshotId, cursor));
    const body = codec.encodeSnapshotPut({ deviceId, snapshotId, cursor, through, chunks, manifest });
    await this.#call(codec.endpoints.putSnapshot, body, PULL_TIMEOUT_MS);
  }

  /** One chunk, opened, and its link. Throws `DecryptionError` for a chunk that is not this one of this snapshot. */
  async snapshotChunk(place: ChunkPlace): Promise<{ readonly text: string; readonly link: string }> {
    const key = this.#requireKey();
    const { snapshotId, index } = place;
    const reply = await this.#call(
      codec.endpoints.getSnapshotChunk,
      codec.encodeSnapshotChunkRequest({ snapshotId, index }),
      PULL_TIMEOUT_MS,
    );
    const data = decodeReply(codec.decodeSnapshotChunkReply, reply);
    if (this.#key !== key) throw new SyncError("key/none"); // signed out while the reply was on its way
    return { text: key.cipher.open(data, chunkContext(place)), link: linkOf(data) };
  }

  // Within ---------------------------------------------------------------------------------------

  /** One call as the signed-in user. */
  async #call(endpoint: Endpoint, body?: unknown, timeoutMs?: number): Promise<unknown> {
    const session = this.#requireSession();
    if (this.#isExpired(session)) throw new SyncError("auth/expired");
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
      if (error instanceof SyncError && error.code === "auth/rejected" && this.#isExpired(session))
        throw new SyncError("auth/expired", { cause: error });
      throw error;
    }
  }

  async #signIn(reply: { token: string; userId: string | null; appId: string | null }): Promise<{ userId: string; appId: string }> {
    const claims = readTokenClaims(reply.token);
    const userId = reply.userId ?? claims?.userId ?? null;
    const appId = reply.appId ?? claims?.appId ?? null;
    if (claims === null || userId === null || appId === null) throw new SyncError("reply/malformed", { detail: "token" });
    const store = await this.#sessionStore();
    const before = this.#session ?? (await store.load());
    const isSame = before !== null && before.userId === userId && before.appId === appId;
    if (!isSame) this.#forgetKey(); // another user's data must never be sealed under this key
    this.#extensions = null;
    this.#session = {
      token: reply.token,
      userId,
      appId,
      expiresAtSeconds: claims.expiresAtSeconds,
      keyVersion: isSame ? before.keyVersion : null,
    };
    await store.save(this.#session);
    return { userId, appId };
  }

  /** Whether the first sealed entry of the log opens. An empty log refuses no key: nothing would be lost. */
  async #opensEntries(secret: Secret, deviceId: string): Promise<boolean> {
    const cipher = createPayloadCipher(await loadSodium(), secret.copy(), this.#config.random);
    try {
      for (let cursor = 0, hasMore = true; hasMore;) {
        const reply = await this.#call(codec.endpoints.pull, codec.encodePullRequest({ deviceId, cursor }), PULL_TIMEOUT_MS);
        const page = decodeReply(codec.decodePullReply, reply);
        const sealed = openEntries(cipher, page.changes).filter((entry) => entry.payload !== null || entry.failure !== null);
        if (sealed.some((entry) => entry.payload !== null)) return true;
        if (sealed.length > 0) return false;
        hasMore = page.hasMore && page.cursor > cursor;
        cursor = page.cursor;
      }
      return true;
    } finally {
      cipher.destroy();
    }
  }

  /** Whatever a server answers but a list of extensions: it has none. Without an answer, nothing is known. */
  async #fetchExtensions(): Promise<ReadonlyMap<string, number>> {
    try {
      return decodeReply(codec.decodeExtensionsReply, await this.#call(codec.endpoints.extensions));
    } catch (error) {
      const isAnswer = error instanceof SyncError && (error.code === "server/rejected" || error.code.startsWith("reply/"));
      if (isAnswer) return new Map();
      throw error;
    }
  }

  async #fetchKey(): Promise<{ readonly encryptedKey: string; readonly keyVersion: number } | null> {
    try {
      return decodeReply(codec.decodeKeyReply, await this.#call(codec.endpoints.getKey));
    } catch (error) {
      if (error instanceof SyncError && error.status === 404) return null;
      throw error;
    }
  }

  /**
   * Puts an envelope in the place of `expectedVersion` (0: none) and reads it back. Reading back settles two
   * doubts: whether a conflict is only the repetition of a request whose reply was lost, and whether a server
   * that does not compare versions let another device win.
   */
  async #storeEnvelope(envelope: string, expectedVersion: number, conflict: "key/exists" | "key/changed-elsewhere"): Promise<number> {
    try {
      await this.#call(codec.endpoints.putKey, codec.encodeKeyPutRequest({ encryptedKey: envelope, expectedVersion }));
    } catch (error) {
      if (!(error instanceof SyncError) || error.status !== 409) throw error;
    }
    const stored = await this.#fetchKey();
    if (stored?.encryptedKey !== envelope) throw new SyncError(conflict);
    return stored.keyVersion;
  }

  async #adoptKey(session: Session, secret: Secret, keyVersion: number): Promise<void> {
    const store = await this.#sessionStore();
    await this.#openKey(session, secret);
    await store.saveMasterKey(
      session,
      secret.use((bytes) => new Uint8Array(bytes)),
    );
    await this.#rememberKeyVersion(session, keyVersion);
  }

  async #openKey(session: Session, secret: Secret): Promise<void> {
    const sodium = await loadSodium();
    if (!isSameOwner(this.#session, session)) {
      secret.destroy();
      throw new SyncError("auth/not-signed-in"); // signed out while the key was being derived
    }
    this.#forgetKey();
    this.#key = openMasterKey(sodium, secret, this.#config.random);
  }

  async #rememberKeyVersion(session: Session, keyVersion: number): Promise<void> {
    if (this.#session === null || !isSameOwner(this.#session, session)) return;
    this.#session = { ...this.#session, keyVersion };
    await (await this.#sessionStore()).save(this.#session);
  }

  #forgetKey(): void {
    this.#key?.cipher.destroy();
    this.#key = null;
  }

  #requireSession(): Session {
    if (this.#session === null) throw new SyncError("auth/not-signed-in");
    return this.#session;
  }

  #requireKey(): MasterKey {
    if (this.#key === null) throw new SyncError("key/none");
    return this.#key;
  }

  #isExpired(session: Session): boolean {
    return this.#config.clock.nowMs() >= (session.expiresAtSeconds - limits.TOKEN_EARLY_SECONDS) * 1000;
  }

  #sessionStore(): Promise<SessionStore> {
    this.#store ??= loadSodium().then((sodium) => new SessionStore(this.#config.keychain, installationName(sodium, this.#config)));
    return this.#store;
  }

  async #envelopeTools(): Promise<EnvelopeTools> {
    return { sodium: await loadSodium(), random: this.#config.random, argon2id: this.#config.argon2id };
  }
}

/** A snapshot with its manifest in the clear. */
export interface OpenedSnapshot {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly chunks: number;
  /** JSON text. */
  readonly manifest: string;
}

/** Where a chunk belongs, all of which is authenticated with it. */
export interface ChunkPlace {
  readonly snapshotId: string;
  readonly cursor: number;
  readonly index: number;
  /** The link of the chunk before it; empty for the first. */
  readonly link: string;
}

const chunkContext = ({ snapshotId, cursor, index, link }: ChunkPlace): string =>
  JSON.stringify(["synckit snapshot chunk 1", snapshotId, cursor, index, link]);
const manifestContext = (snapshotId: string, cursor: number): string => JSON.stringify(["synckit snapshot manifest 1", snapshotId, cursor]);

/** The tag, with what stands before it: no two chunks that this key has sealed have the same. */
const linkOf = (data: string): string => data.slice(-24);

type Endpoint = (typeof codec.endpoints)[keyof typeof codec.endpoints];

const isSameOwner = (a: Session | null, b: Session): boolean => a !== null && a.userId === b.userId && a.appId === b.appId;

function redirectUri(port: number): string {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError("redirect port: 1 to 65535");
  return `http://127.0.0.1:${port}/callback`;
}

function decodeReply<T>(decode: (body: unknown) => T, body: unknown): T {
  try {
    return decode(body);
  } catch (cause) {
    if (cause instanceof WireError) throw new SyncError("reply/malformed", { cause, detail: cause.message });
    throw cause;
  }
}
