/** Wanted against found. `generate` repairs what this lists and `check` prints it, so they cannot disagree. */
import type { OutputFile } from "@synckit-gen/schemas/model";
import { hashText } from "./lock.ts";
import type { Lock } from "./lock.ts";

/**
 * `missing` and `stale`: to be written. `edited`: differs, and not as we left it. `orphaned`: ours and no longer generated;
 * `edited-orphan`: was ours. `current`: nothing to do, which holds for any scaffold that exists.
 */
export type DriftState = "missing" | "stale" | "edited" | "orphaned" | "edited-orphan" | "current";

export interface Drift {
  readonly path: string;
  readonly state: DriftState;
}

/** `found` holds the text of every file that exists, wanted or named in the lock. By path. */
export function compare(wanted: readonly OutputFile[], found: ReadonlyMap<string, string>, lock: Lock): readonly Drift[] {
  const wantedPaths = new Set(wanted.map((file) => file.path));
  const kept = wanted.map((file): Drift => ({ path: file.path, state: stateOf(file, found.get(file.path), lock) }));
  const orphans = [...lock.files].flatMap(([path, hash]): readonly Drift[] => {
    const text = found.get(path);
    if (wantedPaths.has(path) || text === undefined) return [];
    return [{ path, state: hashText(text) === hash ? "orphaned" : "edited-orphan" }];
  });
  return [...kept, ...orphans].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function stateOf(file: OutputFile, text: string | undefined, lock: Lock): DriftState {
  if (text === undefined) return "missing";
  if (text === file.text || file.ownership === "scaffold") return "current";
  return lock.files.get(file.path) === hashText(text) ? "stale" : "edited";
}
