import fc from "fast-check";
import { expect, test } from "vitest";
import { planRenames } from "./renames.ts";

test("a rename that nothing is in the way of is one move", () => {
  expect(
    planRenames([
      ["a", "b"],
      ["c", "c"],
    ]),
  ).toEqual([["a", "b"]]);
});

test("a name that differs in case alone moves aside first, since SQLite takes it for the same", () => {
  expect(planRenames([["title", "Title"]])).toEqual([
    ["title", "sync_rename_0"],
    ["sync_rename_0", "Title"],
  ]);
});

const permutation = fc.shuffledSubarray(["a", "b", "c", "d", "e"], { minLength: 5 });

test("no name is taken twice on the way, and all arrive", () => {
  fc.assert(
    fc.property(permutation, fc.nat(5), (targets, fresh) => {
      const names = ["a", "b", "c", "d", "e"];
      const pairs = names.map((from, i) => [from, i < fresh ? (targets[i] ?? from) : `new_${i}`] as const);
      fc.pre(new Set(pairs.map(([, to]) => to)).size === names.length);

      const things = new Map(names.map((name) => [name, name]));
      for (const [from, to] of planRenames(pairs)) {
        expect(things.has(to)).toBe(false);
        things.set(to, things.get(from) ?? "");
        things.delete(from);
      }

      expect(new Map([...things].map(([name, was]) => [was, name]))).toEqual(new Map(pairs));
    }),
  );
});
