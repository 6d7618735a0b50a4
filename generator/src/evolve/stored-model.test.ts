import { readFileSync } from "node:fs";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { describe, expect, test } from "vitest";
import { modelOf, tableOf } from "../../../tests/support/models.ts";
import { readModel } from "../generate.ts";
import { readEarlierModel } from "./earlier-model.ts";
import { readStoredModel } from "./stored-model.ts";

const model = modelOf([tableOf("notes", { columns: { title: "text" }, local: { draft: {} } })]);

test.each(["goingson", "balanced-breakfast", "audiofiles"])("the model of %s is read back as it was", (app) => {
  const text = readFileSync(new URL(`../../../schemas/apps/${app}.yaml`, import.meta.url), "utf8");
  const read = readModel({ file: "schema.yaml", text });
  if (!read.ok) throw new Error("the app's schema has errors");

  expect(readStoredModel(JSON.parse(JSON.stringify(read.value)))).toEqual(read.value);
});

test("every member is missed where it is not there, or has a value that it cannot have", () => {
  const damaged = (path: readonly (string | number)[], value: unknown): unknown => {
    const copy = structuredClone(model) as unknown as Record<string, unknown>;
    const owner = path.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, copy);
    const last = path.at(-1) ?? "";
    if (value === undefined) delete owner[last];
    else owner[last] = value;
    return copy;
  };
  const paths = (value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] =>
    typeof value !== "object" || value === null
      ? [path]
      : [
          ...(path.length === 0 ? [] : [path]),
          ...Object.entries(value).flatMap(([name, member]) => paths(member, [...path, Array.isArray(value) ? Number(name) : name])),
        ];
  const named = paths(model).filter((path) => typeof path.at(-1) === "string");

  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((path) => readStoredModel(damaged(path, undefined)) !== null)).toEqual([]);
  expect(named.filter((path) => readStoredModel(damaged(path, { no: "such value" })) !== null)).toEqual([]);
});

describe("an earlier version", () => {
  const read = (text: string, isJson = true): SyncModel | readonly string[] => {
    const found = readEarlierModel({ name: "old", isJson, text });
    return found.ok ? found.value : found.diagnostics.map(({ code, message }) => `${code} ${message}`);
  };

  test("is a lock, a model or a schema", () => {
    expect(read(JSON.stringify({ lockVersion: 1, model }))).toEqual(model);
    expect(read(JSON.stringify(model))).toEqual(model);
    expect(read("synckit: 1\napp: test\ntables: { notes: { columns: { title: text } } }\n", false)).toMatchObject({ app: "test" });
  });

  test.each([
    ["<<<<<<< ours\n", "it holds an unresolved merge"],
    ["{", "it is not JSON"],
    ["[]", "it holds no model that this synckit-gen knows"],
    [JSON.stringify({ model: { ...model, irVersion: 99 } }), "it holds no model that this synckit-gen knows"],
  ])("%s: %s", (text, reason) => {
    expect(read(text)).toEqual([`against/unreadable "old" cannot be compared with: ${reason}.`]);
  });

  test("with errors is refused, and its errors are listed", () => {
    const found = readEarlierModel({
      name: "main:schema.yaml",
      isJson: false,
      text: "synckit: 1\napp: test\ntables: { notes: { columns: { a: txt } } }\n",
    });

    expect(found.diagnostics.map(({ code, at }) => [code, at.file, at.line])).toEqual([
      ["against/broken-schema", "main:schema.yaml", 0],
      ["column/unknown-type", "main:schema.yaml", 3],
    ]);
  });
});
