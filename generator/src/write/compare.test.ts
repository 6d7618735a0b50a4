import { expect, test } from "vitest";
import { compare } from "./compare.ts";
import { hashText, parseLock } from "./lock.ts";

const generated = { path: "a.ts", text: "new\n", ownership: "generated" } as const;
const scaffold = { path: "mine.ts", text: "new\n", ownership: "scaffold" } as const;
const lockOf = (files: Readonly<Record<string, string>>) => ({
  files: new Map(Object.entries(files).map(([path, text]) => [path, hashText(text)])),
});

test.each([
  ["missing", generated, {}, {}],
  ["current", generated, { "a.ts": "new\n" }, {}],
  ["stale", generated, { "a.ts": "old\n" }, { "a.ts": "old\n" }],
  ["edited", generated, { "a.ts": "mine\n" }, { "a.ts": "old\n" }],
  ["edited", generated, { "a.ts": "foreign\n" }, {}],
  ["missing", scaffold, {}, {}],
  ["current", scaffold, { "mine.ts": "edited\n" }, {}],
])("a wanted file is %s", (state, wanted, found, lock) => {
  expect(compare([wanted], new Map(Object.entries(found)), lockOf(lock))).toEqual([{ path: wanted.path, state }]);
});

test.each([
  ["orphaned", { "old.ts": "old\n" }],
  ["edited-orphan", { "old.ts": "mine\n" }],
])("a file that is no longer wanted is %s", (state, found) => {
  expect(compare([], new Map(Object.entries(found)), lockOf({ "old.ts": "old\n" }))).toEqual([{ path: "old.ts", state }]);
});

test("a file that is neither wanted nor in the lock is none of ours", () => {
  expect(compare([], new Map([["theirs.ts", "x"]]), lockOf({}))).toEqual([]);
});

test.each(["../a.ts", "/a.ts", "a/../../b.ts", "C:/a.ts", "a\\b.ts", "", "a//b", "./a"])("a lock that names %j is refused", (path) => {
  expect(parseLock(JSON.stringify({ lockVersion: 1, files: { [path]: "00" } })).ok).toBe(false);
});
