/** Loads an emitter that the user names by path, and holds what it returns to the contract. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, Staged } from "@synckit-gen/schemas/diagnostics";
import type { Emitter, OutputFile } from "@synckit-gen/schemas/model";
import { errorCode, reasonOf } from "./shown-path.ts";

/** The emitter itself threw; the cause is what it threw. */
export class EmitterFailed extends Error {
  readonly emitter: string;
  constructor(emitter: string, cause: unknown) {
    super(`emitter "${emitter}" failed`, { cause });
    this.emitter = emitter;
  }
}

/** `path` is absolute; `shown` is how messages name it. */
export async function loadEmitter(path: string, shown: string): Promise<Staged<Emitter>> {
  const refuse = (diagnostic: Diagnostic): Staged<Emitter> => ({ ok: false, diagnostics: [diagnostic] });
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR")
      return refuse(report("emitter/not-found", wholeFile(shown), { path: shown }));
    return refuse(report("emitter/unloadable", wholeFile(shown), { path: shown, reason: reasonOf(error) }));
  }

  let loaded: unknown;
  try {
    // By content: a watching process must not be given the module that it had loaded before the edit.
    const version = createHash("sha256").update(text).digest("hex").slice(0, 16);
    loaded = await import(`${pathToFileURL(path).href}?${version}`);
  } catch (error) {
    return refuse(report("emitter/unloadable", wholeFile(shown), { path: shown, reason: firstLine(error) }));
  }
  const found = memberOf(loaded, "emitter");
  const fault = shapeFault(found);
  if (fault !== null) return refuse(report("emitter/wrong-shape", wholeFile(shown), { path: shown, reason: fault }));
  return { ok: true, value: guarded(found as Emitter), diagnostics: [] };
}

/** What was thrown, in one line. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]?.replace(/[.\s]+$/u, "") ?? "";

function shapeFault(found: unknown): string | null {
  if (found === undefined) return "it exports nothing named `emitter`";
  if (typeof memberOf(found, "name") !== "string" || memberOf(found, "name") === "") return "`emitter.name` is no text";
  if (typeof memberOf(found, "summary") !== "string") return "`emitter.summary` is no text";
  return typeof memberOf(found, "emit") === "function" ? null : "`emitter.emit` is no function";
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;

/** A stranger's function: it may throw, and what it returns may be anything. */
const guarded = (emitter: Emitter): Emitter => ({
  name: emitter.name,
  summary: emitter.summary,
  emit: (model, context) => {
    let files: unknown;
    try {
      files = emitter.emit(model, context);
    } catch (error) {
      throw new EmitterFailed(emitter.name, error);
    }
    if (!Array.isArray(files) || !files.every(isOutputFile))
      throw new EmitterFailed(
        emitter.name,
        new TypeError("it must return a list of files: { path, text, ownership: generated or scaffold }"),
      );
    return files;
  },
});

const isOutputFile = (file: unknown): file is OutputFile =>
  typeof memberOf(file, "path") === "string" &&
  typeof memberOf(file, "text") === "string" &&
  ["generated", "scaffold"].includes(String(memberOf(file, "ownership")));
