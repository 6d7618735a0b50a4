/** Type-checks generated files with the workspace's compiler, under the strictest flags that it knows. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** What the compiler says about the files, without lines about anything else. Paths are relative. */
export const compileErrors = (files: ReadonlyMap<string, string>): readonly string[] =>
  compilerOutput(files, []).filter((line) => line.startsWith("src/") || line.startsWith("error"));

/** How many types the compiler makes of generic ones to check the files: the same on every machine, unlike time. */
export function countInstantiations(files: ReadonlyMap<string, string>): number {
  const line = compilerOutput(files, ["--extendedDiagnostics"]).find((candidate) => candidate.startsWith("Instantiations:"));
  if (line === undefined) throw new Error("countInstantiations: the compiler printed no count");
  return Number(line.split(":")[1]);
}

function compilerOutput(files: ReadonlyMap<string, string>, flags: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "synckit-compile-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    writeFileSync(join(folder, "tsconfig.json"), tsconfig());
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, "src", path)), { recursive: true });
      writeFileSync(join(folder, "src", path), text);
    }
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const run = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false", ...flags], { cwd: folder, encoding: "utf8" });
    if (run.error !== undefined || run.stderr !== "") throw new Error(`compilerOutput: the compiler did not run: ${run.stderr}`);
    return run.stdout.split("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The workspace's flags; packages are read from their sources, so that no build is needed first. */
function tsconfig(): string {
  const base = JSON.parse(readFileSync(join(root, "tsconfig.base.json"), "utf8")) as { readonly compilerOptions: object };
  const compilerOptions = {
    ...base.compilerOptions,
    composite: false,
    declaration: false,
    noEmit: true,
    customConditions: ["synckit-source"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  return JSON.stringify({ compilerOptions, include: ["src"] });
}
