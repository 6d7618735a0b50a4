/** Wanted against found. `generate` repairs what this lists and `check` prints it, so they cannot disagree. */
import type { OutputFile } from "@synckit-gen/schemas/model";
import { ATTRIBUTES_FILE } from "../emit/git-attributes.ts";
import { hashText } from "./lock.ts";
import type { Lock } from "./lock.ts";

/**
 * `missing` and `stale`: to be written. `edited`: differs, and not as we left it. `orphaned`: ours and no longer generated;
 * `edited-orphan`: was ours. `current`: nothing to do, which holds for a scaffold that exists and has all that is new.
 */
export type DriftState = "missing" | "stale" | "edited" | "orphaned" | "edited-orphan" | "current";

export interface WantedFile extends OutputFile {
  /** A scaffold whose text has what is in the folder merged into it. Without it, one that exists is left alone. */
  readonly isMerged?: boolean;
}

export interface Drift {
  readonly path: string;
  readonly state: DriftState;
}

/** `found` holds the text of every file that exists, wanted or named in the lock. By path. */
export function compare(wanted: readonly WantedFile[], found: ReadonlyMap<string, string>, lock: Lock): readonly Drift[] {
  const wantedPaths = new Set(wanted.map((file) => file.path));
  const kept = wanted.map((file): Drift => ({ path: file.path, state: stateOf(file, found.get(file.path), lock) }));
  const orphans = [...lock.files].flatMap(([path, hash]): readonly Drift[] => {
    const text = found.get(path);
    if (wantedPaths.has(path) || text === undefined) return [];
    const isOurs = hashText(text) === hash || lock.mergedFiles?.has(path) === true;
    return [{ path, state: isOurs ? "orphaned" : "edited-orphan" }];
  });
  return [...kept, ...orphans].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function stateOf(file: WantedFile, text: string | undefined, lock: Lock): DriftState {
  if (text === undefined) return "missing";
  if (text === file.text) return "current";
  if (file.ownership === "scaffold") return file.isMerged === true ? "stale" : "current";
  // What somebody else wrote into this one is already part of the wanted text.
  if (file.path === ATTRIBUTES_FILE) return "stale";
  if (lock.mergedFiles?.has(file.path) === true) return "stale";
  return lock.files.get(file.path) === hashText(text) ? "stale" : "edited";
}
