import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { platformRandom } from "../client/ports.ts";
import { createPayloadCipher } from "./payload.ts";
import { Secret } from "./secret.ts";
import { loadSodium } from "./sodium.ts";

interface WycheproofCase {
  readonly tcId: number;
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
  readonly result: "valid" | "invalid";
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../schemas/vectors/crypto/${name}`, import.meta.url), "utf8"));
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const sodium = await loadSodium();

const wycheproof = read("wycheproof_xchacha20_poly1305.json") as { numberOfTests: number; testGroups: { tests: WycheproofCase[] }[] };
const cases = wycheproof.testGroups.flatMap((group) => group.tests);

function decrypt({ key, iv, aad, ct, tag }: WycheproofCase): string | null {
  try {
    return toHex(
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        fromHex(ct + tag),
        aad === "" ? null : fromHex(aad),
        fromHex(iv),
        fromHex(key),
      ),
    );
  } catch {
    return null;
  }
}

test("every Wycheproof case of XChaCha20-Poly1305 ends as it should", () => {
  expect(cases.length).toBe(wycheproof.numberOfTests);
  for (const c of cases) expect({ id: c.tcId, opened: decrypt(c) }).toEqual({ id: c.tcId, opened: c.result === "valid" ? c.msg : null });
});

test("every valid Wycheproof case seals to the expected bytes", () => {
  const valid = cases.filter((c) => c.result === "valid");
  expect(valid.length).toBeGreaterThan(200);
  for (const c of valid) {
    const aad = c.aad === "" ? null : fromHex(c.aad);
    expect(toHex(sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(fromHex(c.msg), aad, null, fromHex(c.iv), fromHex(c.key)))).toBe(
      c.ct + c.tag,
    );
  }
});

test("Wycheproof cases that have the payload's form open through the payload cipher", () => {
  const bare = cases.filter((c) => c.aad === "" && c.result === "valid" && isUtf8(Buffer.from(c.msg, "hex")));
  expect(bare.length).toBeGreaterThan(0);
  for (const c of bare) {
    const cipher = createPayloadCipher(sodium, Secret.of(fromHex(c.key)), platformRandom);
    expect(cipher.open(Buffer.from(c.iv + c.ct + c.tag, "hex").toString("base64"))).toBe(Buffer.from(c.msg, "hex").toString("utf8"));
  }
});

test("the case of the XChaCha draft seals to its bytes", () => {
  const vector = (
    read("published.json") as { "xchacha20-poly1305": Record<"key" | "nonce" | "aad" | "plaintext" | "ciphertext" | "tag", string> }
  )["xchacha20-poly1305"];

  const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    fromHex(vector.plaintext),
    fromHex(vector.aad),
    null,
    fromHex(vector.nonce),
    fromHex(vector.key),
  );

  expect(toHex(sealed)).toBe(vector.ciphertext + vector.tag);
});
