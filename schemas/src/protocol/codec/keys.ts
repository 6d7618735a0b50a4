/** The wrapped master key and its envelope. */
import { base64ToBytes, bytesToBase64 } from "../base64.ts";
import { type Json, object, optionalCount, optionalText, text } from "./members.ts";
import { UnknownEnvelopeError, WireError } from "./wire-error.ts";
import type * as Wire from "../wire.ts";

export const encodeKeyPutRequest = (r: Wire.KeyPutRequest): Json => ({
  encrypted_key: r.encryptedKey,
  ...(r.expectedVersion === undefined ? {} : { expected_version: r.expectedVersion }),
});
export function decodeKeyPutRequest(body: unknown): Wire.KeyPutRequest {
  const from = object(body, "request");
  const expectedVersion = optionalCount(from, "expected_version");
  return { encryptedKey: text(from, "encrypted_key"), ...(expectedVersion === null ? {} : { expectedVersion }) };
}
export const encodeKeyPutReply = (keyVersion: number): Json => ({ key_version: keyVersion });
/** Null: the server answered without a version. */
export const decodeKeyPutReply = (body: unknown): number | null =>
  body === null || body === undefined ? null : optionalCount(object(body, "reply"), "key_version");
export const encodeKeyReply = (r: Wire.KeyReply): Json => ({ encrypted_key: r.encryptedKey, key_version: r.keyVersion });
/** Null: the server holds no key. */
export function decodeKeyReply(body: unknown): Wire.KeyReply | null {
  const from = object(body, "reply");
  const encryptedKey = optionalText(from, "encrypted_key");
  return encryptedKey === null ? null : { encryptedKey, keyVersion: optionalCount(from, "key_version") ?? 1 };
}

const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const WRAPPED_KEY_BYTES = 48;

export const encodeKeyEnvelope = (e: Wire.KeyEnvelope): string =>
  JSON.stringify({
    version: e.version,
    salt: bytesToBase64(e.salt),
    nonce: bytesToBase64(e.nonce),
    ciphertext: bytesToBase64(e.ciphertext),
    kdf: { alg: "argon2id", m: e.kdf.memoryKib, t: e.kdf.passes, p: e.kdf.lanes },
  });

/** Reads our form, and a nonce joined with the ciphertext in one member (`ciphertext` or `encrypted_key`). */
export function decodeKeyEnvelope(envelope: string): Wire.KeyEnvelope {
  let parsed: unknown;
  try {
    parsed = JSON.parse(envelope);
  } catch {
    throw new WireError("key envelope: not JSON");
  }
  const from = object(parsed, "key envelope");
  if (typeof from["version"] !== "number") throw new WireError("key envelope: no version");
  if (from["version"] !== 1) throw new UnknownEnvelopeError("key envelope: this version is not known here");
  const salt = base64ToBytes(text(from, "salt"));
  const joined = base64ToBytes(text(from, "ciphertext", "encrypted_key"));
  const apart = typeof from["nonce"] === "string";
  const nonce = apart ? base64ToBytes(text(from, "nonce")) : joined?.subarray(0, NONCE_BYTES);
  const ciphertext = apart ? joined : joined?.subarray(NONCE_BYTES);
  if (salt?.length !== SALT_BYTES || nonce?.length !== NONCE_BYTES || ciphertext?.length !== WRAPPED_KEY_BYTES)
    throw new WireError("key envelope: a part has the wrong length");
  const kdf = from["kdf"] === undefined ? {} : object(from["kdf"], "kdf");
  if (kdf["alg"] !== undefined && kdf["alg"] !== "argon2id") throw new UnknownEnvelopeError("kdf: expected argon2id");
  const limited = (name: string, standard: number, most: number): number => {
    const value = optionalCount(kdf, name) ?? standard;
    if (value < 1 || value > most) throw new UnknownEnvelopeError(`kdf.${name}: outside what this client computes`);
    return value;
  };
  // A hostile server must not be able to ask for gigabytes: the limits are four times the standard.
  return {
    version: 1,
    salt,
    nonce,
    ciphertext,
    kdf: { memoryKib: limited("m", 65_536, 262_144), passes: limited("t", 3, 12), lanes: limited("p", 1, 1) },
  };
}
