/** Which rows that a row refers to are here, seen from inside one apply transaction. */
import { isTextLike, rowIdOf, rowIdToWire, ValueError, wireToSql, type SqlValue, type WireValue } from "@synckit-gen/schemas/protocol";
import type { Driver } from "../driver/driver.ts";
import type { ReferenceSpec } from "../generated/spec.ts";
import { quoteName } from "./quote-name.ts";
import type { Values } from "./registers.ts";
import type { TableRows } from "./table-rows.ts";

/** A row as its registers have it. */
export interface RowView {
  readonly rows: TableRows;
  readonly rowId: string;
  /** The value of a column outside the identity. */
  readonly value: (column: string) => WireValue | undefined;
}

/** `here`: written in this transaction. `coming`: placed together with this one, and checked at COMMIT. `dead`: deleted, though its table may still hold it. `unknown`: ask the table. */
export type Fate = "here" | "coming" | "dead" | "unknown";

export interface MissingParents {
  /** Columns of a reference without which the row cannot be placed. */
  readonly blocking: string | null;
  /** Columns of a reference to an unsynced parent that is not here, where enforcement would refuse the row. */
  readonly relaxed: string | null;
  /** Columns of references that the row can do without for now. */
  readonly nulled: readonly string[];
}

const NONE: MissingParents = { blocking: null, relaxed: null, nulled: [] };

export class Parents {
  readonly #tables: ReadonlyMap<string, TableRows>;
  readonly #driver: Driver;
  readonly #mode: { readonly enforced: boolean; readonly deferred: boolean };
  readonly #fateOf: (table: string, rowId: string) => Fate;
  /** Parents found in this transaction, by the value that refers to them: siblings share them. */
  readonly #found = new Map<ReferenceSpec, Set<SqlValue>>();

  constructor(
    parts: { readonly tables: ReadonlyMap<string, TableRows>; readonly driver: Driver },
    mode: { readonly enforced: boolean; readonly deferred: boolean },
    fateOf: (table: string, rowId: string) => Fate,
  ) {
    this.#tables = parts.tables;
    this.#driver = parts.driver;
    this.#mode = mode;
    this.#fateOf = fateOf;
  }

  /** To be called when a row leaves its table. */
  forget(): void {
    this.#found.clear();
  }

  /** What is not here, among the references that touch `columns` (null: all). */
  missing(row: RowView, columns: readonly string[] | null): MissingParents {
    if (row.rows.spec.references.length === 0) return NONE;
    const nulled: string[] = [];
    let blocking: string | null = null;
    let relaxed: string | null = null;
    for (const reference of row.rows.spec.references) {
      if (columns !== null && !reference.columns.some((column) => columns.includes(column))) continue;
      if (this.has(row, reference)) continue;
      const name = reference.columns.join(", ");
      if (!reference.synced) relaxed ??= this.#mode.enforced ? name : null;
      else if (isNullable(row.rows, reference)) nulled.push(...reference.columns);
      else blocking ??= name;
    }
    return { blocking, relaxed, nulled };
  }

  has(row: RowView, reference: ReferenceSpec): boolean {
    const keys = referenceValues(row, reference);
    if (keys === null) return true;
    const parent = this.#tables.get(reference.table);
    if (parent === undefined) return this.#isIn(reference, keys, () => this.#existsUnsynced(reference, keys));
    const parentRowId = parentRowIdOf(row, reference, parent);
    if (parentRowId !== null) {
      if (parent === row.rows && parentRowId === row.rowId) return true; // SQLite checks when the statement ends
      const fate = this.#fateOf(reference.table, parentRowId);
      if (fate === "dead") return false;
      if (fate === "here" || fate === "coming") return true;
    }
    return this.#isIn(reference, keys, () => parent.exists(reference.to, keys));
  }

  #isIn(reference: ReferenceSpec, keys: readonly SqlValue[], look: () => boolean): boolean {
    let found = this.#found.get(reference);
    if (found === undefined) this.#found.set(reference, (found = new Set()));
    const [key = null, ...more] = keys;
    const whole = more.length === 0 ? key : keys.map(String).join("\0");
    if (found.has(whole)) return true;
    const isFound = look();
    if (isFound) found.add(whole);
    return isFound;
  }

  #existsUnsynced(reference: ReferenceSpec, keys: readonly SqlValue[]): boolean {
    const where = reference.to.map((column) => `${quoteName(column)} = ?`).join(" AND ");
    return this.#driver.prepare(`SELECT 1 FROM ${quoteName(reference.table)} WHERE ${where}`).get(...keys) !== undefined;
  }
}

/** The reference can be cleared while its parent is away. */
export const isNullable = ({ spec }: TableRows, reference: ReferenceSpec): boolean =>
  reference.onDelete === "set null" &&
  reference.columns.every(
    (name) => spec.columns.find((column) => column.name === name)?.nullable === true && !spec.identity.includes(name),
  );

/** Null: a part of the reference is NULL or no value at all, or it does not name the parent's identity. */
export function parentRowIdOf(row: RowView, reference: ReferenceSpec, parent: TableRows): string | null {
  if (reference.to.length !== parent.identity.length || !parent.identity.every(({ name }) => reference.to.includes(name))) return null;
  const [column = ""] = reference.columns;
  if (reference.columns.length === 1) {
    const value = columnValue(row, column);
    if (typeof value === "string" && isTextLike(parent.identity[0]?.type ?? "blob")) return value; // as most are: for the sake of speed
  }
  const values = reference.columns.map((name) => columnValue(row, name));
  if (values.some((value) => value === null || value === undefined)) return null;
  try {
    return rowIdOf(parent.identity, Object.fromEntries(reference.to.map((to, index) => [to, values[index] as WireValue])));
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

/** The parent's columns that a reference names, to bind; null where one is NULL, so that nothing can refer to the row. */
export const keysOf = (parent: TableRows, values: Values, reference: ReferenceSpec): readonly SqlValue[] | null =>
  boundKeys(parent, reference.to, (column) => values[column]);

/** Null: a part of the reference is NULL, so there is nothing to refer to. */
const referenceValues = (row: RowView, reference: ReferenceSpec): readonly SqlValue[] | null =>
  boundKeys(row.rows, reference.columns, (column) => columnValue(row, column));

/** Values to look for. Null: one is NULL, which equals nothing, or none that its column can hold: then the row itself is refused. */
export function boundKeys(
  rows: TableRows,
  columns: readonly string[],
  value: (column: string) => WireValue | undefined,
): readonly SqlValue[] | null {
  try {
    const bound = columns.map((column) => wireToSql(rows.typeOf(column), value(column) ?? null));
    return bound.includes(null) ? null : bound;
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

const columnValue = (row: RowView, column: string): WireValue | undefined =>
  row.rows.spec.identity.includes(column) ? rowIdToWire(row.rows.identity, row.rowId)[column] : row.value(column);
