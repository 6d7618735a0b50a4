/** Reads a template for `new` from the templates package, and what already stands where it is wanted. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ScaffoldFile } from "@synckit-gen/templates/scaffolds";

export interface LoadedScaffold {
  /** `scaffold.json`. */
  readonly manifest: string;
  /** By path. */
  readonly files: readonly ScaffoldFile[];
}

export const scaffoldNames = (folder: URL): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();

export function loadScaffold(folder: URL, name: string): LoadedScaffold {
  const root = join(fileURLToPath(folder), name);
  const files = join(root, "files");
  const paths = readdirSync(files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(files, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  return {
    manifest: readFileSync(join(root, "scaffold.json"), "utf8"),
    files: paths.toSorted().map((path) => ({ path, text: readFileSync(join(files, path), "utf8") })),
  };
}

/** True where a new app may be made: nothing is there, or an empty folder. */
export const isFree = (path: string): boolean => !existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0);

export const exists = (path: string): boolean => existsSync(path);
