/** Rows that are known and not placed: tried again, shown, and edited by the app's user. */
import { type HeldPlace, type HeldRow } from "./held.ts";
import { obstaclesOf } from "./obstacles.ts";
import type { Values } from "./registers.ts";
import type { Session } from "./session.ts";
import { MAX_RESOLVED, type StoreScope } from "./store-scope.ts";

export interface HeldRows {
  /** Once a pull is complete: held rows are tried again, and what lost its parent follows its rule. */
  readonly resolveHeld: (device: string) => void;
  /** Tries held rows again, without any rule: the log has not been read to its end yet. */
  readonly retryHeld: (device: string) => void;
  readonly heldRows: (limit: number) => readonly HeldRow[];
  readonly heldCount: () => number;
  /** Of the held rows, those that their table refuses. */
  readonly refusedCount: () => number;
  /** Writes some columns of a held row, as an edit of the app's user. False: there is no such held row that is alive. */
  readonly editHeld: (device: string, table: string, rowId: string, values: Values) => boolean;
  /** Deletes a held row, as the app's user. False: it is deleted already; null: no such row is held. */
  readonly deleteHeld: (device: string, table: string, rowId: string) => boolean | null;
}

export function heldRows(scope: StoreScope): HeldRows {
  const { parts, apply } = scope;
  const { tables, held } = parts;

  /**
   * Once through all that can be tried, some in each transaction; by row id, not from the oldest on, so that those that cannot be
   * placed do not keep the others from their turn. Of rows that are only updated there may be very many that never come.
   */
  function tryHeld(device: string, work: (opened: Session) => void): void {
    const arrived = [...tables.values()].flatMap(({ spec: { name, apply: kind, sql } }) =>
      kind === "update" ? held.arrived(name, sql.rowId) : [],
    );
    for (let after: HeldPlace | null = ["", ""]; after !== null;) {
      const found: readonly HeldPlace[] = held.after(after, MAX_RESOLVED);
      const rows = [...arrived.splice(0, MAX_RESOLVED), ...found];
      if (rows.length > 0)
        apply(device, (opened) => {
          opened.resolve(rows);
          work(opened);
        });
      after = found.at(-1) ?? after;
      if (found.length < MAX_RESOLVED && arrived.length === 0) after = null;
    }
  }

  function retryHeld(device: string): void {
    for (let before = Infinity; held.count() < before;) {
      before = held.count();
      tryHeld(device, () => {});
    }
  }

  return {
    resolveHeld: (device) => tryHeld(device, (opened) => opened.applyRules()),
    retryHeld,
    heldRows: (limit) =>
      held.list(limit).map((entry) => {
        const rows = tables.get(entry.table);
        const values = parts.clocks.load(entry.table, entry.rowId)?.data ?? {};
        return { ...entry, values, obstacles: rows === undefined ? [] : obstaclesOf(tables, rows, entry.rowId, values) };
      }),
    heldCount: () => held.count(),
    refusedCount: () => held.countRefused(),
    editHeld(device, table, rowId, values) {
      const rows = tables.get(table);
      const unknown = Object.keys(values).find((column) => rows?.columnSet.has(column) !== true);
      if (rows === undefined) throw new RangeError(`"${table}" is not a synced table`);
      if (unknown !== undefined) throw new RangeError(`"${unknown}" is not a synced column of "${table}" outside its key`);
      if (!apply(device, (opened) => opened.editHeld(rows, rowId, values))) return false;
      retryHeld(device); // what waited for it
      return true;
    },
    deleteHeld(device, table, rowId) {
      const rows = tables.get(table);
      if (rows === undefined) throw new RangeError(`"${table}" is not a synced table`);
      if (rows.spec.deletes === "ignore") throw new RangeError(`deletes of "${table}" are ignored, says the schema`);
      const isDeleted = apply(device, (opened) => opened.deleteHeld(rows, rowId));
      if (isDeleted === true) retryHeld(device); // what it was in the way of
      return isDeleted;
    },
  };
}
