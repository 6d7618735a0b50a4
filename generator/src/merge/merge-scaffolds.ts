/**
 * Scaffolds meet the files that users made of them. What was written last time is kept beside the lock as
 * the base of a three-way merge; the syntax trees are the business of `@synckit-gen/templates/merge`, which is loaded only
 * where both sides changed.
 */
import { join } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, SourceSpan } from "@synckit-gen/schemas/diagnostics";
import { CONFLICT_MARK } from "@synckit-gen/schemas/model";
import type { OutputFile } from "@synckit-gen/schemas/model";
import { shownPath } from "../load/shown-path.ts";
import type { WantedFile } from "../write/compare.ts";
import { hashText } from "../write/lock.ts";
import type { Lock } from "../write/lock.ts";
import type { FileMemory } from "../write/file-memory.ts";
import { OutputRefused, readFound } from "../write/output-folder.ts";

export interface MergedScaffolds {
  /** All files, with scaffolds as they should be now, and the base of each beside them. */
  readonly files: readonly WantedFile[];
  readonly diagnostics: readonly Diagnostic[];
  /** Texts that findings point into, by shown path. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Where the last written text of a scaffold is kept: not TypeScript to any tool. */
export const basePath = (path: string): string => `.synckit/${path}.base`;

export async function mergeScaffolds(
  files: readonly OutputFile[],
  folder: string,
  cwd: string,
  lock: Lock | null,
  memory?: FileMemory,
): Promise<MergedScaffolds> {
  const merged: WantedFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const sources = new Map<string, string>();
  for (const file of files) {
    if (file.ownership === "generated") {
      merged.push(file);
      continue;
    }
    const outcome = await mergeOne(file, folder, lock, memory);
    merged.push(outcome.file, { path: basePath(file.path), text: outcome.base, ownership: "generated" });
    const shown = shownPath(cwd, join(folder, file.path));
    const found = findingsOf(outcome, shown);
    if (found.length > 0) sources.set(shown, outcome.file.text);
    diagnostics.push(...found);
  }
  return { files: merged.toSorted((a, b) => (a.path < b.path ? -1 : 1)), diagnostics, sources };
}

interface Outcome {
  readonly file: WantedFile;
  /** The base for next time. */
  readonly base: string;
  readonly removed: readonly string[];
  readonly kept: readonly string[];
  readonly errorLine: number | null;
}

async function mergeOne(file: OutputFile, folder: string, lock: Lock | null, memory?: FileMemory): Promise<Outcome> {
  const { path, text: theirs } = file;
  const found = readQuietly(folder, [path, basePath(path)], memory);
  const mine = found.get(path);
  const base = found.get(basePath(path));
  const settled = { base: theirs, removed: [], kept: [], errorLine: null };
  if (mine === undefined) return { ...settled, file };
  const stays = { ...settled, file: { ...file, text: mine } };
  // A base that is not as we left it would make edits look like ours, and ours like edits.
  if (base === undefined || lock?.files.get(basePath(path)) !== hashText(base)) return stays;
  if (base === theirs || mine === theirs) return stays;
  if (mine === base) return { ...settled, file: { ...file, isMerged: true } };

  const { canMerge, mergeSource } = await import("@synckit-gen/templates/merge");
  if (!canMerge(path)) return stays;
  const result = mergeSource({ path, base, mine, theirs });
  if (result.kind === "unmergeable") return { ...stays, base, errorLine: result.line };
  return { ...settled, file: { ...file, text: result.text, isMerged: true }, removed: result.removed, kept: result.kept };
}

/** A folder that cannot be read is reported by the comparison that follows. */
function readQuietly(folder: string, paths: readonly string[], memory?: FileMemory): ReadonlyMap<string, string> {
  try {
    return readFound(folder, paths, memory);
  } catch (error) {
    if (error instanceof OutputRefused) return new Map();
    throw error;
  }
}

function findingsOf({ file, removed, kept, errorLine }: Outcome, path: string): readonly Diagnostic[] {
  const lines = file.text.split("\n");
  const at = (line: number): SourceSpan => {
    const text = lines[line - 1] ?? "";
    const column = text.length - text.trimStart().length + 1;
    return { file: path, line, column, endLine: line, endColumn: Math.max(column + 1, text.length + 1) };
  };
  return [
    ...(errorLine === null ? [] : [report("output/merge-unparsable", at(errorLine), { path })]),
    ...lines.flatMap((text, index) =>
      text.trimStart().startsWith(`// ${CONFLICT_MARK}`) ? [report("output/merge-conflict", at(index + 1), { path })] : [],
    ),
    ...kept.map((name) => report("output/merge-kept", wholeFile(path), { path, name })),
    ...removed.map((name) => report("output/merge-removed", wholeFile(path), { path, name })),
  ];
}
