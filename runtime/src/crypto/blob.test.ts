import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { DecryptionError, SyncError } from "../client/errors.ts";
import { platformRandom } from "../client/ports.ts";
import { CHUNK_BYTES, createBlobCipher, sealedSize, type BlobForm, type Bytes } from "./blob.ts";
import { checkingHash } from "./content-hash.ts";
import { Secret } from "./secret.ts";
import { loadSodium } from "./sodium.ts";

const sodium = await loadSodium();
const cipherOf = (keyByte: number) => createBlobCipher(sodium, Secret.of(new Uint8Array(32).fill(keyByte)), platformRandom);
const cipher = cipherOf(7);

/** In pieces of `step` bytes. */
async function* piecesOf(bytes: Uint8Array, step = 10_007): Bytes {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}
async function all(bytes: Bytes): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}
const contentOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => at % 251);
const seal = (form: BlobForm, content: Uint8Array): Promise<Buffer> => all(cipher.seal(form, piecesOf(content), content.length));
const open = (sealed: Uint8Array, by = cipher): Promise<Buffer> => all(by.open(piecesOf(sealed, 4_999)));
const refusal = (work: Promise<unknown>): Promise<unknown> => work.then(() => "opened").catch((error: unknown) => error);

const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 12_345];

test.each(["whole", "chunks"] as const)("what is sealed %s opens, and is as long as was reckoned", async (form) => {
  for (const size of SIZES) {
    const content = contentOf(size);
    const sealed = await seal(form, content);
    expect(sealed.length).toBe(sealedSize(form, size));
    expect((await open(sealed)).equals(content)).toBe(true);
  }
});

test("a chunk that is changed, left out, moved, repeated or cut off is refused, and so is the end of the file", async () => {
  const sealed = await seal("chunks", contentOf(2 * CHUNK_BYTES + 100));
  const header = sealed.subarray(0, 24);
  const chunk = CHUNK_BYTES + 16;
  const [first, second, third] = [
    sealed.subarray(24, 24 + chunk),
    sealed.subarray(24 + chunk, 24 + 2 * chunk),
    sealed.subarray(24 + 2 * chunk),
  ];
  const flipped = Buffer.from(sealed);
  flipped.writeUInt8(flipped.readUInt8(24 + chunk) ^ 1, 24 + chunk);
  const otherPrefix = Buffer.from(sealed);
  otherPrefix.writeUInt8(otherPrefix.readUInt8(9) ^ 1, 9);
  const other = await seal("chunks", contentOf(2 * CHUNK_BYTES + 100));
  const forgeries = {
    flipped,
    otherPrefix,
    "second left out": Buffer.concat([header, first, third]),
    "second and third left out": Buffer.concat([header, first]),
    "third left out": Buffer.concat([header, first, second]),
    swapped: Buffer.concat([header, second, first, third]),
    repeated: Buffer.concat([header, first, first, second, third]),
    "third of another file": Buffer.concat([header, first, second, other.subarray(24 + 2 * chunk)]),
    "more at the end": Buffer.concat([sealed, Buffer.from([0])]),
    "header only": header,
    "less than a header": sealed.subarray(0, 23),
    nothing: new Uint8Array(0),
  };
  for (const [name, forgery] of Object.entries(forgeries)) expect(await refusal(open(forgery)), name).toBeInstanceOf(DecryptionError);
});

test("a whole blob that is changed or cut off, and any blob under another key, is refused", async () => {
  const sealed = await seal("whole", contentOf(1000));
  const flipped = Buffer.from(sealed);
  flipped.writeUInt8(flipped.readUInt8(500) ^ 1, 500);
  for (const forgery of [flipped, sealed.subarray(0, 999), sealed.subarray(0, 30)])
    expect(await refusal(open(forgery))).toBeInstanceOf(DecryptionError);
  for (const form of ["whole", "chunks"] as const)
    expect(await refusal(open(await seal(form, contentOf(10)), cipherOf(8)))).toBeInstanceOf(DecryptionError);
});

test("a nonce that looks like a chunked header is drawn again", async () => {
  const header = Buffer.from("534b424c4f420001".padEnd(48, "0"), "hex");
  const draws = [header, Buffer.alloc(24, 9)];
  const own = createBlobCipher(sodium, Secret.of(new Uint8Array(32)), { bytes: () => new Uint8Array(draws.shift() ?? []) });

  const sealed = await all(own.seal("whole", piecesOf(contentOf(5)), 5));

  expect(sealed.subarray(0, 24)).toEqual(Buffer.alloc(24, 9));
});

test("content whose hash is another one is told of at its end", async () => {
  const content = contentOf(100_000);
  const hash = createHash("sha256").update(content).digest("hex");
  expect((await all(checkingHash(piecesOf(content), hash, "blob/corrupt"))).equals(content)).toBe(true);

  const error = await refusal(all(checkingHash(piecesOf(contentOf(99_999)), hash, "blob/corrupt")));

  expect(error).toBeInstanceOf(SyncError);
  expect((error as SyncError).code).toBe("blob/corrupt");
});
