/** `diff` as a function of texts. */
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import { diffSchemas } from "../evolve/diff-schemas.ts";
import type { SchemaDiff } from "../evolve/diff-schemas.ts";
import { readModel } from "../generate.ts";
import { parseSchema } from "../parse/parse-schema.ts";
import type { SourceText } from "../parse/yaml-reader.ts";

/** What an upgrade from one schema to the other means: in words, and by what begins to leave the device, breaks or destroys. */
export function diff(before: SourceText, after: SourceText): Staged<SchemaDiff> {
  const [old, now] = [readModel(before), readModel(after)];
  if (!old.ok) return old;
  if (!now.ok) return now;
  const { syntax } = parseSchema(after);
  if (syntax === null) throw new Error("diff: a schema that gives a model does not parse");
  return { ok: true, value: diffSchemas(old.value, now.value, syntax), diagnostics: now.diagnostics };
}
