import { expect, test } from "vitest";
import { eventSource } from "./event-stream.ts";
import { throttled, type Progress } from "./progress.ts";

interface Told {
  readonly kind: string;
  readonly value: number;
}

const source = () => eventSource<Told>((event) => event.kind);

test("who comes late is told the latest of each kind, in the order in which they happened", () => {
  const events = source();
  events.publish({ kind: "a", value: 1 });
  events.publish({ kind: "b", value: 2 });
  events.publish({ kind: "a", value: 3 });
  const seen: number[] = [];
  const unsubscribe = events.subscribe(({ value }) => seen.push(value));
  events.publish({ kind: "b", value: 4 });
  unsubscribe();
  unsubscribe();
  events.publish({ kind: "b", value: 5 });
  expect(seen).toEqual([2, 3, 4]);
});

test("an iterator waits, skips what it was too slow for, and ends with its loop", async () => {
  const events = source();
  const seen: number[] = [];
  const loop = (async () => {
    for await (const { value } of events) {
      seen.push(value);
      if (value === 4) break;
    }
  })();
  await Promise.resolve();
  events.publish({ kind: "a", value: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  events.publish({ kind: "a", value: 2 });
  events.publish({ kind: "a", value: 3 });
  await new Promise((resolve) => setImmediate(resolve));
  events.publish({ kind: "a", value: 4 });
  await loop;
  expect(seen).toEqual([1, 3, 4]);
});

test("progress is told ten times a second at most, its first and last always, and never above its total", () => {
  let now = 0;
  const told: Progress[] = [];
  const report = throttled((progress) => told.push(progress), { nowMs: () => now });
  const at = (done: number, total: number | null = 10): void => report({ phase: "push", unit: "entries", done, total });
  at(0);
  at(1);
  now = 50;
  at(2);
  now = 100;
  at(3);
  at(10);
  at(0);
  report({ phase: "pull", unit: "entries", done: 7, total: 5 });
  expect(told.map(({ done, total }) => [done, total])).toEqual([
    [0, 10],
    [3, 10],
    [10, 10],
    [0, 10],
    [7, 7],
  ]);
});
