/**
 * What differs between two models, as a list: pure, in a fixed order, with renames followed. Migrations, the egress
 * check and the rules for breaking changes all read this list, so that they cannot disagree about what happened.
 */
import { canonicalJson, isLocal, isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, Reference, SyncModel, Table } from "@synckit-gen/schemas/model";
import { describeChange } from "./model-change.ts";
import type { BareChange, ModelChange } from "./model-change.ts";
import { pairByName } from "./pair-by-name.ts";
import type { Pairs } from "./pair-by-name.ts";

export type { ModelChange } from "./model-change.ts";

type Renames = ReadonlyMap<string, string>;

/** Names now, of what the earlier model calls otherwise. */
interface NamesNow {
  readonly table: (name: string) => string;
  /** `table` is the name before. */
  readonly column: (table: string, name: string) => string;
  /** True where every table and column that is kept has the name that it had. */
  readonly isPlain: boolean;
}

function namesNow(tables: Pairs<Table>, columnsByTable: ReadonlyMap<string, Pairs<Column>>): NamesNow {
  const columns: ReadonlyMap<string, Renames> = new Map([...columnsByTable].map(([table, pairs]) => [table, pairs.nameAfter]));
  return {
    table: (name) => tables.nameAfter.get(name) ?? name,
    column: (table, name) => columns.get(table)?.get(name) ?? name,
    isPlain: [tables, ...columnsByTable.values()].every(({ kept }) => kept.every(({ before, after }) => before.name === after.name)),
  };
}

/** Model-wide changes first, then tables by name; within a table its name, its modes, its columns by name, and what joins them. */
export function diffModels(before: SyncModel, after: SyncModel): readonly ModelChange[] {
  const tables = pairByName(before.tables, after.tables);
  const changes = [...settingChanges(before, after, tables), ...tableChanges(tables)];
  return changes.map((change) => ({ ...change, words: describeChange(change) }));
}

function settingChanges(before: SyncModel, after: SyncModel, tables: Pairs<Table>): readonly BareChange[] {
  const order = {
    before: before.tables.flatMap(({ name }) => tables.nameAfter.get(name) ?? []),
    after: tables.kept.map((pair) => pair.after.name),
  };
  return [
    ...changed("app-renamed", before.app, after.app),
    ...changed("compat-changed", before.compat, after.compat),
    ...changed("create-changed", before.create, after.create),
    ...changed("retain-days-changed", before.changelog.retainDays, after.changelog.retainDays),
    ...changed("max-entries-changed", before.changelog.maxEntries, after.changelog.maxEntries),
    ...changed("max-away-days-changed", before.changelog.maxAwayDays, after.changelog.maxAwayDays),
    ...changed("order-changed", order.before, order.after),
  ];
}

function tableChanges(tables: Pairs<Table>): readonly BareChange[] {
  const columns = new Map(tables.kept.map((pair) => [pair.before.name, pairByName(pair.before.columns, pair.after.columns)]));
  const names = namesNow(tables, columns);
  const within = ({ before, after }: Pairs<Table>["kept"][number]): readonly BareChange[] =>
    changesWithin(before, after, columns.get(before.name) ?? pairByName(before.columns, after.columns), names);
  const byTable: readonly { readonly name: string; readonly changes: readonly BareChange[] }[] = [
    ...tables.added.map((table) => ({ name: table.name, changes: [{ kind: "table-added" as const, table: table.name, after: table }] })),
    ...tables.removed.map((table) => ({
      name: table.name,
      changes: [{ kind: "table-removed" as const, table: table.name, before: table }],
    })),
    ...tables.kept.map((pair) => ({ name: pair.after.name, changes: within(pair) })),
  ];
  // Stable: where a new table has taken the name of one that was removed, the new one is named first.
  return byTable.toSorted((a, b) => compareText(a.name, b.name)).flatMap(({ changes }) => changes);
}

/** One table in both models. */
function changesWithin(before: Table, after: Table, columns: Pairs<Column>, names: NamesNow): readonly BareChange[] {
  // What it refers to may be called otherwise.
  if (before === after && names.isPlain) return [];
  const now = (list: readonly string[]): readonly string[] => list.map((name) => names.column(before.name, name));
  const at = { table: after.name };
  return [
    ...changed("table-renamed", before.name, after.name, at),
    ...changed("code-name-changed", before.code.type, after.code.type, at),
    ...changed("identity-changed", { ...before.identity, columns: now(before.identity.columns) }, after.identity, at),
    ...changed("key-changed", now(before.key), after.key, at),
    ...changed("row-ids-changed", before.rowIds, after.rowIds, at),
    ...changed("conflicts-changed", before.conflicts, after.conflicts, at),
    ...changed("apply-changed", before.apply, after.apply, at),
    ...changed("deletes-changed", before.deletes, after.deletes, at),
    ...changed("capture-changed", before.capture, after.capture, at),
    ...columnChanges(at, columns),
    ...maskChanges(before, after, (name) => names.column(before.name, name)),
    ...referenceChanges(
      at,
      before.references.map((reference) => referenceNow(before.name, reference, names)),
      after.references,
    ),
    ...uniqueChanges(at, before.unique.map(now), after.unique),
    ...changed("blob-changed", blobNow(before, names), after.blob, at),
  ];
}

function columnChanges(at: { readonly table: string }, columns: Pairs<Column>): readonly BareChange[] {
  const byColumn: readonly { readonly name: string; readonly changes: readonly BareChange[] }[] = [
    ...columns.added.map((column) => ({
      name: column.name,
      changes: [{ kind: "column-added" as const, ...at, column: column.name, after: column }],
    })),
    ...columns.removed.map((column) => ({
      name: column.name,
      changes: [{ kind: "column-removed" as const, ...at, column: column.name, before: column }],
    })),
    ...columns.kept.map((pair) => ({ name: pair.after.name, changes: changesOfColumn(at, pair.before, pair.after) })),
  ];
  return byColumn.toSorted((a, b) => compareText(a.name, b.name)).flatMap(({ changes }) => changes);
}

function changesOfColumn(table: { readonly table: string }, before: Column, after: Column): readonly BareChange[] {
  const at = { ...table, column: after.name };
  const moved: readonly BareChange[] =
    isLocal(before) && isSynced(after)
      ? [{ kind: "column-became-synced", ...at, before, after }]
      : isSynced(before) && isLocal(after)
        ? [{ kind: "column-became-local", ...at, before, after }]
        : [];
  return [
    ...changed("column-renamed", before.name, after.name, at),
    ...moved,
    ...changed("column-type-changed", before.type, after.type, at),
    ...changed("column-nullable-changed", before.nullable, after.nullable, at),
    ...changed("column-default-changed", before.default, after.default, at),
    ...(isLocal(before) && isLocal(after) ? changed("column-on-insert-changed", before.onInsert, after.onInsert, at) : []),
  ];
}

/** Places in the mask by column. */
const bitsOf = (table: Table): Readonly<Record<string, number>> =>
  Object.fromEntries(syncedColumns(table).flatMap(({ name, bit }) => (bit === null ? [] : [[name, bit] as const])));

/** Entries that wait to be pushed hold bits: those must not mean something else. */
function maskChanges(before: Table, after: Table, now: (column: string) => string): readonly BareChange[] {
  const bits = { before: bitsOf(before), after: bitsOf(after) };
  const columnAt = new Map(Object.entries(bits.after).map(([name, bit]) => [bit, name]));
  const isMoved = Object.entries(bits.before).some(([name, bit]) => {
    const taker = columnAt.get(bit);
    return taker === undefined ? Object.hasOwn(bits.after, now(name)) : taker !== now(name);
  });
  return isMoved ? [{ kind: "mask-changed", table: after.name, ...bits }] : [];
}

function referenceNow(table: string, reference: Reference, names: NamesNow): Reference {
  return {
    ...reference,
    columns: reference.columns.map((name) => names.column(table, name)),
    table: names.table(reference.table),
    to: reference.to.map((name) => names.column(reference.table, name)),
  };
}

/** References that join the same columns to the same table are one reference; what is left pairs by its columns. */
function referenceChanges(
  at: { readonly table: string },
  before: readonly Reference[],
  after: readonly Reference[],
): readonly BareChange[] {
  const left = new Set(before);
  const partner = new Map<Reference, Reference>();
  for (const isExact of [true, false]) {
    for (const reference of after) {
      if (partner.has(reference)) continue;
      const found = [...left].find((other) => isEqual(other.columns, reference.columns) && (!isExact || other.table === reference.table));
      if (found === undefined) continue;
      left.delete(found);
      partner.set(reference, found);
    }
  }
  const changes: BareChange[] = [...left].map((reference) => ({ kind: "reference-removed", ...at, before: reference }));
  for (const reference of after) {
    const was = partner.get(reference);
    if (was === undefined) changes.push({ kind: "reference-added", ...at, after: reference });
    else changes.push(...changed("reference-changed", was, reference, at));
  }
  const nameOf = (change: BareChange): string =>
    JSON.stringify("after" in change ? change.after : "before" in change ? change.before : null);
  return changes.toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
}

/** A list of columns is unique or it is not, in whichever order they are named. */
function uniqueChanges(
  at: { readonly table: string },
  before: readonly (readonly string[])[],
  after: readonly (readonly string[])[],
): readonly BareChange[] {
  const nameOf = (columns: readonly string[]): string => JSON.stringify(columns.toSorted());
  const had = new Map(before.map((columns) => [nameOf(columns), columns]));
  const has = new Map(after.map((columns) => [nameOf(columns), columns]));
  const gone = [...had].filter(([name]) => !has.has(name)).toSorted(([a], [b]) => compareText(a, b));
  const come = [...has].filter(([name]) => !had.has(name)).toSorted(([a], [b]) => compareText(a, b));
  return [
    ...gone.map(([, columns]) => ({ kind: "unique-removed" as const, ...at, before: columns })),
    ...come.map(([, columns]) => ({ kind: "unique-added" as const, ...at, after: columns })),
  ];
}

function blobNow(table: Table, names: NamesNow): Table["blob"] {
  const { blob } = table;
  if (blob === null) return null;
  const own = (name: string): string => names.column(table.name, name);
  const { enabledBy } = blob;
  const flag = enabledBy && {
    through: names.table(enabledBy.through),
    flagTable: names.table(enabledBy.flagTable),
    flag: names.column(enabledBy.flagTable, enabledBy.flag),
  };
  return { hash: own(blob.hash), size: own(blob.size), cloudOnly: blob.cloudOnly === null ? null : own(blob.cloudOnly), enabledBy: flag };
}

/** Kinds that hold a value before and one after, with the value's type. */
type Valued<Kind extends BareChange["kind"]> = Extract<
  BareChange,
  { readonly kind: Kind; readonly before: unknown; readonly after: unknown }
>;
type Place<Kind extends BareChange["kind"]> = Omit<Valued<Kind>, "kind" | "before" | "after">;

function changed<Kind extends BareChange["kind"]>(
  kind: Kind,
  before: Valued<Kind>["before"],
  after: Valued<Kind>["after"],
  ...place: keyof Place<Kind> extends never ? [] : [Place<Kind>]
): readonly BareChange[] {
  return isEqual(before, after) ? [] : [{ kind, ...place[0], before, after } as Valued<Kind>];
}

/** Both sides are plain JSON whose members the model builder, or the lock, may hold in another order. */
function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && canonicalJson(a) === canonicalJson(b));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
