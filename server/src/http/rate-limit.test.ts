import { expect, test } from "vitest";
import { createLimiter } from "./rate-limit.ts";

test("a burst passes, the next request waits for its token", () => {
  let nowMs = 0;
  const take = createLimiter({ burst: 3, perSecond: 2 }, () => nowMs);

  expect([take("a"), take("a"), take("a")].map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
  ]);
  expect(take("a")).toEqual({ isAllowed: false, remaining: 0, retryAfterSeconds: 1 });
  nowMs = 499;
  expect(take("a").isAllowed).toBe(false);
  nowMs = 500;
  expect(take("a").isAllowed).toBe(true);
});

test("a refused request costs nothing", () => {
  let nowMs = 0;
  const take = createLimiter({ burst: 1, perSecond: 1 }, () => nowMs);
  take("a");
  for (let i = 0; i < 100; i++) take("a");

  nowMs = 1000;

  expect(take("a").isAllowed).toBe(true);
});

test("one address does not spend another's tokens", () => {
  const take = createLimiter({ burst: 1, perSecond: 1 }, () => 0);
  take("a");

  expect(take("a").isAllowed).toBe(false);
  expect(take("b").isAllowed).toBe(true);
});

test("a bucket holds no more than its burst, however long it rests", () => {
  let nowMs = 0;
  const take = createLimiter({ burst: 2, perSecond: 10 }, () => nowMs);
  nowMs = 1e9;

  expect([take("a"), take("a"), take("a")].map(({ isAllowed }) => isAllowed)).toEqual([true, true, false]);
});

test("a clock that is set back takes no tokens away", () => {
  let nowMs = 1e6;
  const take = createLimiter({ burst: 2, perSecond: 1 }, () => nowMs);
  take("a");
  nowMs = 0;

  expect(take("a").isAllowed).toBe(true);
});

test("an exhausted address stays exhausted while many others come by once", () => {
  let nowMs = 0;
  const take = createLimiter({ burst: 2, perSecond: 1 }, () => nowMs);
  for (let i = 0; i < 49_990; i++) take(`old-${i}`);
  nowMs = 10_000;
  take("busy");
  take("busy");

  for (let i = 0; i < 100; i++) take(`new-${i}`);

  expect(take("busy").isAllowed).toBe(false);
});
