/** Rounds of the tests that draw cases at random, each with a seed of its own, until one fails. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { RUNS_FACTOR_VARIABLE, SEED_VARIABLE } from "./seed.ts";

const root = resolve(import.meta.dirname, "../..");
const VITEST = join(root, "node_modules/vitest/vitest.mjs");
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

interface Report {
  readonly testResults: readonly { readonly name: string; readonly status: string }[];
}

export async function runRound({ seed, runsFactor, files }: Round): Promise<RoundResult> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-fuzz-"));
  const report = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const child = spawn(process.execPath, [VITEST, "run", `--testTimeout=${LONGEST_TEST_MS}`, ...reporters, ...files], {
      cwd: root,
      env: { ...process.env, [SEED_VARIABLE]: String(seed), [RUNS_FACTOR_VARIABLE]: String(runsFactor) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    if (code === 0) return { failed: [], output: out + err };
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
    const failed = testResults.filter(({ status }) => status !== "passed").map(({ name }) => relative(root, name));
    // Where no test says that it failed, something outside of them did.
    return { failed: failed.length > 0 ? [...new Set(failed)] : files, output: out + err };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
