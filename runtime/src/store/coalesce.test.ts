/** What is sent for several unpushed entries of one row. That registers end the same is the simulator's to show. */
import { describe, expect, test } from "vitest";
import type { UnpushedEntry } from "./changelog.ts";
import { coalesce, type OutgoingEntry } from "./coalesce.ts";

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
