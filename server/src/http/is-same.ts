import { createHash, timingSafeEqual } from "node:crypto";

/** Takes the same time wherever the two secrets differ. */
export function isSame(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
