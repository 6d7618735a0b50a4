import fc from "fast-check";
import { expect, test } from "vitest";
import { layeredLayout } from "./layered-layout.ts";
import type { Box, Line } from "./layered-layout.ts";

const SPACING = { across: 100, down: 20, maxRows: 6 };

const graph = fc.integer({ min: 1, max: 14 }).chain((count) =>
  fc.record({
    boxes: fc.array(
      fc.record({ width: fc.integer({ min: 40, max: 200 }), height: fc.integer({ min: 30, max: 120 }), top: fc.constant(0) }),
      { minLength: count, maxLength: count },
    ),
    lines: fc
      .array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 25 })
      .map((pairs) => pairs.flatMap(([a, b]): readonly Line[] => (a === b ? [] : [{ left: Math.min(a, b), right: Math.max(a, b) }]))),
  }),
);

test("a chain runs from left to right at one height", () => {
  const box: Box = { width: 100, height: 50, top: 0 };

  const { boxes, routes, width, height } = layeredLayout(
    [box, box, box],
    [
      { left: 0, right: 1 },
      { left: 1, right: 2 },
    ],
    SPACING,
  );

  expect(boxes).toEqual([
    { x: 0, y: 0 },
    { x: 200, y: 0 },
    { x: 400, y: 0 },
  ]);
  expect(routes[0]?.stretches).toEqual([
    { from: { x: 100, y: 25 }, to: { x: 100, y: 25 } },
    { from: { x: 200, y: 25 }, to: { x: 200, y: 25 } },
  ]);
  expect([width, height]).toEqual([500, 50]);
});

test("no boxes give an empty layout", () => {
  expect(layeredLayout([], [], SPACING)).toEqual({ boxes: [], routes: [], width: 0, height: 0 });
});

test("whatever the graph: boxes do not overlap, lines lead from left to right, and all lies within the size", () => {
  fc.assert(
    fc.property(graph, ({ boxes, lines }) => {
      const layout = layeredLayout(boxes, lines, SPACING);

      const placed = layout.boxes.map((at, i) => ({ ...at, right: at.x + (boxes[i]?.width ?? 0), bottom: at.y + (boxes[i]?.height ?? 0) }));
      for (const [i, a] of placed.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0);
        expect(a.y).toBeGreaterThanOrEqual(-0.001);
        expect(a.right).toBeLessThanOrEqual(layout.width);
        expect(a.bottom).toBeLessThanOrEqual(layout.height + 0.001);
        for (const b of placed.slice(i + 1))
          expect(a.right <= b.x || b.right <= a.x || a.bottom <= b.y + 0.001 || b.bottom <= a.y + 0.001).toBe(true);
      }
      for (const [i, { left, right }] of lines.entries()) {
        const xs = (layout.routes[i]?.stretches ?? []).flatMap(({ from, to }) => [from.x, to.x]);
        expect(xs).toEqual(xs.toSorted((a, b) => a - b));
        expect(xs[0]).toBe(placed[left]?.right);
        expect(xs.at(-1)).toBe(placed[right]?.x);
      }
    }),
  );
});

test("a layer of many boxes is cut into several side by side", () => {
  const boxes = Array.from({ length: 21 }, (): Box => ({ width: 100, height: 50, top: 0 }));
  const lines = Array.from({ length: 20 }, (_, i): Line => ({ left: 0, right: i + 1 }));

  const { boxes: placed } = layeredLayout(boxes, lines, SPACING);

  const rows = Map.groupBy(placed, ({ x }) => x);
  expect(Math.max(...[...rows.values()].map((row) => row.length))).toBeLessThanOrEqual(6);
});
