/**
 * Says whether the generated code in every example is current. An example states how it is generated once, in
 * its own `generate` script; `synckit-gen check` is asked with the same arguments.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const executable = join(root, "generator", "bin", "synckit-gen.js");

/** The arguments of `synckit-gen generate` in the example's package.json; null for a folder that is no example. */
function generateArguments(folder) {
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) return null;
  const script = JSON.parse(readFileSync(manifest, "utf8")).scripts?.generate;
  const words = script?.split(" ") ?? [];
  if (words[0] !== "synckit-gen" || words[1] !== "generate")
    throw new Error(`${manifest}: "generate" must be a script that runs \`synckit-gen generate\``);
  return words.slice(2);
}

let checked = 0;
let stale = 0;
for (const { name } of readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const folder = join(root, "examples", name);
  const words = generateArguments(folder);
  if (words === null) continue;
  checked += 1;
  console.log(`examples/${name}`);
  if (spawnSync(process.execPath, [executable, "check", "--full", ...words], { cwd: folder, stdio: "inherit" }).status !== 0) stale += 1;
}

if (checked === 0) console.error("There is no example under examples/: nothing was checked.");
if (stale > 0) console.error("Run `npm run generate`, read the difference, and commit it.");
process.exitCode = checked === 0 || stale > 0 ? 1 : 0;
