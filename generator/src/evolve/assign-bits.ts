/**
 * Places in the changed-column mask. A column keeps its place for ever, also under another name, and a place whose column
 * is gone is never given to another: entries that wait to be pushed, on any device, say with it what they changed.
 */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, ModelSteps, SyncModel, Table } from "@synckit-gen/schemas/model";
import { limits } from "@synckit-gen/schemas/protocol";
import type { TableBits } from "../write/lock.ts";

export interface AssignedBits {
  readonly model: SyncModel;
  /** By table. */
  readonly bits: ReadonlyMap<string, TableBits>;
  /** Tables that have used all their places up. */
  readonly exhausted: readonly string[];
}

/** `steps` lead to the model that the schema says, whose own places are those of a first version. */
export function assignBits(model: SyncModel, steps: ModelSteps | null, known: ReadonlyMap<string, TableBits>): AssignedBits {
  const exhausted: string[] = [];
  const bits = new Map<string, TableBits>();
  const stepBefore = new Map(steps?.kept.map((step) => [step.before.name, step]));
  const stepAfter = new Map(steps?.kept.map((step) => [step.after.name, step]));
  // A table that is gone may come back under the same name, and find its places taken.
  for (const table of steps?.removed ?? []) bits.set(table.name, burnAll(known.get(table.name) ?? bitsIn(table)));
  for (const [table, entry] of known) if (!stepBefore.has(table)) bits.set(table, burnAll(entry));
  const tables = model.tables.map((table) => {
    const step = stepAfter.get(table.name);
    const before = step === undefined ? undefined : placesOf(step.before, known.get(step.before.name));
    const names = new Map(step?.columns.kept.map((pair) => [pair.after.name, pair.before.name]));
    const isUnchanged = step !== undefined && step.before === step.after;
    const assign = isUnchanged ? assignUnchanged : assignTable;
    const assigned = assign(table, before ?? bits.get(table.name) ?? NO_BITS, names);
    if (assigned === null) {
      exhausted.push(table.name);
      return table;
    }
    bits.set(table.name, assigned.bits);
    return assigned.columns === table.columns ? table : { ...table, columns: assigned.columns };
  });
  return { model: { ...model, tables }, bits, exhausted };
}

const NO_BITS: TableBits = { bits: {}, burned: [] };

const burnAll = ({ bits, burned }: TableBits): TableBits => ({ bits: {}, burned: sortNumbers([...Object.values(bits), ...burned]) });

const bitsIn = (table: Table): TableBits => ({
  bits: Object.fromEntries(table.columns.flatMap((column) => (isSynced(column) && column.bit !== null ? [[column.name, column.bit]] : []))),
  burned: [],
});

/** Where migrations are taken back, the list still has columns as gone that the model before has: their places are the model's. */
function placesOf(table: Table, known: TableBits | undefined): TableBits {
  const own = bitsIn(table);
  if (known === undefined) return own;
  const isKnown = Object.entries(own.bits).every(([column, bit]) => bitOf(known, column) === bit);
  return isKnown ? known : { bits: { ...known.bits, ...own.bits }, burned: known.burned };
}

const sortNumbers = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)].toSorted((a, b) => a - b);

type Assigned = ReturnType<typeof assignTable>;

const assignedBefore = new WeakMap<Table, { readonly before: TableBits; readonly assigned: Assigned }>();

/** Columns that all have their names need not be given the same places again. */
function assignUnchanged(table: Table, before: TableBits, names: ReadonlyMap<string, string>): Assigned {
  const known = assignedBefore.get(table);
  if (known?.before === before) return known.assigned;
  const assigned = assignTable(table, before, names);
  if (Object.isFrozen(table)) assignedBefore.set(table, { before, assigned });
  return assigned;
}

/** `nameBefore`: what a column was called in the earlier model. Null: there is no place left. */
function assignTable(
  table: Table,
  before: TableBits,
  nameBefore: ReadonlyMap<string, string>,
): { readonly bits: TableBits; readonly columns: readonly Column[] } | null {
  const masked = syncedColumns(table).filter(({ bit }) => bit !== null);
  const keptBit = new Map(masked.map(({ name }) => [name, bitOf(before, nameBefore.get(name))]));
  const taken = new Set([...Object.values(before.bits), ...before.burned]);
  const bitByName = new Map<string, number>();
  let next = 0;
  for (const { name } of masked) {
    const kept = keptBit.get(name);
    if (kept === undefined) while (taken.has(next)) next += 1;
    const bit = kept ?? next;
    if (bit >= limits.MAX_MASK_COLUMNS) return null;
    taken.add(bit);
    bitByName.set(name, bit);
  }
  const used = new Set(bitByName.values());
  const burned = sortNumbers([...before.burned, ...Object.values(before.bits)].filter((bit) => !used.has(bit)));
  const isFirst = masked.every(({ name, bit }) => bitByName.get(name) === bit);
  const columns = isFirst ? table.columns : table.columns.map((column) => withBit(column, bitByName.get(column.name)));
  return { bits: { bits: Object.fromEntries(bitByName), burned }, columns };
}

const withBit = (column: Column, bit: number | undefined): Column => (isSynced(column) && bit !== undefined ? { ...column, bit } : column);

const bitOf = ({ bits }: TableBits, name: string | undefined): number | undefined =>
  name !== undefined && Object.hasOwn(bits, name) ? bits[name] : undefined;
