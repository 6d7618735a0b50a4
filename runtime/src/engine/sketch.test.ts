import fc from "fast-check";
import { expect, test } from "vitest";
import { hashText, type RowHash, Sketch } from "./sketch.ts";

const KEY = [1, 2] as const;
const row = (id: string, content: string): RowHash => ({ id: hashText(id, KEY), content: hashText(content, KEY) });
const sketchOf = (rows: readonly RowHash[]): Sketch => {
  const sketch = new Sketch();
  for (const one of rows) sketch.add(one);
  return sketch;
};
const rows = (count: number): readonly RowHash[] => Array.from({ length: count }, (_, n) => row(`row ${n}`, `content ${n}`));

test("an altered row is told from 50,000 that are equal, in both its forms", () => {
  const same = rows(50_000);
  const [here, there] = [row("row x", "one"), row("row x", "two")];

  const found = sketchOf([...same, here]).differences(sketchOf([...same, there]));

  expect(found.toSorted((a, b) => (a.side < b.side ? -1 : 1))).toEqual([
    { ...here, side: "here" },
    { ...there, side: "there" },
  ]);
});

test("where all rows differ, some of them are told", () => {
  const found = sketchOf(rows(20_000)).differences(new Sketch());

  expect(found.length).toBeGreaterThan(0);
  expect(found.every(({ side }) => side === "here")).toBe(true);
});

test("two rows that share their cells on one level are told by another", () => {
  const unlucky = ["7.#>898zS", " o{b,"].map((id) => row(id, id));

  expect(sketchOf(unlucky).differences(new Sketch())).toHaveLength(2);
});

test("one altered row is always told, and so is some row of many", () => {
  for (let n = 0; n < 5000; n++) {
    const [here, there] = [sketchOf([row(`row ${n}`, "one")]), sketchOf([row(`row ${n}`, "two")])];
    expect(here.differences(there)).toHaveLength(2);
  }
  for (let n = 0; n < 2000; n++)
    expect(sketchOf(Array.from({ length: 2 + (n % 40) }, (_, at) => row(`row ${n}.${at}`, ""))).differences(new Sketch())).not.toEqual([]);
});

test("what is told is a real difference, whatever the sets, and nothing is told of equal ones", () => {
  const ids = fc.uniqueArray(fc.string(), { maxLength: 60 });
  fc.assert(
    fc.property(ids, ids, (mine, theirs) => {
      const found = sketchOf(mine.map((id) => row(id, id))).differences(sketchOf(theirs.map((id) => row(id, id))));
      const names = new Map([...mine, ...theirs].map((id) => [hashText(id, KEY).join(), id]));
      for (const { id, side } of found) {
        const name = names.get(id.join()) as string;
        expect([mine.includes(name), theirs.includes(name)]).toEqual([side === "here", side === "there"]);
      }
      const isEqual = mine.toSorted().join("\0") === theirs.toSorted().join("\0") && mine.length === theirs.length;
      expect(found.length > 0).toBe(!isEqual);
    }),
  );
});

test("bytes give the same sketch again, and others none", () => {
  const bytes = sketchOf(rows(100)).toBytes();

  expect(Sketch.fromBytes(bytes)?.toBytes()).toEqual(bytes);
  expect(Sketch.fromBytes(bytes.subarray(1))).toBeNull();
});

test("texts that differ in one place, in length or in key have other hashes", () => {
  const texts = [
    "",
    "\0",
    "a",
    "b",
    "ab",
    "ba",
    "aa",
    "\ud800",
    "é",
    ...Array.from({ length: 20_000 }, (_, n) => `{"n":${n},"m":${n % 7}}`),
  ];

  expect(new Set(texts.map((text) => hashText(text, KEY).join())).size).toBe(texts.length);
  expect(hashText("a", [1, 3])).not.toEqual(hashText("a", KEY));
});
