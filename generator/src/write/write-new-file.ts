/** Writes one file outside of the output folder, which the user named. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../load/shown-path.ts";
import { OutputRefused } from "./output-folder.ts";

/** False where a file is there already and may not be overwritten. */
export function writeNewFile(path: string, text: string, mayOverwrite: boolean): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new OutputRefused(path, error);
  }
  try {
    writeFileSync(path, text, { flag: mayOverwrite ? "w" : "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw new OutputRefused(path, error);
  }
}
