/** What capture costs the application's own writes, and what the initial snapshot costs: beside the same loops without triggers. */
import { deepStrictEqual, strictEqual } from "node:assert";
import type Database from "better-sqlite3";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { openStore } from "../../runtime/src/store/store.ts";
import { loadSpec } from "../../tests/support/load-spec.ts";
import { cpuMs, type Part, type Sample } from "./measure.ts";
import { count, insertAll, type Item, items, model, openCaptured, openPlain, ROWS, ROWS_PER_TRANSACTION, updateAll } from "./workload.ts";

const byKey: SyncModel = { ...model, tables: model.tables.map((table) => ({ ...table, capture: "keys" })) };
const limits = { payload: { insert: 1.6, update: 2.4 }, keys: { insert: 1.3, update: 1.75 } } as const;
const modes = [
  { mode: "payload", of: model, loaded: await loadSpec(model) },
  { mode: "keys", of: byKey, loaded: await loadSpec(byKey) },
] as const;

export const capture: Part = async (folder) => {
  const raw = openPlain(folder, "raw");
  const captured = modes.map((mode) => ({ ...mode, db: openCaptured(folder, mode.mode, mode.of) }));
  const all = [raw, ...captured.map(({ db }) => db)];
  const inserts = inTurns(all, insertAll);
  for (const { db, mode } of captured) {
    checkInserts(db, mode);
    db.exec("DELETE FROM sync_changelog");
  }
  const updates = inTurns(all, updateAll);
  const ms = (name: string, cost: number | undefined, more: Partial<Sample> = {}): Sample => ({
    name,
    cost: cost ?? Number.NaN,
    unit: "ms",
    rows: ROWS,
    ...more,
  });
  const samples: Sample[] = [ms("raw insert", inserts[0]), ms("raw update of one column", updates[0])];
  raw.close();
  for (const [index, { mode, loaded, db }] of captured.entries()) {
    const { insert, update } = limits[mode];
    samples.push(ms(`insert, capture: ${mode}`, inserts[index + 1], { base: "raw insert", atMost: insert }));
    strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'UPDATE' AND mask = 2"), ROWS);
    samples.push(ms(`update of one column, capture: ${mode}`, updates[index + 1], { base: "raw update of one column", atMost: update }));
    db.exec("DELETE FROM sync_changelog");
    const store = openStore(betterSqlite3Driver(db), loaded.spec, () => 1_700_000_000_000);
    const snapshot = await cpuMs(() => strictEqual(store.createInitialSnapshot("device"), ROWS));
    strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'INSERT' AND stamp = 0"), ROWS);
    samples.push(ms(`initial snapshot, capture: ${mode}`, snapshot, { atLeast: 250_000 }));
    const [outgoing] = store.outgoing();
    if (outgoing === undefined) throw new Error("nothing is to be sent");
    deepStrictEqual(JSON.parse(store.payloadOf(outgoing) ?? ""), rowOf(db, outgoing.newest.rowId));
    db.close();
  }
  return samples;
};

/**
 * The CPU time of each database's loop, a transaction of one after a transaction of the other: what else the machine does then
 * bears on all of them alike, and on what they are divided by.
 */
function inTurns(dbs: readonly Database.Database[], loop: (db: Database.Database, rows: readonly Item[]) => void): readonly number[] {
  const costs = dbs.map(() => 0);
  for (let from = 0; from < ROWS; from += ROWS_PER_TRANSACTION)
    for (const [index, db] of dbs.entries()) {
      const before = process.cpuUsage();
      loop(db, items.slice(from, from + ROWS_PER_TRANSACTION));
      const { user, system } = process.cpuUsage(before);
      costs[index] = (costs[index] ?? 0) + (user + system) / 1_000;
    }
  return costs;
}

function checkInserts(db: Database.Database, mode: "payload" | "keys"): void {
  strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'INSERT' AND stamp IS NULL"), ROWS);
  const [id = ""] = items[7] ?? [];
  const data = db.prepare("SELECT data FROM sync_changelog WHERE row_id = ?").pluck().get(id) as string | null;
  deepStrictEqual(data === null ? null : JSON.parse(data), mode === "keys" ? null : rowOf(db, id));
}

const rowOf = (db: Database.Database, id: string): unknown => ({ ...(db.prepare("SELECT * FROM items WHERE id = ?").get(id) as object) });
