/** A cap on bytes per second, shared by all transfers of an app: a token bucket that fills a second's worth at most. */
import type { Clock, Sleep } from "../client/ports.ts";

export interface Pace {
  /** Resolves when so many bytes may go. Urgent ones go before the others. */
  readonly take: (bytes: number, isUrgent: boolean) => Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  readonly isUrgent: boolean;
  readonly go: () => void;
}

/** `bytesPerSecond` null: no cap. */
export function createPace(bytesPerSecond: number | null, ports: { readonly clock: Clock; readonly sleep: Sleep }): Pace {
  if (bytesPerSecond === null) return { take: () => Promise.resolve() };
  if (!(bytesPerSecond > 0)) throw new RangeError("maxBytesPerSecond: more than 0");
  const waiting: Waiting[] = [];
  let tokens = bytesPerSecond;
  let filledAtMs = ports.clock.nowMs();
  let isTimed = false;

  function pump(): void {
    const now = ports.clock.nowMs();
    tokens = Math.min(bytesPerSecond as number, tokens + (Math.max(0, now - filledAtMs) * (bytesPerSecond as number)) / 1000);
    filledAtMs = now;
    while (tokens > 0) {
      const at = Math.max(
        0,
        waiting.findIndex(({ isUrgent }) => isUrgent),
      );
      const [next] = waiting.splice(at, 1);
      if (next === undefined) return;
      tokens -= next.bytes; // below zero for a large piece: the next one waits until it is paid
      next.go();
    }
    if (isTimed || waiting.length === 0) return;
    isTimed = true;
    // A sleep, which keeps a program running, and not a timer, which does not: somebody waits for the bytes.
    void ports.sleep(Math.ceil(((1 - tokens) * 1000) / (bytesPerSecond as number))).then(() => {
      isTimed = false;
      pump();
    });
  }

  return {
    take: (bytes, isUrgent) =>
      new Promise((resolve) => {
        waiting.push({ bytes, isUrgent, go: resolve });
        pump();
      }),
  };
}
