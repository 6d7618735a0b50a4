import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical.ts";

test("members are sorted by code unit at every depth, and nothing stands between them", () => {
  expect(canonicalJson({ b: [{ z: 1, a: null }], a: "é\n", B: { "10": true, "9": false }, gone: undefined })).toBe(
    String.raw`{"B":{"10":true,"9":false},"a":"é\n","b":[{"a":null,"z":1}]}`,
  );
});

test("it is JSON of the same value, whatever the order of members", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
