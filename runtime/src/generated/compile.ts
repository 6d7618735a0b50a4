/** Generated statements take values; here they get slots instead, once, and what remains is SQL text and the order to bind in. */
import type { Compilable } from "kysely";
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import type { Slot, TableStatements } from "./spec.ts";

/** SQL text, and for each `?` the name of the value to bind or a constant. */
export interface CompiledStatement {
  readonly sql: string;
  readonly parameters: readonly (Slot | SqlValue)[];
}

const slotsFor = (names: readonly string[]): Readonly<Record<string, Slot>> =>
  Object.fromEntries(names.map((name) => [name, { slot: name }]));

export const isSlot = (parameter: Slot | SqlValue): parameter is Slot =>
  parameter !== null && typeof parameter === "object" && !(parameter instanceof Uint8Array);

export function compileUpsert(statements: TableStatements, columns: readonly string[]): CompiledStatement {
  return compile((statements.upsert as (values: unknown) => Compilable)(slotsFor(columns)));
}
export function compileUpdate(statements: TableStatements, identity: readonly string[], columns: readonly string[]): CompiledStatement {
  const update = statements.update as (identity: unknown, changes: unknown) => Compilable;
  return compile(update(slotsFor(identity), slotsFor(columns)));
}
export function compileRemove(statements: TableStatements, identity: readonly string[]): CompiledStatement {
  return compile((statements.remove as (identity: unknown) => Compilable)(slotsFor(identity)));
}

function compile(statement: Compilable): CompiledStatement {
  const { sql, parameters } = statement.compile();
  return { sql, parameters: parameters as readonly (Slot | SqlValue)[] };
}
