/**
 * What a model keeps of the versions before it, so that what their devices say is understood for as long as there are any:
 * the names that tables and columns had, and how often a table has become another one to its readers.
 */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, ModelSteps, SyncModel, Table, TableStep } from "@synckit-gen/schemas/model";
import { deepFreeze } from "../model/deep-freeze.ts";

/** `steps` lead to `model`; null: it is the first. */
export function carryPast(model: SyncModel, steps: ModelSteps | null): SyncModel {
  const stepTo = new Map(steps?.kept.map((step) => [step.after.name, step]));
  return { ...model, tables: model.tables.map((table) => carryTable(table, stepTo.get(table.name))) };
}

const carriedAlone = new WeakMap<Table, Table>();

/** A table that is the same object before and after is carried in one way; what is not frozen may still change. */
function carryTable(table: Table, step: TableStep | undefined): Table {
  if (step?.before !== table || !Object.isFrozen(table)) return carry(table, step);
  let carried = carriedAlone.get(table);
  if (carried === undefined) carriedAlone.set(table, (carried = deepFreeze(carry(table, step))));
  return carried;
}

function carry(table: Table, step: TableStep | undefined): Table {
  const columnBefore = new Map(step?.columns.kept.map(({ before, after }) => [after.name, before]));
  const epoch = (step?.before.epoch ?? 0) + (step !== undefined && isOther(step) ? 1 : 0);
  return {
    ...table,
    ...earlierNames(table, step?.before),
    ...(epoch === 0 ? {} : { epoch }),
    columns: table.columns.map((column): Column => {
      const before = columnBefore.get(column.name);
      return isSynced(column)
        ? { ...column, ...earlierNames(column, before !== undefined && isSynced(before) ? before : undefined) }
        : column;
    }),
  };
}

interface Named {
  readonly name: string;
  readonly renamedFrom?: string;
  readonly earlierNames?: readonly string[];
}

function earlierNames({ name, renamedFrom }: Named, before: Named | undefined): { readonly earlierNames?: readonly string[] } {
  const names = new Set([
    ...(before?.earlierNames ?? []),
    ...(before === undefined ? [] : [before.name]),
    ...(renamedFrom === undefined ? [] : [renamedFrom]),
  ]);
  names.delete(name);
  return names.size === 0 ? {} : { earlierNames: [...names] };
}

/** Rows are recognised in another way, or a value is of another type: a reader of the version before would misread them. */
function isOther({ before, after, columns }: TableStep): boolean {
  const nameNow = new Map(columns.kept.map((pair) => [pair.before.name, pair.after.name]));
  if (before.identity.columns.map((name) => nameNow.get(name)).join("\0") !== after.identity.columns.join("\0")) return true;
  const typeNow = new Map(syncedColumns(after).map(({ name, type }) => [name, type]));
  return syncedColumns(before).some(({ name, type }) => {
    const now = typeNow.get(nameNow.get(name) ?? "");
    return now !== undefined && now !== type;
  });
}
