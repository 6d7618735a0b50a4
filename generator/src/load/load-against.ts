/** Finds and reads what a schema is compared with: the lock, a file, or the schema as a git commit has it. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import { closest } from "../closest.ts";
import { LOCK_FILE } from "../emit/emit-files.ts";
import { errorCode, reasonOf, shownPath } from "./shown-path.ts";

export interface AgainstOptions {
  /** Absolute; messages show paths relative to it. */
  readonly cwd: string;
  /** Absolute. */
  readonly schema: string;
  /** The output folder, absolute. */
  readonly folder: string;
  /** A git ref, a file, or `lock`, which is what undefined means. A file of that name comes first. */
  readonly against: string | undefined;
}

export interface LoadedAgainst {
  readonly kind: "lock" | "file" | "git";
  /** As messages name it: `src/sync/synckit.lock.json`, `old.yaml`, `main:synckit.yaml`. */
  readonly name: string;
  /** True where the text is a lock or a model, false where it is a schema. */
  readonly isJson: boolean;
  readonly text: string;
}

/** A schema of ten thousand tables is a tenth of this. */
const MAX_GIT_BYTES = 64 * 1024 * 1024;

export function loadAgainst(options: AgainstOptions): Staged<LoadedAgainst> {
  const { cwd, folder, against } = options;
  const named = against === undefined || against === "lock" ? undefined : resolve(cwd, against);
  if (named === undefined) {
    const path = join(folder, LOCK_FILE);
    if (existsSync(path)) return readNamed(cwd, path, "lock");
    const shown = shownPath(cwd, path);
    return { ok: false, diagnostics: [report("against/no-lock", wholeFile(shown), { path: shown })] };
  }
  return existsSync(named) && !statSync(named).isDirectory() ? readNamed(cwd, named, "file") : readFromGit(options, against ?? "");
}

function readNamed(cwd: string, path: string, kind: "lock" | "file"): Staged<LoadedAgainst> {
  const name = shownPath(cwd, path);
  try {
    return loaded(kind, name, path.endsWith(".json"), readFileSync(path));
  } catch (error) {
    return unreadable(name, reasonOf(error));
  }
}

function loaded(kind: LoadedAgainst["kind"], name: string, isJson: boolean, bytes: Uint8Array): Staged<LoadedAgainst> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { ok: true, value: { kind, name, isJson, text }, diagnostics: [] };
  } catch {
    return unreadable(name, "it is not UTF-8 text");
  }
}

const unreadable = (name: string, reason: string): Staged<LoadedAgainst> => ({
  ok: false,
  diagnostics: [report("against/unreadable", wholeFile(name), { against: name, reason })],
});

/** The schema at its present path, as it was then. Git is asked in the schema's folder, so a run in any other folder is the same. */
function readFromGit({ schema }: AgainstOptions, against: string): Staged<LoadedAgainst> {
  const folder = dirname(schema);
  const at = wholeFile(against);
  const root = git(folder, ["rev-parse", "--show-toplevel"]);
  if (!root.ok) return { ok: false, diagnostics: [report("against/no-repository", at, { against, reason: root.reason })] };

  // A ref never begins with a dash; git would take it for an option.
  const commit = against.startsWith("-") ? null : git(folder, ["rev-parse", "--verify", "--quiet", `${against}^{commit}`]);
  if (commit?.ok !== true) {
    const refs = git(folder, ["for-each-ref", "--format=%(refname:short)"]);
    const suggestion = refs.ok ? closest(against, textOf(refs.bytes).split("\n")) : undefined;
    return { ok: false, diagnostics: [report("against/not-found", at, { against }, { suggestion })] };
  }
  const path = `./${basename(schema)}`;
  const blob = git(folder, ["cat-file", "blob", `${textOf(commit.bytes).trim()}:${path}`]);
  if (blob.ok) return loaded("git", `${against}:${basename(schema)}`, false, blob.bytes);
  const inRepository = git(folder, ["rev-parse", "--show-prefix"]);
  const shown = `${inRepository.ok ? textOf(inRepository.bytes).trim() : ""}${basename(schema)}`;
  return { ok: false, diagnostics: [report("against/not-in-ref", at, { against, path: shown })] };
}

type GitAnswer = { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly reason: string };

function git(cwd: string, args: readonly string[]): GitAnswer {
  // Its messages are read below, so they must be in one language.
  const env = { ...process.env, LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0" };
  const ran = spawnSync("git", args, { cwd, env, maxBuffer: MAX_GIT_BYTES, stdio: ["ignore", "pipe", "pipe"] });
  if (ran.error !== undefined)
    return { ok: false, reason: errorCode(ran.error) === "ENOENT" ? "git is not installed" : "git cannot be run" };
  if (ran.status === 0) return { ok: true, bytes: ran.stdout };
  const [line = ""] = textOf(ran.stderr).split("\n");
  if (line.includes("not a git repository")) return { ok: false, reason: "this folder is in no git repository" };
  return { ok: false, reason: `git says "${line.replace(/^fatal: /u, "")}"` };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
