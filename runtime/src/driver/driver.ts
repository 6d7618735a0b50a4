/**
 * What the engine needs from an SQLite driver: synchronous statements with positional parameters and rows
 * as arrays. Synchronous on purpose: with an `await` inside an apply, an app's write on the same handle
 * would fall into the suppressed transaction and never sync.
 */
import type { SqlValue } from "@synckit-gen/schemas/protocol";

/** Integers come back as numbers: the engine's own are below 2^53, and rows are read as JSON text. */
export type Row = readonly (string | number | Uint8Array | null)[];

export interface Statement {
  /** Runs a statement that returns no rows; the number of rows it changed, triggers' changes not counted. */
  readonly run: (...parameters: readonly SqlValue[]) => number;
  readonly get: (...parameters: readonly SqlValue[]) => Row | undefined;
  readonly all: (...parameters: readonly SqlValue[]) => readonly Row[];
}

export interface Driver {
  readonly prepare: (sql: string) => Statement;
  /** Runs one or more statements without parameters. */
  readonly exec: (sql: string) => void;
  /** True inside a transaction of this handle, the app's own included. */
  readonly inTransaction: () => boolean;
  /** The kind of constraint (`UNIQUE`, `FOREIGNKEY`, `NOTNULL`, …) that a thrown error is about; null for any other error. */
  readonly constraintOf: (error: unknown) => string | null;
}
