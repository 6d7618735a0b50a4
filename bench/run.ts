/** Runs the benchmarks of this folder: `npm run bench -- [--only <name>]`. Each is a program of its own, in the order of their names. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const only = process.argv.indexOf("--only");
const wanted = only === -1 ? undefined : process.argv[only + 1];
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.replace(/\.ts$/u, ""))
  .toSorted();

const chosen = names.filter((name) => wanted === undefined || name === wanted);
if (chosen.length === 0) {
  console.error(`There is no benchmark "${wanted ?? ""}". There are: ${names.join(", ")}.`);
  process.exitCode = 2;
}
for (const name of chosen) {
  console.log(`\n# ${name}\n`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
