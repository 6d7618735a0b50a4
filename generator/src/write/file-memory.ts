/**
 * Texts of files as this process has read or written them last. A file that has the same identity, size and time of change is
 * taken to be the same, so a process that stays need not read again what it has written itself.
 */
import { readFileSync, statSync } from "node:fs";

export class FileMemory {
  readonly #known = new Map<string, { readonly stamp: string; readonly text: string }>();

  /** Throws what the system throws. */
  read(path: string): string {
    // Before reading: what changes meanwhile is noticed next time.
    const stamp = stampOf(path);
    const known = this.#known.get(path);
    if (known?.stamp === stamp) return known.text;
    const text = readFileSync(path, "utf8");
    this.#known.set(path, { stamp, text });
    return text;
  }

  /** `from` holds the text, and is about to be moved to its place. */
  wrote(path: string, text: string, from: string): void {
    this.#known.set(path, { stamp: stampOf(from), text });
  }
}

function stampOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${ino}:${size}:${mtimeNs}`;
}
