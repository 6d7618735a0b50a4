/** What is sent for several unpushed entries of one row, and that registers end as if each had been sent. */
import type { WireValue } from "@synckit-gen/schemas/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UnpushedEntry } from "./changelog.ts";
import { coalesce, type OutgoingEntry } from "./coalesce.ts";
import { absentRegisters, type Change, mergeChange, type Values } from "./registers.ts";

/** `INSERT x`, `UPDATE x 0b11`, `DELETE x`: ids and stamps count up from 1. A stamp of 0 is written `@0`. */
const log = (...lines: readonly string[]): readonly UnpushedEntry[] =>
  lines.map((line, i) => {
    const [op = "", rowId = "", mask = "0"] = line.replace(" @0", "").split(" ");
    return {
      id: i + 1,
      table: "t",
      op: op as UnpushedEntry["op"],
      rowId,
      stamp: line.endsWith("@0") ? 0 : (i + 1) * 10,
      mask: BigInt(mask),
      seen: 0,
      isRule: false,
    };
  });

const inShort = ({ entry, later, ids }: OutgoingEntry): string =>
  [
    `${entry.op} ${entry.rowId}@${entry.stamp}${entry.op === "UPDATE" ? `:${entry.mask.toString(2)}` : ""}`,
    ...later.map(({ stamp, mask }) => `+${stamp}:${mask.toString(2)}`),
    `= ${ids.join(",")}`,
  ].join(" ");

const sent = (entries: readonly UnpushedEntry[], isRowWise = false): readonly string[] => coalesce(entries, () => isRowWise).map(inShort);

describe("coalescing", () => {
  test("ten edits of one column are one entry at the last stamp", () => {
    expect(sent(log(...Array.from({ length: 10 }, () => "UPDATE a 0b1")))).toEqual(["UPDATE a@100:1 = 1,2,3,4,5,6,7,8,9,10"]);
  });

  test("edits of different columns keep their stamps in one entry", () => {
    expect(sent(log("UPDATE a 0b1", "UPDATE a 0b10", "UPDATE a 0b110"))).toEqual(["UPDATE a@10:1 +30:110 = 1,2,3"]);
  });

  test("a new row and its first edits are one INSERT", () => {
    expect(sent(log("INSERT a", "UPDATE a 0b1", "UPDATE a 0b1"))).toEqual(["INSERT a@10 +30:1 = 1,2,3"]);
  });

  test("a delete stays an entry of its own, after what was written before it", () => {
    expect(sent(log("INSERT a", "UPDATE a 0b1", "DELETE a"))).toEqual(["INSERT a@10 +20:1 = 1,2", "DELETE a@30 = 3"]);
  });

  test("a row that was deleted and made again is an INSERT alone", () => {
    expect(sent(log("UPDATE a 0b1", "DELETE a", "INSERT a"))).toEqual(["INSERT a@30 = 1,2,3"]);
  });

  test("a delete that was taken back says nothing beside the edit that took it back, which is kept although it writes no column", () => {
    expect(sent(log("UPDATE a 0b1", "DELETE a", "UPDATE a"))).toEqual(["UPDATE a@10:1 +30:0 = 1,2,3"]);
  });

  test("rows that merge whole need the last clock only", () => {
    expect(sent(log("INSERT a", "UPDATE a 0b1"), true)).toEqual(["INSERT a@20 = 1,2"]);
    expect(sent(log("UPDATE a 0b1", "UPDATE a 0b10"), true)).toEqual(["UPDATE a@20:11 = 1,2"]);
  });

  test("what is at the baseline is sent as it is, and stands in for no edit", () => {
    expect(sent(log("UPDATE a 0b1", "INSERT a @0", "UPDATE a 0b1"))).toEqual(["INSERT a@0 = 2", "UPDATE a@30:1 = 1,3"]);
  });

  test("a new row comes where it was made, an edit where the last one was", () => {
    expect(sent(log("INSERT parent", "UPDATE child 0b1", "INSERT other", "UPDATE child 0b1", "UPDATE parent 0b1"))).toEqual([
      "INSERT parent@10 +50:1 = 1,5",
      "INSERT other@30 = 3",
      "UPDATE child@40:1 = 2,4",
    ]);
  });
});

describe("whatever was done to a row", () => {
  const COLUMNS = ["a", "b", "c"] as const;
  type Row = Readonly<Record<(typeof COLUMNS)[number], WireValue>>;
  const value = fc.constantFrom<WireValue>(null, 1, 2, "x");
  const row: fc.Arbitrary<Row> = fc.record({ a: value, b: value, c: value });
  const namesIn = (mask: bigint): ReadonlySet<string> => new Set(COLUMNS.filter((_, bit) => (mask & (1n << BigInt(bit))) !== 0n));

  interface Done {
    readonly op: "write" | "delete";
    readonly mask: number;
    readonly row: Row;
    readonly waitedFor: number;
  }
  const done: fc.Arbitrary<Done> = fc.record({
    op: fc.constantFrom("write", "write", "write", "delete"),
    mask: fc.nat(7),
    row,
    waitedFor: fc.integer({ min: 1, max: 3 }),
  });

  /** The entries of one device between two readings, and the row after each. */
  function entriesOf(all: readonly Done[], isThere: boolean): readonly (UnpushedEntry & { readonly values: Values | null })[] {
    let now: Row | null = isThere ? { a: 1, b: 1, c: 1 } : null;
    let stamp = 0;
    return all.flatMap(({ op, mask, row: given, waitedFor }, index) => {
      if (op === "delete" && now === null) return [];
      const before: Row | null = now;
      const names = namesIn(BigInt(mask));
      if (op === "delete") now = null;
      else if (before === null) now = given;
      else now = Object.fromEntries(COLUMNS.map((name) => [name, names.has(name) ? given[name] : before[name]])) as unknown as Row;
      stamp += waitedFor;
      const kind = now === null ? ("DELETE" as const) : before === null ? ("INSERT" as const) : ("UPDATE" as const);
      const entry = { id: index + 1, table: "t", rowId: "r", op: kind, stamp, seen: 0, isRule: false, values: now };
      return [{ ...entry, mask: kind === "UPDATE" ? BigInt(mask) : 0n }];
    });
  }

  const changeOf = (op: Change["op"], stamp: number, written: ReadonlySet<string>, values: Values | null): Change => {
    const isRemoval = op === "DELETE";
    return { op, clock: { stamp, device: "me" }, written: isRemoval ? new Set() : written, values: isRemoval ? null : values };
  };
  const whole = new Set<string>(COLUMNS);

  function merged(changes: readonly Change[]): unknown {
    const [registers, values] = [absentRegisters(), new Map<string, WireValue>()];
    for (const change of changes)
      for (const column of mergeChange(registers, change, COLUMNS, (name) => values.get(name)).won)
        values.set(column, change.values?.[column] as WireValue);
    const { life, alive, base, overrides } = registers;
    return { life, alive, columns: COLUMNS.map((column) => [values.get(column), overrides.get(column) ?? base]) };
  }

  const other = fc
    .record({ op: fc.constantFrom("INSERT" as const, "UPDATE" as const, "DELETE" as const), stamp: fc.nat(12), mask: fc.nat(7), row })
    .map(({ op, stamp, mask, row: values }): Change => {
      const written = op === "INSERT" ? whole : namesIn(BigInt(mask));
      return { ...changeOf(op, stamp, written, values), clock: { stamp, device: "other" } };
    });

  test.each([false, true])("registers end as if every entry had been sent (merging by row: %s)", (isRowWise) => {
    fc.assert(
      fc.property(fc.array(done, { maxLength: 8 }), fc.boolean(), fc.array(other, { maxLength: 4 }), (all, isThere, others) => {
        const entries = entriesOf(all, isThere);
        const valuesAt = new Map(entries.map(({ id, values }) => [id, values]));
        const writtenBy = ({ op, mask }: UnpushedEntry): ReadonlySet<string> => (isRowWise || op === "INSERT" ? whole : namesIn(mask));
        const each = entries.map((entry) => changeOf(entry.op, entry.stamp, writtenBy(entry), entry.values));
        const together = coalesce(entries, () => isRowWise).flatMap(({ entry, later, newest }) => {
          const values = valuesAt.get(newest.id) ?? null;
          const taken = new Set(later.flatMap(({ mask }) => [...namesIn(mask)]));
          const own = new Set([...writtenBy(entry)].filter((name) => !taken.has(name)));
          return [
            changeOf(entry.op, entry.stamp, own, values),
            ...later.map(({ stamp, mask }) => changeOf("UPDATE", stamp, namesIn(mask), values)),
          ];
        });

        expect(merged([...others, ...together])).toEqual(merged([...others, ...each]));
      }),
      { numRuns: 1000 },
    );
  });
});
