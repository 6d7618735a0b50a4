/**
 * One schema and its output folder, from disk to disk: load, generate, then write or compare. The command line, watch
 * and the build-tool plugin all run this. What a stage needs is loaded when the stage is reached.
 */
import { createHash } from "node:crypto";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { EmitContext, Emitter, OutputFile } from "@synckit-gen/schemas/model";
import { EmitterFault, LOCK_FILE } from "../emit/emit-files.ts";
import { ATTRIBUTES_FILE, keepOtherLines } from "../emit/git-attributes.ts";
import type { History } from "../evolve/history.ts";
import { deployedModels } from "../evolve/merge-models.ts";
import type { GeneratedNext } from "../generate.ts";
import { loadHistory } from "../load/load-history.ts";
import { EmitterFailed, firstLine, loadEmitter } from "../load/load-emitter.ts";
import { loadSchema, outputFolder, repositoryRoot } from "../load/load-schema.ts";
import type { LoadedSchema } from "../load/load-schema.ts";
import { shownPath } from "../load/shown-path.ts";
import { mergeScaffolds } from "../merge/merge-scaffolds.ts";
import { VERSION } from "../version.ts";
import type { Drift } from "../write/compare.ts";
import type { FileMemory } from "../write/file-memory.ts";
import { parseLock } from "../write/lock.ts";
import type { Inputs } from "../write/lock.ts";
import { OutputRefused, readFound } from "../write/output-folder.ts";
import { compareOutput, writeOutput } from "../write/sync-output.ts";
import { unifiedDiff } from "../write/unified-diff.ts";
import { checkEgress } from "./check-egress.ts";
import { ProjectMemory } from "./project-memory.ts";
import { knownCurrent } from "../write/up-to-date.ts";

export interface ProjectOptions {
  /** Absolute; other paths are relative to it, and messages show them so. */
  readonly cwd: string;
  /** Default: `synckit.yaml`, here or in a folder above. */
  readonly schema: string | undefined;
  /** Default: `src/sync` beside the schema. */
  readonly out: string | undefined;
  /** `compare` changes nothing. */
  readonly mode: "write" | "compare";
  readonly isForced: boolean;
  /** True where nothing but equal bytes counts as current: hashes in the lock are not asked. */
  readonly isFull: boolean;
  readonly showsDiff: boolean;
  /** Default: as the lock records it, else `.js`. */
  readonly importSuffix: EmitContext["importSuffix"] | undefined;
  /** Paths of own emitters. Default: as the lock records them. */
  readonly emitters: readonly string[] | undefined;
  /** Names of built-in emitters that only run when asked for, such as `tests`. Default: as the lock records them. */
  readonly with?: readonly string[] | undefined;
  readonly loadEmitters: () => Promise<readonly Emitter[]>;
  /** What may begin to leave the device: `table.column`. */
  readonly acceptEgress?: readonly string[];
  /** How to plan a migration, should one be needed. */
  readonly migration?: MigrationOptions;
  /** Of the runs before over this project, in a process that stays. */
  readonly memory?: ProjectMemory;
}

export interface MigrationOptions {
  /** What it is to be called. */
  readonly name?: string | undefined;
  /** It may delete columns and tables with their data. */
  readonly allowsDestructive?: boolean;
  /** The history to plan from, instead of what is found: `migrate` seals and squashes, and watching starts from where it started. */
  readonly revise?: (found: History) => History;
}

export interface ProjectOutcome {
  readonly diagnostics: readonly Diagnostic[];
  /** Relative to the output folder; empty where the run did not get that far. */
  readonly drift: readonly Drift[];
  /** The output folder as it is shown; empty where it is not known. */
  readonly folder: string;
  /** Absolute paths of what was read: a change of one of these is a reason to run again. */
  readonly inputs: readonly string[];
  /** Texts by shown path, for code frames. */
  readonly sources: ReadonlyMap<string, string>;
  /** Unified differences by path, where they were asked for. */
  readonly diffs: ReadonlyMap<string, string>;
  /** What somebody must accept before anything is written: arguments of `--accept-egress`. */
  readonly undecided?: readonly string[];
  /** The migration that the run adds, or would add. */
  readonly addedMigration?: string | null;
}

export async function runProject(options: ProjectOptions): Promise<ProjectOutcome> {
  const nothing = { drift: [], folder: "", inputs: [], sources: new Map<string, string>(), diffs: new Map<string, string>() };
  const loaded = loadSchema(options.cwd, options.schema);
  if (!loaded.ok) return { ...nothing, diagnostics: loaded.diagnostics };

  const { source, path } = loaded.value;
  const folder = outputFolder(path, options.cwd, options.out);
  const known = { ...nothing, folder: shownPath(options.cwd, folder), inputs: [path], sources: new Map([[source.file, source.text]]) };
  // Even a single run reads its largest files twice: to plan from them, and to compare them with what it wants.
  const { memory = new ProjectMemory() } = options;
  const { files } = memory;
  const recorded = readRecorded(folder, files);
  const inputs = inputsOf(options, loaded.value, recorded?.inputs);
  if (!options.isFull && recorded !== null) {
    const drift = knownCurrent(folder, recorded.text, recorded.lock, inputs);
    if (drift !== null) return { ...known, drift, diagnostics: [] };
  }

  const own = await loadOwnEmitters(options, path, folder, inputs.emitters);
  const reached = { ...known, inputs: [path, ...own.paths] };
  if (own.diagnostics.length > 0) return { ...reached, diagnostics: own.diagnostics };
  const { generate, GenerateMemory } = await import("../generate.ts");
  if (options.memory !== undefined) memory.generate ??= new GenerateMemory();
  const emitters = withOwn([...(await options.loadEmitters()), ...(await loadExtras(inputs.options["with"]))], own.emitters);
  const importSuffix = suffixOf(inputs.options["importSuffix"]);
  const found = quietly(() => loadHistory(folder, files));
  const history = options.migration?.revise !== undefined && found !== undefined ? options.migration.revise(found) : found;
  const planned = {
    ...(history === undefined ? {} : { history }),
    migrationName: options.migration?.name,
    allowsDestructive: options.migration?.allowsDestructive ?? false,
    memory: memory.generate,
  };
  const generated = blaming(own, () => generate(source, emitters, { importSuffix, ...planned }));
  if (!generated.ok) return { ...reached, diagnostics: generated.diagnostics };

  const scaffolds = await mergeScaffolds(generated.value.files, folder, options.cwd, recorded?.lock ?? null, files);
  const egress = checkEgress(generated.value, source, {
    cwd: options.cwd,
    folder,
    lock: recorded !== null ? "readable" : readQuietly(folder, LOCK_FILE, files) === undefined ? "none" : "unreadable",
    isForced: options.isForced,
    deployed: found === undefined ? [] : deployedModels(found),
    recorded: recorded?.lock.history?.acceptedEgress ?? new Map(),
    acceptEgress: options.acceptEgress ?? [],
  });
  if (egress.diagnostics.some(({ severity }) => severity === "error"))
    return { ...reached, diagnostics: [...generated.diagnostics, ...egress.diagnostics], undecided: egress.undecided };

  const merged = withOtherLines({ ...generated.value, files: scaffolds.files }, folder, files);
  const outputOptions = {
    cwd: options.cwd,
    folder,
    isForced: options.isForced,
    acceptedEgress: egress.accepted,
    files,
    inputs: {
      ...inputs,
      scaffolds: merged.files.filter(({ ownership }) => ownership === "scaffold").map(({ path: file }) => file),
      warnings: generated.diagnostics.length,
    },
  };
  const diffs = options.showsDiff ? diffsOf(merged, compareOutput(merged, outputOptions), folder) : nothing.diffs;
  const output = (options.mode === "compare" ? compareOutput : writeOutput)(merged, outputOptions);
  const diagnostics = [...generated.diagnostics, ...egress.diagnostics, ...scaffolds.diagnostics, ...output.diagnostics];
  const addedMigration = output.ok ? (generated.value.addedMigration ?? null) : null;
  return {
    ...reached,
    addedMigration,
    sources: new Map([...reached.sources, ...scaffolds.sources]),
    diagnostics,
    drift: output.ok ? output.value : [],
    diffs,
  };
}

/** The lock as the last run left it; null where there is none that could be used. Writing says what is wrong with it. */
function readRecorded(folder: string, memory?: FileMemory) {
  const text = readQuietly(folder, LOCK_FILE, memory);
  const reading = text === undefined ? undefined : parseLock(text);
  return text === undefined || reading?.ok !== true ? null : { text, lock: reading.lock, inputs: reading.lock.inputs };
}

const readQuietly = (folder: string, path: string, memory?: FileMemory): string | undefined =>
  quietly(() => readFound(folder, [path], memory).get(path));

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // The folder cannot be read; writing or comparing will report it.
    if (error instanceof OutputRefused) return undefined;
    throw error;
  }
}

function inputsOf(
  options: ProjectOptions,
  { path, source }: LoadedSchema,
  recorded: Inputs | undefined,
): Omit<Inputs, "scaffolds" | "warnings"> {
  const given = options.emitters?.map((emitter) => relative(dirname(path), resolve(options.cwd, emitter)).replaceAll("\\", "/"));
  return {
    schemaSha256: createHash("sha256").update(source.text).digest("hex"),
    options: {
      ...recorded?.options,
      importSuffix: options.importSuffix ?? suffixOf(recorded?.options["importSuffix"]),
      with: options.with?.toSorted().join(",") ?? recorded?.options["with"] ?? "",
    },
    emitters: given ?? recorded?.emitters ?? [],
    version: VERSION,
  };
}

const suffixOf = (recorded: string | undefined): EmitContext["importSuffix"] => (recorded === ".ts" || recorded === "" ? recorded : ".js");

/** Emitters of ours that were asked for by name. */
async function loadExtras(names = ""): Promise<readonly Emitter[]> {
  if (names === "") return [];
  const { extraEmitters } = await import("@synckit-gen/templates");
  return extraEmitters.filter(({ name }) => names.split(",").includes(name));
}

interface OwnEmitters {
  readonly emitters: readonly Emitter[];
  readonly paths: readonly string[];
  readonly shownByName: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
}

async function loadOwnEmitters(options: ProjectOptions, schema: string, folder: string, names: readonly string[]): Promise<OwnEmitters> {
  const emitters: Emitter[] = [];
  const diagnostics: Diagnostic[] = [];
  const shownByName = new Map<string, string>();
  const paths = names.map((name) => resolve(dirname(schema), name));
  const root = repositoryRoot(dirname(schema));
  for (const path of paths) {
    const shown = shownPath(options.cwd, path);
    const inside = relative(root, path);
    // What a person names on the command line is theirs to run; a lock may come with somebody else's pull request.
    if (options.emitters === undefined && (inside.startsWith("..") || isAbsolute(inside))) {
      const lock = shownPath(options.cwd, join(folder, LOCK_FILE));
      diagnostics.push(report("emitter/outside", wholeFile(lock), { path: shown, lock }));
      continue;
    }
    const loaded = await loadEmitter(path, shown);
    diagnostics.push(...loaded.diagnostics);
    if (!loaded.ok) continue;
    emitters.push(loaded.value);
    shownByName.set(loaded.value.name, shown);
  }
  return { emitters, paths, shownByName, diagnostics };
}

/** An emitter of the user's stands in the place of a built-in one of that name. */
const withOwn = (builtIn: readonly Emitter[], own: readonly Emitter[]): readonly Emitter[] => {
  const replaced = new Set(own.map(({ name }) => name));
  return [...builtIn.filter(({ name }) => !replaced.has(name)), ...own];
};

/** A fault of the user's own emitter is a finding; one of ours is thrown on. */
function blaming<T extends { readonly ok: boolean }>(
  own: OwnEmitters,
  run: () => T,
): T | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] } {
  try {
    return run();
  } catch (error) {
    const emitter = error instanceof EmitterFault || error instanceof EmitterFailed ? error.emitter : "";
    const path = own.shownByName.get(emitter);
    if (path === undefined) throw error;
    const at = wholeFile(path);
    if (error instanceof EmitterFault)
      return { ok: false, diagnostics: [report("emitter/bad-file", at, { path, emitter, file: error.file, reason: error.fault })] };
    const reason = firstLine(error instanceof Error ? error.cause : error);
    return { ok: false, diagnostics: [report("emitter/failed", at, { path, emitter, reason })] };
  }
}

/** `.gitattributes` may be shared with the user: lines that are not ours stay. */
function withOtherLines(generated: GeneratedNext, folder: string, memory?: FileMemory): GeneratedNext {
  const found = readQuietly(folder, ATTRIBUTES_FILE, memory);
  if (found === undefined) return generated;
  return { ...generated, files: generated.files.map((file) => (file.path === ATTRIBUTES_FILE ? keepOtherLines(file, found) : file)) };
}

/** The lock is left out: it repeats what the other files show. */
function diffsOf(generated: GeneratedNext, compared: ReturnType<typeof compareOutput>, folder: string): ReadonlyMap<string, string> {
  const differing = compared.ok ? compared.value.filter(({ path, state }) => path !== LOCK_FILE && state !== "current") : [];
  const shown = differing.filter(({ state }) => state !== "edited-orphan");
  const found = readFound(
    folder,
    shown.map(({ path }) => path),
  );
  const wanted = new Map(generated.files.map((file: OutputFile) => [file.path, file.text]));
  return new Map(shown.map(({ path }) => [path, unifiedDiff(path, found.get(path) ?? null, wanted.get(path) ?? null)]));
}
