import { expect, test } from "vitest";
import { createPace } from "./pace.ts";

/** Time that passes when it is told to. */
function time() {
  let nowMs = 0;
  const due: { readonly atMs: number; readonly work: () => void }[] = [];
  return {
    clock: { nowMs: () => nowMs },
    sleep: (ms: number) => new Promise<void>((resolve) => void due.push({ atMs: nowMs + ms, work: resolve })),
    async pass(ms: number): Promise<void> {
      const end = nowMs + ms;
      for (;;) {
        const next = due.toSorted((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined || next.atMs > end) break;
        due.splice(due.indexOf(next), 1);
        nowMs = next.atMs;
        next.work();
        await new Promise(setImmediate); // whoever waited has gone on
      }
      nowMs = end;
      await new Promise(setImmediate);
    },
  };
}

test("bytes go at the rate that is set, after a second's worth at once", async () => {
  const t = time();
  const pace = createPace(1000, t);
  let gone = 0;
  const all = (async () => {
    for (let at = 0; at < 50; at++) {
      await pace.take(100, false);
      gone += 100;
    }
  })();
  await t.pass(0);
  for (const seconds of [1, 2, 3, 4]) {
    await t.pass(1000);
    expect(Math.abs(gone - (1000 + seconds * 1000))).toBeLessThanOrEqual(200);
  }
  await all;
});

test("what is urgent goes before what was there first", async () => {
  const t = time();
  const pace = createPace(100, t);
  await pace.take(500, false);
  const order: string[] = [];
  void pace.take(10, false).then(() => order.push("bulk"));
  void pace.take(10, true).then(() => order.push("urgent"));
  await t.pass(10_000);
  await t.pass(0);
  expect(order).toEqual(["urgent", "bulk"]);
});

test("without a cap nothing waits, and a cap of nothing is refused", async () => {
  await createPace(null, time()).take(1e12, false);
  expect(() => createPace(0, time())).toThrow(RangeError);
});
