import { expect, test } from "vitest";
import { readYaml } from "./yaml-reader.ts";

const read = (text: string) => readYaml({ file: "a.yaml", text });

test("every key and value knows its line and column", () => {
  const { root } = read("app: demo\ntables:\n  notes: { key: 'id' }\n");

  const tables = root?.kind === "map" ? root.entries[1]?.value : undefined;
  const notes = tables?.kind === "map" ? tables.entries[0] : undefined;
  const key = notes?.value.kind === "map" ? notes.value.entries[0] : undefined;
  expect(notes?.key).toEqual({ text: "notes", at: { file: "a.yaml", line: 3, column: 3, endLine: 3, endColumn: 8 } });
  expect(key?.value.at).toEqual({ file: "a.yaml", line: 3, column: 17, endLine: 3, endColumn: 21 });
});

test("columns count UTF-16 units and are right behind CRLF, tabs and a byte order mark", () => {
  const { root } = read("\u{feff}# 名前 😀\r\n'😀':\ttext\r\n");

  expect(root?.kind === "map" && root.entries[0]?.key.at).toMatchObject({ line: 2, column: 1, endColumn: 5 });
  expect(root?.kind === "map" && root.entries[0]?.value.at).toMatchObject({ line: 2, column: 7, endColumn: 11 });
});

test("a key is taken as it is written, whatever YAML thinks it is", () => {
  const { root } = read("null: a\ntrue: b\n0x10: c\n1e3: d\n");

  expect(root?.kind === "map" && root.entries.map(({ key }) => key.text)).toEqual(["null", "true", "0x10", "1e3"]);
});

test("an alias gives the anchored value, at the place of the alias", () => {
  const { root } = read("a: &x { b: 1 }\nc: *x\n");

  expect(root?.kind === "map" && root.entries[1]?.value).toMatchObject({ kind: "map", at: { line: 2, column: 4 } });
});

test("the first of two equal keys is kept, and the second is reported with both places", () => {
  const { root, diagnostics } = read("a: 1\na: 2\n");

  expect(root?.kind === "map" && root.entries.map(({ value }) => value.kind === "scalar" && value.value)).toEqual([1]);
  expect(diagnostics).toMatchObject([{ code: "yaml/duplicate-key", at: { line: 2 }, related: [{ at: { line: 1 } }] }]);
});

test("aliases that stand for billions of values are refused, not expanded", () => {
  const levels = Array.from({ length: 12 }, (_, index) => `l${index + 1}: &l${index + 1} [${Array(10).fill(`*l${index}`).join(", ")}]`);

  const { root, diagnostics } = read(`l0: &l0 [1]\n${levels.join("\n")}\n`);

  expect(root).toBeNull();
  expect(diagnostics.map(({ code }) => code)).toEqual(["yaml/syntax"]);
});

test("an unresolved merge is said once, where it begins", () => {
  const { diagnostics } = read("a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n");

  expect(diagnostics).toMatchObject([{ code: "yaml/syntax", at: { line: 2, column: 1 } }]);
  expect(diagnostics[0]?.message).toContain("unresolved merge");
});

test.each([
  ["unclosed", "a: [1"],
  ["a tab as indentation", "\ta: 1"],
  ["an unknown tag", "a: !mine 1"],
  ["an alias inside its own value", "a: &x [*x]"],
  ["nested far too deeply", `a: ${"[".repeat(50_000)}`],
])("%s is a syntax error with a place", (_what, text) => {
  const { root, diagnostics } = read(text);

  expect(root).toBeNull();
  expect(diagnostics[0]).toMatchObject({ code: "yaml/syntax", at: { file: "a.yaml" } });
  expect(diagnostics[0]?.at.line).toBeGreaterThan(0);
});
