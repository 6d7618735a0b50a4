/**
 * Do excluded columns stay on their device? Each gets values that occur nowhere else; then everything that
 * sync wrote, sent, logged or threw is searched for them.
 */
import { inspect } from "node:util";
import type { AppSpec } from "../generated/spec.ts";
import { canaryMaker, makePrivateParent, ownColumns, placeCanary, privateReferences, type Canary } from "./excluded.ts";
import { randomHistory, takeStep } from "./history.ts";
import { seededRandom } from "./random.ts";
import { seedRows } from "./seed-rows.ts";
import { quoteName } from "../store/quote-name.ts";
import { readTableShape } from "./table-shape.ts";
import { openTestDevices, type SampleValue, type TestApp, type TestDevice, type TestDevices } from "./test-device.ts";

export interface CanaryOptions {
  readonly seed: number;
  /** Default 60. */
  readonly steps?: number;
}

export interface CanaryReport {
  /** Where a canary was seen. Must be empty. */
  readonly leaks: readonly string[];
  /** Columns that held a canary. */
  readonly placed: readonly string[];
  /** Excluded columns whose constraints refused one: only their names are checked. */
  readonly unplaced: readonly string[];
  /** Payloads that were read. */
  readonly payloads: number;
}

export async function findLeaks(app: TestApp, { seed, steps = 60 }: CanaryOptions): Promise<CanaryReport> {
  const world = await openTestDevices(app, { count: 2 });
  const canaries: (readonly Canary[])[] = [];
  const printed: string[] = [];
  const stop = listen(printed);
  const errors: unknown[] = [];
  try {
    await seedRows(world, seed, app.sampleValue);
    const placings = world.devices.map((device, index) => placeEverywhere(device, index, seed));
    await world.settle();
    const history = randomHistory(seededRandom(seed), 2, app.spec.tables.length, steps);
    const feeds = placings.map((placing, index) => sampleCanaries(placing, world.devices.length + index, app.sampleValue));
    for (const step of history) await takeStep(world, step, feeds[step.device]?.sampleValue);
    await world.settle();
    for (const device of world.devices) errors.push(...(await provokeErrors(device)));
    await world.settle();
    placings.forEach((placing, index) => canaries.push([...placing.placed, ...(feeds[index]?.made ?? [])]));

    const payloads = await readPayloads(world);
    const leaks = [
      ...search(canaries.flat(), "the changelog and other sync tables", world.devices.flatMap(syncTables)),
      ...search(
        canaries.flat(),
        "a payload",
        payloads.map(({ text }) => text),
      ),
      ...search(canaries.flat(), "a request", world.server.requests),
      ...search(canaries.flat(), "the output", printed),
      ...search(
        canaries.flat(),
        "an error",
        errors.map((error) => inspect(error, { depth: null, showHidden: true })),
      ),
      ...world.devices.flatMap((device, index) =>
        search(canaries.filter((_, other) => other !== index).flat(), "another device's tables", appTables(device)),
      ),
      ...strangers(app.spec, payloads),
    ];
    const columns = (list: readonly { readonly column: string }[]): readonly string[] =>
      [...new Set(list.map(({ column }) => column))].toSorted();
    return {
      leaks: [...new Set(leaks)],
      placed: columns(canaries.flat()),
      unplaced: columns(placings.flatMap(({ refused }) => refused)),
      payloads: payloads.length,
    };
  } finally {
    stop();
  }
}

interface Placing {
  readonly placed: readonly Canary[];
  readonly refused: readonly Canary[];
}

/** Every excluded column of one row each, by a plain UPDATE. */
function placeEverywhere(device: TestDevice, series: number, seed: number): Placing {
  const canaryFor = canaryMaker(series);
  const placed: Canary[] = [];
  const refused: Canary[] = [];
  const note = (canary: Canary, isPlaced: boolean): void => void (isPlaced ? placed : refused).push(canary);
  for (const table of device.tables) {
    for (const column of ownColumns(table)) {
      const canary = canaryFor(table.spec.name, column);
      note(canary, placeCanary(device, table, column.name, canary, seed));
    }
    for (const { table: parent, columns, to } of privateReferences(table, device.tables)) {
      const [column = "", target = ""] = [columns[0], to[0]];
      const shape = readTableShape(device.driver, parent).columns.find(({ name }) => name === target);
      if (shape === undefined) continue;
      const canary = { ...canaryFor(table.spec.name, shape), column: `${table.spec.name}.${column}` };
      note(canary, makePrivateParent(device, parent, target, canary, seed) && placeCanary(device, table, column, canary, seed));
    }
  }
  return { placed, refused };
}

/** Canaries for every excluded column that takes them, wherever a history needs a value. */
function sampleCanaries({ placed }: Placing, series: number, fallback: SampleValue | undefined) {
  const made: Canary[] = [];
  const canaryFor = canaryMaker(series);
  const kinds = new Map(placed.map(({ column, value }) => [column, value]));
  const sampleValue: SampleValue = (table, column, random) => {
    const like = kinds.get(`${table}.${column}`);
    if (like === undefined) return fallback?.(table, column, random);
    const declaredType =
      typeof like === "bigint" ? "INT" : typeof like === "number" ? "REAL" : like instanceof Uint8Array ? "BLOB" : "TEXT";
    const canary = canaryFor(table, { name: column, declaredType, isNotNull: false, hasDefault: false, keyPlace: 0 });
    made.push(canary);
    return canary.value;
  };
  return { made, sampleValue };
}

/** What goes wrong in the life of an app: no network, and a transaction of its own that is open. */
async function provokeErrors({ sync, network, driver }: TestDevice): Promise<readonly unknown[]> {
  const failed = (call: () => Promise<unknown>): Promise<unknown> => call().catch((error: unknown) => error);
  network.fault = () => "request-lost";
  const offline = await failed(() => sync.syncNow());
  network.fault = () => null;
  driver.exec("BEGIN");
  const busy = await failed(() => sync.syncNow());
  driver.exec("ROLLBACK");
  return [offline, busy];
}

interface Payload {
  readonly table: string;
  readonly text: string;
}

/** What the server's log holds, opened with the account's key, and what waits in changelogs. */
async function readPayloads({ devices }: TestDevices): Promise<readonly Payload[]> {
  const [{ sync }] = devices as [TestDevice];
  const payloads: Payload[] = [];
  const device = await sync.ensureDeviceRegistered();
  for (let cursor = 0, hasMore = true; hasMore;) {
    const page = await sync.client.pullPayloads(device, cursor);
    payloads.push(...page.entries.flatMap(({ table, payload }) => (payload === null ? [] : [{ table, text: payload }])));
    ({ cursor, hasMore } = page);
  }
  return payloads;
}

/** Members that are no synced column: also where the value is too common to be searched for. */
function strangers(spec: AppSpec, payloads: readonly Payload[]): readonly string[] {
  const known = new Map(spec.tables.map(({ name, columns }) => [name, new Set(["$sync", ...columns.map((column) => column.name)])]));
  return payloads.flatMap(({ table, text }) =>
    Object.keys(JSON.parse(text) as object)
      .filter((member) => known.get(table)?.has(member) !== true)
      .map((member) => `${table}.${member} is in a payload`),
  );
}

const search = (canaries: readonly Canary[], where: string, texts: readonly string[]): readonly string[] => {
  const all = texts.join("\n");
  return canaries
    .filter(({ spellings }) => spellings.some((spelling) => all.includes(spelling)))
    .map(({ column }) => `${column} is in ${where}`);
};

const syncTables = (device: TestDevice): readonly string[] => dump(device, `name LIKE 'sync\\_%' ESCAPE '\\'`);
const appTables = (device: TestDevice): readonly string[] =>
  dump(device, `name NOT LIKE 'sync\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`);

/** Every value of the tables, as text. */
function dump({ driver }: TestDevice, which: string): readonly string[] {
  const tables = driver.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND ${which}`).all();
  return tables.flatMap(([name]) => {
    const columns = readTableShape(driver, String(name)).columns.map((column) => `quote(${quoteName(column.name)})`);
    return driver
      .prepare(`SELECT ${columns.join(" || ',' || ")} FROM ${quoteName(String(name))}`)
      .all()
      .map(([text]) => String(text));
  });
}

const METHODS = ["log", "info", "warn", "error", "debug"] as const;

/** Notes what is printed to the console from now on, in place of printing it. */
function listen(printed: string[]): () => void {
  const before = METHODS.map((method) => [method, console[method]] as const);
  for (const method of METHODS)
    console[method] = (...values: readonly unknown[]) =>
      void printed.push(values.map((value) => inspect(value, { depth: null })).join(" "));
  return () => {
    for (const [method, print] of before) console[method] = print;
  };
}
