import { WireError, type WireChange } from "@synckit-gen/schemas/protocol";
import { expect, test } from "vitest";
import { checkChange } from "./check-change.ts";

const change: WireChange = { table: "t", op: "INSERT", rowId: "r", timestamp: "2026-01-02T03:04:05+01:00", data: "AAAA" };

test("a change is kept as sent, with the instant of its timestamp", () => {
  expect(checkChange(change)).toEqual({ ...change, stamp: Date.UTC(2026, 0, 2, 2, 4, 5) * 1000 });
});

test.each([
  { ...change, table: "t".repeat(128) },
  { ...change, rowId: "r".repeat(512) },
  { ...change, data: "A".repeat(1024 * 1024) },
  { ...change, data: null },
  { ...change, rowId: "🦊" },
  { ...change, op: "DELETE" as const },
])("a change at its limit is taken", (value) => {
  expect(checkChange(value).rowId).toBe(value.rowId);
});

test.each<[string, WireChange]>([
  ["table", { ...change, table: "" }],
  ["table", { ...change, table: "t".repeat(129) }],
  ["table", { ...change, table: "a\0b" }],
  ["row_id", { ...change, rowId: "" }],
  ["row_id", { ...change, rowId: "r".repeat(513) }],
  ["row_id", { ...change, rowId: "half \ud83e" }],
  ["data", { ...change, data: "A".repeat(1024 * 1024 + 1) }],
  ["data", { ...change, data: "\udc00" }],
  ["timestamp", { ...change, timestamp: "yesterday" }],
  ["timestamp", { ...change, timestamp: "2026-02-30T00:00:00Z" }],
])("a bad %s is refused by name", (member, value) => {
  expect(() => checkChange(value)).toThrow(WireError);
  expect(() => checkChange(value)).toThrow(new RegExp(`^${member}: `));
});
