import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderBlobFiles } from "./folder-blob-files.ts";

const HASH = "ab".repeat(32);
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "synckit-folder-"));
});
afterAll(() => rmSync(root, { recursive: true }));

async function* piecesOf(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece === "!") throw new Error("cut off");
    yield new TextEncoder().encode(piece);
  }
}
async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

test("a file is placed whole, and content that throws leaves nothing", async () => {
  const folder = join(root, "place");
  const files = folderBlobFiles({ folder });
  expect(await files.size(HASH)).toBe(null);
  await expect(files.place(HASH, piecesOf("half", "!"))).rejects.toThrow("cut off");
  expect(await files.size(HASH)).toBe(null);
  expect(readdirSync(join(folder, "ab"))).toEqual([]);

  await files.place(HASH, piecesOf("all ", "of it"));

  expect(await files.size(HASH)).toBe(9);
  expect(await text(files.read(HASH))).toBe("all of it");
  expect(readFileSync(join(folder, "ab", HASH), "utf8")).toBe("all of it");
});

test("what has come of a file stays when the rest does not, and goes on from any byte", async () => {
  const { parts } = folderBlobFiles({ folder: join(root, "parts") });
  expect(await parts.size(HASH)).toBe(0);
  await expect(parts.write(HASH, 0, piecesOf("0123", "45", "!"))).rejects.toThrow("cut off");
  expect(await parts.size(HASH)).toBe(6);

  await parts.write(HASH, 4, piecesOf("xy"));
  expect(await text(parts.read(HASH))).toBe("0123xy");
  await parts.write(HASH, 0, piecesOf("z"));
  expect(await text(parts.read(HASH))).toBe("z");
  await parts.remove(HASH);
  await parts.remove(HASH);
  expect(await parts.size(HASH)).toBe(0);
});

test("a file that the app keeps elsewhere is read from there", async () => {
  const elsewhere = join(root, "kick.wav");
  writeFileSync(elsewhere, "kick");
  const files = folderBlobFiles({ folder: join(root, "locate"), locate: (hash) => (hash === HASH ? elsewhere : null) });
  expect(await files.size(HASH)).toBe(4);
  expect(await text(files.read(HASH))).toBe("kick");
  expect(await files.size("cd".repeat(32))).toBe(null);
});

test("what is not a hash never becomes a path", async () => {
  const files = folderBlobFiles({ folder: join(root, "paths") });
  for (const name of ["../../etc/passwd", HASH.toUpperCase(), "", `${HASH}/..`])
    await expect(files.size(name)).rejects.toBeInstanceOf(RangeError);
});
