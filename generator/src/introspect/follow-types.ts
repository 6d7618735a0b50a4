/** A column that refers to another one takes its type, back to the first column of the chain: what SQLite compares must be alike. */
import type { ColumnType } from "@synckit-gen/schemas/model";
import { foldName } from "../sqlite/database.ts";
import { storageOf } from "../sqlite/storage.ts";
import type { Candidate, ColumnDraft } from "./draft.ts";

/** The candidates with types followed. By folded name, before and after. */
export function followTypes(candidates: ReadonlyMap<string, Candidate>): ReadonlyMap<string, Candidate> {
  return new Map([...candidates].map(([folded, candidate]) => [folded, { ...candidate, columns: followAll(candidates, candidate) }]));
}

function followAll(candidates: ReadonlyMap<string, Candidate>, candidate: Candidate): ReadonlyMap<string, ColumnDraft> {
  return new Map([...candidate.columns].map(([name, column]) => [name, follow(candidates, candidate, column)]));
}

function follow(candidates: ReadonlyMap<string, Candidate>, candidate: Candidate, column: ColumnDraft): ColumnDraft {
  const source = sourceOf(candidates, candidate, column.name);
  if (source === null || source.type === column.type || isKeyUnfit(candidate, column, source.type)) return column;
  const isSameStorage = storageOf(source.type) === storageOf(column.type);
  // The parent knows better what its values are, so that doubts about the child's are settled.
  const remark = isSameStorage ? null : `of another type than what it refers to`;
  return { ...column, type: source.type, remark };
}

const isKeyUnfit = (candidate: Candidate, column: ColumnDraft, type: ColumnType): boolean =>
  type === "real" && candidate.key.includes(column.name);

function sourceOf(candidates: ReadonlyMap<string, Candidate>, candidate: Candidate, name: string): ColumnDraft | null {
  const seen = new Set<string>();
  let at: { readonly candidate: Candidate; readonly name: string } = { candidate, name };
  for (;;) {
    const place = `${foldName(at.candidate.shape.name)}\u0000${at.name}`;
    if (seen.has(place)) return null;
    seen.add(place);
    const next = parentColumn(candidates, at.candidate, at.name);
    if (next === null) return seen.size === 1 ? null : (at.candidate.columns.get(at.name) ?? null);
    at = next;
  }
}

function parentColumn(candidates: ReadonlyMap<string, Candidate>, { shape }: Candidate, name: string) {
  for (const reference of shape.references) {
    const parent = candidates.get(foldName(reference.table));
    const index = reference.columns.indexOf(name);
    const to = reference.to?.[index];
    if (index === -1 || to === undefined || parent === undefined || !parent.columns.has(to)) continue;
    // A table's key that refers to itself says nothing.
    if (parent.shape.name === shape.name && to === name) continue;
    return { candidate: parent, name: to };
  }
  return null;
}
