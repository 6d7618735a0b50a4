/** Runs the emitters on a frozen model and holds them to their contract. A breach throws: by one of ours it is our bug. */
import type { EmitContext, Emitter, OutputFile, SyncModel } from "@synckit-gen/schemas/model";
import { deepFreeze } from "../model/deep-freeze.ts";
import { hashModel } from "../model/model-json.ts";
import { ATTRIBUTES_FILE, attributesFile } from "./git-attributes.ts";

export interface EmitOptions extends Omit<EmitContext, "modelHash"> {
  /** Files of the generator's own, made from what the emitters have written. */
  readonly besides?: (files: readonly OutputFile[], modelHash: string) => readonly OutputFile[];
}

export interface Emitted {
  readonly modelHash: string;
  /** By path. */
  readonly files: readonly OutputFile[];
}

export function emitFiles(model: SyncModel, emitters: readonly Emitter[], { besides, ...options }: EmitOptions): Emitted {
  deepFreeze(model);
  const modelHash = hashModel(model);
  const ownerByPath = new Map<string, string>();
  const files: OutputFile[] = [];
  const context: EmitContext = Object.freeze({ ...options, modelHash });
  for (const emitter of emitters) {
    for (const file of emitter.emit(model, context)) {
      const fault = fileFault(file, ownerByPath.get(file.path.toLowerCase()));
      if (fault !== null) throw new EmitterFault(emitter.name, file.path, fault);
      ownerByPath.set(file.path.toLowerCase(), emitter.name);
      files.push(file);
    }
  }
  files.push(...(besides?.(files, modelHash) ?? []));
  files.push(attributesFile(files, [LOCK_FILE, ATTRIBUTES_FILE]));
  return { modelHash, files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** A file that an emitter must not emit. */
export class EmitterFault extends Error {
  readonly emitter: string;
  readonly file: string;
  readonly fault: string;
  constructor(emitter: string, file: string, fault: string) {
    super(`emitter "${emitter}", file "${file}": ${fault}`);
    this.emitter = emitter;
    this.file = file;
    this.fault = fault;
  }
}

/** The generator keeps its own records in this file. */
export const LOCK_FILE = "synckit.lock.json";

function fileFault(file: OutputFile, otherOwner: string | undefined): string | null {
  if (otherOwner !== undefined) return `"${otherOwner}" writes it too`;
  if (file.path === LOCK_FILE || !/^(?!\.)[^/\\:]+(?:\/(?!\.)[^/\\:]+)*$/u.test(file.path))
    return "its path is not a relative path inside the output folder";
  if (file.text.includes("\r")) return "its lines do not end with LF alone";
  return file.text.endsWith("\n") && !file.text.endsWith("\n\n") ? null : "it does not end with one newline";
}
