/**
 * Notices between the servers of one PostgreSQL, by LISTEN and NOTIFY on a connection of their own. Sent after the push has
 * committed and not inside it: a transaction that notifies holds a lock of the whole database while it commits.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { accountId } from "../storage/sql/account-id.ts";
import { connectionOf, type PostgresOptions } from "../storage/postgres/open-postgres-database.ts";
import { createListeners } from "./listeners.ts";
import type { Notices } from "./port.ts";

const CHANNEL = "synckit_changes";
/** Of 60 characters each, account and device: PostgreSQL takes 8,000 bytes. */
const MAX_PUSHES = 120;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Resolves when it listens; a connection that breaks later is made again for as long as it takes. */
export async function openPostgresNotices(options: PostgresOptions): Promise<Notices> {
  const listeners = createListeners();
  /** Tells this server's own notices from the others': its listeners have been told already. */
  const sender = randomUUID();
  const unsent = new Set<string>();
  let client: pg.Client | null = null;
  let isClosed = false;
  let isSending = false;
  let retry: NodeJS.Timeout | null = null;

  const connect = async (): Promise<void> => {
    const next = new pg.Client(connectionOf(options));
    next.on("notification", ({ payload = "" }) => {
      const [from, ...pushes] = payload.split(" ");
      if (from === sender) return;
      for (const [account = "", deviceId = null] of pushes.map((push) => push.split("/", 2))) listeners.tell(account, deviceId);
    });
    // Without it a broken connection would end the process; `end` follows.
    next.on("error", () => {});
    await next.connect();
    next.once("end", () => lost(next));
    await next.query(`LISTEN ${CHANNEL}`);
    client = next;
  };
  const lost = (which: pg.Client): void => {
    if (client !== which && client !== null) return;
    client = null;
    if (!isClosed && retry === null) again(FIRST_PAUSE_MS);
  };
  const again = (pauseMs: number): void => {
    retry = setTimeout(() => {
      connect().then(
        () => {
          retry = null;
          if (isClosed) return client?.end();
          listeners.tellAll();
          return send();
        },
        () => {
          if (!isClosed) again(Math.min(pauseMs * 2, LONGEST_PAUSE_MS));
        },
      );
    }, pauseMs);
    retry.unref();
  };

  /** What is published while a notice is on its way goes with the next one. */
  const send = async (): Promise<void> => {
    if (isSending) return;
    isSending = true;
    try {
      while (unsent.size > 0) {
        const connection = client;
        if (connection === null) return;
        const pushes = Array.from(unsent).slice(0, MAX_PUSHES);
        for (const push of pushes) unsent.delete(push);
        try {
          await connection.query("SELECT pg_notify($1, $2)", [CHANNEL, [sender, ...pushes].join(" ")]);
        } catch {
          // The connection broke: they go out on the next one.
          for (const push of pushes) unsent.add(push);
          return;
        }
      }
    } finally {
      isSending = false;
    }
  };

  await connect();
  return {
    publish: (scope, deviceId) => {
      const account = accountId(scope);
      listeners.tell(account, deviceId);
      unsent.add(`${account}/${deviceId}`);
      void send();
    },
    subscribe: (scope, listener) => listeners.add(accountId(scope), listener),
    close: async () => {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      await client?.end();
    },
  };
}
