/**
 * The migrations that have been written, with their texts and the models behind them. They form a graph, since two
 * branches may each add one; databases run them parents first, and by name where that leaves a choice.
 */
import type { SyncModel } from "@synckit-gen/schemas/model";
import { hashText } from "../write/lock.ts";
import type { LockHistory, MigrationRecord } from "../write/lock.ts";
import { readStoredModel } from "./stored-model.ts";

export interface History extends LockHistory {
  /** The model behind the last run. Null: there was none, or the lock has been merged. */
  readonly model: SyncModel | null;
  /** Texts of the migrations' files, by name. A file that is gone is absent. */
  readonly texts: ReadonlyMap<string, string>;
  /** Texts of the models' files, by the name of the migration that leads to them. */
  readonly snapshots: ReadonlyMap<string, string>;
  /** Migrations whose model's file is not as it was written. */
  readonly editedSnapshots?: readonly string[];
  /** Migrations that the next one stands for. */
  readonly replaced?: readonly string[];
}

export const NO_HISTORY: History = {
  migrations: [],
  bits: new Map(),
  acceptedEgress: new Map(),
  model: null,
  texts: new Map(),
  snapshots: new Map(),
};

const MODELS_FOLDER = "migrations/models";

export const migrationPath = (name: string): string => `migrations/${name}.sql`;
export const snapshotPath = (name: string): string => `${MODELS_FOLDER}/${name}.json`;

/** Parents first; among equals by name. A parent that is not in the list counts as run. */
export function inRunOrder(migrations: readonly MigrationRecord[]): readonly MigrationRecord[] {
  const left = new Map(migrations.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((record) => [record.name, record]));
  const ordered: MigrationRecord[] = [];
  while (left.size > 0) {
    const ready = [...left.values()].find(({ parents }) => parents.every((parent) => !left.has(parent)));
    const [first] = left.values();
    // A circle can only be made by hand; what is left then runs by name.
    const next = ready ?? first;
    if (next === undefined) break;
    left.delete(next.name);
    ordered.push(next);
  }
  return ordered;
}

/** The migrations that no other one was written after. */
export function headsOf(migrations: readonly MigrationRecord[]): readonly MigrationRecord[] {
  const parents = new Set(migrations.flatMap((record) => record.parents));
  return inRunOrder(migrations).filter(({ name }) => !parents.has(name));
}

/** The migration's ancestors and itself, by name. */
export function lineOf(name: string, migrations: readonly MigrationRecord[]): ReadonlySet<string> {
  const byName = new Map(migrations.map((record) => [record.name, record]));
  const line = new Set<string>();
  const visit = (at: string): void => {
    if (line.has(at)) return;
    line.add(at);
    for (const parent of byName.get(at)?.parents ?? []) visit(parent);
  };
  visit(name);
  return line;
}

/** Null where the file is gone or cannot be read. */
export function snapshotOf(history: History, name: string): SyncModel | null {
  const text = history.snapshots.get(name);
  if (text === undefined) return null;
  try {
    return readStoredModel(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Migrations whose file is not what was written: it may have run on devices, so it must stay as it was. */
export const editedMigrations = (
  history: History,
): readonly { readonly name: string; readonly path: string; readonly isMissing: boolean }[] =>
  history.migrations.flatMap(({ name, sha256 }) => {
    const text = history.texts.get(name);
    const edited =
      text === undefined || hashText(text) !== sha256 ? [{ name, path: migrationPath(name), isMissing: text === undefined }] : [];
    const isMissing = !history.snapshots.has(name);
    const isEdited = isMissing || history.editedSnapshots?.includes(name) === true;
    return [...edited, ...(isEdited ? [{ name, path: snapshotPath(name), isMissing }] : [])];
  });
