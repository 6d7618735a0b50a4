/**
 * `npm run fuzz [-- --seed 7 --rounds 10 --runs-factor 10 file…]`: the tests that draw cases at random, more cases than in a test
 * run and other ones in each round. Ends at the first round that fails, and prints the command that replays it. A seed begins the
 * first round, and each later one counts it up.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { filesThatDraw, runRound } from "./rounds.ts";
import { replayCommand } from "./seed.ts";

const SEEDS = 2 ** 31;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, rounds: { type: "string" }, "runs-factor": { type: "string", default: "10" } },
});
const runsFactor = atLeastOne("--runs-factor", flags["runs-factor"]);
const rounds = atLeastOne("--rounds", flags.rounds ?? (flags.seed === undefined ? "10" : "1"));
const all = filesThatDraw();
const files = positionals.length === 0 ? all : all.filter((file) => positionals.some((part) => file.includes(part)));
if (files.length === 0) throw new RangeError(`no file with properties is called ${positionals.join(" or ")}; there are\n${all.join("\n")}`);

process.exitCode = await run();

async function run(): Promise<number> {
  for (let round = 1; round <= rounds; round++) {
    const seed = flags.seed === undefined ? randomInt(SEEDS) : Number(flags.seed) + round - 1;
    const started = performance.now();
    const { failed, output } = await runRound({ seed, runsFactor, files });
    const verdict = failed.length === 0 ? "passed" : "FAILED";
    print(
      `round ${round} of ${rounds}: seed ${seed}, ${files.length} files, ${((performance.now() - started) / 1000).toFixed(0)} s, ${verdict}`,
    );
    if (failed.length === 0) continue;
    print(`${output}\nreplay: ${replayCommand({ seed, runsFactor }, failed)}`);
    return 1;
  }
  return 0;
}

function atLeastOne(option: string, given: string): number {
  const value = Number(given);
  if (!Number.isFinite(value) || value < 1) throw new RangeError(`${option} is a number from 1, not ${given}`);
  return value;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
