/**
 * Nonces cut from one draw of random bytes. A draw per nonce would be most of the cost of sealing a row
 * (libsodium's own generator: 93 %), and 24 random bytes never repeat in practice however they are drawn.
 */
import type { RandomSource } from "../client/ports.ts";

export const NONCE_BYTES = 24;
const POOL_BYTES = 512 * NONCE_BYTES; // one full push of 500 entries, and some

export class NoncePool {
  readonly #random: RandomSource;
  #pool = new Uint8Array(0);
  #at = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** 24 bytes that no other call gets. */
  next(): Uint8Array {
    if (this.#at === this.#pool.length) this.#refill();
    const start = this.#at;
    this.#at = start + NONCE_BYTES;
    return this.#pool.subarray(start, this.#at);
  }

  #refill(): void {
    // The source may call back into next(): pool and place change together, after it has answered.
    const drawn = this.#random.bytes(POOL_BYTES);
    if (drawn.length !== POOL_BYTES) throw new Error("NoncePool: the random source gave the wrong number of bytes");
    this.#pool = new Uint8Array(drawn); // a source that reuses its buffer must not change nonces already handed out
    this.#at = 0;
  }
}
