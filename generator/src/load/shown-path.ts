/** Paths and disk errors in the words of a message. */
import { relative, sep } from "node:path";

/** Relative to the working directory where that is shorter to read, with forward slashes. */
export function shownPath(cwd: string, path: string): string {
  const near = relative(cwd, path);
  const shown = near === "" ? "." : near.startsWith(`..${sep}..${sep}..`) ? path : near;
  return sep === "\\" ? shown.replaceAll("\\", "/") : shown;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EEXIST: "a file stands where a folder is needed",
  ENOTDIR: "a part of the path is a file",
  EISDIR: "it is a folder",
  ENOENT: "a part of the path does not exist",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "its links lead in a circle",
};

export const errorCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

/** Why the disk refused, without the path and the system call. An error that is not the disk's is thrown on. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code === null) throw error;
  return REASONS[code] ?? `the system says ${code}`;
}
