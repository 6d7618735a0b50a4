/**
 * Unpushed entries of one row become one before they are sent (docs/merge.md). What they say to registers stays as it
 * was: every column keeps the stamp of its own last edit, so an edit of one column cannot make another's look later.
 */
import type { UnpushedEntry } from "./changelog.ts";

/** A later edit of the same row: the columns that it wrote last, under its own stamp. */
export interface LaterEdit {
  readonly stamp: number;
  readonly seen: number;
  readonly mask: bigint;
}

/** One entry to send. */
export interface OutgoingEntry {
  /** The changelog's entries that it stands for, rising. */
  readonly ids: readonly number[];
  /** What is sent: operation, clock, and for an UPDATE the mask of the columns that no later edit wrote again. */
  readonly entry: UnpushedEntry;
  /** Rising; empty for most entries. */
  readonly later: readonly LaterEdit[];
  /** The newest of the writes: its data is the row's. */
  readonly newest: UnpushedEntry;
}

/** In the order to send. `isRowWise`: rows of the table merge whole. */
export function coalesce(entries: readonly UnpushedEntry[], isRowWise: (table: string) => boolean): readonly OutgoingEntry[] {
  const runs = new Map<string, UnpushedEntry[]>();
  const outgoing: OutgoingEntry[] = [];
  for (const entry of entries) {
    // The baseline is no edit: it stands for itself, and makes nothing of an edit superfluous.
    if (entry.stamp === 0) {
      outgoing.push(single([entry.id], entry));
      continue;
    }
    // Where this device has read on in between, or the merge has done its part, the row's values may be somebody else's by now.
    const key = `${entry.table}\0${entry.rowId}\0${entry.seen}\0${entry.isRule}`;
    const run = runs.get(key);
    if (run === undefined) runs.set(key, [entry]);
    else run.push(entry);
  }
  for (const run of runs.values()) outgoing.push(...ofRow(run, isRowWise((run[0] as UnpushedEntry).table)));
  return outgoing.toSorted((a, b) => placeOf(a) - placeOf(b));
}

const single = (ids: readonly number[], entry: UnpushedEntry): OutgoingEntry => ({ ids, entry, later: [], newest: entry });

/** A new row comes where it was made, before what refers to it; an edit where the last one was, after what it refers to. */
const placeOf = ({ entry, newest }: OutgoingEntry): number => (entry.op === "INSERT" ? entry.id : newest.id);

function ofRow(run: readonly UnpushedEntry[], isRowWise: boolean): readonly OutgoingEntry[] {
  const last = run.at(-1) as UnpushedEntry;
  if (run.length === 1) return [single([last.id], last)];
  // An INSERT writes every register: what came before it has nothing left to say. A DELETE writes life alone, as what comes after it does.
  const writes = run
    .slice(
      Math.max(
        0,
        run.findLastIndex(({ op }) => op === "INSERT"),
      ),
    )
    .filter(({ op }) => op !== "DELETE");
  const removal = last.op === "DELETE" ? [last] : [];
  const ids = run.slice(0, run.length - removal.length).map(({ id }) => id);
  // What a dead row's registers hold counts when an edit elsewhere brings it back, so a DELETE does not swallow the edits before it.
  if (writes.length === 0) return [single([...ids, last.id], last)];
  const written = isRowWise ? mergeWhole(ids, writes) : mergeColumns(ids, writes);
  return [written, ...removal.map((entry) => single([entry.id], entry))];
}

function mergeWhole(ids: readonly number[], writes: readonly UnpushedEntry[]): OutgoingEntry {
  const newest = writes.at(-1) as UnpushedEntry;
  const op = writes[0]?.op === "INSERT" ? "INSERT" : "UPDATE";
  const mask = writes.reduce((all, entry) => all | entry.mask, 0n);
  return { ids, entry: { ...newest, op, mask, isRule: writes.every(({ isRule }) => isRule) }, later: [], newest };
}

function mergeColumns(ids: readonly number[], writes: readonly UnpushedEntry[]): OutgoingEntry {
  const newest = writes.at(-1) as UnpushedEntry;
  const edits: UnpushedEntry[] = [];
  let written = 0n;
  for (const entry of writes.toReversed()) {
    const mask = entry.mask & ~written;
    written |= entry.mask;
    // The newest is kept even where it writes no column: it says when the row was last alive.
    if (entry.op === "INSERT" || entry === newest || mask !== 0n) edits.unshift({ ...entry, mask });
  }
  const [first = newest, ...later] = edits;
  return { ids, entry: { ...first, isRule: writes.every(({ isRule }) => isRule) }, later, newest };
}
