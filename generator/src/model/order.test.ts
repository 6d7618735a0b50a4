import fc from "fast-check";
import { expect, test } from "vitest";
import { parentsFirst } from "./order.ts";

const order = (parents: Readonly<Record<string, readonly string[]>>) => parentsFirst(new Map(Object.entries(parents)));

test("parents come first and ties go by name", () => {
  expect(order({ tasks: ["projects"], notes: ["tasks"], contacts: [], projects: [] }).map(({ name }) => name)).toEqual([
    "contacts",
    "projects",
    "tasks",
    "notes",
  ]);
});

test("a table may refer to itself and to tables that do not sync", () => {
  expect(order({ tasks: ["tasks", "emails"] })).toEqual([{ name: "tasks", component: 0 }]);
});

test("tables of a cycle share a component and go by name", () => {
  expect(order({ badges: ["people"], people: ["teams"], teams: ["people"] })).toEqual([
    { name: "people", component: 0 },
    { name: "teams", component: 0 },
    { name: "badges", component: 1 },
  ]);
});

test("a chain of ten thousand tables does not exhaust the stack", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `t${index}`);

  const ordered = parentsFirst(new Map(names.map((name, index) => [name, index === 0 ? [] : [`t${index - 1}`]])));

  expect(ordered.at(-1)).toEqual({ name: "t9999", component: 9999 });
});

test("whatever refers to whatever: each table once, parents before children, and the order of the input is without effect", () => {
  const graph = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 25 });
  fc.assert(
    fc.property(graph, (edges) => {
      const names = [..."abcdefghij"];
      const parents = new Map(
        names.map((name, index) => [name, edges.filter(([from]) => from === index).map(([, to]) => names[to] ?? "a")]),
      );

      const ordered = parentsFirst(parents);

      expect(ordered.map(({ name }) => name).toSorted()).toEqual(names);
      const componentOf = new Map(ordered.map(({ name, component }) => [name, component]));
      for (const [name, to] of parents)
        for (const parent of to) expect(componentOf.get(parent)).toBeLessThanOrEqual(componentOf.get(name) ?? -1);
      expect(parentsFirst(new Map([...parents].toReversed()))).toEqual(ordered);
    }),
  );
});
