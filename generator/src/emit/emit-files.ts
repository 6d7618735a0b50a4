/** Runs the emitters on a frozen model and holds them to their contract. A breach is our bug, so it throws. */
import { createHash } from "node:crypto";
import { canonicalJson } from "@synckit-gen/schemas/model";
import type { EmitContext, Emitter, OutputFile, SyncModel } from "@synckit-gen/schemas/model";

export interface EmitOptions {
  readonly importSuffix: EmitContext["importSuffix"];
  readonly version: string;
}

export interface Emitted {
  readonly modelHash: string;
  /** By path. */
  readonly files: readonly OutputFile[];
}

export function emitFiles(model: SyncModel, emitters: readonly Emitter[], options: EmitOptions): Emitted {
  deepFreeze(model);
  const modelHash = hashModel(model);
  const ownerByPath = new Map<string, string>();
  const files: OutputFile[] = [];
  for (const emitter of emitters) {
    for (const file of emitter.emit(model, { ...options, modelHash })) {
      const fault = fileFault(file, ownerByPath.get(file.path.toLowerCase()));
      if (fault !== null) throw new Error(`emitter "${emitter.name}", file "${file.path}": ${fault}`);
      ownerByPath.set(file.path.toLowerCase(), emitter.name);
      files.push(file);
    }
  }
  return { modelHash, files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

const hashModel = (model: SyncModel): string => createHash("sha256").update(canonicalJson(model)).digest("hex").slice(0, 16);

/** The generator keeps its own records in this file. */
export const LOCK_FILE = "synckit.lock.json";

function fileFault(file: OutputFile, otherOwner: string | undefined): string | null {
  if (otherOwner !== undefined) return `"${otherOwner}" writes it too`;
  if (file.path === LOCK_FILE || !/^(?!\.)[^/\\:]+(?:\/(?!\.)[^/\\:]+)*$/u.test(file.path))
    return "its path is not a relative path inside the output folder";
  if (file.text.includes("\r")) return "its lines do not end with LF alone";
  return file.text.endsWith("\n") && !file.text.endsWith("\n\n") ? null : "it does not end with one newline";
}

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
