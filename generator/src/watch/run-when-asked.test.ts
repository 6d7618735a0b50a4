import { expect, test } from "vitest";
import { runWhenAsked } from "./run-when-asked.ts";
import type { Clock } from "./run-when-asked.ts";

/** A clock that a test winds: what is scheduled runs when it says so. */
function windUp(): Clock & { readonly ring: () => void; readonly waiting: () => number } {
  const scheduled = new Set<() => void>();
  return {
    schedule: (run) => {
      scheduled.add(run);
      return () => scheduled.delete(run);
    },
    ring: () => {
      for (const run of scheduled) {
        scheduled.delete(run);
        run();
      }
    },
    waiting: () => scheduled.size,
  };
}

/** Lets what is settled go on. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

test("many requests before the quiet is over are one run", async () => {
  const clock = windUp();
  let runs = 0;
  const { ask } = runWhenAsked(() => Promise.resolve(void runs++), 20, fail, clock);

  ask();
  ask();
  ask();
  clock.ring();
  await settle();

  expect({ runs, waiting: clock.waiting() }).toEqual({ runs: 1, waiting: 0 });
});

test("requests during a run are one more run, after it", async () => {
  const clock = windUp();
  const first = Promise.withResolvers<void>();
  const events: string[] = [];
  const runs = [first.promise, Promise.resolve()];
  const { ask } = runWhenAsked(
    async () => {
      events.push("begins");
      await runs.shift();
      events.push("ends");
    },
    20,
    fail,
    clock,
  );

  ask();
  clock.ring();
  ask();
  ask();
  clock.ring();
  expect(events).toEqual(["begins"]);
  first.resolve();
  await settle();
  clock.ring();
  await settle();

  expect(events).toEqual(["begins", "ends", "begins", "ends"]);
  expect(clock.waiting()).toBe(0);
});

test("closing waits for the run that is under way, and nothing runs afterwards", async () => {
  const clock = windUp();
  const run = Promise.withResolvers<void>();
  let isClosed = false;
  const runner = runWhenAsked(() => run.promise, 20, fail, clock);
  runner.ask();
  clock.ring();

  const closing = runner.close().then(() => (isClosed = true));
  await settle();
  expect(isClosed).toBe(false);
  run.resolve();
  await closing;
  runner.ask();

  expect(clock.waiting()).toBe(0);
});

test("a bug ends it", async () => {
  const clock = windUp();
  const bugs: unknown[] = [];
  const { ask } = runWhenAsked(
    () => Promise.reject(new Error("a bug")),
    20,
    (error) => bugs.push(error),
    clock,
  );

  ask();
  clock.ring();
  await settle();
  ask();

  expect(bugs).toEqual([new Error("a bug")]);
  expect(clock.waiting()).toBe(0);
});

function fail(error: unknown): never {
  throw error;
}
