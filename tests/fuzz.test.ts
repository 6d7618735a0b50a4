/** That chance is chosen: the same cases at every test run, other ones when asked for, and the way back to any of them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { filesThatDraw, runRound } from "./fuzz/rounds.ts";
import { runsFactor, seed } from "./fuzz/seed.ts";
import { repositoryRoot } from "./support/workspace.ts";

const drawn = (): readonly number[] => {
  const cases: number[] = [];
  fc.assert(fc.property(fc.integer(), (each) => void cases.push(each)));
  return cases;
};

test("properties draw the same cases each time, and as many as they ask for", () => {
  expect(drawn()).toEqual(drawn());
  expect(drawn()).toEqual(fc.sample(fc.integer(), { numRuns: 100 * runsFactor, seed }));
});

test("a property that fails says how to see it again", () => {
  const replay = `npm run fuzz -- --seed ${seed} --runs-factor ${runsFactor} tests/fuzz.test.ts`;

  expect(() => fc.assert(fc.property(fc.nat(), (each) => each < 1000))).toThrow(replay);
});

test("files with properties are found wherever they are", () => {
  expect(filesThatDraw()).toEqual(
    expect.arrayContaining(["tests/fuzz.test.ts", "tests/forgetting.test.ts", "schemas/src/protocol/codec.test.ts"]),
  );
  expect(filesThatDraw().length).toBeLessThan(60);
});

const PLANTED = `import fc from "fast-check";
import { test } from "vitest";
test("planted", () => {
  let cases = 0;
  fc.assert(fc.property(fc.nat(), () => ++cases <= 150));
});
`;

test("a round tries more cases than a test run, with the seed it is given, and names the files that fail", async () => {
  const file = `tests/.generated/fuzz-${process.pid}.test.ts`;
  const path = join(repositoryRoot, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, PLANTED);
  onTestFinished(() => rmSync(path));

  const passed = await runRound({ seed: 7, runsFactor: 1, files: [file] });
  const failed = await runRound({ seed: 7, runsFactor: 2, files: [file] });

  expect(passed.failed, passed.output).toEqual([]);
  expect(failed.failed, failed.output).toEqual([file]);
  expect(failed.output).toContain(`npm run fuzz -- --seed 7 --runs-factor 2 ${file}`);
});
