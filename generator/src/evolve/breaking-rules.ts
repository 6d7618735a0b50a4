/**
 * What a device on the old version of an app would lose or misread, rule by rule. New tables, and new columns that may be
 * missing, break nothing: the engine pulls again after an upgrade what the old version did not know.
 */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, Reference, Table } from "@synckit-gen/schemas/model";
import type { Breach, BreakingRules, Comparison } from "./breaking-rule.ts";
import type { ChangeKind, ModelChange } from "./model-change.ts";

type ChangeOf<Kind extends ChangeKind> = Extract<ModelChange, { readonly kind: Kind }>;

const of = <Kind extends ChangeKind>({ changes }: Comparison, kind: Kind): readonly ChangeOf<Kind>[] =>
  changes.filter((change): change is ChangeOf<Kind> => change.kind === kind);

export const breakingRules: BreakingRules = {
  "breaking/table-removed": (comparison) => of(comparison, "table-removed").map((change) => ({ change, params: change })),
  "breaking/table-renamed": (comparison) => of(comparison, "table-renamed").map((change) => ({ change, params: change })),
  "breaking/column-removed": (comparison) =>
    of(comparison, "column-removed")
      .filter(({ before }) => isSynced(before))
      .map((change) => ({ change, params: change })),
  "breaking/column-became-local": (comparison) => of(comparison, "column-became-local").map((change) => ({ change, params: change })),
  "breaking/column-renamed": (comparison) =>
    of(comparison, "column-renamed")
      .filter((change) => isKeptSynced(comparison, change))
      .map((change) => ({ change, params: change })),
  "breaking/column-type-changed": (comparison) =>
    of(comparison, "column-type-changed")
      .filter((change) => isKeptSynced(comparison, change))
      .map((change) => ({ change, params: { ...change, before: change.before ?? "untyped", after: change.after ?? "untyped" } })),
  "breaking/column-not-null-without-default": (comparison) =>
    [...of(comparison, "column-added"), ...of(comparison, "column-became-synced")]
      // Without a bit it is of the identity, which other rules watch.
      .filter(({ after }) => isSynced(after) && !after.nullable && after.default === null && after.bit !== null)
      .map((change) => ({ change, params: change })),
  "breaking/column-became-not-null": (comparison) =>
    of(comparison, "column-nullable-changed")
      .filter((change) => !change.after && isKeptSynced(comparison, change))
      .map((change) => ({ change, params: change })),
  "breaking/column-became-nullable": (comparison) =>
    of(comparison, "column-nullable-changed")
      .filter((change) => change.after && isKeptSynced(comparison, change))
      .map((change) => ({ change, params: change })),
  "breaking/renamed-without-record": (comparison) => [...tablesThatLookRenamed(comparison), ...columnsThatLookRenamed(comparison)],
  "breaking/key-changed": (comparison) =>
    identityChanges(comparison)
      .filter(({ table }) => !isMatched(comparison, table))
      .map(identityBreach),
  "breaking/match-changed": (comparison) =>
    identityChanges(comparison)
      .filter(({ table }) => isMatched(comparison, table))
      .map(identityBreach),
  "breaking/row-ids-changed": (comparison) => of(comparison, "row-ids-changed").map((change) => ({ change, params: change })),
  "breaking/conflicts-mode-changed": (comparison) => of(comparison, "conflicts-changed").map((change) => ({ change, params: change })),
  "breaking/compat-changed": (comparison) => of(comparison, "compat-changed").map((change) => ({ change, params: change })),
  "breaking/apply-mode-changed": (comparison) => of(comparison, "apply-changed").map((change) => ({ change, params: change })),
  "breaking/deletes-mode-changed": (comparison) => of(comparison, "deletes-changed").map((change) => ({ change, params: change })),
  "breaking/reference-added": (comparison) =>
    of(comparison, "reference-added")
      // A new column, or a new parent, is nothing that the old version could break.
      .filter(
        ({ table, after }) => after.synced && comparison.wasByTable.has(after.table) && areKeptSynced(comparison, table, after.columns),
      )
      .map((change) => referenceBreach(change, change.after)),
  "breaking/reference-tightened": (comparison) =>
    of(comparison, "reference-changed")
      .filter(({ before, after }) => after.synced && (!before.synced || before.table !== after.table || !sameList(before.to, after.to)))
      .map((change) => referenceBreach(change, change.after)),
  "breaking/reference-removed": (comparison) => [
    ...of(comparison, "reference-removed")
      // Where the column or the parent is gone, that is what breaks.
      .filter(
        ({ table, before }) => before.synced && comparison.wasByTable.has(before.table) && areKeptSynced(comparison, table, before.columns),
      )
      .map((change) => referenceBreach(change, change.before)),
    ...of(comparison, "reference-changed")
      .filter(({ before, after }) => before.synced && !after.synced)
      .map((change) => referenceBreach(change, change.before)),
  ],
  "breaking/reference-on-delete-changed": (comparison) =>
    of(comparison, "reference-changed")
      .filter(({ before, after }) => before.synced && after.synced && before.onDelete !== after.onDelete)
      .map((change) => {
        const breach = referenceBreach(change, change.after);
        return { ...breach, params: { ...breach.params, before: change.before.onDelete, after: change.after.onDelete } };
      }),
  "breaking/unique-added": (comparison) =>
    of(comparison, "unique-added")
      .filter(({ table, after }) => areKeptSynced(comparison, table, after))
      .map((change) => ({ change, column: change.after[0], params: { table: change.table, columns: change.after } })),
  "breaking/unique-removed": (comparison) =>
    of(comparison, "unique-removed")
      .filter(({ table, before }) => areKeptSynced(comparison, table, before))
      .map((change) => ({ change, column: change.before[0], params: { table: change.table, columns: change.before } })),
  "breaking/blob-changed": (comparison) =>
    of(comparison, "blob-changed")
      .filter(({ before, after }) => transferOf(before) !== transferOf(after))
      .map((change) => ({ change, params: change })),
};

/** Synced now, and in the old version under any name: a column that devices of both versions write. */
function isKeptSynced(comparison: Comparison, { table, column }: { readonly table: string; readonly column: string }): boolean {
  const now = comparison.tableByName.get(table)?.columns.find(({ name }) => name === column);
  if (now === undefined || !isSynced(now) || !comparison.wasByTable.has(table)) return false;
  const arrived = [...of(comparison, "column-added"), ...of(comparison, "column-became-synced")];
  return !arrived.some((change) => change.table === table && change.column === column);
}

const areKeptSynced = (comparison: Comparison, table: string, columns: readonly string[]): boolean =>
  columns.every((column) => isKeptSynced(comparison, { table, column }));

const identityChanges = (comparison: Comparison): readonly ChangeOf<"identity-changed">[] =>
  // Where an id's values come from is the app's business; which columns they are is not.
  of(comparison, "identity-changed").filter(({ before, after }) => !sameList(before.columns, after.columns));

const identityBreach = (change: ChangeOf<"identity-changed">) => ({
  change,
  params: { table: change.table, before: change.before.columns, after: change.after.columns },
});

/** True where either version recognises rows by something other than the key. */
const isMatched = ({ wasByTable, tableByName }: Comparison, table: string): boolean =>
  [wasByTable.get(table), tableByName.get(table)].some((side) => side !== undefined && !sameList(side.key, side.identity.columns));

const referenceBreach = (change: ModelChange & { readonly table: string }, { columns, table: parent }: Reference) => ({
  change,
  column: columns[0],
  params: { table: change.table, columns, parent },
});

/** What of a blob other devices notice. Which local column says that a file is elsewhere is each device's own business. */
const transferOf = (blob: Table["blob"]): string => JSON.stringify(blob && [blob.hash, blob.size, blob.enabledBy]);

const sameList = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, i) => name === b[i]);

/** One table gone and one new with the same columns. Of several candidates none is named: a guess would mislead. */
function tablesThatLookRenamed(comparison: Comparison): readonly Breach<"breaking/renamed-without-record">[] {
  const columnsOf = (table: Table): string => JSON.stringify(syncedColumns(table).map(likeness).toSorted());
  const gone = Map.groupBy(of(comparison, "table-removed"), ({ before }) => columnsOf(before));
  const come = Map.groupBy(of(comparison, "table-added"), ({ after }) => columnsOf(after));
  return [...gone].flatMap(([columns, [was, ...others]]) => {
    const [is, ...more] = come.get(columns) ?? [];
    if (was === undefined || is === undefined || others.length > 0 || more.length > 0) return [];
    return [{ change: is, params: { kind: "table", before: `"${was.table}"`, after: `"${is.table}"` } }];
  });
}

const likeness = (column: Column): string => `${column.name} ${column.type ?? ""} ${String(column.nullable)}`;

/** One synced column gone from a table and one new in it, of the same type. */
function columnsThatLookRenamed(comparison: Comparison): readonly Breach<"breaking/renamed-without-record">[] {
  const typeOf = (table: string, column: Column): string => JSON.stringify([table, column.type, column.nullable]);
  const gone = Map.groupBy(
    of(comparison, "column-removed").filter(({ before }) => isSynced(before)),
    ({ table, before }) => typeOf(table, before),
  );
  const come = Map.groupBy(
    of(comparison, "column-added").filter(({ after }) => isSynced(after)),
    ({ table, after }) => typeOf(table, after),
  );
  return [...gone].flatMap(([type, [was, ...others]]) => {
    const [is, ...more] = come.get(type) ?? [];
    if (was === undefined || is === undefined || others.length > 0 || more.length > 0) return [];
    return [{ change: is, params: { kind: "column", before: `"${was.column}" of "${is.table}"`, after: `"${is.column}"` } }];
  });
}
