/** Columns that stay on their device: unique values to put into them, and whether arrivals leave them alone. */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { makeRow } from "./make-row.ts";
import { seededRandom } from "./random.ts";
import { sampleOf } from "./sample-values.ts";
import { quoteName } from "../store/quote-name.ts";
import { matching, type ColumnShape } from "./table-shape.ts";
import { openTestDevices, type TestApp, type TestDevice, type TestTable } from "./test-device.ts";
import { pickRow } from "./history.ts";
import { seedRows } from "./seed-rows.ts";

/** A value found nowhere else, and the spellings in which it would be recognised. */
export interface Canary {
  readonly column: string;
  readonly value: SqlValue;
  readonly spellings: readonly string[];
}

/** Numbers of this size are not met by chance. */
const FIRST_NUMBER = 7_310_000_000_001;
/** More canaries than one series ever has, times the distance between them. */
const SERIES_NUMBERS = 10_000_000_000;

/** Canaries of one series never equal those of another. */
export function canaryMaker(series: number): (table: string, column: ColumnShape) => Canary {
  let count = 0;
  return (table, { name, declaredType }) => {
    count += 1;
    const column = `${table}.${name}`;
    const text = `canary-${series}-${count}-`;
    const number = FIRST_NUMBER + series * SERIES_NUMBERS + count * 1009;
    if (declaredType.includes("INT") || declaredType.includes("BOOL"))
      return { column, value: BigInt(number), spellings: [String(number)] };
    if (/REAL|FLOA|DOUB/u.test(declaredType)) return { column, value: number + 0.5, spellings: [`${number}.5`] };
    if (!declaredType.includes("BLOB")) return { column, value: text, spellings: [text] };
    const bytes = new TextEncoder().encode(text);
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return { column, value: bytes, spellings: [text, hex, hex.toUpperCase(), btoa(text)] };
  };
}

/** Excluded columns of a table that hold values of their own: no rowid, and no reference. */
export function ownColumns({ shape, excluded }: TestTable): readonly ColumnShape[] {
  const isReference = (name: string): boolean => shape.parents.some(({ columns }) => columns.includes(name));
  return shape.columns.filter(({ name, declaredType, keyPlace }) => {
    const isRowid = keyPlace === 1 && declaredType === "INTEGER";
    return excluded.includes(name) && !isRowid && !isReference(name);
  });
}

/** Excluded columns that refer to a table outside of the schema, whose key is then as private as the column. */
export function privateReferences({ shape, excluded }: TestTable, tables: readonly TestTable[]) {
  const isSynced = (name: string): boolean => tables.some(({ spec }) => spec.name === name);
  return shape.parents.filter(
    ({ table, columns }) => !isSynced(table) && columns.length === 1 && columns.every((name) => excluded.includes(name)),
  );
}

/** Tries one canary; false: a constraint refused it. */
export function placeCanary(device: TestDevice, { spec }: TestTable, column: string, canary: Canary, seed: number): boolean {
  const row = pickRow(device, spec.name, spec.identity, seededRandom(seed));
  if (row === null) return false;
  return device.edit(`UPDATE ${quoteName(spec.name)} SET ${quoteName(column)} = ? WHERE ${matching(spec.identity)}`, canary.value, ...row);
}

/**
 * Edits every synced column elsewhere, and tells which excluded columns or rows of this device did not survive that.
 * Empty: all did.
 */
export async function findOverwrites(app: TestApp, { seed }: { readonly seed: number }): Promise<readonly string[]> {
  const world = await openTestDevices(app, { count: 2 });
  const [here, elsewhere] = world.devices as [TestDevice, TestDevice];
  await seedRows(world, seed, app.sampleValue);
  const canaryFor = canaryMaker(0);
  for (const table of here.tables)
    for (const column of ownColumns(table).filter(({ keyPlace }) => keyPlace === 0))
      for (const row of rowsOf(here, table))
        here.edit(
          `UPDATE ${quoteName(table.spec.name)} SET ${quoteName(column.name)} = ? WHERE ${table.spec.sql.rowId} = ?`,
          canaryFor(table.spec.name, column).value,
          row,
        );
  const before = excludedValues(here);

  const random = seededRandom(seed);
  world.passTime(1000);
  for (const { spec, shape } of elsewhere.tables) {
    const isFree = (name: string): boolean =>
      ![spec.identity, ...spec.unique, ...shape.parents.map(({ columns }) => columns)].some((list) => list.includes(name));
    for (const { name, type } of spec.columns.filter((column) => isFree(column.name)))
      elsewhere.edit(
        `UPDATE ${quoteName(spec.name)} SET ${quoteName(name)} = ?`,
        app.sampleValue?.(spec.name, name, random) ?? sampleOf(type, random, true),
      );
  }
  await world.settle();

  const after = excludedValues(here);
  return [...before].flatMap(([row, values]) => {
    if (!after.has(row)) return [`${row} is gone from the device that had it`];
    return after.get(row) === values ? [] : [`${row} lost what only its device knew`];
  });
}

const rowsOf = ({ driver }: TestDevice, { spec }: TestTable): readonly string[] =>
  driver
    .prepare(`SELECT ${spec.sql.rowId} FROM ${quoteName(spec.name)}`)
    .all()
    .map(([rowId]) => String(rowId));

function excludedValues({ driver, tables }: TestDevice): ReadonlyMap<string, string> {
  return new Map(
    tables.flatMap(({ spec, excluded }) => {
      const values = excluded.length === 0 ? "''" : excluded.map((name) => `quote(${quoteName(name)})`).join(" || ',' || ");
      return driver
        .prepare(`SELECT ${spec.sql.rowId}, ${values} FROM ${quoteName(spec.name)}`)
        .all()
        .map(([rowId, text]) => [`${spec.name} ${String(rowId)}`, String(text)] as const);
    }),
  );
}

/** A row of a table outside of the schema with the canary as its key, to be referred to. */
export const makePrivateParent = (device: TestDevice, table: string, column: string, canary: Canary, seed: number): boolean =>
  makeRow(device, { table, random: seededRandom(seed), given: new Map([[column, canary.value]]), isPlain: true });
