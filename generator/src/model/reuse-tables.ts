/**
 * Tables that say the same as those of a model that is known are taken from there: then whatever was made of them before
 * can be found by the object, and comparing the two costs nothing.
 */
import type { SyncModel, Table } from "@synckit-gen/schemas/model";

/** The same model; of equal tables the one of the first model that has it. */
export function reuseTables(model: SyncModel, known: readonly SyncModel[]): SyncModel {
  const byName = known.map(({ tables }) => new Map(tables.map((table) => [table.name, table])));
  const reuse = (table: Table): Table => {
    for (const tables of byName) {
      const other = tables.get(table.name);
      if (other !== undefined && isSameTable(table, other)) return other;
    }
    return table;
  };
  return { ...model, tables: model.tables.map(reuse) };
}

const compared = new WeakMap<Table, { readonly other: Table; readonly isSame: boolean }>();

/** What is not frozen may still change. */
function isSameTable(table: Table, other: Table): boolean {
  const known = compared.get(table);
  if (known?.other === other) return known.isSame;
  const found = isSame(table, other);
  if (Object.isFrozen(table) && Object.isFrozen(other)) compared.set(table, { other, isSame: found });
  return found;
}

/** Plain JSON, whose members may come in another order. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && isSame(Reflect.get(a, name), Reflect.get(b, name)));
}
