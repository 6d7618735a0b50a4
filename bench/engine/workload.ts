/**
 * The rows that every part works on: ten columns, a random UUID for a key, about 310 bytes as JSON, in transactions of a
 * thousand, in a file in WAL mode with synchronous NORMAL. Made from a counter, so that each run has the same.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { ddlFor, openGenerated } from "../../tests/support/generated.ts";
import { modelOf, tableOf } from "../../tests/support/models.ts";

export const ROWS = Number(process.env["BENCH_ROWS"] ?? 100_000);
export const ROWS_PER_TRANSACTION = 1_000;

export const model: SyncModel = modelOf([
  tableOf("items", {
    columns: {
      parent_id: "uuid?",
      title: "text",
      body: "text",
      kind: "text",
      done: "boolean",
      size: "integer",
      ratio: "real",
      created_at: "timestamp",
      due_on: "date?",
    },
  }),
]);

export type Item = readonly [
  id: string,
  parentId: string | null,
  title: string,
  body: string,
  kind: string,
  done: bigint,
  size: bigint,
  ratio: number,
  createdAt: string,
  dueOn: string | null,
];

export const itemId = (n: number): string => {
  const hex = mix(n, 1).toString(16).padStart(8, "0") + mix(n, 2).toString(16).padStart(8, "0");
  const more = mix(n, 3).toString(16).padStart(8, "0") + mix(n, 4).toString(16).padStart(8, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13)}-a${more.slice(1, 4)}-${more.slice(4)}${hex.slice(0, 8)}`;
};

/** A well-mixed 32-bit number. */
function mix(n: number, salt: number): number {
  let x = Math.imul(n + 1, 0x9e37_79b1) ^ Math.imul(salt, 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export const itemOf = (n: number): Item => [
  itemId(n),
  n % 5 === 0 ? null : itemId(n >> 3),
  `The title of number ${n}`,
  `Some words that a person may have written about it, ${mix(n, 5)}`,
  n % 3 === 0 ? "task" : "note",
  BigInt(n % 2),
  BigInt(mix(n, 6) % 10_000),
  (mix(n, 7) % 1_000) / 8,
  `2026-01-${String((n % 28) + 1).padStart(2, "0")}T08:00:00.000Z`,
  n % 4 === 0 ? null : "2026-11-23",
];

/** Made once: what it costs to make rows is no part of any figure. */
export const items: readonly Item[] = Array.from({ length: ROWS }, (_, n) => itemOf(n));

export function openPlain(folder: string, name: string, of: SyncModel = model): Database.Database {
  const db = tuned(new Database(join(folder, `${name}.db`)));
  db.exec(ddlFor(of));
  return db;
}

/** With sync tables and triggers. */
export function openCaptured(folder: string, name: string, of: SyncModel = model): Database.Database {
  return tuned(openGenerated(of, { path: join(folder, `${name}.db`) }));
}

function tuned(db: Database.Database): Database.Database {
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = NORMAL");
  return db;
}

const places = Array.from({ length: 10 }, () => "?").join(", ");

/** The raw loops: what an application does, with or without triggers below it. */
export function insertAll(db: Database.Database, rows: readonly Item[] = items): void {
  const insert = db.prepare(`INSERT INTO items VALUES (${places})`);
  inTransactions(db, rows, (row) => insert.run(...row));
}

/** One column of each row, in the order in which they came. */
export function updateAll(db: Database.Database, rows: readonly Item[] = items): void {
  const update = db.prepare("UPDATE items SET title = ? WHERE id = ?");
  inTransactions(db, rows, ([id, , title]) => update.run(`${title}, changed`, id));
}

export function inTransactions(
  db: Database.Database,
  rows: readonly Item[],
  work: (row: Item) => unknown,
  atOnce: number = ROWS_PER_TRANSACTION,
): void {
  for (let from = 0; from < rows.length; from += atOnce) {
    db.exec("BEGIN");
    for (const row of rows.slice(from, from + atOnce)) work(row);
    db.exec("COMMIT");
  }
}

export const count = (db: Database.Database, sql: string): number => db.prepare(sql).pluck().get() as number;
