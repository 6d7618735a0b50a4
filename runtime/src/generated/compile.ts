/** Generated statements take values; here they get slots instead, once, and what remains is SQL text and the order to bind in. */
import type { Compilable } from "kysely";
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import type { Slot, TableStatements } from "./spec.ts";

/** SQL text, and for each `?` the name of the value to bind or a constant. */
export interface CompiledStatement {
  readonly sql: string;
  readonly parameters: readonly (Slot | SqlValue)[];
}

type Slots = Readonly<Record<string, Slot>>;

const slotsFor = (names: readonly string[]): Slots => Object.fromEntries(names.map((name) => [name, { slot: name }]));

export const isSlot = (parameter: Slot | SqlValue): parameter is Slot =>
  parameter !== null && typeof parameter === "object" && !(parameter instanceof Uint8Array);

/** The statements with their parameters open: the spec's are typed by columns that only the application's code knows. */
const open = (statements: TableStatements): TableStatements<Slots, Slots, Slots> => statements as TableStatements<Slots, Slots, Slots>;

export const compileUpsert = (statements: TableStatements, columns: readonly string[]): CompiledStatement =>
  compile(open(statements).upsert(slotsFor(columns)));

export const compileUpdate = (statements: TableStatements, identity: readonly string[], columns: readonly string[]): CompiledStatement =>
  compile(open(statements).update(slotsFor(identity), slotsFor(columns)));

export const compileRemove = (statements: TableStatements, identity: readonly string[]): CompiledStatement =>
  compile(open(statements).remove(slotsFor(identity)));

function compile(statement: Compilable): CompiledStatement {
  const { sql, parameters } = statement.compile();
  return { sql, parameters: parameters as readonly (Slot | SqlValue)[] };
}
