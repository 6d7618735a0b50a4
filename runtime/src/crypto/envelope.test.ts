import { codec } from "@synckit-gen/schemas/protocol";
import { expect, test } from "vitest";
import { SyncError, type SyncErrorCode } from "../client/errors.ts";
import { platformRandom } from "../client/ports.ts";
import { argon2idInline, type Argon2id } from "./argon2id-inline.ts";
import { createMasterKey, unwrapMasterKey, wrapMasterKey, type EnvelopeTools } from "./envelope.ts";
import { Secret } from "./secret.ts";
import { loadSodium } from "./sodium.ts";

const sodium = await loadSodium();
/** The same derivation at a cost that lets a test run it often. */
const cheapArgon2id: Argon2id = (request) => argon2idInline({ ...request, memoryKib: 8, passes: 1 });
const tools: EnvelopeTools = { sodium, random: platformRandom, argon2id: cheapArgon2id };
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

async function codeOf(work: Promise<unknown>): Promise<SyncErrorCode | "opened"> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SyncError) return error.code;
    throw error;
  }
  return "opened";
}

/** An envelope whose password was hashed in exactly this form, as a client without normalisation makes it. */
async function wrapUnnormalised(masterKey: Secret, password: string): Promise<string> {
  const salt = platformRandom.bytes(32);
  const nonce = platformRandom.bytes(24);
  const kdf = { memoryKib: 65_536, passes: 3, lanes: 1 };
  const wrapping = await cheapArgon2id({ password: new TextEncoder().encode(password), salt, ...kdf, length: 32 });
  const ciphertext = masterKey.use((key) => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(key, null, null, nonce, wrapping));
  return codec.encodeKeyEnvelope({ version: 1, salt, nonce, ciphertext, kdf });
}

function withMember(envelope: string, members: Record<string, unknown>): string {
  return JSON.stringify({ ...(JSON.parse(envelope) as object), ...members });
}

test("a wrapped key comes back under its password, composed or decomposed", async () => {
  const masterKey = createMasterKey(platformRandom);
  const envelope = await wrapMasterKey(tools, masterKey, "pa\u0308sswo\u0308rd");

  const key = await unwrapMasterKey(tools, envelope, "p\u00e4ssw\u00f6rd");

  expect(key.use(toHex)).toBe(masterKey.use(toHex));
});

test("an envelope made from the compatibility form or from the raw text opens too", async () => {
  const masterKey = createMasterKey(platformRandom);
  const typed = "ﬁne pa\u0308ss"; // a ligature and a decomposed letter: three different forms

  for (const form of [typed.normalize("NFC"), typed.normalize("NFKC"), typed]) {
    const key = await unwrapMasterKey(tools, await wrapUnnormalised(masterKey, form), typed);
    expect(key.use(toHex)).toBe(masterKey.use(toHex));
  }
});

test("a password of one form only is hashed once", async () => {
  let derivations = 0;
  const counting: EnvelopeTools = { ...tools, argon2id: (request) => (derivations++, cheapArgon2id(request)) };
  const envelope = await wrapMasterKey(tools, createMasterKey(platformRandom), "plain");

  await codeOf(unwrapMasterKey(counting, envelope, "wrong"));

  expect(derivations).toBe(1);
});

test("each wrapping has a salt and a nonce of its own", async () => {
  const masterKey = createMasterKey(platformRandom);

  const [a, b] = [await wrapMasterKey(tools, masterKey, "pw"), await wrapMasterKey(tools, masterKey, "pw")].map(codec.decodeKeyEnvelope);

  expect(toHex(a?.salt ?? new Uint8Array())).not.toBe(toHex(b?.salt ?? new Uint8Array()));
  expect(toHex(a?.nonce ?? new Uint8Array())).not.toBe(toHex(b?.nonce ?? new Uint8Array()));
});

test("a new envelope names the full cost", async () => {
  const envelope = await wrapMasterKey(tools, createMasterKey(platformRandom), "pw");

  expect(codec.decodeKeyEnvelope(envelope).kdf).toEqual({ memoryKib: 65_536, passes: 3, lanes: 1 });
});

test("a wrong password, a damaged envelope and an unknown form are told apart", async () => {
  const envelope = await wrapMasterKey(tools, createMasterKey(platformRandom), "right");
  const open = (text: string, password = "right"): Promise<SyncErrorCode | "opened"> => codeOf(unwrapMasterKey(tools, text, password));

  expect(await open(envelope)).toBe("opened");
  expect(await open(envelope, "wrong")).toBe("key/wrong-password");
  expect(await open(envelope, "")).toBe("key/empty-password");
  expect(await open(envelope.slice(0, -2))).toBe("key/damaged-envelope");
  expect(await open("")).toBe("key/damaged-envelope");
  expect(await open("null")).toBe("key/damaged-envelope");
  expect(await open(withMember(envelope, { version: undefined }))).toBe("key/damaged-envelope");
  expect(await open(withMember(envelope, { salt: "AAAA" }))).toBe("key/damaged-envelope");
  expect(await open(withMember(envelope, { ciphertext: "%%%%" }))).toBe("key/damaged-envelope");
  expect(await open(withMember(envelope, { kdf: { alg: "argon2id", m: 1, t: 1, p: 1 } }))).toBe("key/damaged-envelope");
  expect(await open(withMember(envelope, { version: 2 }))).toBe("key/unknown-version");
  expect(await open(withMember(envelope, { kdf: { alg: "scrypt" } }))).toBe("key/unknown-version");
});

test("an envelope that asks for gigabytes is refused before anything is computed", async () => {
  let derivations = 0;
  const counting: EnvelopeTools = { ...tools, argon2id: (request) => (derivations++, cheapArgon2id(request)) };
  const envelope = withMember(await wrapMasterKey(tools, createMasterKey(platformRandom), "pw"), {
    kdf: { alg: "argon2id", m: 16 * 1024 * 1024, t: 3, p: 1 },
  });

  expect(await codeOf(unwrapMasterKey(counting, envelope, "pw"))).toBe("key/unknown-version");
  expect(derivations).toBe(0);
});

test("an empty password wraps nothing", async () => {
  expect(await codeOf(wrapMasterKey(tools, createMasterKey(platformRandom), ""))).toBe("key/empty-password");
});

test("the wrapping key is zeroed after use, whether the password was right or not", async () => {
  const derived: Uint8Array[] = [];
  const watching: EnvelopeTools = {
    ...tools,
    argon2id: async (request) => {
      const key = await cheapArgon2id(request);
      derived.push(key);
      return key;
    },
  };
  const envelope = await wrapMasterKey(watching, createMasterKey(platformRandom), "right");
  await unwrapMasterKey(watching, envelope, "right");
  await codeOf(unwrapMasterKey(watching, envelope, "wrong"));

  expect(derived.length).toBe(3);
  expect(derived.every((key) => key.every((byte) => byte === 0))).toBe(true);
});
