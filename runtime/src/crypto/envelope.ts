/**
 * The key envelope: the master key wrapped with XChaCha20-Poly1305 under Argon2id of the password. Says
 * apart what a person can act on: a wrong password, a damaged envelope, a form of a newer version.
 */
import { codec, UnknownEnvelopeError, WireError } from "@synckit-gen/schemas/protocol";
import { SyncError } from "../client/errors.ts";
import type { RandomSource } from "../client/ports.ts";
import type { Argon2id } from "./argon2id-inline.ts";
import { NONCE_BYTES } from "./nonce-pool.ts";
import { Secret } from "./secret.ts";
import type { Sodium } from "./sodium.ts";

export const KEY_BYTES = 32;
const SALT_BYTES = 32;
/** 64 MiB, three passes, one lane: what new envelopes are made with. */
const STANDARD_KDF = { memoryKib: 65_536, passes: 3, lanes: 1 } as const;
const LEAST_KIB_PER_LANE = 8; // RFC 9106, section 3.1

type Kdf = ReturnType<typeof codec.decodeKeyEnvelope>["kdf"];

export interface EnvelopeTools {
  readonly sodium: Sodium;
  readonly random: RandomSource;
  readonly argon2id: Argon2id;
}

/** A new master key. */
export const createMasterKey = (random: RandomSource): Secret => Secret.of(random.bytes(KEY_BYTES));

/** Wraps with a new salt and nonce each time. The text goes to the server as it is. */
export async function wrapMasterKey(tools: EnvelopeTools, masterKey: Secret, password: string): Promise<string> {
  if (password === "") throw new SyncError("key/empty-password");
  const salt = tools.random.bytes(SALT_BYTES);
  const nonce = tools.random.bytes(NONCE_BYTES);
  const wrappingKey = await deriveWrappingKey(tools.argon2id, password.normalize("NFC"), salt, STANDARD_KDF);
  try {
    const ciphertext = wrappingKey.use((wrapping) =>
      masterKey.use((key) => tools.sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(key, null, null, nonce, wrapping)),
    );
    return codec.encodeKeyEnvelope({ version: 1, salt, nonce, ciphertext, kdf: STANDARD_KDF });
  } finally {
    wrappingKey.destroy();
  }
}

/** Throws `key/wrong-password`, `key/damaged-envelope` or `key/unknown-version`. */
export async function unwrapMasterKey(tools: EnvelopeTools, envelopeText: string, password: string): Promise<Secret> {
  const envelope = readEnvelope(envelopeText);
  if (password === "") throw new SyncError("key/empty-password");
  for (const form of passwordForms(password)) {
    const wrappingKey = await deriveWrappingKey(tools.argon2id, form, envelope.salt, envelope.kdf);
    const key = wrappingKey.use((wrapping) => tryUnwrap(tools.sodium, envelope.ciphertext, envelope.nonce, wrapping));
    wrappingKey.destroy();
    if (key !== null) return Secret.of(key);
  }
  throw new SyncError("key/wrong-password");
}

/** Other clients may have normalised differently, or not at all. Most passwords have one form only. */
function passwordForms(password: string): ReadonlySet<string> {
  return new Set([password.normalize("NFC"), password.normalize("NFKC"), password]);
}

function readEnvelope(text: string): ReturnType<typeof codec.decodeKeyEnvelope> {
  try {
    const envelope = codec.decodeKeyEnvelope(text);
    const { memoryKib, lanes } = envelope.kdf;
    if (memoryKib < LEAST_KIB_PER_LANE * lanes) throw new WireError("kdf.m: less than Argon2id takes");
    return envelope;
  } catch (cause) {
    if (cause instanceof UnknownEnvelopeError) throw new SyncError("key/unknown-version", { cause, detail: cause.message });
    if (cause instanceof WireError) throw new SyncError("key/damaged-envelope", { cause, detail: cause.message });
    throw cause;
  }
}

async function deriveWrappingKey(argon2id: Argon2id, password: string, salt: Uint8Array, kdf: Kdf): Promise<Secret> {
  const bytes = new TextEncoder().encode(password);
  try {
    return Secret.of(await argon2id({ password: bytes, salt, ...kdf, length: KEY_BYTES }));
  } finally {
    bytes.fill(0);
  }
}

function tryUnwrap(sodium: Sodium, ciphertext: Uint8Array, nonce: Uint8Array, wrapping: Uint8Array): Uint8Array | null {
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, null, nonce, wrapping);
  } catch {
    return null; // one opaque error for every refusal
  }
}
