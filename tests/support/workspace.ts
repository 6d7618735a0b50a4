/** The repository as data: its packages, and the files that git has or would take. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

export const repositoryRoot = resolve(import.meta.dirname, "../..");

/** Folders of the packages that are published. */
export const packageFolders = ["schemas", "templates", "generator", "runtime", "server"] as const;

export const readText = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

export const readManifest = (folder: string): Manifest => JSON.parse(readText(join(folder, "package.json"))) as Manifest;

export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly workspaces?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Text files that git tracks, and those it would: everything but what .gitignore names. */
export function repositoryFiles(): readonly string[] {
  const run = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: repositoryRoot, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`repositoryFiles: git: ${run.stderr}`);
  return [...new Set(run.stdout.split("\0"))].filter((path) => path !== "" && isFile(path));
}

const isFile = (path: string): boolean => existsSync(join(repositoryRoot, path)) && statSync(join(repositoryRoot, path)).isFile();

/** The folders that `npm run check:arrows` looks into. */
export function cruiseFolders(): readonly string[] {
  const words = readManifest(".").scripts?.["check:arrows"]?.split(" ") ?? [];
  return words.slice(words.indexOf("--config") + 2);
}
