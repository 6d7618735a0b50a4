import * as nodeCrypto from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { argon2idInline, type Argon2idRequest } from "./argon2id-inline.ts";
import { argon2id, argon2idIn } from "./argon2id.ts";

interface Argon2Case {
  readonly source: string;
  readonly password: string;
  readonly salt: string;
  readonly secret?: string;
  readonly associatedData?: string;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly tag: string;
}

const published = JSON.parse(readFileSync(new URL("../../../schemas/vectors/crypto/published.json", import.meta.url), "utf8")) as {
  argon2id: Argon2Case[];
};
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Node's own Argon2id (OpenSSL), from Node 24.7. */
const nodeArgon2id = (c: Argon2Case): string =>
  nodeCrypto
    .argon2Sync("argon2id", {
      message: fromHex(c.password),
      nonce: fromHex(c.salt),
      ...(c.secret === undefined ? {} : { secret: fromHex(c.secret) }),
      ...(c.associatedData === undefined ? {} : { associatedData: fromHex(c.associatedData) }),
      memory: c.memoryKib,
      passes: c.passes,
      parallelism: c.lanes,
      tagLength: 32,
    })
    .toString("hex");

const hasNodeArgon2 = typeof nodeCrypto.argon2Sync === "function";
const requestOf = (c: Argon2Case): Argon2idRequest => ({
  password: fromHex(c.password),
  salt: fromHex(c.salt),
  memoryKib: c.memoryKib,
  passes: c.passes,
  lanes: c.lanes,
  length: 32,
});

for (const vector of published.argon2id) {
  const name = `${vector.source}, ${vector.memoryKib} KiB`;

  test.runIf(hasNodeArgon2)(`the implementation we compare with gives the published tag: ${name}`, () => {
    expect(nodeArgon2id(vector)).toBe(vector.tag);
  });

  // hash-wasm takes no associated data, and the envelope has none.
  if (vector.associatedData !== undefined) continue;
  test(`the worker gives the published tag: ${name}`, async () => {
    expect(toHex(await argon2id(requestOf(vector)))).toBe(vector.tag);
  });
}

test.runIf(hasNodeArgon2)("any password and 32-byte salt give what Node's own implementation gives", async () => {
  const bytes = (length: { minLength: number; maxLength: number }): fc.Arbitrary<string> => fc.uint8Array(length).map(toHex);
  const any = fc.record({
    password: bytes({ minLength: 1, maxLength: 80 }),
    salt: bytes({ minLength: 32, maxLength: 32 }),
    memoryKib: fc.integer({ min: 8, max: 256 }),
    passes: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(any, async (parameters) => {
      const c = { ...parameters, source: "", lanes: 1, tag: "" };
      expect(toHex(await argon2idInline(requestOf(c)))).toBe(nodeArgon2id(c));
    }),
    { numRuns: 60 },
  );
});

test("the event loop turns while the worker computes", async () => {
  let turns = 0;
  let computing = true;
  const turn = (): void => {
    turns++;
    if (computing) setImmediate(turn);
  };
  setImmediate(turn);

  await argon2id({ password: Buffer.from("pw"), salt: new Uint8Array(32), memoryKib: 65_536, passes: 3, lanes: 1, length: 32 });
  computing = false;

  expect(turns).toBeGreaterThan(100); // in this thread it would turn once or twice
});

test("the caller keeps its password, for a second form of it", async () => {
  const password = new Uint8Array(Buffer.from("pw"));

  await argon2id({ password, salt: new Uint8Array(32), memoryKib: 8, passes: 1, lanes: 1, length: 32 });

  expect(Buffer.from(password).toString()).toBe("pw");
});

test("parameters that Argon2id does not take are refused by the worker, not swallowed", async () => {
  await expect(
    argon2id({ password: Buffer.from("pw"), salt: new Uint8Array(1), memoryKib: 8, passes: 1, lanes: 1, length: 32 }),
  ).rejects.toThrow("argon2id:");
});

test("where the worker's file is missing, the result is computed all the same", async () => {
  const request = { password: Buffer.from("pw"), salt: new Uint8Array(32), memoryKib: 8, passes: 1, lanes: 1, length: 32 };

  const found = await argon2idIn(new URL("./no-such-worker.js", import.meta.url))(request);

  expect(toHex(found)).toBe(toHex(await argon2id(request)));
});
