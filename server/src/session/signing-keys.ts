/**
 * The keys that sign tokens. They are in the storage, so that every instance has the same ones; the newest signs, and one
 * that was replaced still verifies until what it signed has expired.
 */
import { limits } from "@synckit-gen/schemas/protocol";
import type { SigningKey } from "../storage/identity-port.ts";
import type { Storage } from "../storage/port.ts";
import { nowText, type Clock, type RandomBytes } from "../system.ts";

/** HMAC-SHA-256 is as strong as its key, up to this many bytes. */
const SECRET_BYTES = 32;
/** How late an instance may notice a rotation. */
const REREAD_MS = 5_000;
/** A replaced key may have signed until the last instance noticed. */
const OVERLAP_MS = limits.TOKEN_LIFETIME_SECONDS * 1000 + 60_000;

export interface SigningKeys {
  /** The one to sign with. */
  current(): Promise<SigningKey>;
  /** The one that a token names; null: it names none, or one that has gone. */
  find(number: number | null): Promise<SigningKey | null>;
}

/** One key for ever: an embedding program's own. */
export function fixedSigningKey(secret: Uint8Array): SigningKeys {
  if (secret.length < SECRET_BYTES) throw new RangeError(`createServer: the secret has fewer than ${SECRET_BYTES} bytes`);
  const key = { number: 1, secret, createdAt: new Date(0).toISOString() };
  return { current: async () => key, find: async () => key };
}

export function storedSigningKeys(storage: Storage, clock: Clock, random: RandomBytes): SigningKeys {
  let known: readonly SigningKey[] = [];
  let readAtMs = -Infinity;

  const reread = async (): Promise<readonly SigningKey[]> => {
    known = await storage.listSigningKeys();
    readAtMs = clock();
    return known;
  };
  const fresh = async (): Promise<readonly SigningKey[]> => (Math.abs(clock() - readAtMs) < REREAD_MS ? known : reread());

  return {
    current: async () => {
      for (;;) {
        const [newest] = await fresh();
        if (newest !== undefined) return newest;
        // Of two instances that start at once, one makes the key and both read it.
        await rotateSigningKey(storage, clock, random);
        await reread();
      }
    },
    find: async (number) => {
      if (number === null) return null;
      const find = (keys: readonly SigningKey[]): SigningKey | null => {
        const place = keys.findIndex((key) => key.number === number);
        const successor = keys[place - 1];
        const isExpired = successor !== undefined && Date.parse(successor.createdAt) + OVERLAP_MS <= clock();
        return isExpired ? null : (keys[place] ?? null);
      };
      // Another instance may have rotated a moment ago.
      return find(await fresh()) ?? find(await reread());
    },
  };
}

/** Makes the next key. Of two callers at once, one does. */
export async function rotateSigningKey(storage: Storage, clock: Clock, random: RandomBytes): Promise<number> {
  const [newest] = await storage.listSigningKeys();
  const number = (newest?.number ?? 0) + 1;
  await storage.addSigningKey({ number, secret: random(SECRET_BYTES), createdAt: nowText(clock) });
  return number;
}
