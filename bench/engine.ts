/**
 * The engine beside a raw better-sqlite3 loop over the same rows in the same run: `npm run bench -- --only engine`.
 * CPU time, medians of five runs (`BENCH_RUNS`), 100,000 rows (`BENCH_ROWS`); each part asserts its work before its cost counts.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply } from "./engine/apply.ts";
import { capture } from "./engine/capture.ts";
import { type Part, report, type Sample } from "./engine/measure.ts";
import { sealing } from "./engine/sealing.ts";
import { ROWS } from "./engine/workload.ts";

const RUNS = Number(process.env["BENCH_RUNS"] ?? 5);
const parts: Readonly<Record<string, Part>> = { capture, apply, sealing };

/** One run of every part; a part's files are gone before the next begins. */
async function run(): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const [name, part] of Object.entries(parts)) {
    const folder = join(home, name);
    mkdirSync(folder);
    samples.push(...(await part(folder)));
    rmSync(folder, { recursive: true, force: true });
  }
  return samples;
}

const home = mkdtempSync(join(tmpdir(), "synckit-bench-"));
try {
  const runs: (readonly Sample[])[] = [];
  for (let n = 0; n < RUNS; n++) runs.push(await run());
  console.log(`${ROWS.toLocaleString("en-US")} rows of ten columns; medians of ${RUNS} runs\n`);
  for (const line of report(runs)) console.log(line);
} finally {
  rmSync(home, { recursive: true, force: true });
}
