/** The changed-column mask: bit i stands for the column whose `bit` is i. */
import type { TableRows } from "./table-rows.ts";

export const maskToColumns = ({ spec }: TableRows, mask: bigint): readonly string[] =>
  spec.columns.filter(({ bit }) => bit !== null && ((mask >> BigInt(bit)) & 1n) === 1n).map(({ name }) => name);

export const columnsToMask = ({ spec }: TableRows, names: readonly string[]): bigint =>
  spec.columns.reduce((mask, { name, bit }) => (bit !== null && names.includes(name) ? mask | (1n << BigInt(bit)) : mask), 0n);
