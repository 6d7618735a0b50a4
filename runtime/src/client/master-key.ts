/** The master key while it is in memory, with the cipher made from it. */
import { createPayloadCipher, type PayloadCipher } from "../crypto/payload.ts";
import { Secret } from "../crypto/secret.ts";
import type { Sodium } from "../crypto/sodium.ts";
import type { RandomSource } from "./ports.ts";

export interface MasterKey {
  readonly secret: Secret;
  readonly cipher: PayloadCipher;
}

/** Takes the secret over: `cipher.destroy()` zeroes it. */
export const openMasterKey = (sodium: Sodium, secret: Secret, random: RandomSource): MasterKey => ({
  secret,
  cipher: createPayloadCipher(sodium, secret, random),
});
