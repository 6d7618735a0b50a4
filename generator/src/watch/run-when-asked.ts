/** Runs something when asked: soon, never twice at once, and once more where it was asked again meanwhile. */

export interface Clock {
  readonly schedule: (run: () => void, delayMs: number) => () => void;
}

const SYSTEM_CLOCK: Clock = {
  schedule: (run, delayMs) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

export interface Runner {
  readonly ask: () => void;
  /** Resolves when the run that is under way, if any, is over; nothing runs afterwards. */
  readonly close: () => Promise<void>;
}

/**
 * `delayMs` of quiet come before a run: an editor may write a file in several steps. What `run` throws goes to `onBug`, and
 * nothing runs any more.
 */
export function runWhenAsked(
  run: () => Promise<void>,
  delayMs: number,
  onBug: (error: unknown) => void,
  clock: Clock = SYSTEM_CLOCK,
): Runner {
  let cancel: (() => void) | null = null;
  let running: Promise<void> | null = null;
  let isAskedAgain = false;
  let isClosed = false;

  const start = (): void => {
    cancel = null;
    isAskedAgain = false;
    running = run()
      .catch((error: unknown) => {
        isClosed = true;
        onBug(error);
      })
      .then(() => {
        running = null;
        if (isAskedAgain) ask();
      });
  };
  const ask = (): void => {
    if (isClosed) return;
    if (running !== null) {
      isAskedAgain = true;
      return;
    }
    cancel?.();
    cancel = clock.schedule(start, delayMs);
  };

  return {
    ask,
    close: async () => {
      isClosed = true;
      cancel?.();
      await running;
    },
  };
}
