/** Writes one file that the user asked for by name. It is whole or untouched, and never written over another unless forced. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { reasonOf } from "../load/shown-path.ts";

/** `path` is absolute. Gives what went wrong, or null. */
export function writeText(path: string, text: string, options: { readonly shown: string; readonly isForced: boolean }): Diagnostic | null {
  const { shown, isForced } = options;
  const refused = (reason: string): Diagnostic => report("output/unwritable", wholeFile(shown), { path: shown, reason });
  if (existsSync(path) && !isForced) return refused("it is there already (`--force` overwrites it)");
  const draft = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, text);
    renameSync(draft, path);
    return null;
  } catch (error) {
    rmSync(draft, { force: true });
    return refused(reasonOf(error));
  }
}
