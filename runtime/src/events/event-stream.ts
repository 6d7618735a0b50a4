/**
 * Events for a user interface: whoever subscribes late is told the latest of each kind first, so that a
 * window opened in the middle of a first sync shows the same as one that was there from the start.
 */

/** Ends the subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

export interface EventStream<Event> {
  /** Calls `listener` for the latest event of each kind, then for each new one, in order. A listener that throws harms nobody else. */
  readonly subscribe: (listener: (event: Event) => void) => Unsubscribe;
  /** The same as an iterator; it ends when the loop is left. A slow reader is told the latest of each kind, not all. */
  readonly [Symbol.asyncIterator]: () => AsyncIterator<Event, undefined>;
}

export interface EventSource<Event> extends EventStream<Event> {
  readonly publish: (event: Event) => void;
  /** Nobody who comes late is told of these kinds any more. */
  readonly forget: (isOver: (kind: string) => boolean) => void;
}

/** `kindOf` says which events replace one another. */
export function eventSource<Event>(kindOf: (event: Event) => string): EventSource<Event> {
  const latest = new Map<string, Event>();
  const listeners = new Set<(event: Event) => void>();

  const tell = (listener: (event: Event) => void, event: Event): void => {
    try {
      listener(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error; // the listener's own bug: reported as one, after everybody was told
      });
    }
  };

  function subscribe(listener: (event: Event) => void): Unsubscribe {
    const own = (event: Event): void => listener(event); // the same function may subscribe twice
    for (const event of latest.values()) tell(own, event);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  return {
    subscribe,
    publish(event) {
      const kind = kindOf(event);
      latest.delete(kind); // so that replaying keeps the order of events
      latest.set(kind, event);
      for (const listener of [...listeners]) tell(listener, event);
    },
    forget(isOver) {
      for (const kind of [...latest.keys()]) if (isOver(kind)) latest.delete(kind);
    },
    [Symbol.asyncIterator]() {
      const waiting = new Map<string, Event>();
      let wake: (() => void) | null = null;
      const unsubscribe = subscribe((event) => {
        waiting.delete(kindOf(event));
        waiting.set(kindOf(event), event);
        wake?.();
      });
      let isOver = false;
      return {
        async next() {
          for (;;) {
            const [first] = waiting;
            if (isOver) return { done: true, value: undefined };
            if (first !== undefined) {
              waiting.delete(first[0]);
              return { done: false, value: first[1] };
            }
            await new Promise<void>((resolve) => (wake = resolve));
            wake = null;
          }
        },
        async return() {
          isOver = true;
          unsubscribe();
          wake?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
