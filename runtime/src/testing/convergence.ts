/**
 * Do devices agree, whatever was done on them and however the network failed? A history that shows that they do
 * not is shortened before it is told.
 */
import { isSyncError } from "../client/errors.ts";
import type { AppSpec } from "../generated/spec.ts";
import { randomHistory, takeStep, type Step } from "./history.ts";
import { seededRandom } from "./random.ts";
import { seedRows } from "./seed-rows.ts";
import { openTestDevices, syncedRows, type TestApp, type TestDevice, type TestDevices } from "./test-device.ts";

export interface ConvergenceOptions {
  readonly seed: number;
  /** Default 3. */
  readonly devices?: number;
  /** Default 60. */
  readonly steps?: number;
}

/** Runs of a failing history while it is shortened: some five seconds. */
const MAX_SHRINKS = 60;
/** Clocks are off by up to an hour. */
const SKEWS_MS = [0, 3_600_000, -3_600_000];

/** Null: they agree. Else what they disagree about, and the shortest history found that leads there. */
export async function findDivergence(app: TestApp, { seed, devices = 3, steps = 60 }: ConvergenceOptions): Promise<string | null> {
  const run = (history: readonly Step[]): Promise<string | null> => play(app, seed, devices, history);
  const history = randomHistory(seededRandom(seed), devices, app.spec.tables.length, steps);
  const first = await run(history);
  if (first === null) return null;
  const { shortest, difference } = await shorten(history, first, run);
  const told = shortest.map(
    ({ kind, device, table }) => `  device ${device + 1}: ${kind === "sync" ? kind : `${kind} ${app.spec.tables[table]?.name ?? ""}`}`,
  );
  return `seed ${seed}: ${difference}\nafter\n${told.join("\n")}\n  all: sync`;
}

async function play(app: TestApp, seed: number, count: number, history: readonly Step[]): Promise<string | null> {
  const world = await openTestDevices(app, { count, skewsMs: SKEWS_MS });
  try {
    await seedRows(world, seed, app.sampleValue);
    for (const step of history) await takeStep(world, step, app.sampleValue);
    await world.settle();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return isSyncError(error) ? `sync failed with ${error.code}` : `an error was thrown: ${error.message}`;
  }
  return differenceIn(world, app.spec);
}

function differenceIn(world: TestDevices, spec: AppSpec): string | null {
  const views = world.devices.map((device) => comparableRows(world, device, spec));
  const [first] = views as [ReadonlyMap<string, string>];
  for (const [index, view] of views.entries())
    for (const key of new Set([...first.keys(), ...view.keys()]))
      if (first.get(key) !== view.get(key))
        return `${key} is ${first.get(key) ?? "absent"} on device 1 and ${view.get(key) ?? "absent"} on device ${index + 1}`;
  for (const { driver, name } of world.devices) {
    const unsynced = new Set(spec.tables.flatMap(({ references }) => references.filter(({ synced }) => !synced).map(({ table }) => table)));
    const dangling = driver.prepare(`SELECT "table", parent FROM pragma_foreign_key_check`).all();
    const broken = dangling.find(([, parent]) => !unsynced.has(String(parent)));
    if (broken !== undefined) return `${name} has a row of ${String(broken[0])} whose parent in ${String(broken[1])} is missing`;
  }
  return null;
}

/** Without rows that wait on some device, and without rows of update-only tables that some device does not have. */
function comparableRows(world: TestDevices, device: TestDevice, spec: AppSpec): ReadonlyMap<string, string> {
  const held = new Set(world.devices.flatMap(({ sync }) => sync.heldRows(10_000).map(({ table, rowId }) => `${table} ${rowId}`)));
  const partial = spec.tables.filter(({ apply, deletes }) => apply === "update" || deletes === "ignore").map(({ name }) => `${name} `);
  const everywhere = world.devices.map(syncedRows);
  const isShared = (key: string): boolean => everywhere.every((rows) => rows.has(key));
  return new Map(
    [...syncedRows(device)].filter(([key]) => !held.has(key) && (isShared(key) || !partial.some((name) => key.startsWith(name)))),
  );
}

/** Leaves out ever smaller parts as long as devices still disagree. */
async function shorten(history: readonly Step[], first: string, run: (history: readonly Step[]) => Promise<string | null>) {
  let shortest = history;
  let difference = first;
  let runs = 0;
  for (let size = Math.ceil(history.length / 2); size >= 1 && runs < MAX_SHRINKS; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length && runs < MAX_SHRINKS;) {
      const candidate = shortest.toSpliced(at, size);
      runs += 1;
      const found = await run(candidate);
      if (found === null) at += size;
      else [shortest, difference] = [candidate, found];
    }
  }
  return { shortest, difference };
}
