import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { languageJsonSchema } from "./language.ts";

const committed = fileURLToPath(new URL("../../../schemas/json/synckit.schema.json", import.meta.url));

/** A part of the JSON Schema, by the names on the way to it. */
function part(...names: readonly string[]): unknown {
  let at: unknown = languageJsonSchema;
  for (const name of names) at = Object.entries(at ?? {}).find(([key]) => key === name)?.[1];
  return at;
}

test("the JSON Schema for editors is the one that the parser's shapes describe", () => {
  const text = `${JSON.stringify(languageJsonSchema, null, 2)}\n`;
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(committed, text);

  expect(readFileSync(committed, "utf8")).toBe(text);
});

test("editors hear of unknown keys, of required keys, and let keys of the author's own pass", () => {
  expect(part("required")).toEqual(["synckit", "app", "tables"]);
  expect(part("additionalProperties")).toBe(false);
  expect(part("patternProperties")).toEqual({ "^x-": true });
});

test("names of tables are free, keys inside of a table are not", () => {
  const table = part("properties", "tables", "additionalProperties");

  expect(Object.keys(table ?? {})).toContain("properties");
  expect(part("properties", "tables", "additionalProperties", "additionalProperties")).toBe(false);
});

test("every key says what it means", () => {
  const undescribed: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (name === "properties") {
        for (const [key, described] of Object.entries(member as object)) {
          if (typeof described !== "object" || described === null || !("description" in described)) undescribed.push(`${path}/${key}`);
        }
      }
      visit(member, `${path}/${name}`);
    }
  };

  visit(languageJsonSchema, "");

  expect(undescribed).toEqual([]);
});
