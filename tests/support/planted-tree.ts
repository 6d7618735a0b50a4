/** A workspace of stubs with the real package.json files, in which dependency rules can be broken on purpose. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { cruiseFolders, packageFolders } from "./workspace.ts";

const root = resolve(import.meta.dirname, "../..");

interface CruiseResult {
  readonly summary: { readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[] };
}

/** Files by path, and the libraries that they import: `rule: file` for each violation that dependency-cruiser finds. */
export function violationsIn(files: ReadonlyMap<string, string>, libraries: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "synckit-arrows-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  try {
    write("package.json", `{ "type": "module" }`);
    for (const library of libraries) {
      write(`node_modules/${library}/package.json`, JSON.stringify({ name: library, version: "1.0.0", exports: "./index.js" }));
      write(`node_modules/${library}/index.js`, "export const it = 1;\n");
    }
    for (const name of packageFolders) plantPackage(folder, name, write);
    for (const [path, text] of files) write(path, text);
    return cruise(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The real manifest, and for each entry point that it exports a stub in the place of its source. */
function plantPackage(folder: string, name: string, write: (path: string, text: string) => void): void {
  const manifest = JSON.parse(readFileSync(join(root, name, "package.json"), "utf8")) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, { readonly "synckit-source"?: string }>>;
  };
  mkdirSync(join(folder, name), { recursive: true });
  cpSync(join(root, name, "package.json"), join(folder, name, "package.json"));
  for (const target of Object.values(manifest.exports)) {
    const source = target["synckit-source"];
    if (source !== undefined) write(join(name, source), `export { used } from "./used.ts";\n`);
  }
  write(`${name}/src/used.ts`, "export const used = 1;\n");
  const link = join(folder, "node_modules", manifest.name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(folder, name), link);
}

function cruise(folder: string): readonly string[] {
  const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = join(root, "dependency-cruiser.config.cjs");
  const folders = cruiseFolders().filter((name) => existsSync(join(folder, name)));
  const run = spawnSync(process.execPath, [depcruise, "--config", config, "-T", "json", ...folders], { cwd: folder, encoding: "utf8" });
  if (run.stdout === "") throw new Error(`violationsIn: depcruise did not run: ${run.stderr}`);
  const { summary } = JSON.parse(run.stdout) as CruiseResult;
  return [...new Set(summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`))].toSorted();
}
