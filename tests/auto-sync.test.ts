/** Cycles that run by themselves, events that tell of them, one cycle at a time on one file, and clocks that are wrong: over the real server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { isSyncError, type Sync, type SyncEvent, type SyncOptions } from "@synckit-gen/runtime";
import { openSync } from "@synckit-gen/runtime/generated-v1";
import type { EmbeddedServer } from "@synckit-gen/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { startServer } from "./support/start-server.ts";

let loaded: LoadedSpec;
let folder: string;
beforeAll(async () => {
  loaded = await loadSpec(modelOf([tableOf("notes", { columns: { body: "text" } })]));
  folder = mkdtempSync(join(tmpdir(), "synckit-auto-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Device {
  readonly database: Database.Database;
  readonly sync: Sync;
}

async function device(
  server: EmbeddedServer,
  name: string,
  more: Partial<SyncOptions> = {},
  file = join(folder, `${name}.db`),
): Promise<Device> {
  const database = new Database(file);
  database.exec("CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL)");
  const sync = openSync(loaded.spec, loaded.migrations, {
    database,
    deviceName: name,
    serverUrl: server.url,
    apiKey: server.apiKey,
    ...more,
  });
  await sync.signIn(server.email, server.password);
  if (await sync.client.hasServerKey()) await sync.setupEncryptionExisting("rows");
  else await sync.setupEncryptionNew("rows");
  return { database, sync };
}

async function withServer(body: (server: EmbeddedServer) => Promise<void>): Promise<void> {
  const server = await startServer();
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

const until = async (sync: Sync, isIt: (event: SyncEvent) => boolean): Promise<SyncEvent> => {
  for await (const event of sync.events) if (isIt(event)) return event;
  throw new Error("the events ended");
};

test("a started scheduler syncs what an app writes, and events say so with totals", async () => {
  await withServer(async (server) => {
    const { database, sync } = await device(server, "events");
    const progress: string[] = [];
    sync.events.subscribe((event) => event.kind === "progress" && progress.push(`${event.phase} ${event.done}/${event.total}`));

    sync.scheduler.start();
    const first = await until(sync, ({ kind }) => kind === "finished");
    expect(first).toMatchObject({ report: { pushed: 0 } });

    const insert = database.prepare("INSERT INTO notes VALUES (?, ?)");
    database.transaction(() => {
      for (let n = 0; n < 1_200; n++) insert.run(`n${n}`, "x");
    })();
    const second = await until(sync, (event) => event.kind === "finished" && event.report.pushed > 0);
    expect(second).toMatchObject({ report: { pushed: 1_200 } });
    expect(progress).toContain("push 1200/1200");
    sync.scheduler.stop();

    const late: SyncEvent[] = [];
    sync.events.subscribe((event) => late.push(event));
    expect(late.map(({ kind }) => kind).toSorted()).toEqual(["finished", "schedule", "status"]);

    const other = await device(server, "events-other");
    const pulled: string[] = [];
    other.sync.events.subscribe((event) => event.kind === "progress" && pulled.push(`${event.phase} ${event.done}/${event.total}`));
    await other.sync.syncNow();
    expect(pulled).toContain("pull 1200/1200");
  });
});

test("two handles on one file take turns, and a third process that was killed is waited for", async () => {
  await withServer(async (server) => {
    const file = join(folder, "shared.db");
    const requests: string[] = [];
    const noting = (name: string): Partial<SyncOptions> => ({
      fetch: (...request) => {
        requests.push(name);
        return fetch(...request);
      },
    });
    const left = await device(server, "shared", noting("left"), file);
    const right = await device(server, "shared", noting("right"), file);
    left.database.exec("INSERT INTO notes VALUES ('a', 'from left')");
    await left.sync.ensureDeviceRegistered();
    requests.splice(0);

    const [one, two] = await Promise.all([left.sync.syncNow(), right.sync.syncNow()]);

    expect(one.pushed + two.pushed).toBe(1);
    expect(requests).toEqual(requests.toSorted()); // all of left's, then all of right's
    expect(new Set(requests)).toEqual(new Set(["left", "right"]));

    // Its owner was killed: nobody gives it back, and it runs out.
    right.database.exec(`INSERT INTO sync_state VALUES ('cycle_lease', '${Date.now() + 500}:killed')`);
    expect(await left.sync.syncNow()).toMatchObject({ pushed: 0 });
    expect(left.sync.getSyncState("cycle_lease")).toBeNull();

    // It is there all the time: that is said, and can be tried again.
    const endless = {
      sleep: async () => void right.database.exec(`UPDATE sync_state SET value = '${Date.now() + 60_000}:alive' WHERE key = 'cycle_lease'`),
    };
    const third = await device(server, "shared", endless, file);
    right.database.exec(`INSERT INTO sync_state VALUES ('cycle_lease', '${Date.now() + 60_000}:alive')`);
    await expect(third.sync.syncNow()).rejects.toSatisfy(
      (error) => isSyncError(error) && error.code === "cycle/elsewhere" && error.retryable,
    );
  });
});

const DAYS_MS = 3 * 24 * 60 * 60 * 1000;

test("a device whose clock is days behind loses no newer edit to an older one, and nothing is stamped in the past", async () => {
  await withServer(async (server) => {
    const right = await device(server, "right-clock");
    const slow = await device(server, "slow-clock", { clock: { nowMs: () => Date.now() - DAYS_MS } });
    // The Date header tells seconds, and stamps only rise: what is to be older is made minutes older.
    const age = (minutes: number): string =>
      `UPDATE sync_changelog SET timestamp = timestamp - ${minutes * 60_000_000} WHERE stamp IS NULL`;
    right.database.exec("INSERT INTO notes VALUES ('n', 'first')");
    right.database.exec(age(2));
    for (const { sync } of [right, slow, right]) await sync.syncNow();

    right.database.exec("UPDATE notes SET body = 'older'");
    right.database.exec(age(1));
    await right.sync.syncNow();
    slow.database.exec("UPDATE notes SET body = 'newer'");
    slow.database.exec(`UPDATE sync_changelog SET timestamp = timestamp - ${DAYS_MS}000 WHERE stamp IS NULL`);
    // What the pull taught this device would hide the difference: the edit is made before it pulls.
    for (const { sync } of [slow, right]) await sync.syncNow();

    for (const { database } of [right, slow]) expect(database.prepare("SELECT body FROM notes").pluck().get()).toBe("newer");
    expect(Math.round(Number(slow.sync.getSyncState("clock_offset_ms")) / 1000 / 60)).toBe(DAYS_MS / 1000 / 60);
    expect(right.sync.getSyncState("clock_offset_ms")).toBeNull();
  });
});

test.each([365, -365])("a device whose clock is %i days off signs in and syncs by itself", async (days) => {
  await withServer(async (server) => {
    const clock = { nowMs: () => Date.now() + days * 24 * 60 * 60 * 1000 };
    const { sync } = await device(server, `off-by-${days}`, { clock });

    sync.scheduler.start();
    await until(sync, ({ kind }) => kind === "finished");
    sync.scheduler.stop();

    expect(sync.status().authenticated).toBe(true);
  });
});

test("a clock that is set a year wrong and right again while the app runs loses nothing and locks nobody out", async () => {
  await withServer(async (server) => {
    let offMs = 0;
    const clock = { nowMs: () => Date.now() + offMs, monotonicMs: () => performance.now() };
    const { database, sync } = await device(server, "often-set", { clock });
    await sync.syncNow();

    for (const days of [-365, 0]) {
      offMs = days * 24 * 60 * 60 * 1000;
      database.exec(`INSERT INTO notes VALUES ('after ${days}', 'x')`);
      expect((await sync.syncNow()).pushed).toBe(1);
    }
  });
});
