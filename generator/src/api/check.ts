/** `check` as a function of texts: what the command line says of a folder, said of files that need not be on a disk. */
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import type { Emitter, OutputFile } from "@synckit-gen/schemas/model";
import { extraEmitters } from "@synckit-gen/templates";
import { LOCK_FILE } from "../emit/emit-files.ts";
import { ATTRIBUTES_FILE, keepOtherLines } from "../emit/git-attributes.ts";
import { deployedModels } from "../evolve/merge-models.ts";
import { generate } from "../generate.ts";
import type { GenerateOptions } from "../generate.ts";
import { readHistory } from "../load/load-history.ts";
import { basePath } from "../merge/merge-scaffolds.ts";
import type { SourceText } from "../parse/yaml-reader.ts";
import { checkEgress } from "../project/check-egress.ts";
import { VERSION } from "../version.ts";
import { compare } from "../write/compare.ts";
import type { Drift } from "../write/compare.ts";
import { EMPTY_HISTORY, EMPTY_LOCK, formatLock, hashText, parseLock } from "../write/lock.ts";
import type { Lock } from "../write/lock.ts";

/** Of the output folder, by path with forward slashes: `tables.ts`, `synckit.lock.json`, and whatever else is there. */
export type ExistingFiles = Readonly<Record<string, string>> | ReadonlyMap<string, string>;

/** How the files differ from what the schema gives now; options that are not given are those that the lock records. */
export function check(
  source: SourceText,
  existing: ExistingFiles,
  emitters: readonly Emitter[],
  options: Pick<GenerateOptions, "importSuffix"> = {},
): Staged<readonly Drift[]> {
  const found: ReadonlyMap<string, string> = existing instanceof Map ? existing : new Map(Object.entries(existing));
  const lockText = found.get(LOCK_FILE);
  const reading = lockText === undefined ? { ok: true as const, lock: EMPTY_LOCK } : parseLock(lockText);
  if (!reading.ok) {
    const finding = report("output/lock-unreadable", wholeFile(LOCK_FILE), { path: LOCK_FILE, reason: reading.reason });
    return { ok: false, diagnostics: [finding] };
  }
  const { lock } = reading;
  const recorded = lock.inputs;
  const importSuffix = options.importSuffix ?? suffixOf(recorded?.options["importSuffix"]);
  const extras = extraEmitters.filter(({ name }) => recorded?.options["with"]?.split(",").includes(name) === true);
  const history = readHistory((paths) => new Map([...found].filter(([path]) => paths.includes(path))));
  const generated = generate(source, [...emitters, ...extras], { importSuffix, history });
  if (!generated.ok) return generated;

  const egress = checkEgress(generated.value, source, {
    cwd: "/",
    folder: "/",
    lock: lockText === undefined ? "none" : "readable",
    isForced: false,
    deployed: deployedModels(history),
    recorded: lock.history?.acceptedEgress ?? new Map(),
    acceptEgress: [],
  });
  const diagnostics = [...generated.diagnostics, ...egress.diagnostics];
  if (egress.diagnostics.some(({ severity }) => severity === "error")) return { ok: false, diagnostics };

  const files = wantedFiles(generated.value.files, found);
  const scaffolds = files.filter(({ ownership }) => ownership === "scaffold").map(({ path }) => path);
  const inputs = {
    schemaSha256: hashText(source.text),
    options: { with: "", ...recorded?.options, importSuffix },
    emitters: recorded?.emitters ?? [],
    version: VERSION,
    scaffolds,
    warnings: generated.diagnostics.length,
  };
  const kept = { ...(generated.value.history ?? EMPTY_HISTORY), acceptedEgress: egress.accepted };
  const text = formatLock({ ...generated.value, files, inputs, history: kept });
  const wanted: readonly OutputFile[] = [...files, { path: LOCK_FILE, text, ownership: "generated" }];
  return { ok: true, value: compare(wanted, found, withOwnHash(lock, lockText)), diagnostics };
}

/** What writing would make of these: the base of each scaffold beside it, and lines of the user's kept. */
const wantedFiles = (files: readonly OutputFile[], found: ReadonlyMap<string, string>): readonly OutputFile[] =>
  files
    .flatMap((file): readonly OutputFile[] => {
      if (file.ownership === "scaffold") return [file, { ...file, path: basePath(file.path), ownership: "generated" }];
      const shared = file.path === ATTRIBUTES_FILE ? found.get(ATTRIBUTES_FILE) : undefined;
      return [shared === undefined ? file : keepOtherLines(file, shared)];
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));

const suffixOf = (recorded: string | undefined): ".js" | ".ts" | "" => (recorded === ".ts" || recorded === "" ? recorded : ".js");

const withOwnHash = (lock: Lock, text: string | undefined): Lock =>
  text === undefined ? lock : { ...lock, files: new Map([...lock.files, [LOCK_FILE, hashText(text)]]) };
