/** Rounds of the tests that draw cases at random, each with a seed of its own, until one fails. */
import { globSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { runVitest } from "../support/run-vitest.ts";
import { RUNS_FACTOR_VARIABLE, SEED_VARIABLE } from "./seed.ts";

const root = resolve(import.meta.dirname, "../..");
const LONGEST_TEST_MS = 3_600_000;
const DRAWS_CASES = /from "(?:fast-check|[^"]*\/fuzz\/seed\.ts)"/;

export interface Round {
  readonly seed: number;
  readonly runsFactor: number;
  /** As they are seen from the repository's root, or parts of such paths. */
  readonly files: readonly string[];
}

/** Files with properties, or with histories that seeds decide; seen from the repository's root. */
export const filesThatDraw = (): readonly string[] =>
  globSync(["*/src/**/*.test.ts", "tests/**/*.test.ts", "examples/*/**/*.test.ts"], {
    cwd: root,
    exclude: (path) => /^(?:node_modules|dist|\.generated)$/.test(path.split("/").at(-1) ?? ""),
  })
    .filter((path) => DRAWS_CASES.test(readFileSync(join(root, path), "utf8")))
    .toSorted();

export interface RoundResult {
  /** Empty when the round has passed. */
  readonly failed: readonly string[];
  /** What the tests wrote. */
  readonly output: string;
}

export async function runRound({ seed, runsFactor, files }: Round): Promise<RoundResult> {
  const { code, output, report } = await runVitest([`--testTimeout=${LONGEST_TEST_MS}`, ...files], {
    [SEED_VARIABLE]: String(seed),
    [RUNS_FACTOR_VARIABLE]: String(runsFactor),
  });
  if (code === 0) return { failed: [], output };
  const failed = (report?.testResults ?? []).filter(({ status }) => status !== "passed").map(({ name }) => relative(root, name));
  // Where no test says that it failed, something outside of them did.
  return { failed: failed.length > 0 ? [...new Set(failed)] : files, output };
}
