// Our formats, held by bytes that were fixed once, and opened a second time by parts that share no code with
// libsodium: HChaCha20 written out below, Node's ChaCha20-Poly1305 and Argon2id, hash-wasm's BLAKE2b.
import * as nodeCrypto from "node:crypto";
import { readFileSync } from "node:fs";
import { codec } from "@synckit-gen/schemas/protocol";
import { blake2b } from "hash-wasm";
import { expect, test } from "vitest";
import type { RandomSource } from "../client/ports.ts";
import { argon2id } from "./argon2id.ts";
import { createBlobCipher, type BlobForm } from "./blob.ts";
import { unwrapMasterKey, wrapMasterKey } from "./envelope.ts";
import { createPayloadCipher } from "./payload.ts";
import { Secret } from "./secret.ts";
import { loadSodium } from "./sodium.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../schemas/vectors/crypto/${name}`, import.meta.url), "utf8"));
const own = read("own.json") as {
  masterKey: string;
  rowHashKey: string;
  payloads: { plaintext: string; sealed: string }[];
  rowHashes: { table: string; rowId: string; hash: string }[];
  blobs: ({ form: BlobForm; size: number } & ({ sealed: string } | { sealedSha256: string }))[];
  envelopes: { password: string; envelope: string }[];
};
const sodium = await loadSodium();
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const masterKey = (): Secret => Secret.of(fromHex(own.masterKey));

function countingRandom(): RandomSource {
  let next = 0;
  return { bytes: (length) => Uint8Array.from({ length }, () => next++ & 255) };
}

/** HChaCha20 of the XChaCha draft, section 2.2: 20 rounds, no final addition, rows 0 and 3. */
function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const input = Buffer.concat([Buffer.from("expand 32-byte k"), key, nonce.subarray(0, 16)]);
  const s = Uint32Array.from({ length: 16 }, (_, i) => input.readUInt32LE(4 * i));
  const at = (i: number): number => s[i] ?? 0;
  const step = (a: number, b: number, c: number, turn: number): void => {
    s[a] = at(a) + at(b);
    const mixed = at(c) ^ at(a);
    s[c] = (mixed << turn) | (mixed >>> (32 - turn));
  };
  const quarter = (a: number, b: number, c: number, d: number): void => {
    step(a, b, d, 16);
    step(c, d, b, 12);
    step(a, b, d, 8);
    step(c, d, b, 7);
  };
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  const out = Buffer.alloc(32);
  for (let i = 0; i < 4; i++) {
    out.writeUInt32LE(at(i), 4 * i);
    out.writeUInt32LE(at(12 + i), 16 + 4 * i);
  }
  return out;
}

/** XChaCha20-Poly1305 without libsodium. Throws when the tag is wrong. */
function openElsewhere(key: Uint8Array, nonce: Uint8Array, body: Uint8Array): Buffer {
  const inner = Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]);
  const decipher = nodeCrypto.createDecipheriv("chacha20-poly1305", hchacha20(key, nonce), inner, { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(body.length - 16));
  return Buffer.concat([decipher.update(body.subarray(0, body.length - 16)), decipher.final()]);
}

test("the HChaCha20 of this file gives the draft's subkey", () => {
  const { key, nonce, subkey } = (read("published.json") as { hchacha20: Record<"key" | "nonce" | "subkey", string> }).hchacha20;

  expect(toHex(hchacha20(fromHex(key), fromHex(nonce)))).toBe(subkey);
});

test("payloads are sealed to the same bytes as ever", () => {
  const cipher = createPayloadCipher(sodium, masterKey(), countingRandom());

  expect(own.payloads.map(({ plaintext }) => cipher.seal(plaintext))).toEqual(own.payloads.map(({ sealed }) => sealed));
  expect(own.payloads.map(({ sealed }) => cipher.open(sealed))).toEqual(own.payloads.map(({ plaintext }) => plaintext));
});

test("payloads open without libsodium", () => {
  for (const { plaintext, sealed } of own.payloads) {
    const bytes = Buffer.from(sealed, "base64");
    expect(openElsewhere(fromHex(own.masterKey), bytes.subarray(0, 24), bytes.subarray(24)).toString("utf8")).toBe(plaintext);
  }
});

test("row hashes are what they were, and what another BLAKE2b gives", async () => {
  const cipher = createPayloadCipher(sodium, masterKey(), countingRandom());
  for (const { table, rowId, hash } of own.rowHashes) {
    expect(cipher.rowHash(table, rowId)).toBe(hash);
    expect(await blake2b(JSON.stringify([table, rowId]), 256, fromHex(own.rowHashKey))).toBe(hash);
  }
});

test("key envelopes are wrapped to the same text as ever, and open", async () => {
  for (const { password, envelope } of own.envelopes) {
    expect(await wrapMasterKey({ sodium, random: countingRandom(), argon2id }, masterKey(), password)).toBe(envelope);
    const key = await unwrapMasterKey({ sodium, random: countingRandom(), argon2id }, envelope, password);
    expect(key.use(toHex)).toBe(own.masterKey);
  }
});

test.runIf(typeof nodeCrypto.argon2Sync === "function")("key envelopes open without libsodium and hash-wasm", () => {
  for (const { password, envelope } of own.envelopes) {
    const { salt, nonce, ciphertext, kdf } = codec.decodeKeyEnvelope(envelope);
    const message = Buffer.from(password.normalize("NFC"));
    const wrapping = nodeCrypto.argon2Sync("argon2id", {
      message,
      nonce: salt,
      memory: kdf.memoryKib,
      passes: kdf.passes,
      parallelism: kdf.lanes,
      tagLength: 32,
    });
    expect(toHex(openElsewhere(wrapping, nonce, ciphertext))).toBe(own.masterKey);
  }
});

test("blobs, whose bytes count from 0 to 250 and again, are sealed to the same bytes as ever", async () => {
  const cipher = createBlobCipher(sodium, masterKey(), countingRandom());
  async function* contentOf(size: number): AsyncGenerator<Uint8Array> {
    yield Uint8Array.from({ length: size }, (_, at) => at % 251);
  }
  for (const { form, size, ...expected } of own.blobs) {
    const parts: Uint8Array[] = [];
    for await (const part of cipher.seal(form, contentOf(size), size)) parts.push(new Uint8Array(part));
    const sealed = Buffer.concat(parts);
    const got =
      "sealed" in expected ? { sealed: toHex(sealed) } : { sealedSha256: nodeCrypto.createHash("sha256").update(sealed).digest("hex") };
    expect({ form, size, ...got }).toEqual({ form, size, ...expected });
  }
});
