/**
 * What generated code tells the runtime about an application: data, and statements that Kysely
 * compiles once. The shape is a promise of `generated-v1`: a change of it is a new entry point.
 */
import type { Compilable } from "kysely";
import type { ColumnType } from "@synckit-gen/schemas/model";

export interface AppSpec {
  /** Always 1: the version of this contract that the generated files were written for. */
  readonly contract: 1;
  readonly app: string;
  /** First 16 hex digits of the model's hash. */
  readonly modelHash: string;
  readonly compat: "full" | "synckit";
  readonly changelog: {
    readonly retainDays: number;
    readonly maxEntries: number | null;
    /** A device that has not read the whole log for longer must start over. */
    readonly maxAwayDays: number;
  };
  /** Parents before children. */
  readonly tables: readonly TableSpec[];
}

export interface TableSpec {
  readonly name: string;
  /** What earlier versions of the app called it, oldest first. Absent: nothing else. */
  readonly earlierNames?: readonly string[];
  /** How often the table has become another one to its readers. Absent: never. */
  readonly epoch?: number;
  readonly identity: readonly string[];
  readonly rowIds: "plain" | "hidden";
  readonly conflicts: "column" | "row";
  readonly apply: "upsert" | "update";
  readonly deletes: "apply" | "ignore";
  /** `keys`: entries hold no values of INSERT and UPDATE; the row is read when it is pushed. */
  readonly capture: "payload" | "keys";
  /** Synced columns, identity first. */
  readonly columns: readonly ColumnSpec[];
  readonly references: readonly ReferenceSpec[];
  readonly unique: readonly (readonly string[])[];
  /** Only where the rows stand for files. */
  readonly blob?: BlobSpec;
  readonly sql: TableSql;
  readonly statements: TableStatements;
}

export interface ColumnSpec {
  readonly name: string;
  /** What earlier versions of the app called it, oldest first. Absent: nothing else. */
  readonly earlierNames?: readonly string[];
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Place in the changed-column mask; null for identity columns. */
  readonly bit: number | null;
}

export interface ReferenceSpec {
  readonly columns: readonly string[];
  readonly table: string;
  readonly to: readonly string[];
  readonly onDelete: "cascade" | "set null" | "restrict" | "no action";
  readonly synced: boolean;
}

/** The table's rows stand for files: which columns describe them, and what switches their transfer on. */
export interface BlobSpec {
  /** SHA-256 of the file: 64 hex digits in lower case, or 32 bytes. */
  readonly hash: string;
  /** The file's bytes. */
  readonly size: string;
  /** Local column: 1 where the file is not on this device. */
  readonly cloudOnly: string | null;
  /** A row of `flagTable` with `flag` set, reached through rows of `through`. Null: every file is transferred. */
  readonly enabledBy: { readonly through: string; readonly flagTable: string; readonly flag: string } | null;
}

/** SQL expressions over one row of the table (unqualified column names): the same ones that the triggers use. */
export interface TableSql {
  /** The row id: text; NULL for a row that other devices could not recognise. */
  readonly rowId: string;
  /** The synced columns as one JSON object: text. */
  readonly payload: string;
}

/** Stands for a value in a statement that is compiled before there are values. */
export interface Slot<Name extends string = string> {
  readonly slot: Name;
}

/**
 * A table's statements, typed by the application's columns. They take values (an app may run them through
 * Kysely itself); the runtime passes slots instead, compiles once, and binds by name. Without arguments: any table's.
 */
export interface TableStatements<in Synced = never, in Identity = never, in Changes = never> {
  /** `INSERT … ON CONFLICT (identity) DO UPDATE` of synced columns; local columns get their `on_insert` value only when the row is new. */
  readonly upsert: (values: Synced) => Compilable;
  /** `UPDATE` of the synced columns that `changes` names, in the row with this identity. */
  readonly update: (identity: Identity, changes: Changes) => Compilable;
  /** `DELETE` of the row with this identity. */
  readonly remove: (identity: Identity) => Compilable;
}

/** The changes of a table whose columns are all identity: none, and the argument may be left out. */
export type NoChanges = Readonly<Record<string, never>> | void;

/** One migration: plain SQL statements. */
export interface Migration {
  /** `0001_init`: file name without extension. */
  readonly name: string;
  /** True: must not run twice. Otherwise it is replay-safe, and runs again where its text has changed. */
  readonly once?: boolean;
  /** `off`: must run with foreign keys off, which can only be switched outside of a transaction. */
  readonly foreignKeys?: "off";
  /** Migrations that it stands for: a database that has run them all has nothing to run. */
  readonly replaces?: readonly string[];
  readonly statements: readonly string[];
}
