/**
 * Two devices of one account, as each example's test uses them: database files in a temporary folder, and the
 * real server over HTTP on loopback. Devices are offline except while `settle` or `syncNow` runs.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { expect } from "vitest";
import type { Sync, SyncOptions } from "@synckit-gen/runtime";
import type { AppSpec } from "@synckit-gen/runtime/generated-v1";
import { type EmbeddedServer, startEmbeddedServer } from "@synckit-gen/server";

export interface ExampleApp {
  readonly database: BetterSqlite3.Database;
  readonly sync: Sync;
  readonly close: () => void;
}

export interface ExampleSetup<App extends ExampleApp> {
  readonly spec: AppSpec;
  readonly open: (file: string, options: Omit<SyncOptions, "database">) => App;
  /** Runs before the apps open: fills database files as they were before the app could sync. */
  readonly before?: (fileA: string, fileB: string) => void;
}

export interface TwoDevices<App extends ExampleApp> {
  readonly a: App;
  readonly b: App;
  readonly server: EmbeddedServer;
  /** Syncs both until nothing moves, then expects them to be equal. */
  readonly settle: () => Promise<void>;
  /** Syncs both until nothing moves. */
  readonly syncUntilQuiet: () => Promise<void>;
  /** The synced columns of every synced table, in the order of their identity. */
  readonly rowsOf: (app: App) => Readonly<Record<string, readonly unknown[]>>;
  /** All bytes that the server keeps on disk. */
  readonly storedBytes: () => Buffer;
  readonly close: () => Promise<void>;
}

export const ENCRYPTION_PASSWORD = "correct horse battery staple";
/** More rounds than this without coming to rest is an echo. */
const MAX_ROUNDS = 10;

export async function startTwoDevices<App extends ExampleApp>(setup: ExampleSetup<App>): Promise<TwoDevices<App>> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-example-"));
  try {
    return await startIn(folder, setup);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

async function startIn<App extends ExampleApp>(folder: string, { spec, open, before }: ExampleSetup<App>): Promise<TwoDevices<App>> {
  const serverFile = join(folder, "server.db");
  const [fileA, fileB] = [join(folder, "a.db"), join(folder, "b.db")];
  const server = await startEmbeddedServer({ path: serverFile });
  before?.(fileA, fileB);

  // Retries without waiting: a test that takes the server away must not take seconds.
  const options = { serverUrl: server.url, apiKey: server.apiKey, platform: "linux", sleep: async () => undefined } as const;
  const a = open(fileA, { ...options, deviceName: "A" });
  const b = open(fileB, { ...options, deviceName: "B" });
  for (const { sync } of [a, b]) await sync.signIn(server.email, server.password);
  await a.sync.setupEncryptionNew(ENCRYPTION_PASSWORD);
  await b.sync.setupEncryptionExisting(ENCRYPTION_PASSWORD);

  const rowsOf = (app: App): Readonly<Record<string, readonly unknown[]>> =>
    Object.fromEntries(spec.tables.map((table) => [table.name, app.database.prepare(selectSynced(table)).all()]));

  async function syncUntilQuiet(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const reports = [await a.sync.syncNow(), await b.sync.syncNow()];
      expect(reports.flatMap(({ refused }) => refused)).toEqual([]);
      if (reports.every(({ pushed, pulled }) => pushed === 0 && pulled === 0)) return;
    }
    throw new Error(`still syncing after ${MAX_ROUNDS} rounds`);
  }

  return {
    a,
    b,
    server,
    rowsOf,
    syncUntilQuiet,
    async settle() {
      await syncUntilQuiet();
      expect(rowsOf(b)).toEqual(rowsOf(a));
    },
    storedBytes: () =>
      Buffer.concat([serverFile, `${serverFile}-wal`].filter((file) => existsSync(file)).map((file) => readFileSync(file))),
    async close() {
      a.close();
      b.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Waits until the clock shows a later millisecond, so that the next edit is later than all before it. */
export function passTime(): void {
  const until = Date.now() + 2;
  while (Date.now() < until);
}

function selectSynced({ name, columns, identity }: AppSpec["tables"][number]): string {
  const list = (names: readonly string[]): string => names.map((column) => `"${column}"`).join(", ");
  return `SELECT ${list(columns.map((column) => column.name))} FROM "${name}" ORDER BY ${list(identity)}`;
}
