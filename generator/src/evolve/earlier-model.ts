/** The model of an earlier version: from the text of a schema, of a lock, or of a model as JSON. */
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { readModel } from "../generate.ts";
import { readStoredModel } from "./stored-model.ts";

export interface EarlierText {
  readonly name: string;
  readonly isJson: boolean;
  readonly text: string;
}

export function readEarlierModel({ name, isJson, text }: EarlierText): Staged<SyncModel> {
  if (isJson) {
    const found = readJson(text);
    if (typeof found !== "string") return { ok: true, value: found, diagnostics: [] };
    return { ok: false, diagnostics: [report("against/unreadable", wholeFile(name), { against: name, reason: found })] };
  }
  const read = readModel({ file: name, text });
  // Warnings were for the author of that version.
  if (read.ok) return { ...read, diagnostics: [] };
  const errors = read.diagnostics.filter(({ severity }) => severity === "error");
  return {
    ok: false,
    diagnostics: [report("against/broken-schema", wholeFile(name), { against: name, errors: errors.length }), ...errors],
  };
}

/** The model, or why there is none. */
function readJson(text: string): SyncModel | string {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return /^<{7} /mu.test(text) ? "it holds an unresolved merge" : "it is not JSON";
  }
  const stored: unknown = typeof found === "object" && found !== null && "model" in found ? found.model : found;
  return readStoredModel(stored) ?? "it holds no model that this synckit-gen knows";
}
