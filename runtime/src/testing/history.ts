/** Histories: what users and the network do on several devices, decided by a seed, step by step, so that one can be shortened. */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { isSyncError } from "../client/errors.ts";
import { makeRow, pickParent } from "./make-row.ts";
import { seededRandom, type Random } from "./random.ts";
import { sampleOf, sampleOfDeclared } from "./sample-values.ts";
import { quoteName } from "../store/quote-name.ts";
import { matching, randomRow } from "./table-shape.ts";
import type { SampleValue, TestDevice, TestDevices, TestTable } from "./test-device.ts";

export interface Step {
  readonly kind: "insert" | "update" | "delete" | "local" | "sync";
  readonly device: number;
  readonly table: number;
  /** Decides all else. */
  readonly seed: number;
}

const KINDS = ["insert", "insert", "insert", "update", "update", "update", "delete", "local", "sync"] as const;

export function randomHistory(random: Random, deviceCount: number, tableCount: number, length: number): readonly Step[] {
  return Array.from({ length }, () => ({
    kind: random.pick(KINDS),
    device: random.below(deviceCount),
    table: random.below(tableCount),
    seed: random.below(2 ** 31),
  }));
}

/** False: there was nothing to do it to, or a constraint refused. */
export async function takeStep(world: TestDevices, step: Step, sampleValue: SampleValue | undefined): Promise<boolean> {
  const device = world.devices[step.device] as TestDevice;
  const table = device.tables[step.table] as TestTable;
  const random = seededRandom(step.seed);
  world.passTime(1 + random.below(1000));
  switch (step.kind) {
    case "insert":
      return insertRow(device, table, random, sampleValue);
    case "update":
      return updateRow(device, table, random, sampleValue);
    case "delete":
      return deleteRow(device, table, random);
    case "local":
      return updateExcluded(device, table, random, sampleValue);
    case "sync":
      return syncBadly(device, random);
  }
}

/** Rows of an update-only table are the same everywhere from the start; nobody inserts one. */
function insertRow(device: TestDevice, { spec }: TestTable, random: Random, sampleValue: SampleValue | undefined): boolean {
  if (spec.apply === "update") return false;
  return [false, true].some((isPlain) => makeRow(device, { table: spec.name, random, sampleValue, isPlain }));
}

function updateRow(device: TestDevice, { spec, shape }: TestTable, random: Random, sampleValue: SampleValue | undefined): boolean {
  const row = pickRow(device, spec.name, spec.identity, random);
  const columns = spec.columns.filter(({ name }) => !spec.identity.includes(name));
  if (row === null || columns.length === 0) return false;
  const chosen = columns.filter(() => random.chance(0.4));
  const changes = new Map<string, SqlValue>();
  for (const { name, type, nullable } of chosen.length === 0 ? [random.pick(columns)] : chosen) {
    const parent = shape.parents.find((candidate) => candidate.columns.includes(name));
    if (parent === undefined) {
      changes.set(
        name,
        sampleValue?.(spec.name, name, random) ?? (nullable && random.chance(0.2) ? null : sampleOf(type, random, random.chance(0.5))),
      );
      continue;
    }
    const values = pickParent(device, shape, parent, { table: spec.name, random });
    if (values !== null && !parent.columns.some((column) => spec.identity.includes(column)))
      parent.columns.forEach((column, index) => changes.set(column, values[index] ?? null));
  }
  return write(device, spec.name, changes, spec.identity, row);
}

function deleteRow(device: TestDevice, { spec }: TestTable, random: Random): boolean {
  if (spec.deletes === "ignore") return false;
  const row = pickRow(device, spec.name, spec.identity, random);
  return row !== null && device.edit(`DELETE FROM ${quoteName(spec.name)} WHERE ${matching(spec.identity)}`, ...row);
}

/** An edit that no other device may learn of. */
function updateExcluded(
  device: TestDevice,
  { spec, shape, excluded }: TestTable,
  random: Random,
  sampleValue: SampleValue | undefined,
): boolean {
  const free = shape.columns.filter(
    ({ name, keyPlace }) => excluded.includes(name) && keyPlace === 0 && !shape.parents.some(({ columns }) => columns.includes(name)),
  );
  const row = pickRow(device, spec.name, spec.identity, random);
  if (row === null || free.length === 0) return false;
  const column = random.pick(free);
  const value = sampleValue?.(spec.name, column.name, random) ?? sampleOfDeclared(column.declaredType, random);
  return write(device, spec.name, new Map([[column.name, value]]), spec.identity, row);
}

function write(
  device: TestDevice,
  table: string,
  changes: ReadonlyMap<string, SqlValue>,
  identity: readonly string[],
  row: readonly SqlValue[],
): boolean {
  if (changes.size === 0) return false;
  const set = [...changes.keys()].map((name) => `${quoteName(name)} = ?`).join(", ");
  return device.edit(`UPDATE ${quoteName(table)} SET ${set} WHERE ${matching(identity)}`, ...changes.values(), ...row);
}

/** One sync over a network that loses requests and replies and serves small pages. */
async function syncBadly({ sync, network }: TestDevice, random: Random): Promise<boolean> {
  network.fault = () => (random.chance(0.1) ? "request-lost" : random.chance(0.1) ? "reply-lost" : null);
  const size = random.pick([1, 3, 20, 500]);
  network.pageSize = () => size;
  try {
    await sync.syncNow();
    return true;
  } catch (error) {
    if (!isSyncError(error) || !error.retryable) throw error;
    return false; // it was lost once too often; a later sync goes on
  }
}

/** The identity of a random row, as it is bound. */
export function pickRow({ driver }: TestDevice, table: string, identity: readonly string[], random: Random): readonly SqlValue[] | null {
  const row = randomRow(driver, table, identity, random);
  return row?.includes(null) === true ? null : row;
}
