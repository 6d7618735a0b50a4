/** What sync keeps about rows, as values that can be compared: JSON by its members, with every digit of a number. */
import type { Database } from "../../sqlite/database.ts";
import { cellSql } from "./cells.ts";

/** Members of a JSON object, each with its value in a form that equal values share. Null where there is no object. */
export type Members = ReadonlyMap<string, string> | null;

export interface StoredEntry {
  readonly table: string;
  readonly rowId: string;
  /** Objects with columns as their members, by their own name. */
  readonly objects: Readonly<Record<string, Members>>;
  /** All else, as it is. */
  readonly rest: string;
  readonly isPending: boolean;
  /** In the log and, of clocks, not at the baseline. */
  readonly stamp: number | null;
}

export type StoreName = "sync_changelog" | "sync_row_clock" | "sync_held" | "sync_conflicts";
export type Stored = Readonly<Record<StoreName, readonly StoredEntry[]>>;

const SHAPES: Readonly<
  Record<StoreName, { readonly objects: readonly string[]; readonly rest: readonly string[]; readonly order: string }>
> = {
  sync_changelog: { objects: ["data", "old"], rest: ["op", "mask", "pushed", "stamp"], order: "id" },
  sync_row_clock: {
    objects: ["columns", "data"],
    rest: ["stamp", "device", "life_stamp", "life_device", "alive"],
    order: "table_name, row_id",
  },
  sync_held: { objects: [], rest: ["reason", "detail", "since"], order: "table_name, row_id" },
  sync_conflicts: { objects: ["data"], rest: ["kind", "stamp", "device", "winner_stamp", "winner_device", "noticed"], order: "id" },
};

export const STORE_NAMES = Object.keys(SHAPES) as readonly StoreName[];

export const readStored = (database: Database): Stored => eachStore((store) => readStore(database, store));

export const eachStore = (entriesOf: (store: StoreName) => readonly StoredEntry[]): Stored => ({
  sync_changelog: entriesOf("sync_changelog"),
  sync_row_clock: entriesOf("sync_row_clock"),
  sync_held: entriesOf("sync_held"),
  sync_conflicts: entriesOf("sync_conflicts"),
});

function readStore(database: Database, store: StoreName): readonly StoredEntry[] {
  const { objects, rest, order } = SHAPES[store];
  const restSql = rest.map((name) => cellSql(`"${name}"`)).join(" || ' ' || ");
  const stampSql = rest.includes("stamp") ? `"stamp"` : "NULL";
  const rows = database.rows(
    `SELECT "table_name" AS "table", hex(CAST("row_id" AS BLOB)) AS "rowId", ${objects.map((name) => `"${name}", `).join("")}${restSql} AS "rest",
       ${stampSql} AS "stamp", ${store === "sync_changelog" ? `"pushed" = 0` : "0"} AS "pending" FROM "${store}" ORDER BY ${order}`,
  );
  return rows.map((row) => ({
    table: String(row["table"]),
    rowId: String(row["rowId"]),
    objects: Object.fromEntries(objects.map((name) => [name, membersOf(row[name] as string | null)])),
    rest: String(row["rest"]),
    isPending: row["pending"] === 1,
    stamp: row["stamp"] === null ? null : Number(row["stamp"]),
  }));
}

const MEMBER = /"((?:[^"\\]|\\.)*)":("(?:[^"\\]|\\.)*"|\{(?:"(?:[^"\\]|\\.)*"|[^"}])*\}|\[[^\]]*\]|[^,}]+)/gsu;

function membersOf(json: string | null): Members {
  if (json === null) return null;
  return new Map(
    [...json.slice(1).matchAll(MEMBER)].map(([, name = "", value = ""]) => [JSON.parse(`"${name}"`) as string, plainOf(value)]),
  );
}

/** `1.0e2` and `100.0` are one number, and 9007199254740993 is another than …992. */
export function plainOf(json: string): string {
  if (json.startsWith("{")) return `object ${[...(membersOf(json) ?? [])].map(([name, value]) => `${name} ${value}`).join(" ")}`;
  if (json.startsWith("[")) return `list ${json}`;
  if (json.startsWith('"')) return `text ${JSON.stringify(JSON.parse(json))}`;
  if (json === "null") return "null";
  return /^-?\d+$/u.test(json) ? `integer ${BigInt(json)}` : `real ${Number(json)}`;
}
