import fc from "fast-check";
import { expect, test } from "vitest";
import { DecryptionError } from "../client/errors.ts";
import { platformRandom } from "../client/ports.ts";
import { createPayloadCipher, type PayloadCipher } from "./payload.ts";
import { Secret } from "./secret.ts";
import { loadSodium } from "./sodium.ts";

const sodium = await loadSodium();
const newKey = (): Uint8Array => platformRandom.bytes(32);
const cipherOf = (key: Uint8Array): PayloadCipher => createPayloadCipher(sodium, Secret.of(key.slice()), platformRandom);
const cipher = cipherOf(newKey());
const anyText = fc.string({ unit: "binary", maxLength: 400 });

function failureOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DecryptionError) return error.reason;
    throw error;
  }
  return "opened";
}

test("whatever text is sealed comes out again, byte order marks and astral characters included", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(cipher.open(cipher.seal(text))).toBe(text);
    }),
    { examples: [[""], ["\ufeff{}"], ["\u0000"], ["🌱".repeat(1000)]] },
  );
});

test("a sealed payload is 40 bytes longer than its text, in padded standard base64", () => {
  const sealed = cipher.seal("12345");

  expect(sealed).toMatch(/^[A-Za-z0-9+/]{60}$/);
  expect(Buffer.from(sealed, "base64").length).toBe(45);
});

test("one flipped bit anywhere is refused", () => {
  fc.assert(
    fc.property(anyText, fc.nat(), (text, position) => {
      const bytes = Buffer.from(cipher.seal(text), "base64");
      const bit = position % (bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));

      expect(failureOf(() => cipher.open(bytes.toString("base64")))).toBe("decryption");
    }),
    { numRuns: 500 },
  );
});

test("a payload that is cut at any byte is refused", () => {
  const bytes = Buffer.from(cipher.seal('{"id":"a1"}'), "base64");

  for (let length = 0; length < bytes.length; length++) {
    expect(failureOf(() => cipher.open(bytes.subarray(0, length).toString("base64")))).toBe("decryption");
  }
});

test("another key does not open it", () => {
  expect(failureOf(() => cipherOf(newKey()).open(cipher.seal("{}")))).toBe("decryption");
});

test("text that is not base64 is told apart from a failed decryption", () => {
  expect(failureOf(() => cipher.open("not base64!"))).toBe("not-base64");
});

test("the URL alphabet and missing padding are read too", () => {
  const urlForm = cipher.seal("any text ??>>").replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

  expect(cipher.open(urlForm)).toBe("any text ??>>");
});

test("sealed bytes that are not UTF-8 are refused, not repaired", () => {
  const key = newKey();
  const nonce = platformRandom.bytes(24);
  const body = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(Uint8Array.of(0x7b, 0xff, 0x7d), null, null, nonce, key);

  expect(failureOf(() => cipherOf(key).open(Buffer.concat([nonce, body]).toString("base64")))).toBe("decryption");
});

test("half a surrogate pair is refused when sealing: UTF-8 would silently replace it", () => {
  expect(() => cipher.seal("\ud800")).toThrow(TypeError);
});

test("two seals of one text have nothing in common", () => {
  const [a, b] = [Buffer.from(cipher.seal("same"), "base64"), Buffer.from(cipher.seal("same"), "base64")];

  expect(a.subarray(0, 24).equals(b.subarray(0, 24))).toBe(false);
  expect(a.subarray(24).equals(b.subarray(24))).toBe(false);
});

test("a row hash is the same for the same key only, and keeps the boundary between table and row id", () => {
  const key = newKey();

  expect(cipherOf(key).rowHash("tags", "a1")).toBe(cipherOf(key).rowHash("tags", "a1"));
  expect(cipherOf(newKey()).rowHash("tags", "a1")).not.toBe(cipherOf(key).rowHash("tags", "a1"));
  expect(cipherOf(key).rowHash("ta", "gsa1")).not.toBe(cipherOf(key).rowHash("tags", "a1"));
});

test("destroying the cipher zeroes the master key, and nothing works afterwards", () => {
  const bytes = newKey();
  const short = createPayloadCipher(sodium, Secret.of(bytes), platformRandom);
  const sealed = short.seal("{}");

  short.destroy();

  expect(bytes.every((byte) => byte === 0)).toBe(true);
  expect(() => short.seal("{}")).toThrow("used after destroy()");
  expect(() => short.open(sealed)).toThrow("used after destroy()");
  expect(() => short.rowHash("t", "a")).toThrow("used after destroy()");
});

test("the message of a refusal says nothing about the payload", () => {
  const sealed = cipher.seal("hunter2");

  expect(String(new DecryptionError("decryption"))).not.toMatch(/hunter2/);
  expect(() => cipherOf(newKey()).open(sealed)).toThrow("An entry cannot be decrypted with this key. (wrong key or altered)");
});
