/**
 * A synced name means one thing for ever. Entries stay in the log under the names of their author's version: what another thing
 * of that name would make of them, a device that was there when the first one went does not, and no later sync makes up for it.
 */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { Column, ModelSteps, SyncModel, Table, TableStep } from "@synckit-gen/schemas/model";
import { inRunOrder, snapshotOf } from "./history.ts";
import type { History } from "./history.ts";

export interface ReusedName {
  readonly table: string;
  /** Null: it is the table itself. */
  readonly column: string | null;
  /** Its own name, or what `renamed_from` says. */
  readonly name: string;
  /** The last migration whose version synced something else under the name. */
  readonly version: string;
}

interface Claim extends Omit<ReusedName, "version"> {
  /** Of a column: what its table is and was called. */
  readonly tableNames: ReadonlySet<string>;
}

/** By the tables and columns of the later model. What has never synced may have any name. */
export function reusedNames(steps: ModelSteps, history: History): readonly ReusedName[] {
  const claims = [...steps.added.flatMap((table) => tableClaims(table, undefined)), ...steps.kept.flatMap(claimsWithin)];
  if (claims.length === 0) return [];
  const versions = inRunOrder(history.migrations)
    .toReversed()
    .map(({ name }) => ({ name, model: snapshotOf(history, name) }));
  return claims.flatMap(({ tableNames, ...claim }) => {
    const found = versions.find(({ model }) => model !== null && hasSynced(model, { tableNames, ...claim }));
    return found === undefined ? [] : [{ ...claim, version: found.name }];
  });
}

function claimsWithin({ before, after, columns }: TableStep): readonly Claim[] {
  if (before === after) return [];
  const tableNames = new Set([after.name, ...namesOf(before)]);
  const columnClaims = (column: Column, was?: Column): readonly Claim[] => {
    if (!isSynced(column)) return [];
    const known = was !== undefined && isSynced(was) ? namesOf(was) : [];
    return newNames(column, known).map((name) => ({ table: after.name, column: column.name, name, tableNames }));
  };
  return [
    ...tableClaims(after, before),
    ...columns.added.flatMap((column) => columnClaims(column)),
    ...columns.kept.flatMap((pair) => columnClaims(pair.after, pair.before)),
  ];
}

const tableClaims = (table: Table, was: Table | undefined): readonly Claim[] =>
  newNames(table, was === undefined ? [] : namesOf(was)).map((name) => ({ table: table.name, column: null, name, tableNames: new Set() }));

interface Named {
  readonly name: string;
  readonly renamedFrom?: string;
  readonly earlierNames?: readonly string[];
}

const namesOf = ({ name, earlierNames = [] }: Named): readonly string[] => [name, ...earlierNames];

/** Names that it has not had before; what `renamed_from` says is a name to the readers of old entries too. */
const newNames = ({ name, renamedFrom = name }: Named, known: readonly string[]): readonly string[] =>
  [...new Set([name, renamedFrom])].filter((claimed) => !known.includes(claimed));

function hasSynced(model: SyncModel, { column, name, tableNames }: Claim): boolean {
  if (column === null) return model.tables.some((table) => table.name === name);
  return model.tables.some((table) => tableNames.has(table.name) && syncedColumns(table).some((other) => other.name === name));
}
