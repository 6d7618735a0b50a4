/** What a database says about its tables: columns, keys and references, also those that no schema names. */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import { quoteName } from "../store/quote-name.ts";
import type { Random } from "./random.ts";

export interface ColumnShape {
  readonly name: string;
  readonly declaredType: string;
  readonly isNotNull: boolean;
  readonly hasDefault: boolean;
  /** 0: not in the key. */
  readonly keyPlace: number;
}

export interface ParentShape {
  readonly table: string;
  readonly columns: readonly string[];
  readonly to: readonly string[];
}

export interface TableShape {
  readonly name: string;
  /** Without generated columns, which nobody can write. */
  readonly columns: readonly ColumnShape[];
  readonly parents: readonly ParentShape[];
}

export const quoteNames = (names: readonly string[]): string => names.map(quoteName).join(", ");
export const matching = (names: readonly string[]): string => names.map((name) => `${quoteName(name)} = ?`).join(" AND ");

/** Throws where the table does not exist. */
export function readTableShape(driver: Driver, name: string): TableShape {
  const columns = driver
    .prepare(`SELECT name, type, "notnull", dflt_value IS NOT NULL, pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid`)
    .all(name)
    .map(([column, type, isNotNull, hasDefault, keyPlace]) => ({
      name: String(column),
      declaredType: String(type).toUpperCase(),
      isNotNull: isNotNull === 1,
      hasDefault: hasDefault === 1,
      keyPlace: Number(keyPlace),
    }));
  if (columns.length === 0) throw new Error(`the database has no table "${name}": create it in createTables()`);
  return { name, columns, parents: readParents(driver, name) };
}

function readParents(driver: Driver, name: string): readonly ParentShape[] {
  const rows = driver.prepare(`SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq`).all(name);
  return [...Map.groupBy(rows, ([id]) => id).values()].map((group) => {
    const table = String(group[0]?.[1]);
    const named = group.map(([, , , to]) => to);
    return {
      table,
      columns: group.map(([, , from]) => String(from)),
      to: named.every((to): to is string => typeof to === "string") ? named : keyOf(driver, table),
    };
  });
}

const keyOf = (driver: Driver, name: string): readonly string[] =>
  driver
    .prepare("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk")
    .all(name)
    .map(([column]) => String(column));

/** Some columns of every row, as they are bound again: integers stay integers. */
export function allRows(driver: Driver, table: string, columns: readonly string[], limit = ""): readonly (readonly SqlValue[])[] {
  const list = quoteNames(columns);
  const types = columns.map((name) => `typeof(${quoteName(name)})`).join(", ");
  const rows = driver.prepare(`SELECT ${list}, ${types} FROM ${quoteName(table)} ORDER BY ${list} ${limit}`).all();
  return rows.map((row) =>
    columns.map((_, index) => {
      const value = row[index] ?? null;
      return typeof value === "number" && row[columns.length + index] === "integer" ? BigInt(value) : value;
    }),
  );
}

/** Some columns of a random row; null: the table is empty. */
export function randomRow(driver: Driver, table: string, columns: readonly string[], random: Random): readonly SqlValue[] | null {
  const count = Number(driver.prepare(`SELECT count(*) FROM ${quoteName(table)}`).get()?.[0]);
  return count === 0 ? null : (allRows(driver, table, columns, `LIMIT 1 OFFSET ${random.below(count)}`)[0] ?? null);
}
