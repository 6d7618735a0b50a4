/** The directory that a server keeps, for the owner's eyes only. */
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { codeOf } from "../error-code.ts";
import type { Storage } from "../storage/port.ts";
import { openSqliteStorage } from "../storage/sqlite/open-sqlite-storage.ts";
import { CliError, EXIT_FAILED } from "./cli-error.ts";

const DATABASE = "synckit.db";

export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  readonly storage: Storage;
}

/** Makes the directory and the database when they are missing; the directory above must exist, since a mistyped path has none. */
export function openDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  return useDirectory(path, () => {
    makeDirectory(path);
    return { path, storage: openSqliteStorage(join(path, DATABASE)) };
  });
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a file is in the way",
  ENOENT: "the directory above it does not exist",
  EISDIR: "a directory is in the way of a file",
};

/** Says in words why a directory cannot be used. */
export function useDirectory<T>(directory: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = codeOf(error);
    const reason = code === null ? undefined : REASONS[code];
    if (reason === undefined) throw error;
    throw new CliError(EXIT_FAILED, `Cannot use the data directory ${directory}: ${reason}.\nChoose another with --data.`);
  }
}
