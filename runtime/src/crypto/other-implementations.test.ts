// Opens what two other implementations seal, and has them open what is sealed here: sodium-native (libsodium in C) and
// @noble/ciphers (written anew in JavaScript).
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import native from "sodium-native";
import { expect, test } from "vitest";
import { platformRandom } from "../client/ports.ts";
import { CHUNK_BYTES, createBlobCipher, type Bytes } from "./blob.ts";
import { createPayloadCipher } from "./payload.ts";
import { Secret } from "./secret.ts";
import { loadSodium } from "./sodium.ts";

interface Aead {
  readonly encrypt: (key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, context: Uint8Array | null) => Uint8Array;
  readonly decrypt: (key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, context: Uint8Array | null) => Uint8Array;
}

const others: Readonly<Record<string, Aead>> = {
  "sodium-native": {
    encrypt(key, nonce, plain, context) {
      const sealed = Buffer.alloc(plain.length + 16);
      native.crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed,
        buffer(plain),
        context && buffer(context),
        null,
        buffer(nonce),
        buffer(key),
      );
      return sealed;
    },
    decrypt(key, nonce, sealed, context) {
      const plain = Buffer.alloc(sealed.length - 16);
      native.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain,
        null,
        buffer(sealed),
        context && buffer(context),
        buffer(nonce),
        buffer(key),
      );
      return plain;
    },
  },
  "@noble/ciphers": {
    encrypt: (key, nonce, plain, context) => xchacha20poly1305(key, nonce, context ?? undefined).encrypt(plain),
    decrypt: (key, nonce, sealed, context) => xchacha20poly1305(key, nonce, context ?? undefined).decrypt(sealed),
  },
};

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const sodium = await loadSodium();
const KEY = platformRandom.bytes(32);
const NONCE = platformRandom.bytes(24);
const secret = (): Secret => Secret.of(new Uint8Array(KEY));
const TEXTS = ["", "x", '{"title":"Wässer 🌱"}', "0123456789".repeat(10_000)];

async function* once(bytes: Uint8Array): Bytes {
  yield bytes;
}
async function all(bytes: Bytes): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

test.each(Object.entries(others))("payloads go both ways with %s", (_, other) => {
  const cipher = createPayloadCipher(sodium, secret(), platformRandom);
  for (const text of TEXTS) {
    const theirs = Buffer.concat([NONCE, other.encrypt(KEY, NONCE, Buffer.from(text), null)]);
    expect(cipher.open(theirs.toString("base64"))).toBe(text);

    const ours = Buffer.from(cipher.seal(text), "base64");
    expect(Buffer.from(other.decrypt(KEY, ours.subarray(0, 24), ours.subarray(24), null)).toString("utf8")).toBe(text);
  }
});

test.each(Object.entries(others))("whole blobs go both ways with %s", async (_, other) => {
  const cipher = createBlobCipher(sodium, secret(), platformRandom);
  for (const text of TEXTS) {
    const theirs = Buffer.concat([NONCE, other.encrypt(KEY, NONCE, Buffer.from(text), null)]);
    expect((await all(cipher.open(once(theirs)))).toString("utf8")).toBe(text);

    const ours = await all(cipher.seal("whole", once(Buffer.from(text)), Buffer.byteLength(text)));
    expect(Buffer.from(other.decrypt(KEY, ours.subarray(0, 24), ours.subarray(24), null)).toString("utf8")).toBe(text);
  }
});

/** docs/crypto.md, "In chunks", read by somebody else. */
function chunkParts(index: number, isLast: boolean, header: Buffer): { readonly nonce: Buffer; readonly context: Buffer } {
  const place = Buffer.alloc(8);
  place.writeBigUInt64LE(BigInt(index));
  return {
    nonce: Buffer.concat([header.subarray(8), place]),
    context: Buffer.concat([Buffer.from("SKBLOB\0\u0001", "latin1"), place, Buffer.from([isLast ? 1 : 0])]),
  };
}

function chunkKey(): Buffer {
  const key = Buffer.alloc(32);
  native.crypto_kdf_derive_from_key(key, 3, Buffer.from("skblobs1"), buffer(KEY));
  return key;
}

test.each(Object.entries(others))("chunked blobs go both ways with %s", async (_, other) => {
  const cipher = createBlobCipher(sodium, secret(), platformRandom);
  const content = Buffer.from(platformRandom.bytes(2 * CHUNK_BYTES + 5));
  const plain = [content.subarray(0, CHUNK_BYTES), content.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES), content.subarray(2 * CHUNK_BYTES)];

  const header = Buffer.concat([Buffer.from("SKBLOB\0\u0001", "latin1"), platformRandom.bytes(16)]);
  const theirs = plain.map((chunk, index) => {
    const { nonce, context } = chunkParts(index, index === 2, header);
    return other.encrypt(chunkKey(), nonce, chunk, context);
  });
  expect((await all(cipher.open(once(Buffer.concat([header, ...theirs]))))).equals(content)).toBe(true);

  const ours = await all(cipher.seal("chunks", once(content), content.length));
  const opened = [0, 1, 2].map((index) => {
    const { nonce, context } = chunkParts(index, index === 2, ours.subarray(0, 24));
    const start = 24 + index * (CHUNK_BYTES + 16);
    return other.decrypt(chunkKey(), nonce, ours.subarray(start, start + CHUNK_BYTES + 16), context);
  });
  expect(Buffer.concat(opened).equals(content)).toBe(true);
});
