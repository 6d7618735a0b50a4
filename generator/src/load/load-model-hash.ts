/** Of which model the generated files are, as their lock says. */
import { existsSync, readFileSync } from "node:fs";

/** Null where there is no lock, or nothing readable in it: `check` is the command that complains. */
export function loadModelHash(path: string): string | null {
  if (!existsSync(path)) return null;
  try {
    const lock: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof lock === "object" && lock !== null && "modelHash" in lock && typeof lock.modelHash === "string" ? lock.modelHash : null;
  } catch {
    return null;
  }
}
