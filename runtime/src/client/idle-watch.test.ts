import { expect, test } from "vitest";
import { watchIdle } from "./idle-watch.ts";

/** Time that passes when it is told to. */
function time() {
  let nowMs = 0;
  let due: { readonly atMs: number; readonly work: () => void }[] = [];
  return {
    timers: {
      after(ms: number, work: () => void) {
        const timer = { atMs: nowMs + ms, work };
        due.push(timer);
        return () => void (due = due.filter((other) => other !== timer));
      },
    },
    pass: (ms: number): void => {
      nowMs += ms;
      for (const timer of due.filter(({ atMs }) => atMs <= nowMs)) {
        due = due.filter((other) => other !== timer);
        timer.work();
      }
    },
    waiting: () => due.length,
  };
}

test("a transfer in which nothing moves is late, and one in which something does is not", () => {
  const { timers, pass, waiting } = time();
  const watch = watchIdle(timers, 60);
  for (let times = 0; times < 10; times++) {
    pass(59);
    watch.touch();
  }
  expect([watch.isLate(), watch.signal.aborted]).toEqual([false, false]);
  pass(60);
  expect([watch.isLate(), watch.signal.aborted, waiting()]).toEqual([true, true, 0]);
});

test("a byte now and then is too little where more has to move", () => {
  const { timers, pass } = time();
  const watch = watchIdle(timers, 60, 100);
  watch.touch(1);
  pass(59);
  watch.touch(99); // a hundred in all: the time begins anew
  pass(59);
  expect(watch.isLate()).toBe(false);
  watch.touch(99);
  pass(1);
  expect(watch.isLate()).toBe(true);
});

test("whoever reads may take as long as it likes, and the line has its whole time again afterwards", () => {
  const { timers, pass, waiting } = time();
  const watch = watchIdle(timers, 60, 100);
  watch.rest();
  pass(3_600);
  watch.resume();
  pass(59);
  expect(watch.isLate()).toBe(false);
  pass(1);
  expect(watch.isLate()).toBe(true);

  const other = watchIdle(timers, 60, 100);
  for (let times = 0; times < 60; times++) {
    pass(1);
    other.touch(1);
    other.rest();
    other.resume(); // a reader that is quick does not make a slow line quicker
  }
  expect(other.isLate()).toBe(true);
  watchIdle(timers, 60).stop();
  expect(waiting()).toBe(0);
});
