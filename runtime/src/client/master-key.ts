/** The master key while it is in memory, with the ciphers made from it. */
import { createBlobCipher, type BlobCipher } from "../crypto/blob.ts";
import { createPayloadCipher, type PayloadCipher } from "../crypto/payload.ts";
import { Secret } from "../crypto/secret.ts";
import type { Sodium } from "../crypto/sodium.ts";
import type { RandomSource } from "./ports.ts";

export interface MasterKey {
  readonly secret: Secret;
  readonly cipher: PayloadCipher;
  readonly blobs: BlobCipher;
  /** Zeroes it and everything derived from it. */
  readonly destroy: () => void;
}

/** Takes the secret over. */
export function openMasterKey(sodium: Sodium, secret: Secret, random: RandomSource): MasterKey {
  const blobs = createBlobCipher(sodium, secret, random);
  const cipher = createPayloadCipher(sodium, secret, random);
  return {
    secret,
    cipher,
    blobs,
    destroy() {
      blobs.destroy();
      cipher.destroy();
    },
  };
}
