/** What triggers captured on this device, on its way into the registers. */
import { ABSENT, BASELINE, type Clock } from "./clock.ts";
import type { FreshEntry } from "./changelog.ts";
import { maskToColumns } from "./mask.ts";
import { absentRegisters, isUnwritten, type Registers } from "./registers.ts";
import type { SessionScope } from "./session-scope.ts";
import type { TableRows } from "./table-rows.ts";
import { parseValues, pick } from "./values.ts";

export class LocalChanges {
  readonly #scope: SessionScope;
  #capturedBefore = 0;

  constructor(scope: SessionScope) {
    this.#scope = scope;
  }

  /** Stamps what triggers captured since the last session and folds it into the registers. It always wins: its author had seen all else. */
  fold(): void {
    this.#capturedBefore = this.#scope.parts.changelog.capturedBefore();
    for (const entry of this.#scope.parts.changelog.stamp(this.#scope.lastStamp, this.#scope.mode.cursor)) {
      this.#scope.lastStamp = Math.max(this.#scope.lastStamp, entry.stamp);
      const rows = this.#scope.parts.tables.get(entry.table);
      if (rows !== undefined) this.#foldEntry(rows, entry);
    }
  }

  #foldEntry(rows: TableRows, entry: FreshEntry): void {
    const { clocks, held } = this.#scope.parts;
    const { table, rowId, op } = entry;
    const clock: Clock = { stamp: entry.stamp, device: this.#scope.mode.device };
    const isWhole = op === "INSERT" || (op === "UPDATE" && rows.spec.conflicts === "row");
    const changed = op === "UPDATE" && !isWhole ? maskToColumns(rows, entry.mask) : [];
    if (isWhole) {
      const before = entry.id <= this.#capturedBefore ? clocks.load(table, rowId) : null;
      clocks.reset(table, rowId, clock);
      if (entry.id <= this.#capturedBefore) this.#leaveUnsaid(rows, entry, before?.registers ?? null);
      if (this.#scope.hasHeld) held.remove(table, rowId);
      this.#keepIfGone(rows, entry);
      return;
    }
    const { isStartingOver } = this.#scope.mode;
    if (op === "UPDATE" && !isStartingOver && clocks.advance(table, rowId, clock, changed, null)) return;

    const stored = clocks.load(table, rowId);
    // A row from before joining that nobody has been told of has no baseline yet: the snapshot gives it one, if it lives until then.
    const registers = stored?.registers ?? { ...absentRegisters(), base: this.#scope.mode.hasJoined ? BASELINE : ABSENT };
    const isUntold = stored === null && !this.#scope.mode.hasJoined;
    const isGivenUp = isStartingOver && isUnwritten(registers);
    let data = stored?.data ?? null;
    registers.life = clock;
    registers.alive = op !== "DELETE";
    for (const column of changed) registers.overrides.set(column, clock);
    if (op === "DELETE") {
      data = data ?? (isUntold || isGivenUp ? null : parseValues(entry.old));
      held.remove(table, rowId);
    } else if (data !== null) {
      data = { ...data, ...pick(parseValues(this.#dataAfter(rows, entry)) ?? {}, changed) };
    }
    clocks.save(table, rowId, registers, data);
    if (isStartingOver && op === "UPDATE") this.#withhold(rows, entry, registers);
    if (op !== "UPDATE" || data !== null || !this.#keepIfGone(rows, entry)) return;
    if (isUntold && rows.spec.apply === "upsert") this.#tellBaseline(entry, registers);
  }

  /**
   * Before an update of the app nobody could write the columns that are new since: they are at the baseline, and where the row
   * is here, what it has in them is told at the baseline. Other devices read the entry the same way, by the columns that it names.
   */
  #leaveUnsaid(rows: TableRows, entry: FreshEntry, before: Registers | null): void {
    const { changelog, clocks } = this.#scope.parts;
    const { table, rowId, op, seen } = entry;
    const said = parseValues(this.#dataAfter(rows, entry));
    const unsaid = said === null ? [] : rows.columns.filter((column) => said[column] === undefined);
    const stored = unsaid.length === 0 ? null : clocks.load(table, rowId);
    if (stored === null) return;
    const payload = rows.readPayload(rowId);
    for (const column of unsaid) {
      const known = op === "UPDATE" && before !== null ? (before.overrides.get(column) ?? before.base) : null;
      stored.registers.overrides.set(column, known ?? (payload === null ? ABSENT : BASELINE));
    }
    clocks.save(table, rowId, stored.registers, stored.data);
    if (payload === null || op !== "INSERT") return;
    changelog.append({ table, op: "INSERT", rowId, stamp: 0, seen, isRule: false, mask: 0n, data: payload, old: null });
  }

  /** The row as it was after the entry, or later where the entry holds its key only: then another entry follows for what is newer. */
  #dataAfter(rows: TableRows, entry: FreshEntry): string | null {
    const { changelog } = this.#scope.parts;
    return changelog.dataOf(entry.id) ?? rows.readPayload(entry.rowId) ?? changelog.oldAfter(entry);
  }

  /** Where deletes are ignored, a row may have left its table before its changes were folded: its values stay with its clocks. */
  #keepIfGone(rows: TableRows, { id, table, rowId }: FreshEntry): boolean {
    if (rows.spec.deletes !== "ignore" || rows.read(rowId) !== null) return false;
    const stored = this.#scope.parts.clocks.load(table, rowId);
    if (stored !== null) this.#scope.parts.clocks.save(table, rowId, stored.registers, parseValues(this.#scope.parts.changelog.dataOf(id)));
    return true;
  }

  /** An edit keeps its row, of which the log may know nothing else: then what the row has besides is told with it. */
  #withhold(rows: TableRows, entry: FreshEntry, { base, overrides }: Registers): void {
    const isWhole = rows.columns.every((column) => (overrides.get(column) ?? base).stamp >= 0);
    const data = isWhole ? null : this.#dataAfter(rows, entry);
    if (data !== null) this.#scope.parts.changelog.withhold({ table: entry.table, rowId: entry.rowId, data });
  }

  /** A row from before joining that left before the snapshot: what its change did not write enters the log as the snapshot would have put it. */
  #tellBaseline({ table, rowId, seen, id }: FreshEntry, registers: Registers): void {
    const data = this.#scope.parts.changelog.dataOf(id);
    this.#scope.parts.changelog.append({ table, op: "INSERT", rowId, stamp: 0, seen, isRule: false, mask: 0n, data, old: null });
    this.#scope.parts.clocks.save(table, rowId, { ...registers, base: BASELINE }, parseValues(data));
  }
}
