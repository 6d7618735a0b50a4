/**
 * The master key as 24 words (BIP 39, English list): 256 bits and an 8-bit checksum. Whoever holds the phrase
 * holds the key; it is shown for writing down and stored nowhere.
 */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { SyncError } from "../client/errors.ts";
import { Secret } from "./secret.ts";

const WORDS = 24;

/** Text cannot be zeroed: show it and let go of it. */
export const phraseOf = (masterKey: Secret): string => masterKey.use((bytes) => entropyToMnemonic(bytes, wordlist));

/** Takes any spacing, numbering and case. Throws `key/bad-phrase`, which names a word by its place, never by itself. */
export function readPhrase(text: string): Secret {
  const words =
    text
      .normalize("NFKD")
      .toLowerCase()
      .match(/\p{L}+/gu) ?? [];
  if (words.length !== WORDS) throw new SyncError("key/bad-phrase", { detail: `${words.length} words, where ${WORDS} are expected` });
  const known = new Set(wordlist);
  const unknown = words.flatMap((word, at) => (known.has(word) ? [] : [at + 1]));
  if (unknown.length > 0) throw new SyncError("key/bad-phrase", { detail: `not in the list of words: number ${unknown.join(", ")}` });
  try {
    return Secret.of(mnemonicToEntropy(words.join(" "), wordlist));
  } catch {
    throw new SyncError("key/bad-phrase", { detail: "a word is wrong, or two changed places" });
  }
}
