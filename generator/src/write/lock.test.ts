import { expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { EMPTY_HISTORY, formatLock, hashText, isSealed, parseLock } from "./lock.ts";
import type { Lock, LockHistory } from "./lock.ts";

const read = readModel({
  file: "a.yaml",
  text: "synckit: 1\napp: a\ntables:\n  notes:\n    columns: { title: text }\n  tags:\n    columns: { name: text }\n",
});
if (!read.ok) throw new Error("the schema of this test is wrong");
const model = read.value;
const inputs = {
  schemaSha256: hashText("a"),
  options: { importSuffix: ".ts" },
  emitters: ["own.js"],
  version: "1",
  scaffolds: ["commands.ts"],
  warnings: 0,
};
const record = { parents: [], sha256: hashText("sql"), before: null, after: "0123456789abcdef", isDeployed: false };
const history: LockHistory = {
  migrations: [{ name: "0001_init", ...record }],
  bits: new Map([["notes", { bits: { title: 0 }, burned: [1] }]]),
  acceptedEgress: new Map([["notes.title column", "0123456789abcdef"]]),
};
const file = (path: string, text: string) => ({ path, text, ownership: "generated" as const });
const lockText = (with_: { readonly history?: LockHistory; readonly files?: Readonly<Record<string, string>> } = {}): string =>
  formatLock({
    model,
    modelHash: "fedcba9876543210",
    files: Object.entries(with_.files ?? { "a.ts": "a\n" }).map(([path, text]) => file(path, text)),
    inputs,
    history: with_.history ?? history,
  });

function parsed(text: string): Lock {
  const reading = parseLock(text);
  if (!reading.ok) throw new Error(reading.reason);
  return reading.lock;
}

test("a lock reads back as it was written, and is sealed", () => {
  const text = lockText();

  expect(parsed(text)).toEqual({
    files: new Map([["a.ts", hashText("a\n")]]),
    mergedFiles: new Set(),
    isMerged: false,
    history,
    model,
    inputs,
  });
  expect(isSealed(text)).toBe(true);
  expect(isSealed(text.replace("0001", "0002"))).toBe(false);
});

test("each item has a line of its own", () => {
  const lines = lockText().split("\n");

  expect(lines.filter((line) => line.includes('"name":"notes"') && line.includes('"name":"tags"'))).toEqual([]);
  expect(lines.some((line) => line.startsWith('    "0001_init": {'))).toBe(true);
});

test("where version control has kept the lines of both sides, the sides are told apart", () => {
  const ours = lockText({
    files: { "a.ts": "ours\n", "b.ts": "b\n" },
    history: { ...history, migrations: [...history.migrations, { name: "0002_ours", ...record }] },
  });
  const theirs = lockText({
    files: { "a.ts": "theirs\n", "b.ts": "b\n" },
    history: {
      migrations: [{ name: "0001_init", ...record, isDeployed: true }],
      bits: new Map([["notes", { bits: { title: 0, more: 2 }, burned: [] }]]),
      acceptedEgress: new Map([["tags.name column", "0123456789abcdef"]]),
    },
  });
  // The worst that a union can be: one after the other, cut in the middle of lists.
  const union = `${ours.slice(0, ours.lastIndexOf("  },"))}${theirs.slice(theirs.indexOf("\n") + 1)}`;

  const lock = parsed(union);

  expect(lock.isMerged).toBe(true);
  expect(lock.model).toBeUndefined();
  expect(lock.inputs).toEqual(inputs);
  expect([...(lock.mergedFiles ?? [])]).toEqual(["a.ts"]);
  expect(lock.history?.migrations.map(({ name, isDeployed }) => [name, isDeployed])).toEqual([
    ["0001_init", true],
    ["0002_ours", false],
  ]);
  expect(lock.history?.bits.get("notes")).toEqual({ bits: { title: 0, more: 2 }, burned: [1] });
  expect([...(lock.history?.acceptedEgress.keys() ?? [])].toSorted()).toEqual(["notes.title column", "tags.name column"]);
});

test("a lock that another tool has laid out anew loses nothing", () => {
  const text = `${JSON.stringify(JSON.parse(lockText()), null, 2)}\n`;

  expect(parsed(text)).toMatchObject({ isMerged: true, history, inputs });
});

test("one that was laid out anew and then merged is refused, since migrations could be missed", () => {
  const text = `${JSON.stringify(JSON.parse(lockText()), null, 2)}\n`;

  expect(parseLock(`${text}${text}`)).toEqual({ ok: false, reason: "it is not JSON" });
});

test("a lock of a version that kept no list of migrations is read", () => {
  const text = JSON.stringify({ lockVersion: 1, files: {}, model, modelHash: "x" });

  expect(parsed(text)).toMatchObject({ isMerged: false, history: EMPTY_HISTORY, model });
});

test.each([
  ["an unresolved merge", "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "it holds an unresolved merge"],
  ["half a file", lockText().slice(0, 40), "it is not JSON"],
  ["another file", "{}", "it is not a lock file of synckit-gen"],
  ["a newer version", '{ "lockVersion": 99, "files": {} }', "a newer synckit-gen wrote it"],
  [
    "a list of migrations that cannot be",
    '{ "lockVersion": 1, "files": {}, "migrations": { "../x": {} } }',
    "its list of migrations is damaged",
  ],
])("%s is refused with the reason", (_what, text, reason) => {
  expect(parseLock(text)).toEqual({ ok: false, reason });
});
