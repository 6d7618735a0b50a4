/** Type-checks generated files with the workspace's compiler, under the strictest flags that it knows. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** What the compiler says about the files, without lines about anything else. Paths are relative. */
export function compileErrors(files: ReadonlyMap<string, string>): readonly string[] {
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
    const run = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
    const errors = run.stdout.split("\n").filter((line) => line.startsWith("src/") || line.startsWith("error"));
    if (run.error !== undefined || run.stderr !== "") throw new Error(`compileErrors: the compiler did not run: ${run.stderr}`);
    return errors;
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
