/** Finds the schemas of a repository with several packages. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_FILE } from "./load-schema.ts";

/** Folders in which a schema is somebody else's, or a copy. */
const SKIPPED: ReadonlySet<string> = new Set(["node_modules", "dist", "build", "out", "target", "vendor"]);

/** Absolute paths of every `synckit.yaml` in the folder and below, sorted; hidden folders are left out. */
export function findSchemas(folder: string): readonly string[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that cannot be read holds nothing that could be generated either.
    return [];
  }
  const here = entries.filter((entry) => entry.name === SCHEMA_FILE && !entry.isDirectory()).map((entry) => join(folder, entry.name));
  const below = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !SKIPPED.has(entry.name));
  return [...here, ...below.flatMap((entry) => findSchemas(join(folder, entry.name)))].toSorted();
}
