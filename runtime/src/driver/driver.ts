/**
 * What the engine needs from an SQLite driver: synchronous statements with positional parameters and rows
 * as arrays. Synchronous on purpose: with an `await` inside an apply, an app's write on the same handle
 * would fall into the suppressed transaction and never sync. `tests/drivers.test.ts` holds each driver to it.
 */
import type { SqlValue } from "@synckit-gen/schemas/protocol";

/** Integers come back as numbers (the engine reads what may be past 2^53 as text), text whole even past a NUL. */
export type Row = readonly (string | number | Uint8Array | null)[];

export interface Statement {
  /** Runs a statement that returns no rows; the number of rows it changed, triggers' changes not counted. */
  readonly run: (...parameters: readonly SqlValue[]) => number;
  readonly get: (...parameters: readonly SqlValue[]) => Row | undefined;
  readonly all: (...parameters: readonly SqlValue[]) => readonly Row[];
}

/** Every method may throw `DatabaseBusyError`, where another connection holds the lock, and a `SyncError` of another `database/…` code. */
export interface Driver {
  /** The same text may give the same statement. A number is bound as REAL, a bigint as INTEGER. */
  readonly prepare: (sql: string) => Statement;
  /** Runs one or more statements without parameters. */
  readonly exec: (sql: string) => void;
  /** True inside a transaction of this handle, the app's own included. */
  readonly inTransaction: () => boolean;
  /** The kind of constraint (`UNIQUE`, `FOREIGNKEY`, `NOTNULL`, …) that a thrown error is about; null for any other error. */
  readonly constraintOf: (error: unknown) => string | null;
}
