/**
 * Two branches have each changed the schema. Where they changed different tables, what they lead to together is plain;
 * where they met in one table, neither migration knows of the other, and a person must decide.
 */
import { canonicalJson } from "@synckit-gen/schemas/model";
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import { headsOf, lineOf, snapshotOf } from "./history.ts";
import type { History } from "./history.ts";
import type { MigrationRecord } from "../write/lock.ts";
import { stepsBetween } from "./model-steps.ts";

export interface BranchConflict {
  readonly table: string;
  /** The migrations at the ends of the two branches. */
  readonly first: string;
  readonly second: string;
}

export type MergedModel =
  | { readonly ok: true; readonly model: SyncModel | null }
  | { readonly ok: false; readonly conflicts: readonly BranchConflict[] };

/** The model that a database has after these migrations; null for none. A snapshot that cannot be read counts as none. */
export function modelAfter(history: History, migrations: readonly MigrationRecord[]): MergedModel {
  const [first, ...others] = headsOf(migrations);
  if (first === undefined) return { ok: true, model: null };
  let model = snapshotOf(history, first.name);
  const line = new Set(lineOf(first.name, migrations));
  for (const head of others) {
    const theirs = snapshotOf(history, head.name);
    const base = commonBase(history, migrations, line, head.name);
    if (model === null || theirs === null || base === null) return { ok: true, model: null };
    const conflicts = conflictsBetween(base, model, theirs);
    if (conflicts.length > 0) return { ok: false, conflicts: conflicts.map((table) => ({ table, first: first.name, second: head.name })) };
    model = combine(base, model, theirs);
    for (const name of lineOf(head.name, migrations)) line.add(name);
  }
  return { ok: true, model };
}

/** The model behind the last run; after a merge those of both sides. */
export function deployedModels(history: History): readonly SyncModel[] {
  if (history.model !== null) return [history.model];
  return headsOf(history.migrations).flatMap(({ name }) => snapshotOf(history, name) ?? []);
}

/** The model from which both have started: that of the latest migrations that they share. */
function commonBase(history: History, migrations: readonly MigrationRecord[], line: ReadonlySet<string>, head: string): SyncModel | null {
  const theirs = lineOf(head, migrations);
  const shared = migrations.filter(({ name }) => line.has(name) && theirs.has(name));
  const base = modelAfter(history, shared);
  if (base.ok && base.model !== null) return base.model;
  const [any] = migrations;
  const sample = any === undefined ? null : snapshotOf(history, any.name);
  return shared.length === 0 && sample !== null ? { ...sample, tables: [], unsyncedParents: [] } : null;
}

/** What a branch has done, by table. */
interface Footprint {
  /** Names, before and after, of the tables that it changed. */
  readonly changed: ReadonlySet<string>;
  /** Names that mean something else now: of tables that went, or were renamed, or are recognised in another way. */
  readonly moved: ReadonlySet<string>;
  /** Tables that the changed ones refer to. */
  readonly needed: ReadonlySet<string>;
}

function footprintOf(base: SyncModel, after: SyncModel): Footprint {
  const steps = stepsBetween(base, after);
  const kept = steps.kept.filter((step) => !isSame(step.before, step.after));
  const moved = kept.filter((step) => step.before.name !== step.after.name || !isSame(step.before.key, step.after.key));
  return {
    changed: new Set([...steps.added, ...steps.removed, ...kept.flatMap((step) => [step.before, step.after])].map(({ name }) => name)),
    moved: new Set([...steps.removed, ...moved.map(({ before }) => before)].map(({ name }) => name)),
    needed: new Set([...steps.added, ...kept.map((step) => step.after)].flatMap(({ references }) => references.map(({ table }) => table))),
  };
}

function conflictsBetween(base: SyncModel, ours: SyncModel, theirs: SyncModel): readonly string[] {
  const [a, b] = [footprintOf(base, ours), footprintOf(base, theirs)];
  const both = [...a.changed].filter((name) => b.changed.has(name) && !isSame(tableOf(ours, name), tableOf(theirs, name)));
  const pulled = [...[...a.moved].filter((name) => b.needed.has(name)), ...[...b.moved].filter((name) => a.needed.has(name))];
  return [...new Set([...both, ...pulled])].toSorted();
}

const tableOf = (model: SyncModel, name: string): Table | null => model.tables.find((table) => table.name === name) ?? null;

/** The order of tables does not matter here: it is the schema's that is emitted. */
function combine(base: SyncModel, ours: SyncModel, theirs: SyncModel): SyncModel {
  const changed = footprintOf(base, theirs).changed;
  const rest = ours.tables.filter(({ name }) => !changed.has(name));
  const added = theirs.tables.filter(({ name }) => changed.has(name));
  return {
    ...(isSame({ ...base, tables: [] }, { ...ours, tables: [] }) ? theirs : ours),
    tables: [...rest, ...added],
    unsyncedParents: [...new Set([...ours.unsyncedParents, ...theirs.unsyncedParents])].toSorted(),
  };
}

const withoutPlace = (value: unknown): unknown =>
  value !== null && typeof value === "object" && "component" in value ? { ...value, component: 0, code: null } : value;

const isSame = (a: unknown, b: unknown): boolean => canonicalJson(withoutPlace(a)) === canonicalJson(withoutPlace(b));
