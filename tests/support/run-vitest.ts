/** Vitest in a process of its own, for tests that are to be run under other conditions than those of this run. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

const root = resolve(import.meta.dirname, "../..");
const VITEST = join(root, "node_modules/vitest/vitest.mjs");

export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly name: string; readonly status: string }[];
}

export interface VitestRun {
  readonly code: number | null;
  /** What the tests wrote. */
  readonly output: string;
  /** Null: Vitest came to no end. */
  readonly report: VitestReport | null;
}

/** `args`: options, and files as they are seen from the repository's root. */
export async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<VitestRun> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-vitest-"));
  const file = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const child = spawn(process.execPath, [VITEST, "run", ...reporters, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code, output: out + err, report: existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as VitestReport) : null };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
