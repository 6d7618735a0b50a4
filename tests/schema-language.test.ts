/** The reference page of the schema language: its examples work, and it leaves no key out. */
import { readFileSync } from "node:fs";
import { readModel } from "synckit-gen";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../docs/schema-language.md", import.meta.url), "utf8");
const jsonSchema: unknown = JSON.parse(readFileSync(new URL("../schemas/json/synckit.schema.json", import.meta.url), "utf8"));
const fences = [...page.matchAll(/^```yaml\n(.*?)^```/gmsu)].map((match) => match[1] ?? "");

test.each(fences.map((text, index) => [index + 1, text] as const))("example %i is a schema without a finding", (_number, text) => {
  const read = readModel({ file: "schema.yaml", text });

  expect(read.diagnostics).toEqual([]);
  expect(read.ok).toBe(true);
});

/** Every name below `properties`, at any depth. */
function keysOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...(name === "properties" ? Object.keys(member as object) : []),
    ...keysOf(member),
  ]);
}

test("every key has a row in a table of the page, and an example", () => {
  const keys = [...new Set(keysOf(jsonSchema))];

  expect(keys.length).toBeGreaterThan(30);
  expect(keys.filter((key) => !page.includes(`| \`${key}\` |`))).toEqual([]);
  expect(keys.filter((key) => !fences.some((fence) => new RegExp(`(?:^|[ {])${key}:`, "mu").test(fence)))).toEqual([]);
});
