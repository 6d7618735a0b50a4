/**
 * The output folder on disk: read what is there, and change it as a whole. Every new text stands beside its place
 * before the first one moves into it, so that a disk that refuses leaves things as they were.
 */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errorCode } from "../load/shown-path.ts";
import type { FileMemory } from "./file-memory.ts";
import { eachPiece } from "./text-bytes.ts";

/** The disk refused; `path` is absolute and `cause` the system's error. */
export class OutputRefused extends Error {
  readonly path: string;
  constructor(path: string, cause: unknown) {
    super("the output folder cannot be used", { cause });
    this.path = path;
  }
}

/** Texts of those paths that exist. */
export function readFound(folder: string, paths: Iterable<string>, memory?: FileMemory): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const text = readIfThere(join(folder, path), memory);
    if (text !== null) found.set(path, text);
  }
  return found;
}

function readIfThere(path: string, memory: FileMemory | undefined): string | null {
  try {
    return memory === undefined ? readFileSync(path, "utf8") : memory.read(path);
  } catch (error) {
    // ENOTDIR: a parent is a file, so this one is not there; writing will say so.
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null;
    throw new OutputRefused(path, error);
  }
}

interface Change {
  readonly path: string;
  readonly text: string;
}

export function changeFolder(folder: string, writes: readonly Change[], removals: readonly string[], memory?: FileMemory): void {
  const staged: { readonly from: string; readonly to: string; readonly text: string }[] = [];
  const made: string[] = [];
  try {
    for (const { path, text } of writes) {
      const to = join(folder, path);
      attempt(dirname(to), () => makeFolders(dirname(to), made));
      // A name of this process's own: two runs at once must not share it.
      const from = `${to}.${process.pid}.tmp`;
      staged.push({ from, to, text });
      attempt(to, () => writePieces(from, text));
    }
  } catch (error) {
    for (const { from } of staged) rmSync(from, { force: true });
    for (const path of made.toReversed()) removeIfEmpty(path);
    throw error;
  }
  for (const { from, to, text } of staged)
    attempt(to, () => {
      memory?.wrote(to, text, from);
      renameSync(from, to);
    });
  for (const path of removals) {
    const full = join(folder, path);
    attempt(full, () => rmSync(full, { force: true }));
    for (let parent = dirname(full); parent !== resolve(folder) && removeIfEmpty(parent); parent = dirname(parent));
  }
}

function writePieces(path: string, text: string): void {
  const file = openSync(path, "w");
  try {
    eachPiece(text, (bytes) => writeFileSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function attempt(path: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    throw new OutputRefused(path, error);
  }
}

/**
 * Makes the folder and those above it, outermost first, and notes which were made. Not `mkdirSync` with `recursive`: that one
 * never returns where the system answers ENOENT for a folder whose parent exists, as in /proc.
 */
function makeFolders(folder: string, made: string[]): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error("not a folder"), { code: "EEXIST" });
    return;
  }
  if (dirname(folder) !== folder) makeFolders(dirname(folder), made);
  mkdirSync(folder);
  made.push(folder);
}

function removeIfEmpty(folder: string): boolean {
  try {
    if (!lstatSync(folder).isDirectory()) return false;
    rmdirSync(folder);
    return true;
  } catch {
    // Not empty, or somebody else removed it: either way there is nothing to tidy.
    return false;
  }
}
