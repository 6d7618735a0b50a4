/** Runs the simulator, or a named test, on an engine with a fault, in a process of its own, until a promise is broken. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { runVitest } from "../../support/run-vitest.ts";
import type { NamedTest } from "./faults.ts";
import { placeOf } from "./place.ts";

const HOOK = resolve(import.meta.dirname, "hook.ts");
const SIMULATOR = resolve(import.meta.dirname, "../cli.ts");

export interface Caught {
  /** A seed of the simulator, or a test. */
  readonly by: number | NamedTest;
  /** The simulator's line, or the test's name. */
  readonly broken: string;
}

/** Null: all of these seeds, or the fault's test, passed. */
export async function catchFault(name: string, first: number, runs: number): Promise<Caught | null> {
  const { test } = placeOf(name);
  const env = { SYNCKIT_FAULT: name };
  if (test !== undefined) return (await passes(test, env)) ? null : { by: test, broken: test.name };
  return firstFailure(["--import", HOOK], env, first, runs);
}

/** The engine as it is must pass what a fault was caught by. */
export const isSound = async (by: Caught["by"]): Promise<boolean> =>
  typeof by === "number" ? (await firstFailure([], {}, by, 1)) === null : passes(by, {});

/** vitest.config.ts puts the fault in. Throws where the test could not be run. */
async function passes({ file, name }: NamedTest, env: NodeJS.ProcessEnv): Promise<boolean> {
  const pattern = `^${name.replaceAll(/[^\w\s]/gu, String.raw`\$&`)}$`;
  const { report, output } = await runVitest(["--project", "all", file, "-t", pattern], env);
  const [passed, failed] = [report?.numPassedTests ?? 0, report?.numFailedTests ?? 0];
  if (passed + failed !== 1) throw new Error(`${file} has ${passed + failed} tests "${name}", not one: ${output.slice(-2_000)}`);
  return failed === 0;
}

async function firstFailure(before: readonly string[], env: NodeJS.ProcessEnv, first: number, runs: number): Promise<Caught | null> {
  const simulator = [SIMULATOR, "--no-shrink", "--seed", String(first), "--runs", String(runs)];
  const child = spawn(process.execPath, ["--conditions=synckit-source", ...before, ...simulator], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (child.exitCode === 0) return null;
  const [, seed, broken] = /^seed (\d+): (.*)$/mu.exec(out) ?? [];
  if (seed === undefined || broken === undefined) throw new Error(`the simulator did not run: ${err.slice(-2_000)}`);
  return { by: Number(seed), broken };
}
