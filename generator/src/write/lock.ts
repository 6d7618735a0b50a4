/**
 * `synckit.lock.json`: the model behind the files, and a hash of each file as it was written. The hashes tell a
 * stale file from one that was edited by hand, and an orphan of ours from a file that is somebody else's.
 */
import { createHash } from "node:crypto";
import type { OutputFile, SyncModel } from "@synckit-gen/schemas/model";

const LOCK_VERSION = 1;

export interface Lock {
  /** SHA-256 by path. */
  readonly files: ReadonlyMap<string, string>;
}

export const EMPTY_LOCK: Lock = { files: new Map() };

export const hashText = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Sorted members, one item a line, so that version control can merge it. */
export function formatLock(model: SyncModel, modelHash: string, files: readonly OutputFile[]): string {
  const hashes = files.filter((file) => file.ownership === "generated").map((file) => [file.path, hashText(file.text)] as const);
  return `${JSON.stringify(sorted({ lockVersion: LOCK_VERSION, modelHash, model, files: Object.fromEntries(hashes) }), null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}

export type LockReading = { readonly ok: true; readonly lock: Lock } | { readonly ok: false; readonly reason: string };

/** Reads what this version needs of a lock file; paths that lead out of the folder are refused. */
export function parseLock(text: string): LockReading {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { ok: false, reason: /^<{7} /mu.test(text) ? "it holds an unresolved merge" : "it is not JSON" };
  }
  if (!isObject(found) || typeof found["lockVersion"] !== "number" || !isObject(found["files"]))
    return { ok: false, reason: "it is not a lock file of synckit-gen" };
  if (found["lockVersion"] > LOCK_VERSION) return { ok: false, reason: "a newer synckit-gen wrote it" };
  const files = Object.entries(found["files"]);
  const hashes = files.flatMap(([path, hash]) => (typeof hash === "string" ? [[path, hash] as const] : []));
  if (hashes.length < files.length || files.some(([path]) => !isInside(path)))
    return { ok: false, reason: "it names files that cannot be ours" };
  return { ok: true, lock: { files: new Map(hashes) } };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isInside = (path: string): boolean =>
  !/^[/\\]|\\|^[a-z]:/iu.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
