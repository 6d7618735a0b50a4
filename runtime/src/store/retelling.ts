/**
 * Rows of which this device knows more than others may: they have forgotten a delete (docs/merge.md, "Forgetting"), and an author
 * who had read nothing of the log has written the row since. What this device knows of them is told again.
 */
import type { Changelog } from "./changelog.ts";
import { LogRegisters, type RecalledEntry, recallKnown } from "./reseed.ts";
import type { RemoteChange } from "./remote-change.ts";
import type { RowClocks } from "./row-clocks.ts";
import type { TableRows } from "./table-rows.ts";

interface Parts {
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
  readonly changelog: Changelog;
}

export interface Retelling {
  /** In the transaction that merges `change`: its row is to be told again. What the log says of it from here on need not be. */
  readonly note: (rows: TableRows, change: RemoteChange) => void;
  /** The log has this change. */
  readonly read: (rows: TableRows, change: RemoteChange) => void;
  /** What is to be told, from the registers as they are now. What `device`, this one, has edited and not pushed yet tells itself. */
  readonly entries: (device: string) => Iterable<RecalledEntry>;
  /** In a transaction of the caller's: it is told. */
  readonly done: () => void;
}

export function retelling({ tables, clocks, changelog }: Parts): Retelling {
  /** A process that starts anew knows less of it, and tells more than it needs to: that changes nothing. */
  let read = new LogRegisters();
  let last: RemoteChange | null = null;
  /** What was coalesced into one entry has one payload: nobody reads a part of it. */
  const isOfOneEntry = (change: RemoteChange): boolean => change.values !== null && change.values === last?.values;
  return {
    note(rows, change) {
      changelog.noteUntold(change.table, change.rowId); // each time: a transaction that is run again has lost what it noted
      if (!isOfOneEntry(change)) read.remove(change.table, change.rowId); // what the log has said before this may be forgotten by now
      last = change;
      read.add(change, rows.columns);
    },
    read(rows, change) {
      if (!read.isEmpty && read.get(change.table, change.rowId) !== null) read.add(change, rows.columns);
    },
    *entries(device) {
      for (const [table, rowId] of changelog.untold()) {
        const rows = tables.get(table);
        const stored = clocks.load(table, rowId);
        if (rows === undefined || stored === null) continue;
        for (const recalled of recallKnown(rows, rowId, stored, read.get(table, rowId)))
          if (recalled.device !== device || !changelog.isUnpushed(table, rowId, recalled.entry.stamp)) yield recalled;
      }
    },
    done() {
      changelog.forgetUntold();
      read = new LogRegisters();
      last = null;
    },
  };
}
