/** Ends a transfer in which nothing moves: a line can die without a word. */
import type { Timers } from "./ports.ts";

export interface IdleWatch {
  /** Aborted when nothing has moved for so long, or by `abort`. */
  readonly signal: AbortSignal;
  readonly isLate: () => boolean;
  /** Something has moved. */
  readonly touch: () => void;
  readonly abort: () => void;
  /** The transfer is over. */
  readonly stop: () => void;
}

export function watchIdle(timers: Timers, idleMs: number): IdleWatch {
  const controller = new AbortController();
  let isLate = false;
  let cancel = (): void => {};
  const touch = (): void => {
    cancel();
    cancel = timers.after(idleMs, () => {
      isLate = true;
      controller.abort();
    });
  };
  touch();
  return {
    signal: controller.signal,
    isLate: () => isLate,
    touch,
    abort: () => controller.abort(),
    stop: () => cancel(),
  };
}
