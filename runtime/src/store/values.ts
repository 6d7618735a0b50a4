/** Small work on payload values. */
import type { WireValue } from "@synckit-gen/schemas/protocol";
import type { Values } from "./registers.ts";

export const parseValues = (json: string | null): Values | null => (json === null ? null : (JSON.parse(json) as Values));

export const nulls = (columns: readonly string[]): Values => Object.fromEntries(columns.map((column) => [column, null]));

/** Columns that the values do not have are left out. */
export const pick = (values: Values, columns: readonly string[]): Values =>
  Object.fromEntries(columns.filter((column) => values[column] !== undefined).map((column) => [column, values[column] as WireValue]));
