/** Time and randomness behind ports, so that tests decide both. */
import { randomBytes } from "node:crypto";

/** Milliseconds since 1970. */
export type Clock = () => number;
export type RandomBytes = (count: number) => Uint8Array;

export const systemClock: Clock = () => Date.now();
export const systemRandom: RandomBytes = (count) => randomBytes(count);

/** RFC 3339 with milliseconds and `Z`. */
export const nowText = (clock: Clock): string => new Date(clock()).toISOString();

/** A random UUID, version 4. */
export function newUuid(random: RandomBytes): string {
  const bytes = Uint8Array.from(random(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
