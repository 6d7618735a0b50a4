/** The only importer of libsodium. It is the "sumo" build for SHA-256; its Argon2id is not used (16-byte salts only). */
import sodium from "libsodium-wrappers-sumo";

export type Sodium = Pick<
  typeof sodium,
  | "crypto_aead_xchacha20poly1305_ietf_encrypt"
  | "crypto_aead_xchacha20poly1305_ietf_decrypt"
  | "crypto_generichash"
  | "crypto_hash_sha256"
  | "crypto_hash_sha256_init"
  | "crypto_hash_sha256_update"
  | "crypto_hash_sha256_final"
  | "crypto_kdf_derive_from_key"
>;

/** Resolves once the WebAssembly module runs; later calls are free. */
export async function loadSodium(): Promise<Sodium> {
  await sodium.ready;
  return sodium;
}
