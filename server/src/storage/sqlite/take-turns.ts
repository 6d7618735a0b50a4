/**
 * Who uses the one connection, and when. Reads go one after another between transactions; transactions that wait at the same
 * time share one commit, and so one wait for the disk, each within a savepoint of its own.
 */
import type { Database } from "better-sqlite3";
import { setImmediate } from "node:timers/promises";

/** So that a read never waits for very many. */
const MAX_TOGETHER = 100;

export interface Turns {
  read<Result>(action: () => Promise<Result>): Promise<Result>;
  /** Settles after the commit. An action that rejects is undone, and none of the others with it. */
  write<Result>(action: () => Promise<Result>): Promise<Result>;
  /** Resolves when all who wait now have had their turn. */
  idle(): Promise<void>;
}

interface Write {
  readonly action: () => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** `begin`: waits for other processes and opens a transaction that may write. */
export function takeTurns(db: Database, begin: () => Promise<void>): Turns {
  const reads: (() => Promise<unknown>)[] = [];
  const writes: Write[] = [];
  let running: Promise<void> | null = null;

  const run = async (): Promise<void> => {
    while (reads.length + writes.length > 0) {
      for (const read of reads.splice(0)) await read();
      if (writes.length === 0) continue;
      // Whoever is about to write comes along.
      await setImmediate();
      await commitTogether(writes.splice(0, MAX_TOGETHER));
    }
    running = null;
  };
  const start = (): void => void (running ??= run());

  const commitTogether = async (group: readonly Write[]): Promise<void> => {
    const settle: (() => void)[] = [];
    try {
      await begin();
      for (const { action, resolve, reject } of group) {
        db.exec("SAVEPOINT turn");
        try {
          const result = await action();
          settle.push(() => resolve(result));
        } catch (error) {
          // A full disk, say, has rolled back all of them.
          if (!db.inTransaction) throw error;
          db.exec("ROLLBACK TO turn");
          settle.push(() => reject(error));
        }
        db.exec("RELEASE turn");
      }
      db.exec("COMMIT");
    } catch (error) {
      if (db.inTransaction) db.exec("ROLLBACK");
      for (const { reject } of group) reject(error);
      return;
    }
    for (const tell of settle) tell();
  };

  return {
    read: <Result>(action: () => Promise<Result>) =>
      new Promise<Result>((resolve, reject) => {
        reads.push(() => action().then(resolve, reject));
        start();
      }),
    write: <Result>(action: () => Promise<Result>) =>
      new Promise<Result>((resolve, reject) => {
        writes.push({ action, resolve: resolve as (result: unknown) => void, reject });
        start();
      }),
    idle: async () => {
      await running;
    },
  };
}
