/**
 * A new device, from a snapshot and from the log: `npm run bench -- --only bootstrap`. Rows have ten columns, and the log two
 * entries for each: its INSERT and an UPDATE of one column. Past 200,000 rows the author's registers are written as if
 * that had happened, without a log, since pushing one takes most of an hour; there, only the snapshot is measured. Every step is a process of its own, beside a server in another, so
 * that its CPU time and its peak memory are the device's. Sizes: `BENCH_BOOTSTRAP_ROWS`, by default 100,000 and 1,000,000.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Role, StepReport } from "./bootstrap/step.ts";

const SIZES = (process.env["BENCH_BOOTSTRAP_ROWS"] ?? "100000,1000000").split(",").map(Number);
const MAX_LOGGED = 200_000;
const STEP = join(import.meta.dirname, "bootstrap", "step.ts");

const run = (role: Role | "serve", ...more: readonly string[]): ChildProcess =>
  spawn(process.execPath, [...process.execArgv, STEP, role, ...more], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, BENCH_ROWS: "0" }, // the shared workload's own rows would be in the way
  });

/** The first line that the process writes. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("bootstrap: no pipe");
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error("bootstrap: a step ended without a word");
}

async function step(role: Role, folder: string, server: string, rows: number): Promise<StepReport> {
  const child = run(role, folder, server, String(rows));
  const ended = once(child, "exit");
  const report = JSON.parse(await firstLine(child)) as StepReport;
  strictEqual((await ended)[0], 0);
  return report;
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const line = (name: string, { cpuMs, wallMs, peakRss, entries }: StepReport, more = ""): void =>
  console.log(
    `${name.padEnd(34)} ${(cpuMs / 1000).toFixed(1).padStart(7)} CPU s  ${(wallMs / 1000).toFixed(1).padStart(7)} s  peak ${mb(peakRss).padStart(7)}  ${entries.toLocaleString("en-US").padStart(9)} read or sent${more}`,
  );

async function measure(rows: number): Promise<Readonly<Record<"upload" | "bootstrap", number>>> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-bench-"));
  const host = run("serve", folder);
  try {
    const server = await firstLine(host);
    const hasLog = rows <= MAX_LOGGED;
    await step(hasLog ? "write" : "fill", folder, server, rows);
    const upload = await step("upload", folder, server, rows);
    const bootstrap = await step("bootstrap", folder, server, rows);
    const replay = hasLog ? await step("replay", folder, server, rows) : null;
    deepStrictEqual(bootstrap.digest, upload.digest);
    deepStrictEqual(replay?.digest ?? upload.digest, upload.digest);
    strictEqual(bootstrap.entries, rows);
    console.log(
      `\n${rows.toLocaleString("en-US")} rows, a log of ${replay === null ? "no" : replay.entries.toLocaleString("en-US")} entries; ${mb(statSync(join(folder, "author.db")).size)} on the device\n`,
    );
    line("upload of a snapshot", upload, `, ${mb(upload.bytes)} on the wire`);
    line("new device, from the snapshot", bootstrap, `, ${mb(bootstrap.bytes)} on the wire`);
    if (replay !== null) {
      line("new device, from the log", replay, `, ${mb(replay.bytes)} on the wire`);
      const share = (of: "cpuMs" | "bytes"): string => (bootstrap[of] / replay[of]).toFixed(2);
      console.log(`from the snapshot: ${share("cpuMs")} of the CPU time, ${share("bytes")} of the bytes`);
    }
    return { upload: upload.peakRss, bootstrap: bootstrap.peakRss };
  } finally {
    host.stdin?.end();
    await once(host, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

const peaks: Awaited<ReturnType<typeof measure>>[] = [];
for (const rows of SIZES) peaks.push(await measure(rows));
const [small, large] = [peaks[0], peaks.at(-1)];
if (small !== undefined && large !== undefined && peaks.length > 1)
  console.log(
    `\npeak memory of the largest to the smallest: upload ${(large.upload / small.upload).toFixed(2)}, bootstrap ${(large.bootstrap / small.bootstrap).toFixed(2)}`,
  );
