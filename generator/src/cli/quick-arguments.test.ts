import fc from "fast-check";
import { expect, test } from "vitest";
import { parseArguments, parseWithYargs, usageTree } from "./usage.ts";
import { readQuickly } from "./quick-arguments.ts";

/** Arguments as people type them, right and wrong. */
const word = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "-q",
      "-v",
      "--force",
      "-n",
      "--check",
      "--no-color",
      "--color",
      "--no-input",
      "--no-emitter",
      "-r",
      "--diff",
      "--full",
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom("a.yaml", "b/c.yaml", "true", "-") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "-o",
      "out",
      "--out=x",
      "--out",
      "--cwd",
      ".",
      "--format",
      "json",
      "--format=sarif",
      "-c",
      "--config=c.yaml",
      "--emitter",
      "e.js",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "--import-suffix",
      ".ts",
      "--import-suffix=",
      "--format=xml",
      "--outt",
      "-z",
      "--",
      "-qv",
      "--watch",
      "-h",
      "--out=-x",
      "",
    ),
  },
);
const command = fc.constantFrom("generate", "gen", "check", "explain", "schema", "templates", "nonsense");

test("what is read quickly is what yargs reads", async () => {
  await fc.assert(
    fc.asyncProperty(command, fc.array(word, { maxLength: 6 }), async (name, words) => {
      const args = [name, ...words];

      expect(await parseArguments(args)).toEqual(await parseWithYargs(args));
    }),
    { numRuns: 300 },
  );
});

test.each([
  [["check"]],
  [["check", "app.yaml", "-o", "out", "--format=json", "-q"]],
  [["generate", "a.yaml", "b.yaml", "--no-color", "--emitter", "x.js", "--emitter=y.js"]],
])("plain arguments need no yargs: %j", (args) => {
  expect(readQuickly(args, usageTree())).not.toBeNull();
});

test.each([[["check", "--help"]], [["check", "--outt", "x"]], [["chekc"]], [[]], [["generate", "--watch", "--check"]], [["explain"]]])(
  "everything else is left to yargs: %j",
  (args) => {
    expect(readQuickly(args, usageTree())).toBeNull();
  },
);
