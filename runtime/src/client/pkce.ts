/** PKCE (RFC 7636, S256): a code that leaks on its way back through the browser is useless without the verifier. */
import type { Sodium } from "../crypto/sodium.ts";
import { bytesToBase64url } from "./base64url.ts";
import type { RandomSource } from "./ports.ts";

const RANDOM_BYTES = 32; // 43 characters, the RFC's recommendation

export interface Pkce {
  /** Must come back unchanged on the redirect. */
  readonly state: string;
  /** Kept by the client until the code is exchanged. */
  readonly verifier: string;
  /** Goes into the authorize URL. */
  readonly challenge: string;
}

export function createPkce(sodium: Sodium, random: RandomSource): Pkce {
  const state = bytesToBase64url(random.bytes(RANDOM_BYTES));
  const verifier = bytesToBase64url(random.bytes(RANDOM_BYTES));
  return { state, verifier, challenge: challengeOf(sodium, verifier) };
}

export const challengeOf = (sodium: Sodium, verifier: string): string => bytesToBase64url(sodium.crypto_hash_sha256(verifier));
