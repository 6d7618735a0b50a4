/** Finds and reads the schema: the one stage that reads what the author wrote. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import type { SourceText } from "../parse/yaml-reader.ts";
import { reasonOf, shownPath } from "./shown-path.ts";

/** What a schema is called where no path is given. */
export const SCHEMA_FILE = "synckit.yaml";

export interface LoadedSchema {
  /** Absolute. */
  readonly path: string;
  readonly source: SourceText;
}

/** Without a path: `synckit.yaml` here or in a folder above, up to the root of the repository. */
export function loadSchema(cwd: string, path: string | undefined): Staged<LoadedSchema> {
  const found = path === undefined ? findSchema(cwd) : resolve(cwd, path);
  const shown = path ?? shownPath(cwd, found ?? join(cwd, SCHEMA_FILE));
  if (found === null || !existsSync(found)) {
    return { ok: false, diagnostics: [report("schema/not-found", wholeFile(shown), { path: shown })] };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(found));
    return { ok: true, value: { path: found, source: { file: shownPath(cwd, found), text } }, diagnostics: [] };
  } catch (error) {
    const reason = error instanceof TypeError ? "it is not UTF-8 text" : reasonOf(error);
    return { ok: false, diagnostics: [report("schema/unreadable", wholeFile(shown), { path: shown, reason })] };
  }
}

/** Where the generated files of a schema are: `out` as the user gave it, else `src/sync` beside the schema. Absolute. */
export const outputFolder = (schema: string, cwd: string, out: string | undefined): string =>
  out === undefined ? join(dirname(schema), "src", "sync") : resolve(cwd, out);

/** The nearest `synckit.yaml`, here or above, within the repository. */
export function findSchema(cwd: string): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, SCHEMA_FILE);
    if (existsSync(candidate)) return candidate;
    if (isRepositoryRoot(folder) || dirname(folder) === folder) return null;
  }
}

/** The folder above that holds the repository; the outermost folder where there is none. */
export function repositoryRoot(folder: string): string {
  return isRepositoryRoot(folder) || dirname(folder) === folder ? folder : repositoryRoot(dirname(folder));
}

function isRepositoryRoot(folder: string): boolean {
  if (existsSync(join(folder, ".git"))) return true;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null && "workspaces" in manifest;
  } catch {
    // No package.json, or not one that says where the repository ends.
    return false;
  }
}
