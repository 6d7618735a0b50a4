/** Names of generated types, decided for all emitters in one place. */
import type { SyncModel, Table } from "@synckit-gen/schemas/model";

export interface TypeNames {
  /** The whole row, for Kysely: `TasksTable`. */
  readonly row: string;
  /** What may leave the device: `SyncedTasks`. */
  readonly synced: string;
  /** The columns that recognise a row: `TasksIdentity`. */
  readonly identity: string;
}

/** By table. A table called `synced` beside one called `table` would make two `SyncedTable`; an underscore tells them apart. */
export function typeNamesByTable(model: SyncModel): ReadonlyMap<Table, TypeNames> {
  const taken = new Set<string>(["Database"]);
  const free = (wanted: string): string => {
    let name = wanted;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return name;
  };
  const rows = model.tables.map((table) => free(`${table.code.type}Table`));
  const synced = model.tables.map((table) => free(`Synced${table.code.type}`));
  const identities = model.tables.map((table) => free(`${table.code.type}Identity`));
  return new Map(model.tables.map((table, i) => [table, { row: rows[i] ?? "", synced: synced[i] ?? "", identity: identities[i] ?? "" }]));
}
