/**
 * The pipeline, from text to texts: parse, validate, model, emit. It reads nothing, writes nothing and asks
 * nothing; load and write stand at its two ends.
 */
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import type { EmitContext, Emitter, OutputFile, SyncModel } from "@synckit-gen/schemas/model";
import { emitFiles } from "./emit/emit-files.ts";
import { buildModel } from "./model/build-model.ts";
import { parseSchema } from "./parse/parse-schema.ts";
import type { SourceText } from "./parse/yaml-reader.ts";
import { viewSchema } from "./validate/schema-view.ts";
import { sortFindings, validate } from "./validate/validate.ts";
import { VERSION } from "./version.ts";

export interface Generated {
  readonly model: SyncModel;
  /** First 16 hex digits of SHA-256 over the canonical model. */
  readonly modelHash: string;
  /** By path. */
  readonly files: readonly OutputFile[];
}

export interface GenerateOptions {
  /** Suffix of relative imports in generated TypeScript. Default: `.js`. */
  readonly importSuffix?: EmitContext["importSuffix"];
}

/** Schema text to model: what an emitter would get. */
export function readModel(source: SourceText): Staged<SyncModel> {
  const parsed = parseSchema(source);
  if (parsed.syntax === null) return { ok: false, diagnostics: sortFindings(parsed.diagnostics) };

  const view = viewSchema(parsed.syntax);
  const diagnostics = sortFindings([...parsed.diagnostics, ...validate(view)]);
  if (diagnostics.some(({ severity }) => severity === "error")) return { ok: false, diagnostics };
  return { ok: true, value: buildModel(view), diagnostics };
}

/** Schema text in, file texts out. */
export function generate(source: SourceText, emitters: readonly Emitter[], options: GenerateOptions = {}): Staged<Generated> {
  const model = readModel(source);
  if (!model.ok) return model;
  const emitted = emitFiles(model.value, emitters, { version: VERSION, importSuffix: options.importSuffix ?? ".js" });
  return { ok: true, value: { model: model.value, ...emitted }, diagnostics: model.diagnostics };
}
