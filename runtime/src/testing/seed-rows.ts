/** What is there before a history begins: a row or two in each table, and the rows of update-only tables on every device. */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { makeRow } from "./make-row.ts";
import { seededRandom } from "./random.ts";
import { allRows, randomRow } from "./table-shape.ts";
import type { SampleValue, TestDevice, TestDevices } from "./test-device.ts";

const ROWS = 3;

/** Rows that other steps need: made on the first device, and on each where sync never brings them. */
export async function seedRows(world: TestDevices, seed: number, sampleValue: SampleValue | undefined): Promise<void> {
  const [first, ...others] = world.devices as [TestDevice, ...TestDevice[]];
  const random = seededRandom(seed);
  for (const { spec } of first.tables) {
    const made = Array.from({ length: ROWS }, () => makeRow(first, { table: spec.name, random, sampleValue, isPlain: true }));
    if (!made.includes(true) && randomRow(first.driver, spec.name, spec.identity, random) === null)
      throw new Error(`"${spec.name}" refused every made-up row: give values that its constraints take in sampleValue()`);
  }
  await world.settle();
  for (const { spec } of first.tables.filter((table) => table.spec.apply === "update")) {
    for (const row of allRows(first.driver, spec.name, spec.identity)) {
      const given = new Map(spec.identity.map((name, index): [string, SqlValue] => [name, row[index] ?? null]));
      for (const device of others) makeRow(device, { table: spec.name, random, sampleValue, isPlain: true, given });
    }
  }
  await world.settle();
}
