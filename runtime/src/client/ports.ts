/** What the client needs from the platform, and the platform's own answer to it. Tests bring their own. */

export interface RandomSource {
  /** Bytes fit for keys: from the operating system, or fixed ones in a test of formats. */
  readonly bytes: (length: number) => Uint8Array;
}

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  readonly nowMs: () => number;
  /** Milliseconds since any moment, whatever the clock is set to: tells when it was set. Missing: it never is. */
  readonly monotonicMs?: () => number;
}

/** Resolves after that many milliseconds. */
export type Sleep = (ms: number) => Promise<void>;

export interface Timers {
  /** Calls `work` once after `ms`, until cancelled. */
  readonly after: (ms: number, work: () => void) => () => void;
}

const MOST_BYTES_AT_ONCE = 65_536; // getRandomValues throws above it

export const platformRandom: RandomSource = {
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += MOST_BYTES_AT_ONCE) {
      globalThis.crypto.getRandomValues(bytes.subarray(at, Math.min(at + MOST_BYTES_AT_ONCE, length)));
    }
    return bytes;
  },
};

/** A name that nobody else has: two hex digits for each byte. */
export const randomName = (random: RandomSource, bytes: number): string =>
  Array.from(random.bytes(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const platformClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

export const platformSleep: Sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Node's timers are let go of: waiting for the next cycle must not keep a program from ending. */
export const platformTimers: Timers = {
  after(ms, work) {
    const timer = setTimeout(work, ms) as ReturnType<typeof setTimeout> & { readonly unref?: () => void };
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};
