/**
 * What each driver costs beside better-sqlite3, in one run: `node bench/drivers.ts [rows]`. CPU time, in memory,
 * the best of three; that the databases end equal is checked first.
 */
import { deepStrictEqual } from "node:assert";
import { openGenerated, testDrivers, type TestDriver } from "../tests/support/drivers.ts";
import { loadSpec } from "../tests/support/load-spec.ts";
import { modelOf, tableOf } from "../tests/support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "../tests/support/simulation.ts";

const ROWS = Number(process.argv[2] ?? 20_000);
const RUNS = 3;
const model = modelOf([
  tableOf("rows", {
    columns: {
      a: "text?",
      b: "text?",
      c: "text?",
      d: "text?",
      e: "text?",
      f: "text?",
      done: "boolean",
      size: "integer",
      ratio: "real",
      at: "timestamp",
    },
  }),
]);
const loaded = await loadSpec(model);

const measures = ["capture of inserts", "push of inserts", "apply of inserts", "apply of updates"] as const;
type Costs = Record<(typeof measures)[number], number>;

async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function costsOf(on: TestDriver): Promise<Costs> {
  const server = new SimulatedServer();
  let now = 1_700_000_000_000;
  const device = (name: string): SimulatedDevice =>
    new SimulatedDevice(name, model, loaded, server, () => (now += 1), openGenerated(model, { on }));
  const [author, reader] = [device("author"), device("reader")];
  const places = Array.from({ length: 11 }, () => "?").join(", ");
  const captured = await cpuMs(() => {
    author.db.exec("BEGIN");
    const insert = author.db.prepare(`INSERT INTO rows VALUES (${places})`);
    for (let n = 0; n < ROWS; n++)
      insert.run(`row-${n}`, "a title", "some words of a row", "x", null, "2026-01-01", "é", 1n, BigInt(n), n / 7, "2026-01-01T00:00:00Z");
    author.db.exec("COMMIT");
  });
  const pushed = await cpuMs(() => author.push());
  const inserted = await cpuMs(() => reader.pull());
  author.edit("UPDATE rows SET a = 'another title'");
  await author.push();
  const updated = await cpuMs(() => reader.pull());
  await quiesce(server, [author, reader]);
  deepStrictEqual(reader.view(loaded.spec), author.view(loaded.spec));
  for (const { db } of [author, reader]) db.close();
  return { "capture of inserts": captured, "push of inserts": pushed, "apply of inserts": inserted, "apply of updates": updated };
}

const best = new Map<string, Costs>();
for (let run = 0; run < RUNS; run++)
  for (const on of testDrivers) {
    const costs = await costsOf(on);
    const known = best.get(on.name) ?? costs;
    best.set(on.name, Object.fromEntries(measures.map((measure) => [measure, Math.min(known[measure], costs[measure])])) as Costs);
  }

const base = best.get("better-sqlite3") as Costs;
for (const measure of measures)
  for (const [name, costs] of best) {
    const rate = Math.round((ROWS / costs[measure]) * 1_000);
    process.stdout.write(
      `${measure.padEnd(20)} ${name.padEnd(15)} ${String(rate).padStart(8)} rows a CPU second, ${(costs[measure] / base[measure]).toFixed(2)} of better-sqlite3\n`,
    );
  }
