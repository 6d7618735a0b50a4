/** Entries of devices on an earlier version of the app name tables and columns as that version did. */
import type { ColumnSpec, TableSpec } from "../generated/spec.ts";
import type { TableRows } from "../store/table-rows.ts";

/** A name that is in use means what it says now. */
export const tableNamed = (tables: ReadonlyMap<string, TableRows>, name: string): TableRows | undefined =>
  tables.get(name) ?? [...tables.values()].find(({ spec }) => spec.earlierNames?.includes(name) === true);

const renamed = new WeakMap<TableSpec, readonly ColumnSpec[]>();

function renamedColumns(spec: TableSpec): readonly ColumnSpec[] {
  const known = renamed.get(spec) ?? spec.columns.filter(({ earlierNames }) => earlierNames !== undefined);
  renamed.set(spec, known);
  return known;
}

/** Names of all synced columns of a version, as this one calls them. */
export function presentNames(rows: TableRows, columns: readonly string[]): readonly string[] {
  const { names } = underPresentNames(rows, Object.fromEntries(columns.map((column) => [column, null])));
  return names.size === 0 ? columns : columns.map((column) => names.get(column) ?? column);
}

/**
 * The payload's members under the names of this version, and which of these columns its author called otherwise. A payload
 * names every column, so one that lacks a column and has its earlier name is of that version, whatever the name means now.
 */
export function underPresentNames(
  { spec }: TableRows,
  payload: Readonly<Record<string, unknown>>,
): { readonly payload: Readonly<Record<string, unknown>>; readonly names: ReadonlyMap<string, string> } {
  const names = new Map<string, string>();
  for (const { name, earlierNames = [] } of renamedColumns(spec)) {
    if (Object.hasOwn(payload, name)) continue;
    const earlier = earlierNames.findLast((candidate) => Object.hasOwn(payload, candidate));
    if (earlier !== undefined) names.set(earlier, name);
  }
  if (names.size === 0) return { payload, names };
  return { payload: Object.fromEntries(Object.entries(payload).map(([name, value]) => [names.get(name) ?? name, value])), names };
}
