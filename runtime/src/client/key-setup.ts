/** How a device gets the account's master key, and how its envelope on the server is replaced. */
import { codec } from "@synckit-gen/schemas/protocol";
import { createMasterKey, KEY_BYTES, unwrapMasterKey, wrapMasterKey, type EnvelopeTools } from "../crypto/envelope.ts";
import { createPayloadCipher } from "../crypto/payload.ts";
import { Secret } from "../crypto/secret.ts";
import { loadSodium } from "../crypto/sodium.ts";
import { decodeReply, LARGE_REPLY_TIMEOUT_MS, type Connection } from "./connection.ts";
import { SyncError } from "./errors.ts";
import { openEntries } from "./sealing.ts";
import type { Session } from "./session.ts";

export async function setUpNew(connection: Connection, password: string): Promise<void> {
  const session = connection.requireSession();
  if (connection.key !== null) throw new SyncError("key/exists", { detail: "a master key is loaded: changePassword stores it again" });
  if ((await fetchKey(connection)) !== null) throw new SyncError("key/exists");
  const tools = await envelopeTools(connection);
  const secret = createMasterKey(connection.config.random);
  const keyVersion = await wrapMasterKey(tools, secret, password)
    .then((envelope) => storeEnvelope(connection, envelope, 0, "key/exists"))
    .catch((error: unknown) => {
      secret.destroy();
      throw error;
    });
  await adoptKey(connection, session, secret, keyVersion);
}

export async function setUpExisting(connection: Connection, password: string): Promise<void> {
  const session = connection.requireSession();
  const stored = await fetchKey(connection);
  if (stored === null) throw new SyncError("key/not-set-up");
  const secret = await unwrapMasterKey(await envelopeTools(connection), stored.encryptedKey, password);
  await adoptKey(connection, session, secret, stored.keyVersion);
}

export async function loadFromKeychain(connection: Connection): Promise<boolean> {
  const store = await connection.sessionStore();
  const stored = await store.load();
  if (connection.session === null && stored !== null) connection.beginSession(stored);
  const { session } = connection;
  if (session === null) return false;
  if (connection.key !== null) return true;
  const bytes = await store.loadMasterKey(session);
  if (bytes?.length !== KEY_BYTES) return false;
  await connection.openKey(session, Secret.of(bytes));
  return true;
}

export async function replacePassword(connection: Connection, newPassword: string): Promise<void> {
  const session = connection.requireSession();
  const key = connection.requireKey();
  const stored = await fetchKey(connection);
  if (stored !== null && session.keyVersion !== null && stored.keyVersion !== session.keyVersion)
    throw new SyncError("key/changed-elsewhere");
  const envelope = await wrapMasterKey(await envelopeTools(connection), key.secret, newPassword).catch((error: unknown) => {
    throw connection.key === key ? error : new SyncError("key/none", { cause: error }); // signed out while it was derived
  });
  const keyVersion = await storeEnvelope(connection, envelope, stored?.keyVersion ?? 0, "key/changed-elsewhere");
  await connection.rememberKeyVersion(session, keyVersion);
}

export async function setUpFromPhrase(connection: Connection, phrase: string, newPassword: string, deviceId: string): Promise<void> {
  const session = connection.requireSession();
  if (newPassword === "") throw new SyncError("key/empty-password");
  const { readPhrase } = await import("../crypto/recovery-phrase.ts");
  const secret = readPhrase(phrase);
  try {
    const stored = await fetchKey(connection);
    if (!(await opensEntries(connection, secret, deviceId))) throw new SyncError("key/wrong-phrase");
    const envelope = await wrapMasterKey(await envelopeTools(connection), secret, newPassword);
    const keyVersion = await storeEnvelope(connection, envelope, stored?.keyVersion ?? 0, "key/changed-elsewhere");
    connection.forgetKey();
    await adoptKey(connection, session, secret, keyVersion);
  } catch (error) {
    secret.destroy();
    throw error;
  }
}

/** The envelope on the server; null: none yet. */
export async function fetchKey(connection: Connection): Promise<{ readonly encryptedKey: string; readonly keyVersion: number } | null> {
  try {
    return decodeReply(codec.decodeKeyReply, await connection.call(codec.endpoints.getKey));
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
async function storeEnvelope(
  connection: Connection,
  envelope: string,
  expectedVersion: number,
  conflict: "key/exists" | "key/changed-elsewhere",
): Promise<number> {
  try {
    await connection.call(codec.endpoints.putKey, codec.encodeKeyPutRequest({ encryptedKey: envelope, expectedVersion }));
  } catch (error) {
    if (!(error instanceof SyncError) || error.status !== 409) throw error;
  }
  const stored = await fetchKey(connection);
  if (stored?.encryptedKey !== envelope) throw new SyncError(conflict);
  return stored.keyVersion;
}

async function adoptKey(connection: Connection, session: Session, secret: Secret, keyVersion: number): Promise<void> {
  const store = await connection.sessionStore();
  await connection.openKey(session, secret);
  await store.saveMasterKey(
    session,
    secret.use((bytes) => new Uint8Array(bytes)),
  );
  await connection.rememberKeyVersion(session, keyVersion);
}

/** Whether the first sealed entry of the log opens. An empty log refuses no key: nothing would be lost. */
async function opensEntries(connection: Connection, secret: Secret, deviceId: string): Promise<boolean> {
  const cipher = createPayloadCipher(await loadSodium(), secret.copy(), connection.config.random);
  try {
    for (let cursor = 0, hasMore = true; hasMore;) {
      const reply = await connection.call(codec.endpoints.pull, codec.encodePullRequest({ deviceId, cursor }), LARGE_REPLY_TIMEOUT_MS);
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

async function envelopeTools({ config }: Connection): Promise<EnvelopeTools> {
  return { sodium: await loadSodium(), random: config.random, argon2id: config.argon2id };
}
