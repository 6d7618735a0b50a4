/** Brings the output folder to what was generated, or says how it differs. */
import { join, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, Staged } from "@synckit-gen/schemas/diagnostics";
import type { OutputFile } from "@synckit-gen/schemas/model";
import { LOCK_FILE } from "../emit/emit-files.ts";
import type { GeneratedNext } from "../generate.ts";
import type { AcceptedEgress } from "../evolve/egress-decision.ts";
import { reasonOf, shownPath } from "../load/shown-path.ts";
import { compare } from "./compare.ts";
import type { Drift } from "./compare.ts";
import { EMPTY_HISTORY, EMPTY_LOCK, formatLock, hashText, parseLock, rememberLock } from "./lock.ts";
import type { FileMemory } from "./file-memory.ts";
import type { Inputs, Lock, LockContent } from "./lock.ts";
import { changeFolder, OutputRefused, readFound } from "./output-folder.ts";

export interface OutputOptions {
  readonly cwd: string;
  /** Absolute. */
  readonly folder: string;
  /** Overwrite files that were edited by hand, and a lock that cannot be read. */
  readonly isForced: boolean;
  /** What was generated from what: recorded in the lock. */
  readonly inputs: Inputs;
  /** Recorded in the lock. */
  readonly acceptedEgress?: AcceptedEgress;
  /** Of the runs before, in a process that stays. */
  readonly files?: FileMemory | undefined;
}

interface Comparison {
  readonly drift: readonly Drift[];
  readonly wanted: readonly OutputFile[];
  readonly lock: { readonly text: string; readonly content: LockContent };
}

/** How the folder differs from what was generated. Changes nothing. */
export function compareOutput(generated: GeneratedNext, options: OutputOptions): Staged<readonly Drift[]> {
  const compared = guarded(options, () => readComparison(generated, options));
  return compared.ok ? { ...compared, value: compared.value.drift } : compared;
}

/** Writes what differs. An edited file stops the whole run before anything is written, unless it is forced. */
export function writeOutput(generated: GeneratedNext, options: OutputOptions): Staged<readonly Drift[]> {
  return guarded(options, () => {
    const compared = readComparison(generated, options);
    if (!compared.ok) return compared;
    const { drift, wanted, lock } = compared.value;
    const diagnostics = editFindings(drift, options);
    if (diagnostics.some(({ severity }) => severity === "error")) return { ok: false, diagnostics };

    const stateByPath = new Map(drift.map(({ path, state }) => [path, state]));
    const writes = wanted.filter(({ path }) => stateByPath.get(path) !== "current");
    const removals = drift.filter(({ state }) => state === "orphaned").map(({ path }) => path);
    changeFolder(options.folder, writes, removals, options.files);
    rememberLock(lock.text, lock.content);
    return { ok: true, value: drift, diagnostics };
  });
}

function readComparison(generated: GeneratedNext, options: OutputOptions): Staged<Comparison> {
  const lockText = readFound(options.folder, [LOCK_FILE], options.files).get(LOCK_FILE);
  const lock = lockText === undefined ? { ok: true as const, lock: EMPTY_LOCK } : parseLock(lockText);
  if (!lock.ok && !options.isForced) {
    const path = shownPath(options.cwd, join(options.folder, LOCK_FILE));
    return { ok: false, diagnostics: [report("output/lock-unreadable", wholeFile(path), { path, reason: lock.reason })] };
  }
  const known = lock.ok ? lock.lock : EMPTY_LOCK;
  const content = lockContent(generated, options);
  const text = formatLock(content);
  const wanted: readonly OutputFile[] = [...generated.files, { path: LOCK_FILE, text, ownership: "generated" }];
  const found = readFound(options.folder, new Set([...wanted.map(({ path }) => path), ...known.files.keys()]), options.files);
  return {
    ok: true,
    value: { wanted, lock: { text, content }, drift: compare(wanted, found, withOwnHash(known, lockText)) },
    diagnostics: [],
  };
}

function lockContent(
  { model, modelHash, files, history = EMPTY_HISTORY }: GeneratedNext,
  { inputs, acceptedEgress }: OutputOptions,
): LockContent {
  return { model, modelHash, files, inputs, history: { ...history, acceptedEgress: acceptedEgress ?? history.acceptedEgress } };
}

/** The lock cannot hold its own hash. It is ours as long as it can be read. */
const withOwnHash = (lock: Lock, text: string | undefined): Lock =>
  text === undefined ? lock : { ...lock, files: new Map([...lock.files, [LOCK_FILE, hashText(text)]]) };

function editFindings(drift: readonly Drift[], options: OutputOptions): readonly Diagnostic[] {
  return drift.flatMap(({ path, state }) => {
    const shown = shownPath(options.cwd, join(options.folder, path));
    if (state === "edited-orphan") return [report("output/edited-orphan", wholeFile(shown), { path: shown })];
    return state === "edited" && !options.isForced ? [report("output/edited", wholeFile(shown), { path: shown })] : [];
  });
}

function guarded<T>(options: OutputOptions, run: () => Staged<T>): Staged<T> {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof OutputRefused)) throw error;
    const path = shownPath(options.cwd, resolve(error.path));
    return { ok: false, diagnostics: [report("output/unwritable", wholeFile(path), { path, reason: reasonOf(error.cause) })] };
  }
}
