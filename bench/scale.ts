/**
 * What a change costs in a small database and in a large one: `npm run bench -- --only scale`. Every step stands beside the raw loop
 * over as many rows, since a larger b-tree costs that one more as well; CPU time, one run of each size (`BENCH_SCALE_ROWS`).
 */
import { strictEqual } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { betterSqlite3Driver } from "@synckit-gen/runtime";
import type { EntryFormat } from "../runtime/src/engine/entry.ts";
import { pushChanges } from "../runtime/src/engine/push.ts";
import type { Relay } from "../runtime/src/engine/relay.ts";
import type { RemoteChange } from "../runtime/src/store/remote-change.ts";
import { openStore } from "../runtime/src/store/store.ts";
import { loadSpec } from "../tests/support/load-spec.ts";
import { cpuMs } from "./engine/measure.ts";
import { count, type Item, itemOf, model, openCaptured, openPlain } from "./engine/workload.ts";

const SIZES = (process.env["BENCH_SCALE_ROWS"] ?? "10000,100000,1000000").split(",").map(Number);
const AT_ONCE = 2_000;
/** As a pull with much to do gathers, and the raw loops beside it. */
const APPLIED_AT_ONCE = 20_000;
const NOW_MS = 1_700_000_000_000;
const loaded = await loadSpec(model);
const names = model.tables[0]?.columns.map(({ name }) => name) ?? [];
const places = names.map(() => "?").join(", ");

type Db = ReturnType<typeof openPlain>;
type Step = "insert" | "update" | "fold" | "push" | "push of a snapshot" | "apply, empty database" | "apply, full database";

/** Rows are made a piece at a time, and their making is not counted. */
async function each(rows: number, work: (piece: readonly Item[], from: number) => void, atOnce = AT_ONCE): Promise<number> {
  let ms = 0;
  for (let from = 0; from < rows; from += atOnce) {
    const piece = Array.from({ length: Math.min(atOnce, rows - from) }, (_, n) => rowOf(from + n));
    ms += await cpuMs(() => work(piece, from));
  }
  return ms;
}

/** As strings come out of JSON: JavaScript joins the pieces of others when they are first read, which would be counted. */
const joined = <T>(value: T): T => (typeof value === "string" ? (JSON.parse(JSON.stringify(value)) as T) : value);
const rowOf = (n: number): Item => itemOf(n).map(joined) as unknown as Item;

function inTransaction(db: Db, sql: string, bind: (row: Item) => readonly unknown[]): (piece: readonly Item[]) => void {
  const statement = db.prepare(sql);
  return (piece) => {
    db.exec("BEGIN");
    for (const row of piece) statement.run(...bind(row));
    db.exec("COMMIT");
  };
}

const INSERT = `INSERT INTO items VALUES (${places})`;
const UPSERT = `${INSERT} ON CONFLICT (id) DO UPDATE SET ${names
  .slice(1)
  .map((name) => `${name} = excluded.${name}`)
  .join(", ")}`;
const UPDATE = "UPDATE items SET title = ? WHERE id = ?";
const renamed = ([id, , title]: Item): readonly unknown[] => [`${title}, changed`, id];

/** Takes everything and keeps nothing: what is measured is the device. */
function relay(): Relay & { readonly taken: () => number } {
  let taken = 0;
  return {
    taken: () => taken,
    pushPayloads: (_device, entries) => Promise.resolve((taken += entries.length)),
    pullPayloads: () => Promise.resolve({ entries: [], cursor: taken, hasMore: false }),
  };
}

const whole = new Set(names.slice(1));
const change = (row: Item, stamp: number): RemoteChange => ({
  table: "items",
  rowId: row[0],
  op: "INSERT",
  clock: { stamp, device: "elsewhere" },
  written: whole,
  values: Object.fromEntries(row.map((value, i) => [names[i] ?? "", typeof value === "bigint" ? Number(value) : value])),
  isFresh: true,
  seen: stamp,
  isRule: false,
});

/** Rises with each size; the last is divided by the first. */
const ratios = new Map<Step, number[]>();

async function measure(rows: number, folder: string): Promise<void> {
  const say = (step: Step, ms: number, raw: number): void => {
    const rate = Math.round((rows / ms) * 1_000).toLocaleString("en-US");
    console.log(
      `${step.padEnd(24)} ${((ms / rows) * 1_000).toFixed(1).padStart(6)} µs each  ${rate.padStart(9)} per CPU s  ${(ms / raw).toFixed(2)} of raw`,
    );
    ratios.set(step, [...(ratios.get(step) ?? []), ms / raw]);
  };
  const raw = openPlain(folder, "raw");
  const rawInsert = await each(
    rows,
    inTransaction(raw, INSERT, (row) => row),
  );
  const rawUpdate = await each(rows, inTransaction(raw, UPDATE, renamed));
  const rawUpsert = await each(
    rows,
    inTransaction(raw, UPSERT, (row) => row),
    APPLIED_AT_ONCE,
  );
  raw.exec("DELETE FROM items; VACUUM");
  const rawFirst = await each(
    rows,
    inTransaction(raw, UPSERT, (row) => row),
    APPLIED_AT_ONCE,
  );
  raw.close();

  const db = openCaptured(folder, "captured");
  const store = openStore(betterSqlite3Driver(db), loaded.spec, () => NOW_MS);
  const format: EntryFormat = { compat: "full", tables: store.tables, rowHash: (_table, rowId) => rowId };
  say(
    "insert",
    await each(
      rows,
      inTransaction(db, INSERT, (row) => row),
    ),
    rawInsert,
  );
  say("fold", await cpuMs(() => store.foldLocal("device")), rawInsert);
  const log = relay();
  say("push", await cpuMs(() => pushChanges(store, log, format, "device")), rawInsert);
  strictEqual(log.taken(), rows);
  say("update", await each(rows, inTransaction(db, UPDATE, renamed)), rawUpdate);
  db.exec("DELETE FROM sync_changelog; DELETE FROM sync_row_clock");
  strictEqual(store.createInitialSnapshot("device"), rows);
  say("push of a snapshot", await cpuMs(() => pushChanges(store, log, format, "device")), rawInsert);
  strictEqual(log.taken(), 2 * rows);
  db.close();
  rmSync(join(folder, "captured.db"));

  const other = openCaptured(folder, "applied");
  const applied = openStore(betterSqlite3Driver(other), loaded.spec, () => NOW_MS);
  for (const [step, first] of [
    ["apply, empty database", 1],
    ["apply, full database", 2],
  ] as const) {
    let ms = 0;
    for (let from = 0; from < rows; from += APPLIED_AT_ONCE) {
      const changes = Array.from({ length: Math.min(APPLIED_AT_ONCE, rows - from) }, (_, n) =>
        change(rowOf(from + n), NOW_MS * 1000 * first + from + n),
      );
      ms += await cpuMs(() => applied.applyRemote("here", changes, from + APPLIED_AT_ONCE));
    }
    say(step, ms, first === 1 ? rawFirst : rawUpsert);
    strictEqual(count(other, "SELECT count(*) FROM items"), rows);
  }
  other.close();
}

const home = mkdtempSync(join(tmpdir(), "synckit-bench-"));
try {
  for (const [i, rows] of SIZES.entries()) {
    const folder = mkdtempSync(join(home, "size-"));
    console.log(`${i === 0 ? "" : "\n"}${rows.toLocaleString("en-US")} rows`);
    await measure(rows, folder);
    rmSync(folder, { recursive: true });
  }
  console.log("\nratio to raw, of the largest database to the smallest");
  for (const [step, [smallest = Number.NaN, ...more]] of ratios)
    console.log(`${step.padEnd(24)} ${((more.at(-1) ?? smallest) / smallest).toFixed(2)}`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
