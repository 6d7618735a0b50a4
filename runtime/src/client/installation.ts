/** Names one application on one server, without spelling its API key. */
import type { Sodium } from "../crypto/sodium.ts";

const HEX_DIGITS = 16;

export const installationName = (sodium: Sodium, config: { readonly serverUrl: string; readonly apiKey: string }): string =>
  sodium.crypto_hash_sha256(`${config.serverUrl}\n${config.apiKey}`, "hex").slice(0, HEX_DIGITS);
