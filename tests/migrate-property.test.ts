/**
 * Any schema, any edit of it: the migration between the two turns a database full of random rows into what the later schema
 * makes at once.
 */
import { readMigration } from "@synckit-gen/templates";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stepsBetween } from "../generator/src/evolve/model-steps.ts";
import { verifyPair } from "../generator/src/evolve/verify/verify-pair.ts";
import type { GeneratedNext } from "../generator/src/generate.ts";
import { openScratch } from "../generator/src/sqlite/open-database.ts";
import { editSchema, schemaArbitrary, schemaText } from "./support/random-schemas.ts";
import { nextVersion } from "./support/versions.ts";

const RUNS = 60;
const ROWS = 6;

function migrationIn(generated: GeneratedNext): {
  readonly text: string;
  readonly statements: readonly string[];
  readonly foreignKeysOff: boolean;
} {
  const name = generated.addedMigration ?? null;
  const text = generated.files.find(({ path }) => path === `migrations/${name}.sql`)?.text;
  if (name === null || text === undefined) return { text: "", statements: [], foreignKeysOff: false };
  const { statements, marks } = readMigration(name, text);
  return { text, statements, foreignKeysOff: marks.foreignKeysOff };
}

test("a migration between any two schemas gives what the later one makes at once", async () => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(schemaArbitrary, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), fc.nat(), async (schema, choices, seed) => {
      const edited = choices.reduce(editSchema, schema);
      const before = nextVersion(schemaText(schema), null);
      fc.pre("files" in before);
      const after = nextVersion(schemaText(edited), before);
      fc.pre("files" in after);
      const { text, ...migration } = migrationIn(after);

      const differences = await verifyPair({
        before: before.model,
        migrations: [{ name: "m", ...migration, steps: stepsBetween(before.model, after.model) }],
        seed,
        most: new Map(before.model.tables.map(({ name }) => [name, ROWS])),
        open: openScratch,
      });

      ran += 1;
      expect(differences, `${schemaText(schema)}\n${schemaText(edited)}\n${text.replaceAll(/CREATE TRIGGER[\s\S]*?\nEND;/gu, "")}`).toEqual(
        [],
      );
    }),
    { numRuns: RUNS },
  );
  expect(ran).toBeGreaterThanOrEqual(RUNS);
});
