/** SHA-256 of a file while it passes by. */
import { SyncError } from "../client/errors.ts";
import type { Bytes } from "./blob.ts";
import { loadSodium } from "./sodium.ts";

/** Passes `content` on; throws `blob/corrupt` or `blob/changed` after its last byte where its hash is another. */
export async function* checkingHash(content: Bytes, hash: string, mismatch: "blob/corrupt" | "blob/changed"): Bytes {
  const sodium = await loadSodium();
  const state = sodium.crypto_hash_sha256_init();
  for await (const chunk of content) {
    sodium.crypto_hash_sha256_update(state, chunk);
    yield chunk;
  }
  if (sodium.crypto_hash_sha256_final(state, "hex") !== hash) throw new SyncError(mismatch);
}
