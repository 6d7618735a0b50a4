/**
 * A snapshot's chunk and its manifest as text: rows with their registers, columns by name once a table, devices once a
 * chunk (docs/protocol.md, "snapshots"). Made of what this device has, and read into what the reader knows.
 */
import type { WireValue } from "@synckit-gen/schemas/protocol";
import { ABSENT, type Clock, compareClocks } from "../store/clock.ts";
import type { Registers, Values } from "../store/registers.ts";
import type { RegisteredRow } from "../store/row-export.ts";
import type { TableRows } from "../store/table-rows.ts";
import { presentNames, tableNamed } from "./earlier-names.ts";

export interface SnapshotManifest {
  /** Rows of all chunks. */
  readonly rows: number;
  /** The link of the last chunk. */
  readonly link: string;
  /** The last entry of the log up to the snapshot's cursor, as number and digest: what a reader has then read. */
  readonly last: readonly [seq: number, digest: string];
  /** An entry of the log past which the snapshot holds nothing. */
  readonly checkpoint: readonly [seq: number, digest: string];
  /** Entries that its author could not read. */
  readonly quarantined: readonly number[];
}

export interface DecodedChunk {
  readonly rows: readonly RegisteredRow[];
  /** It names a table or a column that this version of the app does not have. */
  readonly isPartly: boolean;
}

/** Text that opened with the right key, and is not what this version writes. */
export class ChunkFormatError extends Error {
  override readonly name = "ChunkFormatError";
}

const FORMAT = 1;

export const encodeManifest = (manifest: SnapshotManifest): string => JSON.stringify({ v: FORMAT, ...manifest });

/** Null: of a later format. */
export function decodeManifest(text: string): SnapshotManifest | null {
  const { v, ...manifest } = JSON.parse(text) as SnapshotManifest & { readonly v: unknown };
  return v === FORMAT ? manifest : null;
}

type RowJson = readonly [
  rowId: string,
  stamp: number,
  device: number,
  /** 0: alive, under the base clock. */
  life: 0 | readonly [stamp: number, device: number, alive: 0 | 1],
  /** By place of the column; 0: none. */
  overrides: 0 | Readonly<Record<string, readonly [stamp: number, device: number]>>,
  /** In the order of the table's columns; `[]` stands for no value. Absent where no value is known. */
  ...values: (WireValue | readonly never[])[],
];

interface ChunkJson {
  readonly v: typeof FORMAT;
  readonly devices: readonly string[];
  readonly tables: readonly {
    readonly table: string;
    /** Absent: 0. */
    readonly epoch?: number;
    readonly columns: readonly string[];
    readonly rows: readonly RowJson[];
  }[];
}

/** `rows` of one table stand together. */
export function encodeChunk(tables: ReadonlyMap<string, TableRows>, rows: readonly RegisteredRow[]): string {
  const devices = new Map<string, number>();
  const numberOf = (device: string): number => {
    const known = devices.get(device);
    if (known === undefined) devices.set(device, devices.size);
    return known ?? devices.size - 1;
  };
  const groups = new Map<string, { table: string; columns: readonly string[]; rows: RowJson[] }>();
  for (const row of rows) {
    let group = groups.get(row.table);
    if (group === undefined) {
      const of = tables.get(row.table);
      const epoch = of?.spec.epoch === undefined ? {} : { epoch: of.spec.epoch };
      group = { table: row.table, ...epoch, columns: of?.columns ?? [], rows: [] };
      groups.set(row.table, group);
    }
    group.rows.push(encodeRow(row, group.columns, numberOf));
  }
  const chunk: ChunkJson = { v: FORMAT, tables: [...groups.values()], devices: [...devices.keys()] };
  return JSON.stringify(chunk);
}

function encodeRow({ rowId, registers, values }: RegisteredRow, columns: readonly string[], numberOf: (device: string) => number): RowJson {
  const { base, life, alive, overrides } = registers;
  const isPlain = alive && compareClocks(life, base) === 0;
  const clocks = Array.from(overrides, ([column, at]) => [columns.indexOf(column), [at.stamp, numberOf(at.device)]] as const);
  const known = clocks.filter(([place]) => place !== -1); // a column that does not sync any more
  return [
    rowId,
    base.stamp,
    numberOf(base.device),
    isPlain ? 0 : [life.stamp, numberOf(life.device), alive ? 1 : 0],
    known.length === 0 ? 0 : Object.fromEntries(known),
    ...(values === null ? [] : columns.map((column) => values[column] ?? (values[column] === null ? null : NO_VALUE))),
  ];
}

const NO_VALUE: readonly never[] = [];

export function decodeChunk(tables: ReadonlyMap<string, TableRows>, text: string): DecodedChunk {
  const chunk = JSON.parse(text) as ChunkJson;
  if (chunk.v !== FORMAT) throw new ChunkFormatError("a snapshot of a later format");
  let isPartly = false;
  const rows = chunk.tables.flatMap((group) => {
    const known = tableNamed(tables, group.table);
    if (known === undefined) {
      isPartly = true;
      return [];
    }
    if ((group.epoch ?? 0) !== (known.spec.epoch ?? 0)) throw new ChunkFormatError("a snapshot of another epoch of a table");
    const columns = presentNames(known, group.columns);
    isPartly ||= columns.some((column) => !known.columnSet.has(column));
    const isWhole = columns.length === known.columns.length && columns.every((column) => known.columnSet.has(column));
    return group.rows.map((row) => decodeRow(known.spec.name, columns, row, chunk.devices, isWhole ? null : known.columnSet));
  });
  return { rows, isPartly };
}

/** `known`: the columns that this version has; null: exactly those of the chunk. */
function decodeRow(
  table: string,
  columns: readonly string[],
  [rowId, stamp, device, life, overrides, ...given]: RowJson,
  devices: readonly string[],
  known: ReadonlySet<string> | null,
): RegisteredRow {
  const clockOf = (at: number, number: number): Clock => (at < 0 ? ABSENT : { stamp: at, device: devices[number] as string });
  const base = clockOf(stamp, device);
  const clocks = new Map<string, Clock>();
  for (const [place, [at, number]] of Object.entries(overrides === 0 ? {} : overrides))
    clocks.set(columns[Number(place)] as string, clockOf(at, number));
  const registers: Registers = {
    // The base speaks of the writer's columns only: those that it did not have are nobody's.
    base: known === null ? base : ABSENT,
    overrides:
      known === null
        ? clocks
        : new Map(columns.filter((column) => known.has(column)).map((column) => [column, clocks.get(column) ?? base])),
    life: life === 0 ? base : clockOf(life[0], life[1]),
    alive: life === 0 || life[2] === 1,
  };
  if (given.length === 0 && columns.length > 0) return { table, rowId, registers, values: null };
  const values: Record<string, WireValue> = {};
  for (const [place, column] of columns.entries()) {
    const value = given[place];
    if (value !== undefined && !Array.isArray(value) && (known === null || known.has(column))) values[column] = value as WireValue;
  }
  return { table, rowId, registers, values: values satisfies Values };
}
