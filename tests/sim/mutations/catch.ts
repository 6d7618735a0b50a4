/** Runs the simulator on an engine with a fault, in a process of its own, until a promise is broken. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { placeOf } from "./place.ts";

const HOOK = resolve(import.meta.dirname, "hook.ts");
const SIMULATOR = resolve(import.meta.dirname, "../cli.ts");

export interface Caught {
  readonly seed: number;
  /** The simulator's line. */
  readonly broken: string;
}

/** Null: all of these seeds passed. */
export async function catchFault(name: string, first: number, runs: number): Promise<Caught | null> {
  placeOf(name);
  return firstFailure(["--import", HOOK], { SYNCKIT_FAULT: name }, first, runs);
}

/** The engine as it is must pass a seed by which a fault was caught. */
export async function isSound(seed: number): Promise<boolean> {
  return (await firstFailure([], {}, seed, 1)) === null;
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
  return { seed: Number(seed), broken };
}
