/**
 * The client of a SyncKit server: sign-in, encryption set-up, devices, push and pull, files, notices. It holds the session
 * and the master key, both in private fields, so that printing a client shows neither.
 *
 * Payloads are sealed before they leave and opened after they arrive; everything else that travels is listed
 * in docs/threat-model.md. Each method throws `SyncError`.
 */
import type { Device, ExtensionName, Platform, StatusReply } from "@synckit-gen/schemas/protocol";
import { loadSodium } from "../crypto/sodium.ts";
import type { Bytes } from "../crypto/blob.ts";
import type { Content } from "./blob-transport.ts";
import {
  askDownloadUrl,
  askUploadUrl,
  confirmUpload,
  download,
  openContent,
  upload,
  type BlobSource,
  type BlobUploadUrl,
  type Through,
} from "./blobs.ts";
import type { SyncKitConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { list, register, remove } from "./devices.ts";
import type { ChangeEntry, PayloadEntry, RichChangeEntry } from "./entries.ts";
import { fetchKey, loadFromKeychain, replacePassword, setUpExisting, setUpFromPhrase, setUpNew } from "./key-setup.ts";
import { fetchDigests, logStatus, pullEntries, pushEntries, storeDigest, type PayloadPage, type PullFilter } from "./log.ts";
import { randomName } from "./ports.ts";
import { openNotices, type NotifyStream } from "./notices.ts";
import { createPkce, type Pkce } from "./pkce.ts";
import { toChangeEntry, toPayloadEntry, toRichChangeEntry } from "./sealing.ts";
import type { SessionInfo } from "./session.ts";
import { authorizeUrl, signInWithCode, signInWithPassword, signOut, signOutEverywhere, type Account } from "./sign-in.ts";
import { fetchChunk, fetchSnapshot, storeChunk, storeSnapshot, type ChunkPlace, type OpenedSnapshot } from "./snapshots.ts";

export class SyncKitClient {
  readonly #connection: Connection;

  constructor(config: SyncKitConfig) {
    this.#connection = new Connection(config);
  }

  // Signing in -----------------------------------------------------------------------------------

  /** Where the browser starts the OAuth flow. `port`: where the application listens on 127.0.0.1. */
  buildAuthorizeUrl(port: number, state: string, codeChallenge: string): string {
    return authorizeUrl(this.#connection, port, state, codeChallenge);
  }

  /** A fresh state, verifier and challenge for one OAuth flow. */
  async createPkce(): Promise<Pkce> {
    return createPkce(await loadSodium(), this.#connection.config.random);
  }

  /** Direct sign-in. Accounts with a second factor need the OAuth flow. */
  authenticate(email: string, password: string): Promise<Account> {
    return signInWithPassword(this.#connection, email, password);
  }

  /** Second half of the OAuth flow. `port` is the one that the authorize URL named. */
  authenticateWithCode(code: string, codeVerifier: string, port: number): Promise<Account> {
    return signInWithCode(this.#connection, code, codeVerifier, port);
  }

  /** True when there is no session, or when it ends within 30 seconds. */
  isTokenExpired(): boolean {
    const { session } = this.#connection;
    return session === null || this.#connection.isExpired(session);
  }

  sessionInfo(): SessionInfo | null {
    const { session } = this.#connection;
    if (session === null) return null;
    const { userId, appId, expiresAtSeconds } = session;
    return { userId, appId, expiresAtMs: expiresAtSeconds * 1000 };
  }

  /** Signs out: session and master key leave memory (zeroed) and keychain. */
  clearSession(): Promise<void> {
    return signOut(this.#connection);
  }

  /**
   * Ends all sessions of the user, on every device and of every app, this one too (`clearSession`). Throws
   * `server/unsupported` where the server lacks the extension `end-sessions`.
   */
  endSessions(): Promise<void> {
    return signOutEverywhere(this.#connection);
  }

  // Encryption -----------------------------------------------------------------------------------

  /**
   * First device: makes a master key and stores it on the server, wrapped under the password. Throws
   * `key/exists` when the server holds one, and never overwrites it: data sealed under it would be lost.
   */
  setupEncryptionNew(password: string): Promise<void> {
    return setUpNew(this.#connection, password);
  }

  /** Further device: fetches the wrapped master key and opens it with the password. */
  setupEncryptionExisting(password: string): Promise<void> {
    return setUpExisting(this.#connection, password);
  }

  /** Later run: takes session and master key from the keychain. False: one of the two has to be made again. */
  tryLoadKeyFromKeychain(): Promise<boolean> {
    return loadFromKeychain(this.#connection);
  }

  /** Tells a first device (set up anew) from a further one (ask for the password). */
  async hasServerKey(): Promise<boolean> {
    return (await fetchKey(this.#connection)) !== null;
  }

  hasMasterKey(): boolean {
    return this.#connection.key !== null;
  }

  /**
   * Wraps the master key under another password; no data is encrypted again. Other devices keep working.
   * Throws `key/changed-elsewhere` when the password was changed since this device last entered it.
   */
  changePassword(newPassword: string): Promise<void> {
    return replacePassword(this.#connection, newPassword);
  }

  /**
   * The master key as 24 words to write down: whoever has them can read everything, and without them and the
   * password nobody can. Show them once and keep them nowhere.
   */
  async recoveryPhrase(): Promise<string> {
    const { phraseOf } = await import("../crypto/recovery-phrase.ts");
    return phraseOf(this.#connection.requireKey().secret);
  }

  /**
   * The password is lost: takes the master key from the phrase and wraps it under a new password. The phrase is
   * tried on the account's entries first (`deviceId` is needed to read them): `key/wrong-phrase` where it opens
   * none of them, and nothing has changed then.
   */
  setupEncryptionFromPhrase(phrase: string, newPassword: string, deviceId: string): Promise<void> {
    return setUpFromPhrase(this.#connection, phrase, newPassword, deviceId);
  }

  /** What the server sees in place of a hidden row id: 64 hex digits. */
  rowHash(table: string, rowId: string): string {
    return this.#connection.requireKey().cipher.rowHash(table, rowId);
  }

  // Devices --------------------------------------------------------------------------------------

  /** The same name gives the same device again. */
  registerDevice(deviceName: string, platform: Platform): Promise<Device> {
    return register(this.#connection, deviceName, platform);
  }

  listDevices(): Promise<readonly Device[]> {
    return list(this.#connection);
  }

  /**
   * Takes a device off the account's list: it can neither push nor pull until it registers again. Its entries stay, and its
   * session goes on (`endSessions`). Throws `server/unsupported` where the server lacks the extension `device-removal`.
   */
  removeDevice(deviceId: string): Promise<void> {
    return remove(this.#connection, deviceId);
  }

  // Changes --------------------------------------------------------------------------------------

  /** Pushes up to 500 entries; gives the server's new cursor. */
  push(deviceId: string, changes: readonly ChangeEntry[]): Promise<number> {
    return this.pushPayloads(deviceId, changes.map(toPayloadEntry));
  }

  /** One page after `cursor` (0 at first). Throws at the first entry that cannot be opened. */
  async pull(deviceId: string, cursor: number): Promise<PulledPage<ChangeEntry>> {
    return pageOf(await this.pullPayloads(deviceId, cursor), toChangeEntry);
  }

  /** As `pull`, and says of each entry which device pushed it and where in the log it stands. */
  async pullRich(deviceId: string, cursor: number): Promise<PulledPage<RichChangeEntry>> {
    return pageOf(await this.pullPayloads(deviceId, cursor), toRichChangeEntry);
  }

  /** As `pull`, of some tables or from some time on. The cursor moves past what is left out: look with it, do not sync with it. */
  async pullFiltered(deviceId: string, cursor: number, filter: PullFilter): Promise<PulledPage<ChangeEntry>> {
    return pageOf(await pullEntries(this.#connection, deviceId, cursor, filter), toChangeEntry);
  }

  /** `pullFiltered` with what `pullRich` adds. */
  async pullFilteredRich(deviceId: string, cursor: number, filter: PullFilter): Promise<PulledPage<RichChangeEntry>> {
    return pageOf(await pullEntries(this.#connection, deviceId, cursor, filter), toRichChangeEntry);
  }

  /**
   * As `push`, with payloads that are JSON text already. The same entries pushed again are stored once, where the server
   * has the extension for it. Throws `entry/too-large` before anything is sent.
   */
  pushPayloads(deviceId: string, entries: readonly PayloadEntry[]): Promise<number> {
    return pushEntries(this.#connection, deviceId, entries);
  }

  /** As `pull`, with payloads as JSON text. An entry that cannot be opened says so and stops nothing. */
  pullPayloads(deviceId: string, cursor: number): Promise<PayloadPage> {
    return pullEntries(this.#connection, deviceId, cursor);
  }

  /** Number of entries on the server, and its cursor. */
  status(): Promise<StatusReply> {
    return logStatus(this.#connection);
  }

  // Blobs ---------------------------------------------------------------------------------------------

  /**
   * Where to send a file. `hash`: SHA-256 of its content, 64 hex digits in lower case. `size`: its bytes, as on this device; what
   * sealing adds is reckoned here.
   */
  blobUploadUrl(hash: string, size: number): Promise<BlobUploadUrl> {
    return askUploadUrl(this.#connection, hash, size);
  }

  /** Seals a file's content and sends it. `through` sees the sealed bytes on their way. */
  blobUpload(url: string, data: Uint8Array | BlobSource, through?: Through): Promise<void> {
    return upload(this.#connection, url, data instanceof Uint8Array ? { size: data.length, read: () => once(data) } : data, through);
  }

  /** Makes an uploaded file the account's. Confirming again changes nothing. */
  blobConfirm(hash: string, size: number): Promise<void> {
    return confirmUpload(this.#connection, hash, size);
  }

  /** Where to fetch a file. Throws `blob/not-found` where nobody has uploaded it. */
  blobDownloadUrl(hash: string): Promise<string> {
    return askDownloadUrl(this.#connection, hash);
  }

  /** A file's content, whole. With `hash`, throws `blob/corrupt` for any other content. */
  async blobDownload(url: string, hash: string | null = null): Promise<Uint8Array> {
    const { bytes } = await download(this.#connection, url, 0);
    return joined(openContent(this.#connection, bytes, hash));
  }

  /** A file's sealed bytes, from byte `from` on where the server can. */
  blobContent(url: string, from: number): Promise<Content> {
    return download(this.#connection, url, from);
  }

  /** The content of sealed bytes; throws `blob/corrupt` at its end where it is not what `hash` says. */
  openBlob(sealed: Bytes, hash: string): Bytes {
    return openContent(this.#connection, sealed, hash);
  }

  // Notices -------------------------------------------------------------------------------------------

  /** Tells when other devices have pushed; connects when it is iterated. `deviceId`: whose own pushes to leave out, where the server can. */
  subscribeNotifications(deviceId: string | null = null): NotifyStream {
    return openNotices(this.#connection, deviceId);
  }

  // Digests (extension `digests`) ---------------------------------------------------------------------

  /** Leaves a text for the account's other devices, sealed, in place of the one before. */
  putDigest(deviceId: string, text: string): Promise<void> {
    return storeDigest(this.#connection, deviceId, text);
  }

  /** What each device has left, this one included, latest first. `text` is null where it does not open. */
  readDigests(): Promise<readonly { readonly device: string; readonly text: string | null }[]> {
    return fetchDigests(this.#connection);
  }

  /** Whether the server offers this extension, in the version that is spoken here. Asked of the server once a session. */
  hasExtension(name: ExtensionName): Promise<boolean> {
    return this.#connection.hasExtension(name);
  }

  /** How far the server's clock is ahead of this device's, ms; null: not known yet. */
  clockOffsetMs(): number | null {
    return this.#connection.http.clockOffsetMs;
  }

  // Snapshots (extension `snapshots`) --------------------------------------------------------------

  newSnapshotId(): string {
    return randomName(this.#connection.config.random, 16);
  }

  /** The account's snapshot as the server has it; null where there is none, or none that this key opens. */
  snapshot(): Promise<OpenedSnapshot | null> {
    return fetchSnapshot(this.#connection);
  }

  /** Seals and stores one chunk. Gives its link, which the next chunk and the manifest name. */
  putSnapshotChunk(deviceId: string, place: ChunkPlace, text: string): Promise<string> {
    return storeChunk(this.#connection, deviceId, place, text);
  }

  /** Makes an uploaded snapshot the account's. */
  completeSnapshot(deviceId: string, snapshot: OpenedSnapshot, through: number): Promise<void> {
    return storeSnapshot(this.#connection, deviceId, snapshot, through);
  }

  /** One chunk, opened, and its link. Throws `DecryptionError` for a chunk that is not this one of this snapshot. */
  snapshotChunk(place: ChunkPlace): Promise<{ readonly text: string; readonly link: string }> {
    return fetchChunk(this.#connection, place);
  }
}

/** One page of the log. */
export interface PulledPage<Entry> {
  readonly changes: readonly Entry[];
  /** What the next page is asked with. */
  readonly cursor: number;
  readonly hasMore: boolean;
}

const pageOf = <Entry>(page: PayloadPage, entryOf: (entry: PayloadPage["entries"][number]) => Entry): PulledPage<Entry> => ({
  changes: page.entries.map(entryOf),
  cursor: page.cursor,
  hasMore: page.hasMore,
});

async function* once(bytes: Uint8Array): Bytes {
  yield bytes;
}

async function joined(content: Bytes): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of content) parts.push(new Uint8Array(part));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
