/**
 * A table's three statements, made from its names when they are asked for. Kysely's sql tag writes and compiles
 * them: its builder reads dots and " as " inside names, and a chain of its calls per table takes the type-checker long.
 */
import { type Compilable, type RawBuilder, sql } from "kysely";
import { builder } from "./builder.ts";
import type { TableStatements } from "./spec.ts";

/** What the statements are made of: names as they are in SQLite, and SQL expressions. */
export interface StatementParts<Synced, Identity> {
  readonly table: string;
  /** At least one. */
  readonly identity: readonly (keyof Identity & string)[];
  /** Synced columns, those of the identity included. */
  readonly columns: readonly (keyof Synced & string)[];
  /** `update`: rows are never inserted. Default: `upsert`. */
  readonly apply?: "upsert" | "update";
  /** Local columns, each with the SQL expression that fills it in a row that is new here. */
  readonly fill?: Readonly<Record<string, string>>;
}

const compiler = builder<object>();

export function tableStatements<
  Synced extends object,
  Identity extends object,
  Changes extends object | void = Partial<Omit<Synced, keyof Identity>>,
>(parts: StatementParts<Synced, Identity>): TableStatements<Synced, Identity, Changes> {
  const { table, identity, columns, apply = "upsert", fill = {} } = parts;
  const isIdentity = (name: string): boolean => (identity as readonly string[]).includes(name);
  const others = columns.filter((column) => !isIdentity(column));

  /** Only listed columns are looked for, so no other can be written, whatever `row` holds. A device on an older version may not know all. */
  const givenOf = (row: object): readonly string[] => others.filter((name) => own(row, name) !== undefined);
  const valuesOf = (row: object, names: readonly string[]): readonly unknown[] => names.map((name) => givenValue(table, row, name));
  const pairs = (row: object, names: readonly string[]): readonly Fragment[] =>
    valuesOf(row, names).map((value, i) => sql`${sql.id(names[i] ?? "")} = ${value}`);
  const where = (row: object): Fragment => sql.join(pairs(row, identity), sql` AND `);
  /** With no column to change, the identity is set to itself: a statement that finds the row and changes nothing. */
  function update(row: object, changes: object, changed: readonly string[]): Compilable {
    const set = changed.length === 0 ? pairs(row, identity) : pairs(changes, changed);
    return compilable(sql`UPDATE ${sql.id(table)} SET ${sql.join(set)} WHERE ${where(row)}`);
  }
  /**
   * Never REPLACE: it deletes the row's children and resets its local columns. A column without a value, which a device
   * on an older version may not know, is left out: a new row gets its default, and one that exists keeps what it has.
   */
  function insert(row: object): Compilable {
    const fills = Object.entries(fill);
    const given = columns.filter((name) => isIdentity(name) || own(row, name) !== undefined);
    const updated = given.filter((name) => !isIdentity(name));
    const names = sql.join([...given, ...fills.map(([name]) => name)].map((name) => sql.id(name)));
    const values = sql.join([...valuesOf(row, given), ...fills.map(([, expression]) => sql.raw(`(${expression})`))]);
    const sets = updated.map((name) => sql`${sql.id(name)} = ${sql.id("excluded", name)}`);
    const action = sets.length === 0 ? sql`NOTHING` : sql`UPDATE SET ${sql.join(sets)}`;
    const conflict = sql.join(identity.map((name) => sql.id(name)));
    // By another name, or a table called "excluded" would hide the row that did not fit.
    return compilable(sql`INSERT INTO ${sql.id(table)} AS "stored" (${names}) VALUES (${values}) ON CONFLICT (${conflict}) DO ${action}`);
  }

  return {
    upsert: (row) => (apply === "update" ? update(row, row, givenOf(row)) : insert(row)),
    update(row, changes) {
      const given = changes ?? {};
      return update(row, given, givenOf(given));
    },
    remove: (row) => compilable(sql`DELETE FROM ${sql.id(table)} WHERE ${where(row)}`),
  };
}

type Fragment = RawBuilder<unknown>;

const compilable = (statement: Fragment): Compilable => ({ compile: () => statement.compile(compiler) });

/** A column may be called `constructor`: what an object inherits is not a value. */
const own = (row: object, name: string): unknown =>
  Object.hasOwn(row, name) ? (row as Readonly<Record<string, unknown>>)[name] : undefined;

/** A missing value would be bound as NULL, and overwrite what is there. */
function givenValue(table: string, row: object, name: string): unknown {
  const value = own(row, name);
  if (value === undefined) throw new TypeError(`${table}: no value for the column ${name}`);
  return value;
}
