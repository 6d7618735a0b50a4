import fc from "fast-check";
import { expect, test } from "vitest";
import { stampToTimestamp, timestampToStamp } from "./time.ts";

/** Years 1684 to 2255: what a safe integer of microseconds spans. */
const stamp = fc.maxSafeInteger();

test("a stamp survives its timestamp", () => {
  fc.assert(fc.property(stamp, (value) => timestampToStamp(stampToTimestamp(value)) === value));
});

test("timestamps sort as their stamps do", () => {
  fc.assert(fc.property(stamp, stamp, (a, b) => a < b === stampToTimestamp(a) < stampToTimestamp(b)));
});

test("a timestamp has six digits and Z", () => {
  expect(stampToTimestamp(0)).toBe("1970-01-01T00:00:00.000000Z");
  expect(stampToTimestamp(1_700_000_000_123_456)).toBe("2023-11-14T22:13:20.123456Z");
  expect(stampToTimestamp(-1)).toBe("1969-12-31T23:59:59.999999Z");
});

test.each([
  ["2024-01-01T00:00:00Z", 1_704_067_200_000_000],
  ["2024-01-01T00:00:00.5Z", 1_704_067_200_500_000],
  ["2024-01-01t00:00:00.123456789z", 1_704_067_200_123_456],
  ["2024-01-01 01:00:00+01:00", 1_704_067_200_000_000],
  ["2023-12-31T22:30:00-01:30", 1_704_067_200_000_000],
  ["2024-02-29T00:00:00Z", 1_709_164_800_000_000],
])("%s is read", (timestamp, expected) => {
  expect(timestampToStamp(timestamp)).toBe(expected);
});

test.each([
  "",
  "2024-01-01",
  "2024-01-01T00:00:00",
  "2024-01-01T00:00Z",
  "2024-13-01T00:00:00Z",
  "2024-02-30T00:00:00Z",
  "2023-02-29T00:00:00Z",
  "2024-01-01T24:00:00Z",
  "2024-01-01T00:61:00Z",
  "2024-01-01T00:00:00+99:00",
  "2024-01-01T00:00:00.Z",
  "1704067200",
  " 2024-01-01T00:00:00Z",
  "2024-01-01T00:00:00Z\n",
])("%j is no timestamp", (timestamp) => {
  expect(timestampToStamp(timestamp)).toBeNull();
});

test("any text is read or refused, never thrown at", () => {
  const almost = fc.stringMatching(/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost), (text) => {
      const read = timestampToStamp(text);
      return read === null || Number.isInteger(read);
    }),
  );
});

test.each([0.5, Number.NaN, Infinity, 2 ** 53])("%d is no stamp", (value) => {
  expect(() => stampToTimestamp(value)).toThrow(RangeError);
});
