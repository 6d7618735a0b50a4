/** The merge of registers is a maximum: what a row becomes depends on the set of changes, not on their order, number or grouping. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { WireValue } from "@synckit-gen/schemas/protocol";
import { type Clock, compareClocks } from "./clock.ts";
import { absentRegisters, type Change, joinRegisters, type MergeOutcome, mergeChange, type Registers } from "./registers.ts";

const COLUMNS = ["a", "b", "c"];

interface Row {
  readonly registers: Registers;
  readonly values: Record<string, WireValue>;
}

const emptyRow = (): Row => ({ registers: absentRegisters(), values: {} });

function take({ values }: Row, given: Change["values"], { won }: MergeOutcome): void {
  for (const column of won) values[column] = given?.[column] ?? null;
}

function merged(changes: readonly Change[]): Row {
  const row = emptyRow();
  for (const change of changes) {
    take(
      row,
      change.values,
      mergeChange(row.registers, change, COLUMNS, (column) => row.values[column]),
    );
  }
  return row;
}

function joined(rows: readonly Row[]): Row {
  const row = emptyRow();
  for (const { registers, values } of rows)
    take(
      row,
      values,
      joinRegisters(row.registers, registers, { ...values }, COLUMNS, (column) => row.values[column]),
    );
  return row;
}

/** Clocks by column, however they are stored. */
const described = ({ registers: { life, alive, base, overrides }, values }: Row): unknown => ({
  life,
  alive,
  columns: COLUMNS.map((column) => [column, overrides.get(column) ?? base, values[column]]),
});

const written = (op: "INSERT" | "UPDATE", clock: Clock, values: Record<string, WireValue>, columns = Object.keys(values)): Change => ({
  op,
  clock,
  written: new Set(columns),
  values,
});

const stamp = fc.integer({ min: 0, max: 2 });
/** Few, so that they meet. */
const clock = fc.record({ stamp, device: fc.constantFrom("x", "y") });
const value = fc.constantFrom<WireValue>(null, 1, 2, "2");
const whole = fc.record({ a: value, b: value, c: value });
const op = fc.constantFrom("INSERT" as const, "UPDATE" as const);
const wholeWrite = fc.tuple(op, clock, whole).map(([kind, at, values]) => written(kind, at, values));
const removal = clock.map((at): Change => ({ op: "DELETE", clock: at, written: new Set(), values: null }));
/** Columns that it names and does not write are weak. */
const edit = fc.tuple(clock, fc.subarray(COLUMNS), whole).map(([at, columns, values]) => written("UPDATE", at, values, columns));
/** Of a version of the app that has fewer columns. */
const partialWrite = fc
  .tuple(op, clock, fc.subarray(COLUMNS, { minLength: 1 }), whole)
  .map(([kind, at, columns, values]) =>
    written(kind, at, Object.fromEntries(Object.entries(values).filter(([column]) => columns.includes(column)))),
  );
const history = fc.array(fc.oneof(wholeWrite, edit, partialWrite, removal), { minLength: 1, maxLength: 7 });
const RUNS = { numRuns: 3_000 };

test("a row ends alike in any order of its changes, with repetitions", () => {
  const shuffled = history.chain((changes) =>
    fc.tuple(fc.constant(changes), fc.shuffledSubarray([...changes, ...changes], { minLength: 2 * changes.length })),
  );
  fc.assert(
    fc.property(shuffled, ([changes, again]) => {
      expect(described(merged(again))).toEqual(described(merged(changes)));
    }),
    RUNS,
  );
});

test("a row ends alike when devices join what each has merged, in any grouping", () => {
  fc.assert(
    fc.property(history, history, history, (first, second, third) => {
      const all = described(merged([...first, ...second, ...third]));
      const [one, two, three] = [merged(first), merged(second), merged(third)];
      expect(described(joined([one, two, three]))).toEqual(all);
      expect(described(joined([three, joined([two, one])]))).toEqual(all);
    }),
    RUNS,
  );
});

test("of rows that were written whole, each under a clock of its own, the latest stands as a whole", () => {
  const rows = fc.uniqueArray(wholeWrite, {
    minLength: 1,
    maxLength: 6,
    selector: ({ clock: { stamp: at, device } }) => `${at} ${device}`,
  });
  fc.assert(
    fc.property(rows, (changes) => {
      const [latest] = changes.toSorted((a, b) => compareClocks(b.clock, a.clock));
      expect(merged(changes).values).toEqual(latest?.values);
    }),
    RUNS,
  );
});
