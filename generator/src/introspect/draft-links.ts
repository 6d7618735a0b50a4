/** What ties columns together: unique lists and references, as far as the language can say them. */
import type { Reference } from "@synckit-gen/schemas/model";
import { foldName, quoteName, quoteNames } from "../sqlite/database.ts";
import { isSameColumns } from "../sqlite/read-shape.ts";
import type { IndexShape, ReferenceShape } from "../sqlite/read-shape.ts";
import { storageOf } from "../sqlite/storage.ts";
import type { Candidate, ReferenceDraft } from "./draft.ts";

/** The columns of each table that will sync, by folded table name. */
export type SyncedColumns = ReadonlyMap<string, ReadonlySet<string>>;

export interface Links<T> {
  readonly said: readonly T[];
  /** What the database has and the schema will not say, with the reason. */
  readonly remarks: readonly string[];
}

export function draftUnique(candidate: Candidate, synced: ReadonlySet<string>): Links<readonly string[]> {
  const said: (readonly string[])[] = [];
  const remarks: string[] = [];
  for (const index of candidate.shape.indexes) {
    if (!index.isUnique) continue;
    const reason = unsayable(index, synced);
    if (reason !== null) {
      remarks.push(`Not said here: the unique index ${quoteName(index.name)}, ${reason}.`);
      continue;
    }
    const columns = index.columns.flatMap((column) => column ?? []);
    if (index.hasOwnCollation)
      remarks.push(
        `${quoteNames(columns)} is unique without regard to case (or to spaces at the end): values that differ only there are held back on arrival.`,
      );
    if ([candidate.key, ...said].some((known) => isSameColumns(known, columns))) continue;
    said.push(columns);
  }
  return { said, remarks };
}

function unsayable(index: IndexShape, synced: ReadonlySet<string>): string | null {
  if (index.columns.includes(null)) return "which is on an expression; a row that breaks it on arrival is held back";
  if (index.isPartial) return "which is on some rows only; a row that breaks it on arrival is held back";
  const home = index.columns.filter((column) => column !== null && !synced.has(column));
  return home.length === 0 ? null : `because ${quoteNames(home.flatMap((column) => column ?? []))} does not sync`;
}

const ON_DELETE: readonly Reference["onDelete"][] = ["cascade", "set null", "restrict", "no action"];

/** `unique` are the lists that will be said, by folded table name. */
export function draftReferences(
  candidate: Candidate,
  candidates: ReadonlyMap<string, Candidate>,
  synced: SyncedColumns,
  unique: ReadonlyMap<string, readonly (readonly string[])[]>,
): Links<ReferenceDraft> {
  const said: ReferenceDraft[] = [];
  const remarks: string[] = [];
  for (const reference of candidate.shape.references) {
    const parent = candidates.get(foldName(reference.table));
    const reason = whyUnsaid(reference, candidate, parent, synced, unique);
    if (reason !== null) {
      remarks.push(`Not said here: the foreign key of ${quoteNames(reference.columns)} to ${quoteName(reference.table)}, ${reason}.`);
      continue;
    }
    const draft = draftReference(reference, candidate, parent, said);
    if (!said.some((other) => isRepeated(other, draft))) said.push(draft);
  }
  return { said, remarks };
}

function whyUnsaid(
  reference: ReferenceShape,
  candidate: Candidate,
  parent: Candidate | undefined,
  synced: SyncedColumns,
  unique: ReadonlyMap<string, readonly (readonly string[])[]>,
): string | null {
  const own = synced.get(foldName(candidate.shape.name)) ?? new Set();
  const home = reference.columns.filter((column) => !own.has(column));
  if (home.length > 0) return `because ${quoteNames(home)} does not sync`;
  const { to } = reference;
  if (to === null) return "because nothing says which columns it means (SQLite will refuse writes while foreign keys are on)";
  if (parent === undefined) return null;
  const there = synced.get(foldName(parent.shape.name)) ?? new Set();
  const staying = to.filter((column) => !there.has(column));
  if (staying.length > 0) return `because ${quoteNames(staying)} of that table does not sync`;
  const lists = [parent.key, ...(unique.get(foldName(parent.shape.name)) ?? [])];
  if (!lists.some((columns) => isSameColumns(columns, to))) return "because the columns that it refers to are not unique";
  const differing = reference.columns.find((column, index) => {
    const from = candidate.columns.get(column)?.type;
    const target = parent.columns.get(to[index] ?? "")?.type;
    return from === undefined || target === undefined || storageOf(from) !== storageOf(target);
  });
  return differing === undefined ? null : `because ${quoteName(differing)} is of another type`;
}

function draftReference(
  reference: ReferenceShape,
  candidate: Candidate,
  parent: Candidate | undefined,
  said: readonly ReferenceDraft[],
): ReferenceDraft {
  const { columns, table, onUpdate } = reference;
  const remarks: string[] = [];
  const wanted = ON_DELETE.find((action) => action === reference.onDelete);
  if (wanted === undefined) remarks.push(`ON DELETE ${reference.onDelete.toUpperCase()} in the database, which the language cannot say`);
  const required = columns.filter((column) => candidate.columns.get(column)?.isNullable === false);
  const isImpossible = wanted === "set null" && required.length > 0;
  if (isImpossible) remarks.push(`ON DELETE SET NULL in the database, where ${quoteNames(required)} cannot be NULL`);
  if (onUpdate !== "no action" && onUpdate !== "restrict")
    remarks.push(`ON UPDATE ${onUpdate.toUpperCase()}: a changed key syncs as a delete and an insert`);
  return {
    name: freeName(columns, said),
    columns,
    table,
    to: parent !== undefined && reference.to?.join("\u0000") === parent.key.join("\u0000") ? null : reference.to,
    onDelete: wanted === undefined || isImpossible ? "no action" : wanted,
    isSynced: parent !== undefined,
    remark: remarks.length === 0 ? null : remarks.join("; "),
  };
}

function freeName(columns: readonly string[], said: readonly ReferenceDraft[]): string {
  const base = columns.join("_");
  let name = base;
  for (let count = 2; said.some((other) => other.name === name); count++) name = `${base}_${count}`;
  return name;
}

const isRepeated = (a: ReferenceDraft, b: ReferenceDraft): boolean =>
  a.table === b.table && a.columns.join("\u0000") === b.columns.join("\u0000") && a.to?.join("\u0000") === b.to?.join("\u0000");
