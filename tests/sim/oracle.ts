/**
 * What the server's log alone says: per row the latest life, per column the latest value, and which edits lost
 * without their authors' knowing. It shares no code with the engine, and knows nothing of constraints: what the
 * merge had to do about those must be in the log.
 */
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import { syncedColumns } from "@synckit-gen/schemas/model";
import type { PulledEntry } from "../../runtime/src/client/entries.ts";
import type { Names } from "./versions.ts";

type Clock = readonly [stamp: number, device: string];

/** One entry of the log, read without the engine. */
export interface Written {
  readonly seq: number;
  readonly key: string;
  readonly table: string;
  readonly author: string;
  /** Of its author's database: a restored backup begins another. */
  readonly life: number;
  readonly op: "INSERT" | "UPDATE" | "DELETE";
  readonly clock: Clock;
  /** No user did it. */
  readonly isRule: boolean;
  /** How far its author had read; null: it does not say. */
  readonly seen: number | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** Columns that it writes. */
  readonly columns: readonly string[];
}

interface Register {
  readonly clock: Clock;
  readonly value: unknown;
  readonly by: Written;
}

export interface OracleRow {
  readonly key: string;
  readonly table: string;
  readonly life: Written;
  readonly columns: ReadonlyMap<string, Register>;
  readonly identity: Readonly<Record<string, unknown>>;
}

export interface LostEdit {
  readonly key: string;
  readonly column: string;
  readonly value: unknown;
  readonly loser: Written;
  readonly winner: Written;
}

/** The row's name in comparisons: the wire may have a hash of its row id instead. */
export const rowKey = (table: Table, rowId: string, identity: Readonly<Record<string, unknown>>): string =>
  `${table.name} ${table.rowIds === "hidden" ? JSON.stringify(table.identity.columns.map((name) => identity[name])) : rowId}`;

export const isAlive = (row: OracleRow): boolean => row.life.op !== "DELETE";

/** Identity and columns of a row, as a payload has them. */
export const valuesOf = (row: OracleRow): Readonly<Record<string, unknown>> => ({
  ...row.identity,
  ...Object.fromEntries(Array.from(row.columns, ([name, { value }]) => [name, value])),
});

/** Of columns that somebody has edited. */
export const editedOf = (row: OracleRow): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Array.from(row.columns).flatMap(([name, { clock, value }]) => (clock[0] <= 0 ? [] : [[name, value]])));

/** `names`: where devices had several versions of the app, what its last one calls things; of what it does not have, nothing is read. */
export function readLog(
  log: readonly PulledEntry[],
  model: SyncModel,
  lives: ReadonlyMap<number, number>,
  names: Names | null = null,
): readonly Written[] {
  return log.flatMap((entry): readonly Written[] => {
    const present = names === null ? entry.table : names.table(entry.table);
    if (present === null) return [];
    const table = model.tables.find(({ name }) => name === present);
    if (table === undefined) throw new Error("the log names a table that the model does not have");
    if (entry.op === "DELETE" && table.deletes === "ignore") return []; // by a rule: nobody else follows it
    const { $sync: member, ...given } = JSON.parse(entry.payload ?? "{}") as Record<string, unknown> & {
      $sync?: { c: Clock; s: number; r?: true; m?: readonly string[]; g?: readonly (readonly [number, number, readonly string[]])[] };
    };
    const called = (column: string): readonly string[] => (names === null ? [column] : [names.column(present, column) ?? []].flat());
    const values = Object.fromEntries(Object.entries(given).flatMap(([column, value]) => called(column).map((name) => [name, value])));
    const all = syncedColumns(table)
      .map(({ name }) => name)
      .filter((name) => !table.identity.columns.includes(name) && (names === null || Object.hasOwn(values, name)));
    const isWhole = entry.op === "INSERT" || member?.m === undefined;
    const stamp = member === undefined ? microseconds(entry.timestamp) : member.c[0];
    const later = (member?.g ?? []).map(([at, seen, columns]) => [at, seen, columns.flatMap(called)] as const);
    const taken = later.flatMap(([, , columns]) => columns);
    const written = entry.op === "DELETE" ? [] : isWhole ? all.filter((name) => !taken.includes(name)) : (member.m ?? []).flatMap(called);
    const first: Written = {
      seq: entry.seq ?? 0,
      key: rowKey(table, entry.rowId, values),
      table: table.name,
      author: entry.deviceId ?? "",
      life: lives.get(entry.seq ?? 0) ?? 0,
      op: entry.op,
      clock: [stamp, member?.c[1] ?? (stamp === 0 && !isWholeRow(table) ? "" : (entry.deviceId ?? ""))], // what is said again has the clock of who said it first
      isRule: member?.r === true,
      seen: member?.s ?? null,
      values,
      columns: written,
    };
    const edits = later.map(([at, seen, columns]): Written => ({
      ...first,
      op: "UPDATE",
      clock: [at, first.clock[1]],
      seen,
      columns,
    }));
    return [first, ...edits];
  });
}

/** Rows of before a device joined compete as a whole, by who told them. */
const isWholeRow = ({ conflicts, apply }: Table): boolean => conflicts === "row" && apply === "upsert";

const microseconds = (timestamp: string): number =>
  Date.parse(`${timestamp.slice(0, 19)}Z`) * 1000 + Number(`0${timestamp.slice(19, -1)}`) * 1_000_000;

export function mergeLog(entries: readonly Written[], model: SyncModel): ReadonlyMap<string, OracleRow> {
  const rows = new Map<
    string,
    { key: string; table: string; life: Written; columns: Map<string, Register>; identity: Readonly<Record<string, unknown>> }
  >();
  for (const entry of entries) {
    const row = rows.get(entry.key) ?? {
      key: entry.key,
      table: entry.table,
      life: entry,
      columns: new Map<string, Register>(),
      identity: {},
    };
    rows.set(entry.key, row);
    const order = compare(entry.clock, row.life.clock);
    if (order > 0 || (order === 0 && entry.op === "DELETE")) row.life = entry;
    if (entry.op === "DELETE") continue;
    const names = model.tables.find(({ name }) => name === entry.table)?.identity.columns ?? [];
    row.identity = Object.fromEntries(names.map((name) => [name, entry.values[name]]));
    const written = new Set(entry.columns);
    for (const column of Object.keys(entry.values)) {
      if (names.includes(column)) continue;
      const clock = written.has(column) ? entry.clock : ABSENT;
      const held = row.columns.get(column);
      const value = entry.values[column];
      const against = held === undefined ? 1 : compare(clock, held.clock);
      if (against > 0 || (against === 0 && isGreater(value, held?.value))) row.columns.set(column, { clock, value, by: entry });
    }
  }
  return rows;
}

/**
 * Edits that are in no final row although nobody who wrote later knew and replaced them. Left out are values that another edit
 * wrote again, and those of the baseline: but where rows merge whole, one that another one of the baseline has taken the place of is lost.
 */
export function lostEdits(
  entries: readonly Written[],
  rows: ReadonlyMap<string, OracleRow>,
  /** By author, and by life of its database, the latest stamp that it had at its beginning. */
  firstStamps: ReadonlyMap<string, readonly number[]>,
): readonly LostEdit[] {
  const byRow = Map.groupBy(entries, ({ key }) => key);
  const lost: LostEdit[] = [];
  for (const [key, row] of rows) {
    const ofRow = byRow.get(key) ?? [];
    // A push that is repeated has several places in the log; its author knew it from the first.
    const firstSeq = new Map<string, number>();
    for (const entry of ofRow) if (!firstSeq.has(clockKey(entry))) firstSeq.set(clockKey(entry), entry.seq);
    const remembers = ({ author, life }: Written, earlier: Written): boolean =>
      life === earlier.life || (life > earlier.life && earlier.clock[0] <= (firstStamps.get(author)?.[life] ?? 0));
    const knew = (later: Written, earlier: Written): boolean =>
      compare(later.clock, earlier.clock) > 0 &&
      ((later.author === earlier.author && remembers(later, earlier)) || (later.seen ?? 0) >= (firstSeq.get(clockKey(earlier)) ?? 0));
    for (const loser of ofRow) {
      if (loser.op === "DELETE" || (loser.clock[0] === 0 && loser.clock[1] === "")) continue;
      for (const column of loser.columns) {
        const value = loser.values[column];
        const register = row.columns.get(column);
        if (register === undefined) continue;
        const winner = isAlive(row) || register.by !== loser ? register.by : row.life;
        const isGone = winner.op === "DELETE" || !isSame(winner.values[column], value);
        if (winner === loser || !isGone || compare(winner.clock, loser.clock) <= 0) continue;
        if (loser.clock[0] === 0 && winner.clock[0] > 0) continue;
        const replaced = ofRow.some(
          (other) =>
            (other.op === "DELETE" || other.columns.includes(column)) &&
            (knew(other, loser) || (other !== loser && compare(other.clock, loser.clock) >= 0 && isSame(other.values[column], value))),
        );
        if (!replaced) lost.push({ key, column, value, loser, winner });
      }
    }
  }
  return lost;
}

const clockKey = ({ clock }: Written): string => `${clock[0]} ${clock[1]}`;

/** Of a value that came along with an UPDATE of other columns, where nobody has written its own. */
const ABSENT: Clock = [-1, ""];

const compare = (a: Clock, b: Clock): number => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const isGreater = (value: unknown, held: unknown): boolean =>
  value !== null && (held === null || JSON.stringify(value) > JSON.stringify(held));
