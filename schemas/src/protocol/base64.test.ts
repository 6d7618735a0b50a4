import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { base64ToBytes, bytesToBase64 } from "./base64.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

afterEach(() => vi.unstubAllGlobals());

/** Runs as a browser without `Buffer` would. */
function withoutBuffer<T>(action: () => T): T {
  vi.stubGlobal("Buffer", undefined);
  try {
    return action();
  } finally {
    vi.unstubAllGlobals();
  }
}

describe.each([
  ["with Buffer", <T>(action: () => T): T => action()],
  ["without Buffer", withoutBuffer],
])("%s", (_, run) => {
  test.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("%j is %j", (text, encoded) => {
    const plain = new TextEncoder().encode(text);
    expect(run(() => bytesToBase64(plain))).toBe(encoded);
    expect(run(() => base64ToBytes(encoded))).toEqual(plain);
  });

  test("bytes survive, in the standard alphabet with padding", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const encoded = run(() => bytesToBase64(value));
        expect(encoded).toMatch(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
        expect(run(() => base64ToBytes(encoded))).toEqual(value);
      }),
    );
  });

  test("the URL alphabet and missing padding are read", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const url = bytesToBase64(value).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
        expect(run(() => base64ToBytes(url))).toEqual(value);
      }),
    );
  });

  test.each(["A", "AAAAA", "A=A=", "AA A", "AA\n", "ä", "AA*="])("%j is not base64", (text) => {
    expect(run(() => base64ToBytes(text))).toBeNull();
  });
});

test("both ways of writing agree past the size at which arguments are cut", () => {
  const large = Uint8Array.from({ length: 0x8000 * 2 + 1 }, (_, i) => (i * 31) & 0xff);

  expect(withoutBuffer(() => bytesToBase64(large))).toBe(bytesToBase64(large));
});

test("a view into a larger buffer is encoded alone", () => {
  expect(bytesToBase64(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe("AgM=");
});
