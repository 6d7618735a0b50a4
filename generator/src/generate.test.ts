import { readFileSync } from "node:fs";
import { limits } from "@synckit-gen/schemas/protocol";
import { emitters } from "@synckit-gen/templates";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generate, readModel } from "./generate.ts";
import { VERSION } from "./version.ts";

const read = (text: string) => {
  const model = readModel({ file: "schema.yaml", text });
  if (!model.ok) throw new Error(model.diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  return model.value;
};
const app = (name: string): string => readFileSync(new URL(`../../schemas/apps/${name}.yaml`, import.meta.url), "utf8");
const APPS = ["goingson", "balanced-breakfast", "audiofiles"];

test("the version is that of the package", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

  expect(manifest).toHaveProperty("version", VERSION);
});

describe("the model", () => {
  test("gives each synced column besides the identity a bit, in the order of the file", () => {
    const [table] = read(
      "synckit: 1\napp: a\ntables: { t: { key: [b, a], key_kind: natural, columns: { z: text, a: integer, y: text }, local: [x] } }",
    ).tables;

    expect(table?.columns.map((column) => [column.name, column.kind === "synced" ? column.bit : "local"])).toEqual([
      ["b", null],
      ["a", null],
      ["z", 0],
      ["y", 1],
      ["x", "local"],
    ]);
  });

  test("holds the defaults of everything that is not said", () => {
    expect(read("synckit: 1\napp: a\ntables: { t: { columns: { c: text } } }")).toEqual({
      irVersion: 1,
      app: "a",
      compat: "full",
      create: false,
      changelog: { retainDays: limits.DEFAULT_RETAIN_DAYS, maxEntries: null, maxAwayDays: 180 },
      tables: [
        {
          name: "t",
          code: { type: "T", value: "t" },
          identity: { kind: "uuid", columns: ["id"] },
          key: ["id"],
          rowIds: "plain",
          conflicts: "column",
          apply: "upsert",
          deletes: "apply",
          capture: "payload",
          columns: [
            { kind: "synced", name: "id", type: "uuid", nullable: false, default: null, bit: null },
            { kind: "synced", name: "c", type: "text", nullable: false, default: null, bit: 0 },
          ],
          references: [],
          unique: [],
          blob: null,
          component: 0,
        },
      ],
      unsyncedParents: [],
    });
  });

  test("keeps the key of a matched table on its device", () => {
    const [table] = read("synckit: 1\napp: a\ntables: { t: { match: url, apply: update, columns: { seen: boolean } } }").tables;

    expect(table?.identity).toEqual({ kind: "natural", columns: ["url"] });
    expect(table?.key).toEqual(["id"]);
    expect(table?.columns.map(({ name, kind, nullable }) => [name, kind, nullable])).toEqual([
      ["url", "synced", false],
      ["seen", "synced", false],
      ["id", "local", true],
    ]);
  });

  test("is frozen for the emitters", () => {
    const generated = generate({ file: "s.yaml", text: app("goingson") }, []);

    expect(generated.ok && Object.isFrozen(generated.value.model.tables[0]?.columns[0])).toBe(true);
  });
});

describe("the seed's apps", () => {
  test.each([
    ["goingson", 13],
    ["balanced-breakfast", 5],
    ["audiofiles", 9],
  ])("%s has %i tables and no finding", (name, tables) => {
    const model = readModel({ file: name, text: app(name) });

    expect(model.diagnostics).toEqual([]);
    expect(model.ok && model.value.tables.length).toBe(tables);
  });

  test("GoingsOn syncs sixteen columns of an e-mail account and none of its credentials", () => {
    const accounts = read(app("goingson")).tables.find(({ name }) => name === "email_accounts");
    const named = (kind: string) => accounts?.columns.filter((column) => column.kind === kind).map(({ name }) => name) ?? [];

    expect(named("synced").filter((name) => name !== "id")).toHaveLength(16);
    expect(named("local")).toEqual(["password", "oauth_token", "oauth_refresh_token", "oauth_expires_at"]);
  });
});

describe("a broken schema", () => {
  const schemas = APPS.map(app);
  const run = (text: string) => generate({ file: "s.yaml", text }, emitters);

  test("never throws, whatever characters are put in, taken out or swapped", () => {
    const edit = fc.record({
      at: fc.nat(10_000),
      remove: fc.nat(12),
      insert: fc.oneof(
        fc.constantFrom(..."{}[]:,?&*!|>'\"#-\n\t \u0000\ud800", "<<: ", "null", "id", "  "),
        fc.string({ unit: "binary", maxLength: 3 }),
      ),
    });
    fc.assert(
      fc.property(fc.constantFrom(...schemas), fc.array(edit, { minLength: 1, maxLength: 4 }), (schema, edits) => {
        const text = edits.reduce(
          (now, { at, remove, insert }) => now.slice(0, at % now.length) + insert + now.slice((at % now.length) + remove),
          schema,
        );

        const generated = run(text);

        expect(generated.ok || generated.diagnostics.some(({ severity }) => severity === "error")).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test("never throws, whatever words change places", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...schemas),
        fc.array(fc.tuple(fc.nat(5000), fc.nat(5000)), { minLength: 1, maxLength: 5 }),
        (schema, swaps) => {
          const words = schema.split(/(\b)/u);
          for (const [a, b] of swaps) {
            const [from, to] = [a % words.length, b % words.length];
            [words[from], words[to]] = [words[to] ?? "", words[from] ?? ""];
          }

          const generated = run(words.join(""));

          expect(generated.ok || generated.diagnostics.length > 0).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});
