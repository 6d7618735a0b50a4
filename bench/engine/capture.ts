/** What capture costs the application's own writes, and what the initial snapshot costs: beside the same loops without triggers. */
import { deepStrictEqual, strictEqual } from "node:assert";
import type Database from "better-sqlite3";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { openStore } from "../../runtime/src/store/store.ts";
import { loadSpec } from "../../tests/support/load-spec.ts";
import { cpuMs, type Part, type Sample } from "./measure.ts";
import { count, insertAll, items, model, openCaptured, openPlain, ROWS, updateAll } from "./workload.ts";

const byKey: SyncModel = { ...model, tables: model.tables.map((table) => ({ ...table, capture: "keys" })) };
const limits = { payload: { insert: 1.6, update: 2.4 }, keys: { insert: 1.3, update: 1.75 } } as const;
const modes = [
  { mode: "payload", of: model, loaded: await loadSpec(model) },
  { mode: "keys", of: byKey, loaded: await loadSpec(byKey) },
] as const;

export const capture: Part = async (folder) => {
  const raw = openPlain(folder, "raw");
  const ms = (name: string, cost: number, more: Partial<Sample> = {}): Sample => ({ name, cost, unit: "ms", rows: ROWS, ...more });
  const samples: Sample[] = [
    ms("raw insert", await cpuMs(() => insertAll(raw))),
    ms("raw update of one column", await cpuMs(() => updateAll(raw))),
  ];
  raw.close();
  for (const { mode, of, loaded } of modes) {
    const db = openCaptured(folder, mode, of);
    const inserted = await cpuMs(() => insertAll(db));
    checkInserts(db, mode);
    samples.push(ms(`insert, capture: ${mode}`, inserted, { base: "raw insert", atMost: limits[mode].insert }));
    db.exec("DELETE FROM sync_changelog");
    const updated = await cpuMs(() => updateAll(db));
    strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'UPDATE' AND mask = 2"), ROWS);
    samples.push(ms(`update of one column, capture: ${mode}`, updated, { base: "raw update of one column", atMost: limits[mode].update }));
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

function checkInserts(db: Database.Database, mode: "payload" | "keys"): void {
  strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'INSERT' AND stamp IS NULL"), ROWS);
  const [id = ""] = items[7] ?? [];
  const data = db.prepare("SELECT data FROM sync_changelog WHERE row_id = ?").pluck().get(id) as string | null;
  deepStrictEqual(data === null ? null : JSON.parse(data), mode === "keys" ? null : rowOf(db, id));
}

const rowOf = (db: Database.Database, id: string): unknown => ({ ...(db.prepare("SELECT * FROM items WHERE id = ?").get(id) as object) });
