/**
 * Applying what other devices wrote, clocks and references included, beside the same upserts written by hand: into an empty
 * database, and into one that holds the rows already. Also what pulling again costs, and how large the database ends up.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { statSync } from "node:fs";
import type Database from "better-sqlite3";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { RemoteChange } from "../../runtime/src/store/remote-change.ts";
import { openStore, type Store } from "../../runtime/src/store/store.ts";
import { loadSpec } from "../../tests/support/load-spec.ts";
import { tableOf } from "../../tests/support/models.ts";
import { cpuMs, type Part, type Sample } from "./measure.ts";
import { count, inTransactions, insertAll, type Item, items, model as flat, openCaptured, openPlain, ROWS } from "./workload.ts";

/** The same rows, each of which may refer to another. */
const model: SyncModel = {
  ...flat,
  tables: flat.tables.map((table) => ({
    ...table,
    references: tableOf("items", {
      columns: { parent_id: "uuid?" },
      references: [{ columns: ["parent_id"], table: "items", onDelete: "set null" }],
    }).references,
  })),
};
const loaded = await loadSpec(model);
const names = flat.tables[0]!.columns.map(({ name }) => name);
const NOW_MS = 1_700_000_000_000;
const START = NOW_MS * 1_000;
/** As many as a first pull gathers; a later one begins with fewer, and doubles them. */
const AT_ONCE = 20_000;
const FIRST_AT_ONCE = 2_000;

function wire(row: Item, title: string): Readonly<Record<string, string | number | null>> {
  const values: Record<string, string | number | null> = {};
  for (const [i, value] of row.entries()) values[names[i] ?? ""] = typeof value === "bigint" ? Number(value) : value;
  return { ...values, title };
}

const change = (row: Item, n: number, op: "INSERT" | "UPDATE", stamp: number, title: string): RemoteChange => ({
  table: "items",
  rowId: row[0],
  op,
  clock: { stamp, device: "elsewhere" },
  written: new Set(op === "INSERT" ? names.slice(1) : ["title"]),
  values: wire(row, title),
  isFresh: true,
  seen: n,
  isRule: false,
});

const inserts = items.map((row, n) => change(row, n, "INSERT", START + n, row[2]));
const updates = items.map((row, n) => change(row, n, "UPDATE", START + ROWS + n, `${row[2]}, changed`));
const rewrites = items.map((row, n) => change(row, n, "INSERT", START + 2 * ROWS + n, `${row[2]}, again`));

function applyAll(store: Store, changes: readonly RemoteChange[], firstAtOnce: number): void {
  for (let from = 0, atOnce = firstAtOnce; from < changes.length; from += atOnce, atOnce = Math.min(2 * atOnce, AT_ONCE))
    store.applyRemote("here", changes.slice(from, from + atOnce), Math.min(from + atOnce, changes.length));
}

const places = names.map(() => "?").join(", ");
const UPSERT = `INSERT INTO items (${names.join(", ")}) VALUES (${places})
  ON CONFLICT (id) DO UPDATE SET ${names
    .slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(", ")}`;

function upsertAll(db: Database.Database, suffix: string, atOnce?: number): void {
  const upsert = db.prepare(UPSERT);
  inTransactions(db, items, ([id, parent, title, ...rest]) => upsert.run(id, parent, title + suffix, ...rest), atOnce);
}

function updateTitles(db: Database.Database): void {
  const update = db.prepare("UPDATE items SET title = ? WHERE id = ?");
  inTransactions(db, items, ([id, , title]) => update.run(`${title}, changed`, id));
}

const sizeOf = (db: Database.Database): number => {
  db.pragma("wal_checkpoint(TRUNCATE)");
  return statSync(db.name).size;
};

export const apply: Part = async (folder) => {
  const samples: Sample[] = [];
  const ms = (name: string, cost: number, base?: string, atMost?: number): void =>
    void samples.push({
      name,
      cost,
      unit: "ms",
      rows: ROWS,
      ...(base === undefined ? {} : { base }),
      ...(atMost === undefined ? {} : { atMost }),
    });

  // The raw loops commit every thousand, as in all parts, and once as often as the engine.
  const seldom = openPlain(folder, "seldom", model);
  ms("raw upsert, empty database, 20,000 at once", await cpuMs(() => upsertAll(seldom, "", AT_ONCE)));
  seldom.close();
  const raw = openPlain(folder, "raw", model);
  ms("raw upsert, empty database", await cpuMs(() => upsertAll(raw, "")));
  ms("raw update, full database", await cpuMs(() => updateTitles(raw)));
  ms("raw upsert, full database", await cpuMs(() => upsertAll(raw, ", again")));
  ms("raw upsert, full database, 20,000 at once", await cpuMs(() => upsertAll(raw, ", again", AT_ONCE)));
  const plain = sizeOf(raw);
  samples.push({ name: "plain database", cost: plain, unit: "bytes" });

  const db = openCaptured(folder, "synced", model);
  const store = openStore(betterSqlite3Driver(db), loaded.spec, () => NOW_MS);
  ms("apply, empty database", await cpuMs(() => applyAll(store, inserts, AT_ONCE)), "raw upsert, empty database", 1.6);
  check(db, raw, "");
  samples.push({ name: "database after a first pull", cost: sizeOf(db), unit: "bytes", base: "plain database", atMost: 1.25 });
  ms("apply updates of one column", await cpuMs(() => applyAll(store, updates, FIRST_AT_ONCE)), "raw update, full database");
  check(db, raw, ", changed");
  ms("apply, full database", await cpuMs(() => applyAll(store, rewrites, FIRST_AT_ONCE)), "raw upsert, full database", 1.6);
  check(db, raw, ", again");
  ms("apply again, all equal", await cpuMs(() => applyAll(store, rewrites, FIRST_AT_ONCE)), "raw upsert, full database");
  check(db, raw, ", again");
  raw.close();
  db.close();

  const own = openCaptured(folder, "own", model);
  insertAll(own);
  const author = openStore(betterSqlite3Driver(own), loaded.spec, () => NOW_MS);
  ms("fold of own inserts", await cpuMs(() => author.foldLocal("here")), "raw upsert, empty database");
  own.exec("DELETE FROM sync_changelog; VACUUM");
  samples.push({
    name: "database after everything is pushed and pruned",
    cost: sizeOf(own),
    unit: "bytes",
    base: "plain database",
    atMost: 1.25,
  });
  own.close();
  return samples;
};

/** What the engine has stored is what the loop has stored, and every row has its clock. */
function check(db: Database.Database, raw: Database.Database, suffix: string): void {
  strictEqual(count(db, "SELECT count(*) FROM items"), ROWS);
  strictEqual(count(db, "SELECT count(*) FROM items WHERE parent_id IS NOT NULL AND parent_id NOT IN (SELECT id FROM items)"), 0);
  strictEqual(count(db, "SELECT count(*) FROM sync_held"), 0);
  strictEqual(count(db, "SELECT count(*) FROM sync_changelog"), 0);
  const of = (from: Database.Database): unknown =>
    from.prepare("SELECT count(*), sum(length(body)), sum(size), total(ratio), sum(parent_id IS NULL) FROM items").raw().get();
  deepStrictEqual(of(db), of(raw));
  strictEqual(db.prepare("SELECT title FROM items WHERE id = ?").pluck().get(items[7]![0]), items[7]![2] + suffix);
}
