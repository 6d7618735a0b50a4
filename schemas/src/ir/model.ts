/**
 * The model: an application's sync schema, resolved. Plain JSON, so that the same schema gives the
 * same bytes and an emitter in any language could read it. Every default is applied, every name
 * decided, every reference checked; nothing downstream looks a rule up again.
 */

/** Shape version of the model. A change of shape is a change of this number. */
export const IR_VERSION = 1;

export interface SyncModel {
  readonly irVersion: typeof IR_VERSION;
  /** The application's name, as the schema spells it. */
  readonly app: string;
  /** `synckit`: entries carry no reserved member, so that other SyncKit clients see only columns; rows merge whole. */
  readonly compat: "full" | "synckit";
  /** True where the application's own tables are created by the first migration. */
  readonly create: boolean;
  readonly changelog: Changelog;
  /** Parents before children; inside a cycle, and among equals, by name. Upserts walk forwards, deletes backwards. */
  readonly tables: readonly Table[];
  /** Tables that rows refer to and that stay on their device, by name. */
  readonly unsyncedParents: readonly string[];
}

export interface Changelog {
  /** Pushed entries older than this many days are pruned. */
  readonly retainDays: number;
  /** Pushed entries beyond this many are pruned, oldest first; null: no cap. */
  readonly maxEntries: number | null;
  /** A device that has not synced for longer must start over; registers of deleted rows are kept for twice as long. */
  readonly maxAwayDays: number;
}

export interface Table {
  /** The SQL name, unquoted. */
  readonly name: string;
  /** What an earlier version of the schema called it. */
  readonly renamedFrom?: string;
  /** What all earlier versions called it, oldest first: their devices still do. */
  readonly earlierNames?: readonly string[];
  /** How often rows have come to be recognised in another way, or a value to be of another type. Absent: never. */
  readonly epoch?: number;
  readonly code: TableCode;
  /** The columns by which a row is recognised on every device: the key, or what `match` names. */
  readonly identity: Identity;
  /** The table's own primary key columns, in key order. Equal to the identity unless `match` is used. */
  readonly key: readonly string[];
  /** `hidden`: the server sees a keyed hash instead of the row id. */
  readonly rowIds: "plain" | "hidden";
  /** What competes when two devices edit one row: its columns, or the row as a whole. */
  readonly conflicts: "column" | "row";
  /** `update`: a remote change never inserts a row, it only changes rows that exist here. */
  readonly apply: "upsert" | "update";
  /** `ignore`: deletes are neither captured nor applied. */
  readonly deletes: "apply" | "ignore";
  /**
   * What an entry holds of an INSERT or UPDATE: the row as JSON, or nothing but its key, and the row is read when it is pushed.
   * A row of a table that ignores deletes, or is only updated, may leave without an entry: there it is always `payload`.
   */
  readonly capture: "payload" | "keys";
  /** Identity columns first, then the other synced columns, then local ones, each in schema order. */
  readonly columns: readonly Column[];
  readonly references: readonly Reference[];
  /** Column lists that must be unique, beside the key. */
  readonly unique: readonly (readonly string[])[];
  readonly blob: Blob | null;
  /** Tables of one reference cycle share a number; a table in no cycle has its own. Rises with upsert order. */
  readonly component: number;
}

/** Names for generated code, decided once: valid identifiers, unique in the model, no reserved words. */
export interface TableCode {
  /** PascalCase, for types: `EmailAccounts`. */
  readonly type: string;
  /** camelCase, for values: `emailAccounts`. */
  readonly value: string;
}

export interface Identity {
  readonly kind: "uuid" | "content-hash" | "natural";
  readonly columns: readonly string[];
}

export type ColumnType = "text" | "uuid" | "integer" | "bigint" | "real" | "boolean" | "json" | "timestamp" | "date" | "blob";

export type Column = SyncedColumn | LocalColumn;

/** On the whitelist: leaves the device, encrypted. */
export interface SyncedColumn {
  readonly kind: "synced";
  readonly name: string;
  /** What an earlier version of the schema called it. */
  readonly renamedFrom?: string;
  /** What all earlier versions called it, oldest first. */
  readonly earlierNames?: readonly string[];
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** SQL expression of the column's default, or null. */
  readonly default: string | null;
  /** The column's place in the changed-column mask, 0 to 61, kept for ever; null for identity columns, which never change in an UPDATE. */
  readonly bit: number | null;
}

/** Never leaves the device: in no payload, no log, no error. */
export interface LocalColumn {
  readonly kind: "local";
  readonly name: string;
  /** What an earlier version of the schema called it. */
  readonly renamedFrom?: string;
  /** Null where the schema names the column without a type. */
  readonly type: ColumnType | null;
  readonly nullable: boolean;
  readonly default: string | null;
  /** SQL expression for a row that arrives from another device; null: the column's own default. */
  readonly onInsert: string | null;
}

export interface Reference {
  /** Columns of this table, in the order of `to`. */
  readonly columns: readonly string[];
  readonly table: string;
  readonly to: readonly string[];
  /** What happens to this table's row when the parent is gone on every device. */
  readonly onDelete: "cascade" | "set null" | "restrict" | "no action";
  /** False: the parent stays on its device, and a value without a parent here is kept. */
  readonly synced: boolean;
}

/** The table's rows stand for files; `hash` and `size` name the columns that describe them. */
export interface Blob {
  readonly hash: string;
  readonly size: string;
  /** Local boolean column: 1 where the file is not on this device. */
  readonly cloudOnly: string | null;
  /** The boolean column `flag` of `flagTable` switches transfer on, reached through rows of `through`. */
  readonly enabledBy: { readonly through: string; readonly flagTable: string; readonly flag: string } | null;
}

export const isSynced = (column: Column): column is SyncedColumn => column.kind === "synced";
export const isLocal = (column: Column): column is LocalColumn => column.kind === "local";

/** The synced columns of a table, identity first. */
export const syncedColumns = (table: Table): readonly SyncedColumn[] => table.columns.filter(isSynced);
export const localColumns = (table: Table): readonly LocalColumn[] => table.columns.filter(isLocal);
