/** Conflicts that the app's user has been told of, and may decide otherwise. */
import { ValueError } from "@synckit-gen/schemas/protocol";
import type { Conflict } from "./conflicts.ts";
import { obstaclesOf, RowRefusedError } from "./obstacles.ts";
import type { StoreScope } from "./store-scope.ts";

export interface ConflictList {
  readonly conflicts: (limit: number) => readonly Conflict[];
  readonly conflictCount: () => number;
  /** Writes the losing values again, as an edit of the app's user, and forgets the conflict. False: there is none with this id. Throws `RowRefusedError`. */
  readonly takeBack: (device: string, id: number) => boolean;
  readonly dismissConflict: (id: number) => boolean;
}

export function conflictList(scope: StoreScope): ConflictList {
  const { parts, transaction, session } = scope;
  const { driver, tables, conflicts } = parts;

  return {
    conflicts: (limit) => conflicts.list(limit),
    conflictCount: () => conflicts.count(),
    takeBack(device, id) {
      session(device, { enforced: true, deferred: false }, () => undefined); // what the app wrote meanwhile is in the registers now
      const conflict = conflicts.get(id);
      const rows = conflict === null ? undefined : tables.get(conflict.table);
      if (conflict === null || rows === undefined) return false;
      const { table, rowId, values } = conflict;
      const whole = { ...(parts.clocks.load(table, rowId)?.data ?? rows.read(rowId)), ...values };
      try {
        return transaction(() => {
          const columns = Object.keys(values).filter((column) => rows.columnSet.has(column));
          if (columns.length > 0 && rows.update(rowId, values, columns) === 0) rows.upsert(rowId, whole);
          return conflicts.remove(id);
        });
      } catch (error) {
        const constraint = error instanceof ValueError ? "VALUE" : driver.constraintOf(error);
        throw constraint === null ? error : new RowRefusedError(table, rowId, constraint, obstaclesOf(tables, rows, rowId, whole));
      }
    },
    dismissConflict: (id) => conflicts.remove(id),
  };
}
