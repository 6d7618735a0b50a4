/**
 * `npm run sim -- --seed 1 --runs 500 [--schemas 60] [--faults restore] [--all]`: runs seeds one after the other. A failing one is
 * shrunk and printed with the command that replays it; with `--keep` and `--devices` only those steps run, and are listed.
 */
import { inspect, parseArgs } from "node:util";
import { reduced } from "./shrink.ts";
import { runPlan } from "./run.ts";
import { ALL_SCHEMAS } from "./schema.ts";
import { prepare, runSeed } from "./simulate.ts";

const { values: flags } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "100" },
    schemas: { type: "string", default: String(ALL_SCHEMAS) },
    faults: { type: "string", multiple: true, default: [] },
    keep: { type: "string" },
    devices: { type: "string" },
    /** Go on after a failure. */
    all: { type: "boolean", default: false },
    "no-shrink": { type: "boolean", default: false },
  },
});
const unknown = flags.faults.filter((fault) => fault !== "restore");
if (unknown.length > 0) throw new RangeError(`--faults knows restore, not ${unknown.join(", ")}`);
const options = { schemas: Number(flags.schemas), restore: flags.faults.includes("restore") };
const first = Number(flags.seed);

if (flags.keep === undefined) process.exitCode = await many();
else await one(flags.keep.split(",").map(Number));

async function many(): Promise<number> {
  const started = performance.now();
  const count = Number(flags.runs);
  let failed = 0;
  let ran = 0;
  for (let seed = first; seed < first + count; seed++) {
    const found = await runSeed(seed, options, !flags["no-shrink"]);
    ran += 1;
    if (found !== null) {
      failed += 1;
      print(`seed ${seed}: ${found.kind}: ${found.message}\n  ${found.keep.length} steps, ${found.devices} devices: ${found.replay}`);
      if (!flags.all) break;
    }
    if (ran % 100 === 0) print(`${ran} of ${count} runs, ${failed} failed, ${seconds(started)} s`);
  }
  print(`${ran} runs, ${failed} failed, ${seconds(started)} s`);
  return failed > 0 ? 1 : 0;
}

async function one(keep: readonly number[]): Promise<void> {
  const { app, plan } = await prepare(first, options);
  const small = reduced(plan, keep, Number(flags.devices ?? plan.skewsMs.length));
  print(inspect({ compat: app.model.compat, tables: app.model.tables.map(({ code: _code, ...table }) => table) }, { depth: 6 }));
  print(inspect(small, { depth: 8 }));
  await runPlan(app, small);
  print("every promise was kept");
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
