/**
 * Which columns begin or cease to leave the device between two models, and why. Leaving means more than the whitelist: a
 * row id that the server can read, rows or deletes that stayed at home before, files, and values that begin to say
 * something because what they refer to begins to sync.
 */
import { isSynced, syncedColumns } from "@synckit-gen/schemas/model";
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import type { ModelChange } from "./model-change.ts";
import { pairByName } from "./pair-by-name.ts";

export type EgressWay =
  /** The table begins or ceases to sync. */
  | "table"
  /** The column is added to the whitelist, or removed from it. */
  | "column"
  /** The column moves between the whitelist and `local`. */
  | "local"
  /** The server can read the value, as row id. */
  | "row-id"
  /** `apply`: rows that are made here, not only edits of rows that sync made. */
  | "inserts"
  | "deletes"
  | "files"
  /** The rows that the value names begin or cease to sync. */
  | "reference"
  /** What `compat: synckit` leaves out. */
  | "compat";

export interface EgressReason {
  readonly way: EgressWay;
  readonly words: string;
}

/** Something that begins or ceases to leave the device. */
export interface EgressChange {
  readonly direction: "begins" | "ceases";
  /** `table.column`, or `compat`: what `--accept-egress` takes. The name now; for what is gone, the name it had. */
  readonly subject: string;
  /** Null for `compat`, which holds for all. */
  readonly table: string | null;
  readonly column: string | null;
  readonly reasons: readonly EgressReason[];
}

interface Note extends EgressReason {
  readonly direction: EgressChange["direction"];
  readonly table: string | null;
  readonly column: string | null;
}

/** By direction, then by subject. `changes` is what `diffModels` says of the two. */
export function diffEgress(before: SyncModel, after: SyncModel, changes: readonly ModelChange[]): readonly EgressChange[] {
  const tables = pairByName(before.tables, after.tables);
  const changesByTable = Map.groupBy(changes, (change) => ("table" in change ? change.table : null));
  const notes = [
    ...compatNotes(changes),
    ...tables.added.flatMap((table) => tableNotes("begins", table)),
    ...tables.removed.flatMap((table) => tableNotes("ceases", table)),
    ...tables.kept.flatMap((pair) => keptNotes(pair.before, pair.after, changesByTable.get(pair.after.name) ?? [])),
    ...referenceNotes(changes, tables.kept),
  ];
  return gather(notes);
}

/** What `--accept-egress` takes for a column. */
export const subjectOf = (table: string, column: string): string => `${table}.${column}`;

function gather(notes: readonly Note[]): readonly EgressChange[] {
  const found = new Map<string, EgressChange>();
  for (const { direction, table, column, way, words } of notes) {
    const subject = table === null || column === null ? "compat" : subjectOf(table, column);
    const key = JSON.stringify([direction, table, column]);
    const reasons = [...(found.get(key)?.reasons ?? []), { way, words }];
    found.set(key, { direction, subject, table, column, reasons });
  }
  const orderOf = (change: EgressChange): string => `${change.direction} ${change.subject}`;
  return [...found.values()].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function compatNotes(changes: readonly ModelChange[]): readonly Note[] {
  return changes.flatMap((change): readonly Note[] => {
    if (change.kind !== "compat-changed") return [];
    const at = { table: null, column: null, way: "compat" as const };
    return change.after === "synckit"
      ? [{ ...at, direction: "begins", words: "the server can move entries, change their operation and their time, and nobody notices" }]
      : [{ ...at, direction: "ceases", words: "what the server does to an entry is noticed again" }];
  });
}

/** A table that begins or ceases to sync takes all of its columns with it. */
function tableNotes(direction: Note["direction"], table: Table): readonly Note[] {
  const begins = direction === "begins";
  return [
    ...syncedColumns(table).map(({ name }) => ({
      direction,
      table: table.name,
      column: name,
      way: "table" as const,
      words: begins ? "its table begins to sync, existing rows included" : "its table no longer syncs",
    })),
    ...readableColumns(table).map((column) => rowIdNote(direction, table.name, column)),
    ...(table.blob === null ? [] : [filesNote(direction, table.name, table.blob.hash, begins ? "" : "no longer ")]),
  ];
}

/** Identity columns that the server can read. */
const readableColumns = (table: Table): readonly string[] => (table.rowIds === "plain" ? table.identity.columns : []);

function rowIdNote(direction: Note["direction"], table: string, column: string): Note {
  const words = direction === "begins" ? "the server can read it, as row id" : "the server can no longer read it as row id";
  return { direction, table, column, way: "row-id", words };
}

function filesNote(direction: Note["direction"], table: string, column: string, how: string, when = ""): Note {
  return { direction, table, column, way: "files", words: `the files that rows stand for are ${how}transferred${when}` };
}

/** `own`: the changes of this table. */
function keptNotes(before: Table, after: Table, own: readonly ModelChange[]): readonly Note[] {
  if (own.length === 0) return [];
  const table = after.name;
  const columns = pairByName(before.columns, after.columns);
  const notes: Note[] = [];
  const add = (direction: Note["direction"], column: string, way: EgressWay, words: string): void => {
    notes.push({ direction, table, column, way, words });
  };
  for (const change of own) {
    if (change.kind === "column-added" && isSynced(change.after))
      add("begins", change.column, "column", "it is new on the whitelist, existing values included");
    else if (change.kind === "column-removed" && isSynced(change.before))
      add("ceases", change.column, "column", "it is gone from the whitelist");
    else if (change.kind === "column-became-synced")
      add("begins", change.column, "local", "it moves from `local` to the whitelist, existing values included");
    else if (change.kind === "column-became-local") add("ceases", change.column, "local", "it moves from the whitelist to `local`");
    else if (change.kind === "apply-changed") {
      const [direction, words] =
        change.after === "upsert"
          ? (["begins", "rows leave that nobody has edited (`apply: upsert`)"] as const)
          : (["ceases", "of rows that nobody edits (`apply: update`)"] as const);
      for (const { name } of syncedColumns(after)) add(direction, name, "inserts", words);
    } else if (change.kind === "deletes-changed") {
      const [direction, words] =
        change.after === "apply"
          ? (["begins", "others learn which rows are deleted (`deletes: apply`)"] as const)
          : (["ceases", "others no longer learn which rows are deleted (`deletes: ignore`)"] as const);
      for (const column of after.identity.columns) add(direction, column, "deletes", words);
    } else if (change.kind === "blob-changed") notes.push(...blobNotes(table, change.before, change.after));
  }

  const readable = new Set(readableColumns(after));
  const wasReadable = new Set(readableColumns(before).map((name) => columns.nameAfter.get(name) ?? name));
  for (const column of readable) if (!wasReadable.has(column)) notes.push(rowIdNote("begins", table, column));
  for (const column of wasReadable) if (!readable.has(column)) notes.push(rowIdNote("ceases", table, column));
  return notes;
}

function blobNotes(table: string, before: Table["blob"], after: Table["blob"]): readonly Note[] {
  if (after === null) return before === null ? [] : [filesNote("ceases", table, before.hash, "no longer ")];
  if (before === null) return [filesNote("begins", table, after.hash, "")];
  if (before.hash !== after.hash)
    return [filesNote("ceases", table, before.hash, "no longer "), filesNote("begins", table, after.hash, "")];
  if (after.enabledBy === null)
    return before.enabledBy === null ? [] : [filesNote("begins", table, after.hash, "", ", whatever the flag says")];
  const when = `, where "${after.enabledBy.flagTable}"."${after.enabledBy.flag}" says so`;
  if (before.enabledBy === null) return [filesNote("ceases", table, after.hash, "only ", when)];
  return JSON.stringify(before.enabledBy) === JSON.stringify(after.enabledBy) ? [] : [filesNote("begins", table, after.hash, "", when)];
}

/** A value that pointed into the dark says something as soon as the rows it names travel too. */
function referenceNotes(
  changes: readonly ModelChange[],
  kept: readonly { readonly before: Table; readonly after: Table }[],
): readonly Note[] {
  const began = new Set(changes.flatMap((change) => (change.kind === "table-added" ? [change.table] : [])));
  const keptByName = new Map(kept.map((pair) => [pair.after.name, pair]));
  const alreadyLeft = (table: string): ReadonlySet<string> => {
    const pair = keptByName.get(table);
    const columns = pair === undefined ? [] : pairByName(pair.before.columns, pair.after.columns).kept;
    return new Set(columns.flatMap((column) => (isSynced(column.before) && isSynced(column.after) ? [column.after.name] : [])));
  };
  return changes.flatMap((change): readonly Note[] => {
    if (change.kind !== "reference-added" && change.kind !== "reference-changed") return [];
    const { table } = change;
    const was = change.kind === "reference-changed" ? change.before.synced : false;
    const left = alreadyLeft(table);
    const names = change.after.columns.filter((column) => left.has(column));
    const parent = `"${change.after.table}"`;
    if (change.after.synced && !was && began.has(change.after.table))
      return names.map((column) => ({
        direction: "begins",
        table,
        column,
        way: "reference",
        words: `the rows of ${parent} that it names begin to sync, so it says which one is meant`,
      }));
    if (change.kind === "reference-changed" && was && !change.after.synced)
      return names.map((column) => ({
        direction: "ceases",
        table,
        column,
        way: "reference",
        words: `the rows of ${parent} that it names no longer sync`,
      }));
    return [];
  });
}
