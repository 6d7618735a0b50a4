/**
 * Changelog entries to payloads and back. Inside the encryption a payload repeats what the wire says
 * around it, and what does not match is refused: a server can withhold an entry, not move or change it.
 */
import {
  type ChangeOp,
  limits,
  RESERVED_MEMBER,
  type ReservedMember,
  rowIdOf,
  rowIdToWire,
  stampToTimestamp,
  timestampToStamp,
  ValueError,
  type WireValue,
} from "@synckit-gen/schemas/protocol";
import { tableNamed, underPresentNames } from "./earlier-names.ts";
import type { PayloadEntry, PulledEntry } from "../client/entries.ts";
import type { ChangelogEntry } from "../store/changelog.ts";
import { type Clock, clockOf } from "../store/clock.ts";
import type { LaterEdit } from "../store/coalesce.ts";
import { maskToColumns } from "../store/mask.ts";
import type { RemoteChange } from "../store/remote-change.ts";
import type { QuarantineReason } from "../store/quarantine.ts";
import type { TableRows } from "../store/table-rows.ts";

export interface EntryFormat {
  readonly compat: "full" | "synckit";
  readonly tables: ReadonlyMap<string, TableRows>;
  /** A keyed hash of a row id, equal on every device of the account. */
  readonly rowHash: (table: string, rowId: string) => string;
}

/**
 * Why a pulled entry was not applied. `unknown-table`: this version does not sync it; it is pulled again after an upgrade.
 * `later-epoch`: this version would misread it. `earlier-epoch`: a delete of a row as it was recognised once.
 */
export type RefusalReason = QuarantineReason | "unknown-table" | "later-epoch" | "earlier-epoch";

export interface Refusal {
  readonly table: string;
  /** As the wire has it. */
  readonly rowId: string;
  readonly seq: number | null;
  readonly reason: RefusalReason;
}

export interface DecodedEntry {
  /** One, or those that were coalesced into the entry. As if pulled for the first time. */
  readonly changes: readonly RemoteChange[];
  /** A newer version of the app wrote columns that this one does not have. */
  readonly hasUnknownColumns: boolean;
}

/** Year 2223: far enough for any clock, near enough that a stamp after it is still an exact number. */
const MAX_STAMP = 8_000_000_000_000_000;

/** What a pushed entry says: one captured change, or several that were coalesced into one. */
export interface EntryToSend extends Omit<ChangelogEntry, "id" | "old"> {
  /** Edits of the same row after this one, rising. */
  readonly later?: readonly LaterEdit[];
  /** An UPDATE that writes every column, whichever of them it changed: rows of its author's version merge whole. */
  readonly isWhole?: boolean;
  /** At the baseline, with its author in it, whatever its table's rows have now. */
  readonly isOwnBaseline?: boolean;
  /** The stamp of the last change that it stands for, if it stands for several: what readers order by who merge whole rows. */
  readonly newestStamp?: number;
}

export function encodeEntry(format: EntryFormat, entry: EntryToSend, device: string): PayloadEntry {
  const rows = format.tables.get(entry.table);
  if (rows === undefined) throw new Error(`encodeEntry: ${entry.table} is not a synced table`);
  const isHashed = rows.spec.rowIds === "hidden" || entry.rowId.length > limits.MAX_ROW_ID;
  return {
    table: entry.table,
    op: entry.op,
    rowId: isHashed ? format.rowHash(entry.table, entry.rowId) : entry.rowId,
    timestamp: stampToTimestamp(entry.newestStamp ?? entry.stamp),
    payload: format.compat === "full" ? signedPayload(rows, entry, device) : plainPayload(rows, entry),
  };
}

function plainPayload(rows: TableRows, entry: EntryToSend): string | null {
  if (entry.op !== "DELETE") return entry.data;
  // The key of a hidden row is nowhere else.
  return rows.spec.rowIds === "hidden" ? JSON.stringify(rowIdToWire(rows.identity, entry.rowId)) : null;
}

function signedPayload(rows: TableRows, entry: EntryToSend, device: string): string {
  const { later = [] } = entry;
  const clock = entry.isOwnBaseline === true ? { stamp: entry.stamp, device } : clockOf(rows.spec, entry.stamp, device);
  const member: ReservedMember = {
    t: entry.table,
    o: entry.op,
    c: [clock.stamp, clock.device],
    s: entry.seen,
    ...(entry.isRule ? { r: true as const } : {}),
    ...(rows.spec.epoch === undefined ? {} : { e: rows.spec.epoch }),
    ...(entry.op === "UPDATE" && entry.isWhole !== true ? { m: maskToColumns(rows, entry.mask) } : {}),
    ...(later.length === 0 ? {} : { g: later.map(({ stamp, seen, mask }) => [stamp, seen, maskToColumns(rows, mask)] as const) }),
  };
  const body = entry.data ?? JSON.stringify(rowIdToWire(rows.identity, entry.rowId));
  // Spliced, not parsed: JSON.parse would lose digits that SQLite wrote.
  return `${body.slice(0, -1)},${JSON.stringify(RESERVED_MEMBER)}:${JSON.stringify(member)}}`;
}

export function decodeEntry(format: EntryFormat, entry: PulledEntry): DecodedEntry | Refusal {
  const refuse = (reason: RefusalReason): Refusal => ({ table: entry.table, rowId: entry.rowId, seq: entry.seq, reason });
  const rows = tableNamed(format.tables, entry.table);
  if (rows === undefined) return refuse("unknown-table");
  if (entry.failure !== null) return refuse("undecryptable");
  if (entry.payload === null) return format.compat === "full" ? refuse("unsigned") : decodeBare(rows, entry, refuse);

  const parsed = parseObject(entry.payload);
  if (parsed === null) return refuse("malformed");
  const { payload, names } = underPresentNames(rows, parsed);
  const signed = readReserved(payload[RESERVED_MEMBER]);
  if (signed === null && format.compat === "full") return refuse(RESERVED_MEMBER in payload ? "malformed" : "unsigned");
  if (signed !== null && (signed.t !== entry.table || signed.o !== entry.op)) return refuse("moved");
  const epoch = signed?.e ?? 0;
  const ownEpoch = rows.spec.epoch ?? 0;
  if (epoch > ownEpoch) return refuse("later-epoch");
  const rowId = rowIdIn(rows, payload);
  if (rowId === null) return refuse(epoch < ownEpoch ? "earlier-epoch" : "malformed");
  // In an earlier epoch the row may have had another row id; the payload says which row it is.
  if (epoch === ownEpoch && entry.rowId !== rowId && entry.rowId !== format.rowHash(entry.table, rowId)) return refuse("moved");
  const clock = signed === null ? wireClock(rows, entry) : plausible({ stamp: signed.c[0], device: signed.c[1] });
  if (clock === null) return refuse("clock");
  return toChange(rows, { op: entry.op, rowId, clock, payload, signed, names });
}

/** Only with `compat: synckit`: a DELETE without a payload, which names a row by its clear row id. */
function decodeBare(rows: TableRows, entry: PulledEntry, refuse: (reason: RefusalReason) => Refusal): DecodedEntry | Refusal {
  if (entry.op !== "DELETE" || rows.spec.rowIds === "hidden") return refuse("malformed");
  const clock = wireClock(rows, entry);
  if (clock === null) return refuse("clock");
  try {
    rowIdToWire(rows.identity, entry.rowId);
  } catch (error) {
    if (error instanceof ValueError) return refuse("malformed");
    throw error;
  }
  return {
    changes: [
      {
        table: rows.spec.name,
        rowId: entry.rowId,
        op: "DELETE",
        clock,
        written: NOTHING,
        values: null,
        isFresh: true,
        seen: null,
        isRule: false,
      },
    ],
    hasUnknownColumns: false,
  };
}

interface ReadEntry {
  readonly op: ChangeOp;
  readonly rowId: string;
  readonly clock: Clock;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signed: ReservedMember | null;
  /** The author's names of columns to those of this version, where they differ. */
  readonly names: ReadonlyMap<string, string>;
}

function toChange(rows: TableRows, { op, rowId, clock, payload, signed, names }: ReadEntry): DecodedEntry {
  const table = rows.spec.name;
  const seen = signed?.s ?? null;
  const present = (columns: readonly string[]): readonly string[] => columns.map((name) => names.get(name) ?? name);
  const mask = signed?.m === undefined ? null : present(signed.m);
  const isRule = signed?.r === true;
  if (op === "DELETE")
    return {
      changes: [{ table, rowId, op, clock, written: NOTHING, values: null, isFresh: true, seen, isRule }],
      hasUnknownColumns: false,
    };
  // Columns that this version does not know stay in the values: nothing reads them, and held rows keep them.
  const { [RESERVED_MEMBER]: _reserved, ...values } = payload as Record<string, WireValue>;
  const known = rows.columns.filter((column) => values[column] !== undefined);
  const hasUnknownColumns = Object.keys(values).length > known.length + rows.identity.length;
  // By its author's version, not by this one's: all devices must read it alike.
  const isWhole = op === "INSERT" || mask === null;
  const unread = names.size === 0 ? {} : { unread: new Set(names.values()) };
  const later = (signed?.g ?? []).map(([stamp, seenThen, columns]) => [stamp, seenThen, present(columns)] as const);
  const taken = new Set(later.flatMap(([, , columns]) => columns));
  const written = !isWhole
    ? new Set(mask)
    : taken.size > 0
      ? new Set(known.filter((column) => !taken.has(column)))
      : known.length === rows.columns.length
        ? rows.columnSet
        : new Set(known);
  const change: RemoteChange = { table, rowId, op, clock, written, values, isFresh: true, seen, isRule, ...unread };
  const edits = later.map(([stamp, seenThen, columns]): RemoteChange => {
    return { ...change, op: "UPDATE", clock: { ...clock, stamp }, written: new Set(columns), seen: seenThen };
  });
  return { changes: [change, ...edits], hasUnknownColumns };
}

const NOTHING: ReadonlySet<string> = new Set();

const plausible = (clock: Clock): Clock | null => (clock.stamp > MAX_STAMP ? null : clock);

function wireClock({ spec }: TableRows, entry: PulledEntry): Clock | null {
  const stamp = timestampToStamp(entry.timestamp);
  return stamp === null || stamp < 0 ? null : plausible(clockOf(spec, stamp, entry.deviceId ?? ""));
}

function rowIdIn(rows: TableRows, payload: Readonly<Record<string, unknown>>): string | null {
  try {
    return rowIdOf(rows.identity, payload);
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // opened with the right key and still not JSON: another program's doing
  }
}

function readReserved(value: unknown): ReservedMember | null {
  if (value === null || typeof value !== "object") return null;
  const { t, o, c, s, m, r, e, g } = value as Record<string, unknown>;
  if (typeof t !== "string" || (o !== "INSERT" && o !== "UPDATE" && o !== "DELETE")) return null;
  if (!Array.isArray(c) || c.length !== 2 || !Number.isSafeInteger(c[0]) || (c[0] as number) < 0 || typeof c[1] !== "string") return null;
  if (!Number.isSafeInteger(s) || (s as number) < 0) return null;
  if (e !== undefined && (!Number.isSafeInteger(e) || (e as number) < 1)) return null;
  if (o === "UPDATE" && m !== undefined && (!Array.isArray(m) || m.some((name) => typeof name !== "string"))) return null;
  if (g !== undefined && (o === "DELETE" || !isLaterEdits(g, c[0] as number))) return null;
  return {
    t,
    o,
    c: [c[0] as number, c[1]],
    s: s as number,
    ...(r === true ? { r } : {}),
    ...(e === undefined ? {} : { e: e as number }),
    ...(o === "UPDATE" && m !== undefined ? { m: m as readonly string[] } : {}),
    ...(g === undefined ? {} : { g }),
  };
}

/** Rising from the entry's own stamp on. The baseline is nobody's edit, and has no later ones. */
function isLaterEdits(value: unknown, from: number): value is NonNullable<ReservedMember["g"]> {
  let last = from;
  return (
    from > 0 &&
    Array.isArray(value) &&
    value.every((edit: unknown) => {
      if (!Array.isArray(edit) || edit.length !== 3) return false;
      const [stamp, seen, columns] = edit as readonly unknown[];
      if (!Number.isSafeInteger(stamp) || (stamp as number) <= last || (stamp as number) > MAX_STAMP) return false;
      last = stamp as number;
      return (
        Number.isSafeInteger(seen) && (seen as number) >= 0 && Array.isArray(columns) && columns.every((name) => typeof name === "string")
      );
    })
  );
}
