/**
 * Seals and opens the payload of one entry: base64(nonce 24 ‖ ciphertext ‖ tag 16), XChaCha20-Poly1305
 * under the master key (docs/crypto.md). Entries have no associated data: what binds a payload to its row is the
 * reserved member inside the plaintext, which the engine writes and checks.
 */
import { base64ToBytes, bytesToBase64 } from "@synckit-gen/schemas/protocol";
import { DecryptionError } from "../client/errors.ts";
import type { RandomSource } from "../client/ports.ts";
import { NONCE_BYTES, NoncePool } from "./nonce-pool.ts";
import { Secret } from "./secret.ts";
import type { Sodium } from "./sodium.ts";

const TAG_BYTES = 16;
const HASH_BYTES = 32;
/** Key derivation context of the row hash: eight characters, as libsodium wants them. Part of the format. */
const ROW_HASH_CONTEXT = "skrowid1";
/** The same for the key of a batch. */
const BATCH_KEY_CONTEXT = "skbatch1";

export interface PayloadCipher {
  /** Text → base64. `context` is authenticated with it: only the same context opens it again. Entries have none. */
  seal(plaintext: string, context?: string): string;
  /** Base64 → text. Throws `DecryptionError`. */
  open(sealed: string, context?: string): string;
  /** 64 hex digits: what the server sees in place of a hidden row id. The same on every device of the user. */
  rowHash(table: string, rowId: string): string;
  /** 64 hex digits that name a batch by what is in it, whatever nonces it is sealed with. */
  batchKey(batch: string): string;
  /** Zeroes the master key and everything derived from it. */
  destroy(): void;
}

/** Takes the master key over: `destroy()` zeroes it. */
export function createPayloadCipher(sodium: Sodium, masterKey: Secret, random: RandomSource): PayloadCipher {
  const nonces = new NoncePool(random);
  const rowHashKey = Secret.of(masterKey.use((key) => sodium.crypto_kdf_derive_from_key(HASH_BYTES, 1, ROW_HASH_CONTEXT, key)));
  const batchKeyKey = Secret.of(masterKey.use((key) => sodium.crypto_kdf_derive_from_key(HASH_BYTES, 2, BATCH_KEY_CONTEXT, key)));
  // Strict, and keeping a byte order mark: the text that comes out is the text that went in.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  return {
    seal(plaintext, context) {
      if (/\p{Surrogate}/u.test(plaintext)) throw new TypeError("seal: half a surrogate pair, which UTF-8 cannot carry");
      const nonce = nonces.next();
      const body = masterKey.use((key) => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, context ?? null, null, nonce, key));
      const sealed = new Uint8Array(NONCE_BYTES + body.length);
      sealed.set(nonce);
      sealed.set(body, NONCE_BYTES);
      return bytesToBase64(sealed);
    },
    open(sealed, context) {
      const bytes = base64ToBytes(sealed);
      if (bytes === null) throw new DecryptionError("not-base64");
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new DecryptionError("decryption");
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const body = bytes.subarray(NONCE_BYTES);
      return masterKey.use((key) => {
        try {
          return decoder.decode(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, body, context ?? null, nonce, key));
        } catch {
          throw new DecryptionError("decryption"); // libsodium has one opaque error for every refusal
        }
      });
    },
    rowHash(table, rowId) {
      // A JSON array keeps the boundary between the two names, whatever they contain.
      const message = JSON.stringify([table, rowId]);
      return rowHashKey.use((key) => sodium.crypto_generichash(HASH_BYTES, message, key, "hex"));
    },
    batchKey: (batch) => batchKeyKey.use((key) => sodium.crypto_generichash(HASH_BYTES, batch, key, "hex")),
    destroy() {
      batchKeyKey.destroy();
      rowHashKey.destroy();
      masterKey.destroy();
    },
  };
}
