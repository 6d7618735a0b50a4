/** Inserts a row that its table accepts: parents are found or made, required columns filled, whatever the schema knows of them. */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import type { Random } from "./random.ts";
import { sampleOf, sampleOfDeclared, uuid } from "./sample-values.ts";
import { quoteName } from "../store/quote-name.ts";
import { quoteNames, randomRow, readTableShape, type ColumnShape, type ParentShape, type TableShape } from "./table-shape.ts";
import type { SampleValue, TestDevice } from "./test-device.ts";

export interface RowRequest {
  readonly table: string;
  readonly random: Random;
  readonly given?: ReadonlyMap<string, SqlValue>;
  readonly sampleValue?: SampleValue | undefined;
  /** Values that constraints like better. */
  readonly isPlain?: boolean;
}

/** Parents of parents of parents: deeper than any app's tables, and an end to circles. */
const MAX_DEPTH = 8;
/** Rows that devices make independently may be the same: keys of few values. */
const FEW = 6;

/** False: a constraint refused it. */
export function makeRow(device: TestDevice, request: RowRequest, depth = 0): boolean {
  const values = rowValues(device, request, depth);
  if (values === null) return false;
  const names = [...values.keys()];
  const into = `INSERT INTO ${quoteName(request.table)}`;
  if (names.length === 0) return device.edit(`${into} DEFAULT VALUES`);
  return device.edit(`${into} (${quoteNames(names)}) VALUES (${names.map(() => "?").join(", ")})`, ...values.values());
}

function rowValues(device: TestDevice, request: RowRequest, depth: number): ReadonlyMap<string, SqlValue> | null {
  const { table, random, given = new Map<string, SqlValue>(), sampleValue } = request;
  const known = device.tables.find(({ spec }) => spec.name === table);
  const shape = known?.shape ?? readTableShape(device.driver, table);
  const values = new Map(given);
  for (const parent of shape.parents) {
    if (parent.columns.some((column) => values.has(column))) continue;
    const found = parentValues(device, shape, parent, request, depth);
    if (found === null) return null;
    parent.columns.forEach((column, index) => values.set(column, found[index] ?? null));
  }
  for (const column of shape.columns) {
    if (values.has(column.name)) continue;
    const value = sampleValue?.(table, column.name, random) ?? columnValue(device, table, column, request);
    if (value !== undefined) values.set(column.name, value);
  }
  return values;
}

/** Undefined: the column's own default. */
function columnValue(
  device: TestDevice,
  table: string,
  column: ColumnShape,
  { random, isPlain = false }: RowRequest,
): SqlValue | undefined {
  const spec = device.tables.find((known) => known.spec.name === table)?.spec;
  const synced = spec?.columns.find(({ name }) => name === column.name);
  if (synced !== undefined) {
    const isIdentity = spec?.identity.includes(column.name) === true;
    if (synced.nullable && !isIdentity && random.chance(0.2)) return null;
    const isRare = isIdentity || spec?.unique.some((list) => list.includes(column.name)) === true;
    if (isRare && synced.type !== "uuid") return fewOf(sampleOf(synced.type, random, true), random);
    return sampleOf(synced.type, random, isPlain);
  }
  const isRowid = column.keyPlace === 1 && column.declaredType === "INTEGER";
  if (isRowid || column.hasDefault || (!column.isNotNull && column.keyPlace === 0)) return undefined;
  return column.keyPlace > 0 && !column.declaredType.includes("INT") ? uuid(random) : sampleOfDeclared(column.declaredType, random);
}

function fewOf(sample: SqlValue, random: Random): SqlValue {
  const index = random.below(FEW);
  if (typeof sample === "bigint") return BigInt(index);
  if (typeof sample === "string") return /^\d{4}-/u.test(sample) ? `2030-01-0${index + 1}` : `key ${index}`;
  return sample instanceof Uint8Array ? Uint8Array.of(index) : sample;
}

/** Null: there is no parent, and none can be made. */
function parentValues(
  device: TestDevice,
  shape: TableShape,
  parent: ParentShape,
  request: RowRequest,
  depth: number,
): readonly SqlValue[] | null {
  const { random } = request;
  const columns = parent.columns.map((name) => shape.columns.find((column) => column.name === name));
  const isOptional = columns.some((column) => column !== undefined && !column.isNotNull && column.keyPlace === 0);
  if (isOptional && random.chance(0.3)) return parent.columns.map(() => null);
  const existing = readParent(device, parent, random);
  if (existing !== null) return existing;
  if (isOptional || depth >= MAX_DEPTH) return isOptional ? parent.columns.map(() => null) : null;
  return makeRow(device, { ...request, table: parent.table, given: new Map(), isPlain: true }, depth + 1)
    ? readParent(device, parent, random)
    : null;
}

const readParent = ({ driver }: TestDevice, { table, to }: ParentShape, random: Random): readonly SqlValue[] | null =>
  randomRow(driver, table, to, random);

/** A random parent's values for the columns of a reference, or null where they may be. */
export const pickParent = (device: TestDevice, shape: TableShape, parent: ParentShape, request: RowRequest): readonly SqlValue[] | null =>
  parentValues(device, shape, parent, request, MAX_DEPTH);
