/** Listens for the server's notices whenever somebody is signed in, for as long as cycles run by themselves. */
import type { NotifyStream } from "../client/notices.ts";
import type { Unsubscribe } from "../events/event-stream.ts";

export interface NoticeFollower {
  /** Begins to listen. */
  readonly subscribe: (onNotice: () => void) => Unsubscribe;
  /** Another session, or none: listens anew. */
  readonly restart: () => void;
}

/** `open` gives null while nobody is signed in. What ends a stream is found by the cycles too, so it is not told here. */
export function followNotices(open: () => NotifyStream | null): NoticeFollower {
  let onNotice: (() => void) | null = null;
  let current: NotifyStream | null = null;

  async function listen(stream: NotifyStream): Promise<void> {
    try {
      for await (const notice of stream) if (notice === "changed" && current === stream) onNotice?.();
    } catch {
      // A session that is over, or a server without notices: the next sign-in tries again, and cycles run by the clock.
    }
  }

  function restart(): void {
    current?.close();
    current = onNotice === null ? null : open();
    if (current !== null) void listen(current);
  }

  return {
    restart,
    subscribe(listener) {
      onNotice = listener;
      restart();
      return () => {
        onNotice = null;
        restart();
      };
    },
  };
}
