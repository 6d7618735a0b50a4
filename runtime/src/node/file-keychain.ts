/**
 * Secrets in a folder, sealed under a passphrase: for machines without a keychain. A random key is wrapped by
 * the passphrase in `keychain.json` (the same envelope as an account's master key); each secret is a file of
 * its own, so that two processes never rewrite one another's.
 */
import { constants, link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createMasterKey, unwrapMasterKey, wrapMasterKey, type EnvelopeTools } from "../crypto/envelope.ts";
import { argon2id, type Argon2id } from "../crypto/argon2id.ts";
import { NONCE_BYTES } from "../crypto/nonce-pool.ts";
import type { Secret } from "../crypto/secret.ts";
import { loadSodium, type Sodium } from "../crypto/sodium.ts";
import { SyncError } from "../client/errors.ts";
import { platformRandom } from "../client/ports.ts";
import type { Keychain } from "../keychain/keychain.ts";

export interface FileKeychainOptions {
  /** Made if it is missing, readable by its owner only. */
  readonly folder: string;
  readonly passphrase: string;
  readonly argon2id?: Argon2id;
}

export interface FileKeychain extends Keychain {
  /** The secrets stay as they are; only the key around them is wrapped again. */
  changePassphrase(passphrase: string): Promise<void>;
  /** Forgets the key. Every later call throws. */
  close(): void;
}

/**
 * Opens the folder, or makes it. Throws `key/wrong-password` when the passphrase does not open it,
 * `key/damaged-envelope` when it cannot be read.
 */
export async function openFileKeychain(options: FileKeychainOptions): Promise<FileKeychain> {
  const { folder } = options;
  const tools: EnvelopeTools = { sodium: await loadSodium(), random: platformRandom, argon2id: options.argon2id ?? argon2id };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const envelopePath = join(folder, "keychain.json");
  const key = await openOrCreateKey(tools, envelopePath, options.passphrase);
  const fileOf = (account: string): string => join(folder, `${tools.sodium.crypto_hash_sha256(account, "hex").slice(0, 32)}.secret`);

  return {
    async get(account) {
      const sealed = await readIfThere(fileOf(account));
      return sealed === null ? null : openSecret(tools.sodium, key, account, sealed);
    },
    set: (account, secret) => replaceFile(fileOf(account), sealSecret(tools, key, account, secret)),
    delete: (account) => rm(fileOf(account), { force: true }),
    async changePassphrase(passphrase) {
      await replaceFile(envelopePath, new TextEncoder().encode(await wrapMasterKey(tools, key, passphrase)));
    },
    close: () => key.destroy(),
  };
}

/** The first of two processes that both find nothing wins; the other reads what it wrote. */
async function openOrCreateKey(tools: EnvelopeTools, path: string, passphrase: string): Promise<Secret> {
  const found = await readIfThere(path);
  if (found !== null) return unwrapMasterKey(tools, new TextDecoder().decode(found), passphrase);
  const key = createMasterKey(tools.random);
  const envelope = new TextEncoder().encode(await wrapMasterKey(tools, key, passphrase));
  if (await createFile(path, envelope)) return key;
  key.destroy();
  return openOrCreateKey(tools, path, passphrase);
}

/** `nonce(24) || ciphertext || tag(16)`; the account's name is authenticated, so that files cannot be swapped. */
function sealSecret({ sodium, random }: EnvelopeTools, key: Secret, account: string, secret: Uint8Array): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const sealed = key.use((bytes) => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, account, null, nonce, bytes));
  return Buffer.concat([nonce, sealed]);
}

function openSecret(sodium: Sodium, key: Secret, account: string, sealed: Uint8Array): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const ciphertext = sealed.subarray(NONCE_BYTES);
  return key.use((bytes) => {
    try {
      return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, account, nonce, bytes);
    } catch (cause) {
      throw new SyncError("keychain/failed", { cause, detail: "a stored secret is damaged" });
    }
  });
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

let written = 0;

async function writeBeside(path: string, bytes: Uint8Array): Promise<string> {
  const temporary = `${path}.${process.pid}.${written++}.new`;
  const file = await open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

/** Old content or new, never a part of either, whenever the machine stops. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await rename(await writeBeside(path, bytes), path);
}

/** False: somebody else was first, and nothing was changed. */
async function createFile(path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = await writeBeside(path, bytes);
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}
