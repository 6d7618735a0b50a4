/** What capture costs the application's own writes, and what the initial snapshot costs: beside the same loops without triggers. */
import { deepStrictEqual, strictEqual } from "node:assert";
import type Database from "better-sqlite3";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import { openStore } from "../../runtime/src/store/store.ts";
import { loadSpec } from "../../tests/support/load-spec.ts";
import { cpuMs, type Part, type Sample } from "./measure.ts";
import { count, insertAll, items, model, openCaptured, openPlain, ROWS, updateAll } from "./workload.ts";

const loaded = await loadSpec(model);

export const capture: Part = async (folder) => {
  const raw = openPlain(folder, "raw");
  const ms = (name: string, cost: number, more: Partial<Sample> = {}): Sample => ({ name, cost, unit: "ms", rows: ROWS, ...more });
  const samples: Sample[] = [
    ms("raw insert", await cpuMs(() => insertAll(raw))),
    ms("raw update of one column", await cpuMs(() => updateAll(raw))),
  ];
  raw.close();

  const db = openCaptured(folder, "payload");
  const inserted = await cpuMs(() => insertAll(db));
  checkInserts(db);
  samples.push(ms("insert, capture: payload", inserted, { base: "raw insert", atMost: 1.6 }));
  db.exec("DELETE FROM sync_changelog");
  const updated = await cpuMs(() => updateAll(db));
  strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'UPDATE' AND mask = 2"), ROWS);
  samples.push(ms("update of one column, capture: payload", updated, { base: "raw update of one column", atMost: 2.4 }));
  db.exec("DELETE FROM sync_changelog");
  const store = openStore(betterSqlite3Driver(db), loaded.spec, () => 1_700_000_000_000);
  const snapshot = await cpuMs(() => strictEqual(store.createInitialSnapshot("device"), ROWS));
  checkSnapshot(db);
  samples.push(ms("initial snapshot", snapshot, { atLeast: 250_000 }));
  db.close();
  return samples;
};

function checkInserts(db: Database.Database): void {
  strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'INSERT' AND stamp IS NULL"), ROWS);
  const [id, parent_id, title, body, kind, done, size, ratio, created_at, due_on] = items[7]!;
  const data = db.prepare("SELECT data FROM sync_changelog WHERE row_id = ?").pluck().get(id) as string;
  const expected = { id, parent_id, title, body, kind, done: Number(done), size: Number(size), ratio, created_at, due_on };
  deepStrictEqual(JSON.parse(data), expected);
}

function checkSnapshot(db: Database.Database): void {
  strictEqual(count(db, "SELECT count(*) FROM sync_changelog WHERE op = 'INSERT' AND stamp = 0"), ROWS);
}
