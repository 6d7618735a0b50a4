/** A text that changes with the content of files. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Of all the files together; one that cannot be read counts as such. */
export function fingerprint(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0${contentHash(path)}\0`);
  return hash.digest("hex");
}

/** A file that is there and holds nothing. */
export const isEmpty = (path: string): boolean => contentHash(path) === EMPTY;

const EMPTY = createHash("sha256").digest("hex");

function contentHash(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return "unreadable";
  }
}
