/**
 * From the migrations that are written and the model that the schema says now: the model with its places in the mask,
 * the migrations that emitters must know, and what speaks against going on.
 */
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, Staged } from "@synckit-gen/schemas/diagnostics";
import type { MigrationSource, OutputFile, SyncModel } from "@synckit-gen/schemas/model";
import { limits } from "@synckit-gen/schemas/protocol";
import { deepFreeze } from "../model/deep-freeze.ts";
import { hashModel } from "../model/model-json.ts";
import { reuseTables } from "../model/reuse-tables.ts";
import { formatModel, hashText } from "../write/lock.ts";
import type { LockHistory, MigrationRecord, TableBits } from "../write/lock.ts";
import { assignBits } from "./assign-bits.ts";
import { carryPast } from "./carry-past.ts";
import { dangersOf } from "./dangers.ts";
import { editedMigrations, headsOf, inRunOrder, migrationPath, snapshotPath } from "./history.ts";
import type { History } from "./history.ts";
import { modelAfter } from "./merge-models.ts";
import { migrationName } from "./migration-name.ts";
import { diffModels } from "./model-diff.ts";
import type { ModelChange } from "./model-diff.ts";
import { stepsBetween } from "./model-steps.ts";
import { reusedNames } from "./reused-names.ts";
import type { PlaceOf } from "./schema-places.ts";

export interface PlanOptions {
  /** What the next migration is to be called, in the author's words. */
  readonly name?: string | undefined;
  /** Columns and tables that hold data may go. */
  readonly allowsDestructive?: boolean;
  /** Where the schema stands, for findings about it. */
  readonly file: string;
  /** Where its tables and columns stand in it. */
  readonly placeOf: PlaceOf;
  /** Models whose tables are to be taken where they are equal. */
  readonly known?: readonly SyncModel[];
}

export interface MigrationPlan {
  /** With places in the mask that never change. */
  readonly model: SyncModel;
  readonly sources: readonly MigrationSource[];
  /** What the planned migration is for, in words; empty for the first. */
  readonly changes: readonly ModelChange[];
  /** The model behind the migrations that are written; null: there are none. */
  readonly before: SyncModel | null;
  /** The history with the planned migration in it, when the emitters have written it. */
  readonly conclude: (files: readonly OutputFile[], modelHash: string) => Concluded;
}

export interface Concluded {
  readonly history: LockHistory;
  /** Models behind the migrations, for later runs. */
  readonly snapshots: readonly OutputFile[];
  /** The migration that this run adds; null: nothing needs one. */
  readonly added: string | null;
}

export function planMigration(history: History, model: SyncModel, options: PlanOptions): Staged<MigrationPlan> {
  const edited = editedMigrations(history);
  if (edited.length > 0) {
    const at = ({ path }: { readonly path: string }) => wholeFile(path);
    return failed(edited.map((file) => report("migration/edited", at(file), { path: file.path, isMissing: file.isMissing })));
  }
  const known = modelBehind(history);
  if (!known.ok)
    return failed(known.conflicts.map((conflict) => report("migration/conflicting-branches", wholeFile(options.file), conflict)));
  const place = { parents: headsOf(history.migrations).map(({ name }) => name), replaces: history.replaced ?? [] };
  return planFrom(history, known.model, model, options, place);
}

const failed = (diagnostics: readonly Diagnostic[]): Staged<never> => ({ ok: false, diagnostics });

/** The lock's own model is newer than that of the last migration where something has changed that needs none. */
const modelBehind = (history: History): ReturnType<typeof modelAfter> =>
  history.model !== null && history.migrations.length > 0 ? { ok: true, model: history.model } : modelAfter(history, history.migrations);

interface Place {
  readonly parents: readonly string[];
  readonly replaces: readonly string[];
}

/** Plans one migration from `before`, at a place in the history. */
function planFrom(history: History, before: SyncModel | null, model: SyncModel, options: PlanOptions, place: Place): Staged<MigrationPlan> {
  const stepsHere = before === null ? null : stepsBetween(before, model);
  const reused = stepsHere === null ? [] : reusedNames(stepsHere, history);
  if (reused.length > 0)
    return failed(reused.map((name) => report("migration/name-reused", options.placeOf(name.table, name.column), name)));
  const bits = assignBits(carryPast(model, stepsHere), stepsHere, history.bits);
  if (bits.exhausted.length > 0)
    return failed(
      bits.exhausted.map((table) =>
        report("migration/bits-exhausted", wholeFile(options.file), { table, maximum: limits.MAX_MASK_COLUMNS }),
      ),
    );

  const planned = deepFreeze(
    reuseTables(
      bits.model,
      [...new Set([before, ...(options.known ?? [])])].filter((other) => other !== null),
    ),
  );
  const changes = before === null ? [] : diffModels(before, planned);
  const { diagnostics } = dangersOf(before, planned, changes, options);
  if (diagnostics.some(({ severity }) => severity === "error")) return failed(diagnostics);

  const steps = before === null ? null : stepsBetween(before, planned);
  const name = migrationName({ ...place, before, model: planned, changes, wanted: options.name });
  const written = inRunOrder(history.migrations).map((record) => writtenSource(record, history.texts.get(record.name) ?? ""));
  // Planned again as it was, it stands for itself.
  const next: MigrationSource = { kind: "planned", name, steps, replaces: place.replaces.filter((replaced) => replaced !== name) };
  return {
    ok: true,
    value: {
      model: planned,
      sources: [...written, next],
      changes,
      before,
      conclude: (files, modelHash) =>
        conclude(history, bits.bits, { name, parents: place.parents, before, model: planned, modelHash, files }),
    },
    diagnostics,
  };
}

const sources = new WeakMap<MigrationRecord, Extract<MigrationSource, { readonly kind: "written" }>>();

/** One object for one migration: emitters need not read its text again in a later run over the same history. */
function writtenSource(record: MigrationRecord, text: string): MigrationSource {
  const known = sources.get(record);
  if (known?.text === text) return known;
  const source = { kind: "written", name: record.name, text } as const;
  sources.set(record, source);
  return source;
}

interface Written {
  readonly name: string;
  readonly parents: readonly string[];
  readonly before: SyncModel | null;
  readonly model: SyncModel;
  readonly modelHash: string;
  readonly files: readonly OutputFile[];
}

function conclude(history: History, bits: ReadonlyMap<string, TableBits>, written: Written): Concluded {
  const { name, parents, before, model, modelHash, files } = written;
  const text = files.find(({ path }) => path === migrationPath(name))?.text;
  const kept = history.migrations.flatMap((record): readonly OutputFile[] => {
    const snapshot = history.snapshots.get(record.name);
    return snapshot === undefined ? [] : [{ path: snapshotPath(record.name), text: snapshot, ownership: "generated" }];
  });
  const rest = { bits, acceptedEgress: history.acceptedEgress };
  if (text === undefined) return { history: { ...rest, migrations: history.migrations }, snapshots: kept, added: null };

  const record: MigrationRecord = {
    name,
    parents,
    sha256: hashText(text),
    before: before === null ? null : hashModel(before),
    after: modelHash,
    isDeployed: false,
  };
  const snapshot: OutputFile = { path: snapshotPath(name), text: `${formatModel(model)}\n`, ownership: "generated" };
  return { history: { ...rest, migrations: [...history.migrations, record] }, snapshots: [...kept, snapshot], added: name };
}
