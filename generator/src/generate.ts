/**
 * The pipeline, from text to texts: parse, validate, model, emit. It reads nothing, writes nothing and asks
 * nothing; load and write stand at its two ends.
 */
import { wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import type { EmitContext, Emitter, OutputFile, SyncModel } from "@synckit-gen/schemas/model";
import { emitFiles } from "./emit/emit-files.ts";
import type { History } from "./evolve/history.ts";
import { planMigration } from "./evolve/plan-migration.ts";
import type { MigrationPlan } from "./evolve/plan-migration.ts";
import { placesIn } from "./evolve/schema-places.ts";
import type { PlaceOf } from "./evolve/schema-places.ts";
import { buildModel } from "./model/build-model.ts";
import { reuseTables } from "./model/reuse-tables.ts";
import { parseSchema } from "./parse/parse-schema.ts";
import { YamlMemory } from "./parse/yaml-memory.ts";
import type { SourceText } from "./parse/yaml-reader.ts";
import { viewSchema } from "./validate/schema-view.ts";
import { sortFindings, validate } from "./validate/validate.ts";
import { VERSION } from "./version.ts";
import type { LockHistory } from "./write/lock.ts";

export interface Generated {
  readonly model: SyncModel;
  /** First 16 hex digits of SHA-256 over the canonical model. */
  readonly modelHash: string;
  /** By path. */
  readonly files: readonly OutputFile[];
}

/** With what a project keeps from one run to the next. */
export interface GeneratedNext extends Generated {
  /** For the lock. Absent where none was given: the migration is then the first. */
  readonly history?: LockHistory;
  /** The migration that this run adds; null: nothing needs one. */
  readonly addedMigration?: string | null;
}

export interface GenerateOptions {
  /** Suffix of relative imports in generated TypeScript. Default: `.js`. */
  readonly importSuffix?: EmitContext["importSuffix"];
}

export interface GenerateNextOptions extends GenerateOptions {
  /** The migrations that are written, and what else the lock remembers. Without it the result is that of a first run. */
  readonly history?: History;
  /** What the next migration is to be called. */
  readonly migrationName?: string | undefined;
  /** A migration may delete columns and tables with their data. */
  readonly allowsDestructive?: boolean;
  /** Of the runs before. */
  readonly memory?: GenerateMemory | null | undefined;
}

/** What one run leaves for the next one over the same schema. Results are the same without it, and come later. */
export class GenerateMemory {
  readonly yaml = new YamlMemory();
  model: SyncModel | null = null;
}

/** Schema text to model: what an emitter would get. */
export function readModel(source: SourceText, memory?: GenerateMemory | null): Staged<SyncModel> {
  const parsed = parseSchema(source, memory?.yaml);
  if (parsed.syntax === null) return { ok: false, diagnostics: sortFindings(parsed.diagnostics) };

  const view = viewSchema(parsed.syntax);
  const diagnostics = sortFindings([...parsed.diagnostics, ...validate(view)]);
  if (diagnostics.some(({ severity }) => severity === "error")) return { ok: false, diagnostics };
  return { ok: true, value: buildModel(view), diagnostics };
}

/** Schema text in, file texts out. */
export function generate(source: SourceText, emitters: readonly Emitter[], options: GenerateNextOptions = {}): Staged<GeneratedNext> {
  const { history, importSuffix = ".js", memory } = options;
  const read = readModel(source, memory);
  if (!read.ok) return read;
  const known = [history?.model ?? null, memory?.model ?? null].filter((model) => model !== null);
  const model = reuseTables(read.value, known);
  if (history === undefined) {
    const emitted = emitFiles(model, emitters, { version: VERSION, importSuffix });
    if (memory != null) memory.model = model;
    return { ok: true, value: { model, ...emitted }, diagnostics: read.diagnostics };
  }
  const { migrationName: name, allowsDestructive = false } = options;
  const plan = planMigration(history, model, { name, allowsDestructive, file: source.file, placeOf: placesOf(source), known });
  const diagnostics = [...read.diagnostics, ...plan.diagnostics];
  if (!plan.ok) return { ok: false, diagnostics };
  if (memory != null) memory.model = plan.value.model;
  return { ok: true, value: emitPlan(plan.value, emitters, importSuffix), diagnostics };
}

/** Read again only where something is to be said of a place. */
function placesOf(source: SourceText): PlaceOf {
  return (table, column) => {
    const { syntax } = parseSchema(source);
    return syntax === null ? wholeFile(source.file) : placesIn(syntax)(table, column);
  };
}

/** The files that belong to a plan, with the history as it will be. */
function emitPlan(plan: MigrationPlan, emitters: readonly Emitter[], importSuffix: EmitContext["importSuffix"]): GeneratedNext {
  let concluded = plan.conclude([], "");
  const emitted = emitFiles(plan.model, emitters, {
    version: VERSION,
    importSuffix,
    migrations: plan.sources,
    besides(files, modelHash) {
      concluded = plan.conclude(files, modelHash);
      return concluded.snapshots;
    },
  });
  return { model: plan.model, ...emitted, history: concluded.history, addedMigration: concluded.added };
}
