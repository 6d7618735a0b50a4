/**
 * Streams of notices (server-sent events) to devices that wait for changes. A notice says nothing but that there is something
 * to pull, so a stream never owes its reader more than one, and a reader that takes none is let go.
 */
import { codec } from "@synckit-gen/schemas/protocol";
import type { Notices } from "../notices/port.ts";
import { accountId } from "../storage/sql/account-id.ts";
import type { Scope } from "../storage/port.ts";
import { HttpError } from "./http-error.ts";

/** Of one app and user, on one server. */
const MAX_STREAMS_PER_ACCOUNT = 10;
const KEEPALIVE_MS = 30_000;

const CHANGED = Buffer.from(codec.NOTICE_CHANGED);
const KEEPALIVE = Buffer.from(codec.NOTICE_KEEPALIVE);

export interface StreamRequest {
  readonly scope: Scope;
  /** Whose own pushes are left out; null: nobody's. */
  readonly deviceId: string | null;
  /** Whether the session still counts; asked with every keepalive. */
  readonly isValid: () => Promise<boolean>;
  /** Bytes that were written and have not left this process. */
  readonly backlog: () => number;
  /** Closes the connection of a reader that takes nothing. */
  readonly cut: () => void;
}

export interface NoticeStreams {
  /** Throws `HttpError` 429 past the account's limit, 503 when the server is stopping. */
  open(request: StreamRequest): ReadableStream<Uint8Array>;
  /** How many are open. */
  count(): number;
  /** Ends all of them and opens no more. */
  close(): void;
}

export function createNoticeStreams(notices: Notices): NoticeStreams {
  const ends = new Set<() => void>();
  const byAccount = new Map<string, number>();
  let isClosed = false;

  const open = ({ scope, deviceId, isValid, backlog, cut }: StreamRequest): ReadableStream<Uint8Array> => {
    if (isClosed) throw new HttpError(503, "the server is stopping", { "Retry-After": "1" });
    const account = accountId(scope);
    const count = byAccount.get(account) ?? 0;
    if (count >= MAX_STREAMS_PER_ACCOUNT) throw new HttpError(429, "too many streams of this user", { "Retry-After": "60" });
    byAccount.set(account, count + 1);
    let isOwed = false;
    let forget = (): void => {};
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const tell = (from: string | null): void => {
          if (deviceId !== null && from === deviceId) return;
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(CHANGED);
          else isOwed = true;
        };
        const end = (): void => {
          forget();
          controller.close();
        };
        const keepAlive = async (): Promise<void> => {
          if ((controller.desiredSize ?? 0) <= 0 || backlog() > 0) {
            end();
            cut();
            return;
          }
          controller.enqueue(KEEPALIVE);
          // A storage that is away for a moment ends no session.
          const isOver = await isValid().then(
            (isStill) => !isStill,
            () => false,
          );
          if (isOver && ends.has(end)) end();
        };
        const timer = setInterval(() => void keepAlive(), KEEPALIVE_MS);
        const stopListening = notices.subscribe(scope, tell);
        forget = () => {
          clearInterval(timer);
          stopListening();
          ends.delete(end);
          const left = (byAccount.get(account) ?? 1) - 1;
          if (left === 0) byAccount.delete(account);
          else byAccount.set(account, left);
          forget = () => {};
        };
        ends.add(end);
        // At once: the client learns that it is connected, and proxies that the answer has begun.
        controller.enqueue(KEEPALIVE);
      },
      pull: (controller) => {
        if (!isOwed) return;
        isOwed = false;
        controller.enqueue(CHANGED);
      },
      cancel: () => forget(),
    });
  };
  return {
    open,
    count: () => ends.size,
    close: () => {
      isClosed = true;
      for (const end of [...ends]) end();
    },
  };
}
