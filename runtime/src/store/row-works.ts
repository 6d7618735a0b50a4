/** The rows that one apply transaction touches, each with its registers and with what the transaction has learnt of it. */
import { rowIdToWire, type WireValue } from "@synckit-gen/schemas/protocol";
import { BASELINE, compareClocks } from "./clock.ts";
import type { RowView } from "./parents.ts";
import { absentRegisters, type Registers, type Values } from "./registers.ts";
import type { RowClocks } from "./row-clocks.ts";
import type { TableRows } from "./table-rows.ts";
import { pick } from "./values.ts";

export interface RowWork extends RowView {
  readonly registers: Registers;
  /** Register values that the table does not hold; null where it does. */
  data: Values | null;
  /** Values that this session's changes gave. */
  overlay: Record<string, WireValue>;
  /** The latest payload seen, for a row that vanished from its table without a trace. */
  latest: Values;
  /** The row as its table has it now; undefined until read. */
  physical: Values | null | undefined;
  /** Being removed: stops the walk through a reference cycle. */
  isLeaving: boolean;
  /** A change of this session has moved a register. What has not is where it belongs already, or held. */
  isChanged: boolean;
}

/** A row whose change is already in its clocks and only needs writing: all columns (null) or some. */
export interface DirectRow {
  readonly rows: TableRows;
  readonly rowId: string;
  readonly values: Values;
  readonly columns: readonly string[] | null;
  /** It had clocks before, and with them a place in its table. */
  readonly isKnown: boolean;
  /** `placed`: its table has it. `taken`: a later change of it, or another row's placing, needed its registers. */
  state: "waits" | "placed" | "taken";
}

/** By row id. Maps in a map: a key made of both names would have to be made, and hashed, several times a row. */
export interface TableWorks {
  readonly rows: Map<string, RowWork>;
  readonly direct: Map<string, DirectRow>;
}

export class RowWorks {
  readonly #clocks: RowClocks;
  readonly #hasHeld: boolean;
  readonly #tables = new Map<string, TableWorks>();

  constructor(clocks: RowClocks, hasHeld: boolean) {
    this.#clocks = clocks;
    this.#hasHeld = hasHeld;
  }

  of(table: string): TableWorks {
    let works = this.#tables.get(table);
    if (works === undefined) this.#tables.set(table, (works = { rows: new Map(), direct: new Map() }));
    return works;
  }

  /** Null: this session has had no need of the row's registers. */
  known(table: string, rowId: string): RowWork | null {
    return this.#tables.get(table)?.rows.get(rowId) ?? null;
  }

  /** Null: the row was not written directly, or a later change of it has taken it over. */
  direct(table: string, rowId: string): DirectRow | null {
    return this.#tables.get(table)?.direct.get(rowId) ?? null;
  }

  get(rows: TableRows, rowId: string): RowWork {
    const works = this.of(rows.spec.name);
    const known = works.rows.get(rowId);
    if (known !== undefined) return known;
    const stored = this.#clocks.load(rows.spec.name, rowId);
    const direct = works.direct.get(rowId);
    if (direct !== undefined) {
      direct.state = "taken";
      works.direct.delete(rowId);
    }
    const physical =
      stored === null || direct?.columns === null ? rows.read(rowId) : stored.registers.alive || this.#hasHeld ? undefined : null; // a dead row is in its table only while it is held
    const registers =
      stored?.registers ?? (physical === null ? absentRegisters() : { ...absentRegisters(), base: BASELINE, life: BASELINE, alive: true });
    const work: RowWork = {
      rows,
      rowId,
      value: (column) => this.valueOf(work, column),
      registers,
      data: stored?.data ?? null,
      overlay: direct === undefined ? {} : { ...pick(direct.values, direct.columns ?? rows.columns) },
      latest: direct?.values ?? {},
      physical,
      isLeaving: false,
      isChanged: direct !== undefined,
    };
    works.rows.set(rowId, work);
    return work;
  }

  physical(work: RowWork): Values | null {
    if (work.physical === undefined) work.physical = work.rows.read(work.rowId);
    return work.physical;
  }

  valueOf(work: RowWork, column: string): WireValue | undefined {
    return work.overlay[column] ?? (Object.hasOwn(work.overlay, column) ? null : (work.data ?? this.physical(work) ?? {})[column]);
  }

  /** All that the registers hold, identity included. */
  fullValues(work: RowWork): Values {
    return {
      ...(work.data ?? this.physical(work) ?? { ...work.latest, ...rowIdToWire(work.rows.identity, work.rowId) }),
      ...work.overlay,
    };
  }

  save(work: RowWork): void {
    const { base, overrides, life, alive } = work.registers;
    // A live row at the baseline needs no entry: that is what having none means.
    const isBaseline =
      alive && compareClocks(base, BASELINE) === 0 && compareClocks(life, BASELINE) === 0 && overrides.size === 0 && work.data === null;
    if (!isBaseline || this.#clocks.load(work.rows.spec.name, work.rowId) !== null)
      this.#clocks.save(work.rows.spec.name, work.rowId, work.registers, work.data);
  }
}

export const isAlive = (work: RowWork): boolean => work.registers.alive;
/** Known to be deleted: a row that has not come is neither. */
export const isDead = ({ registers }: RowWork): boolean => !registers.alive && registers.life.stamp > 0;
