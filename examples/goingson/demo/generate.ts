/** Runs the generator as a developer would, and compares what it wrote with the files in `src/sync`. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const GENERATOR = path("../../../generator/bin/synckit-gen.js");
const SCHEMA = path("../../../schemas/apps/goingson.yaml");
const COMMITTED = path("../src/sync");

export interface GeneratedFile {
  readonly name: string;
  readonly lines: number;
  /** The file in `src/sync`, which this demo runs, has the same bytes. */
  readonly isCommitted: boolean;
}

export function generateInto(folder: string): readonly GeneratedFile[] {
  const command = [GENERATOR, "generate", SCHEMA, "--out", folder, "--import-suffix", ".ts", "--quiet"];
  const { status, signal, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  if (signal === "SIGINT" || status === 130) process.exit(130); // Ctrl-C went to the generator as well
  if (status !== 0) throw new Error(`the generator ended with ${status}: ${stderr}`);

  const committed = new Map(readTree(COMMITTED));
  return readTree(folder).map(([name, text]) => ({
    name,
    lines: text.split("\n").length - 1,
    isCommitted: committed.get(name) === text,
  }));
}

const readTree = (folder: string): (readonly [name: string, text: string])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file.slice(folder.length + 1).replaceAll("\\", "/"), readFileSync(file, "utf8")] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
