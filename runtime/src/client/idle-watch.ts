/** Ends a transfer in which nothing moves: a line can die without a word, and a server can keep one alive with a byte a minute. */
import type { Timers } from "./ports.ts";

export interface IdleWatch {
  /** Aborted when too little has moved for so long, or by `abort`. */
  readonly signal: AbortSignal;
  readonly isLate: () => boolean;
  /** Something has moved: so many bytes, or enough. */
  readonly touch: (bytes?: number) => void;
  /** It is not the line's turn until `resume`: whoever reads or writes may take as long as it likes. */
  readonly rest: () => void;
  readonly resume: () => void;
  readonly abort: () => void;
  /** The transfer is over. */
  readonly stop: () => void;
}

/** `leastBytes`: what has to move in that time. */
export function watchIdle(timers: Timers, idleMs: number, leastBytes = 1): IdleWatch {
  const controller = new AbortController();
  let isLate = false;
  let isResting = false;
  let isOver = false;
  let moved = 0;
  let cancel = (): void => {};
  const wait = (): void => {
    cancel();
    moved = 0;
    isOver = false;
    cancel = timers.after(idleMs, () => {
      isOver = true;
      if (isResting) return;
      isLate = true;
      controller.abort();
    });
  };
  wait();
  return {
    signal: controller.signal,
    isLate: () => isLate,
    touch(bytes = leastBytes) {
      moved += bytes;
      if (moved >= leastBytes) wait();
    },
    rest: () => void (isResting = true),
    resume() {
      isResting = false;
      if (isOver && !isLate) wait();
    },
    abort: () => controller.abort(),
    stop: () => cancel(),
  };
}
