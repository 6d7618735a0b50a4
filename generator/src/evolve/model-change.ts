/** What can differ between two models of one application, as data, and each difference in words. */
import type {
  Blob,
  Column,
  ColumnType,
  Identity,
  LocalColumn,
  Reference,
  SyncModel,
  SyncedColumn,
  Table,
} from "@synckit-gen/schemas/model";

interface InTable {
  /** The name now; for what is gone, the name it had. */
  readonly table: string;
}

interface InColumn extends InTable {
  /** The name now; for what is gone, the name it had. */
  readonly column: string;
}

interface Between<T> {
  readonly before: T;
  readonly after: T;
}

type Named<Kind extends string> = { readonly kind: Kind };

/** The difference itself, without its words. */
export type BareChange =
  | (Named<"app-renamed"> & Between<string>)
  | (Named<"compat-changed"> & Between<SyncModel["compat"]>)
  | (Named<"create-changed"> & Between<boolean>)
  | (Named<"retain-days-changed"> & Between<number>)
  | (Named<"max-entries-changed"> & Between<number | null>)
  | (Named<"max-away-days-changed"> & Between<number>)
  /** Parents first. Compared over the tables that both models have. */
  | (Named<"order-changed"> & Between<readonly string[]>)
  | (Named<"table-added"> & InTable & { readonly after: Table })
  | (Named<"table-removed"> & InTable & { readonly before: Table })
  | (Named<"table-renamed"> & InTable & Between<string>)
  | (Named<"code-name-changed"> & InTable & Between<string>)
  /** Columns by which rows are recognised, with former names followed; or where their values come from. */
  | (Named<"identity-changed"> & InTable & Between<Identity>)
  | (Named<"key-changed"> & InTable & Between<readonly string[]>)
  | (Named<"row-ids-changed"> & InTable & Between<Table["rowIds"]>)
  | (Named<"conflicts-changed"> & InTable & Between<Table["conflicts"]>)
  | (Named<"apply-changed"> & InTable & Between<Table["apply"]>)
  | (Named<"deletes-changed"> & InTable & Between<Table["deletes"]>)
  | (Named<"capture-changed"> & InTable & Between<Table["capture"]>)
  | (Named<"column-added"> & InColumn & { readonly after: Column })
  | (Named<"column-removed"> & InColumn & { readonly before: Column })
  | (Named<"column-renamed"> & InColumn & Between<string>)
  /** Was local, is on the whitelist. */
  | (Named<"column-became-synced"> & InColumn & { readonly before: LocalColumn; readonly after: SyncedColumn })
  /** Was on the whitelist, is local. */
  | (Named<"column-became-local"> & InColumn & { readonly before: SyncedColumn; readonly after: LocalColumn })
  | (Named<"column-type-changed"> & InColumn & Between<ColumnType | null>)
  | (Named<"column-nullable-changed"> & InColumn & Between<boolean>)
  | (Named<"column-default-changed"> & InColumn & Between<string | null>)
  /** Between two local columns. */
  | (Named<"column-on-insert-changed"> & InColumn & Between<string | null>)
  /** A bit means another column now, or a column has another bit: bits by column. A column that comes or goes is no such change. */
  | (Named<"mask-changed"> & InTable & Between<Readonly<Record<string, number>>>)
  | (Named<"reference-added"> & InTable & { readonly after: Reference })
  | (Named<"reference-removed"> & InTable & { readonly before: Reference })
  | (Named<"reference-changed"> & InTable & Between<Reference>)
  | (Named<"unique-added"> & InTable & { readonly after: readonly string[] })
  | (Named<"unique-removed"> & InTable & { readonly before: readonly string[] })
  | (Named<"blob-changed"> & InTable & Between<Blob | null>);

/** One difference and what it says, as a sentence without its full stop. */
export type ModelChange = BareChange & { readonly words: string };

export type ChangeKind = BareChange["kind"];

export function describeChange(change: BareChange): string {
  switch (change.kind) {
    case "app-renamed":
      return `the application "${change.before}" is now called "${change.after}"`;
    case "compat-changed":
      return change.after === "synckit"
        ? `payloads hold columns only (compat: synckit), and rows merge as a whole`
        : `payloads carry the reserved member again (compat: full)`;
    case "create-changed":
      return change.after ? `the migrations create the application's own tables` : `the application creates its own tables again`;
    case "retain-days-changed":
      return `pushed entries are kept for ${days(change.after)} instead of ${days(change.before)}`;
    case "max-entries-changed":
      return `the cap on pushed entries is ${change.after ?? "lifted"} (was ${change.before ?? "none"})`;
    case "max-away-days-changed":
      return `a device may stay away for ${days(change.after)} instead of ${days(change.before)} before it must start over`;
    case "order-changed":
      return `tables are written in another order: ${change.after.join(", ")}`;
    default:
      return "column" in change ? describeColumnChange(change) : describeTableChange(change);
  }
}

type ColumnChange = Extract<BareChange, InColumn>;
type TableChange = Exclude<Extract<BareChange, InTable>, InColumn>;

function describeTableChange(change: TableChange): string {
  const table = `"${change.table}"`;
  switch (change.kind) {
    case "table-added":
      return `the table ${table} is new`;
    case "table-removed":
      return `the table ${table} is gone`;
    case "table-renamed":
      return `the table "${change.before}" is now called ${table}`;
    case "code-name-changed":
      return `generated code calls ${table} ${change.after} instead of ${change.before}`;
    case "identity-changed":
      return sameNames(change.before.columns, change.after.columns)
        ? `the identity of ${table} is ${change.after.kind} (was ${change.before.kind})`
        : `rows of ${table} are recognised by ${names(change.after.columns)} (was ${names(change.before.columns)})`;
    case "key-changed":
      return `the key of ${table} is ${names(change.after)} (was ${names(change.before)})`;
    case "row-ids-changed":
      return change.after === "plain"
        ? `the server sees the row ids of ${table} (was a keyed hash)`
        : `the server sees a keyed hash of the row ids of ${table} (was the row ids)`;
    case "conflicts-changed":
      return change.after === "row"
        ? `rows of ${table} merge as a whole (was column by column)`
        : `rows of ${table} merge column by column (was as a whole)`;
    case "apply-changed":
      return change.after === "update"
        ? `sync only changes rows of ${table} that exist (was: adds rows too)`
        : `sync adds rows to ${table} (was: only changes rows that exist)`;
    case "capture-changed":
      return change.after === "keys"
        ? `changes in ${table} are logged by key, and rows are read when they are pushed (were logged whole)`
        : `changes in ${table} are logged whole (were logged by key)`;
    case "deletes-changed":
      return change.after === "ignore"
        ? `deletes in ${table} stay on their device (were synced)`
        : `deletes in ${table} sync (stayed on their device)`;
    case "mask-changed":
      return `the changed-column mask of ${table} has its columns in other places`;
    case "reference-added":
      return `${table} refers to ${referenceWords(change.after)}`;
    case "reference-removed":
      return `${table} no longer refers to ${referenceWords(change.before)}`;
    case "reference-changed":
      return `the reference of ${table} to ${referenceWords(change.after)} was one to ${referenceWords(change.before)}`;
    case "unique-added":
      return `${names(change.after)} of ${table} must be unique`;
    case "unique-removed":
      return `${names(change.before)} of ${table} need not be unique any more`;
    case "blob-changed":
      return change.after === null
        ? `rows of ${table} no longer stand for files`
        : change.before === null
          ? `rows of ${table} stand for files`
          : `files of ${table} are described in another way`;
  }
}

function describeColumnChange(change: ColumnChange): string {
  const column = `${change.table}.${change.column}`;
  switch (change.kind) {
    case "column-added":
      return `the ${change.after.kind} column ${column} is new (${typeWords(change.after)})`;
    case "column-removed":
      return `the ${change.before.kind} column ${column} is gone (was ${typeWords(change.before)})`;
    case "column-renamed":
      return `the column ${change.table}.${change.before} is now called ${column}`;
    case "column-became-synced":
      return `${column} is synced (was local)`;
    case "column-became-local":
      return `${column} is local (was synced)`;
    case "column-type-changed":
      return `${column} is ${change.after ?? "without a type"} (was ${change.before ?? "without a type"})`;
    case "column-nullable-changed":
      return change.after ? `${column} may be NULL` : `${column} must not be NULL any more`;
    case "column-default-changed":
      return `the default of ${column} is ${change.after ?? "none"} (was ${change.before ?? "none"})`;
    case "column-on-insert-changed":
      return `a row from another device gets ${change.after ?? "the default"} for ${column} (was ${change.before ?? "the default"})`;
  }
}

const days = (count: number): string => `${count} day${count === 1 ? "" : "s"}`;
const names = (list: readonly string[]): string => (list.length === 0 ? "nothing" : list.map((name) => `"${name}"`).join(", "));
const sameNames = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, i) => name === b[i]);

const typeWords = (column: Column): string => `${column.type ?? "no type"}${column.nullable ? ", nullable" : ""}`;

function referenceWords(reference: Reference): string {
  const parent = `"${reference.table}" (${reference.columns.join(", ")} to ${reference.to.join(", ")}, on delete ${reference.onDelete})`;
  return reference.synced ? parent : `${parent}, which stays on its device`;
}
