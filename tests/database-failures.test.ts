/** What can go wrong with an app's database: each failure has a code that an app can act on, and none costs an edit. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { isSyncError, openSync, type SyncEvent } from "@synckit-gen/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { memoryServer, reliable } from "../runtime/src/testing/memory-server.ts";
import { openAppDevice, signIn, type AppDevice } from "./support/app-devices.ts";
import { openGenerated, testDrivers, type TestDriver } from "./support/drivers.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";

const model = modelOf([tableOf("notes", { columns: { body: "text" } })]);
let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

const MANY_NOTES = `WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 400)
  INSERT INTO notes SELECT 'n' || n, printf('%0100d', n) FROM i`;

/** A device whose database the test spoils, one that has pushed rows which it has not got, and an edit of its own. */
async function pairOn(on: TestDriver): Promise<{ app: AppDevice; other: AppDevice; failures: SyncEvent[] }> {
  const server = memoryServer();
  const fetch = server.fetchVia(reliable());
  const app = openAppDevice(server, model, loaded, { name: "app", fetch, db: openGenerated(model, { on }) });
  const other = openAppDevice(server, model, loaded, { name: "other", fetch });
  for (const device of [app, other]) {
    await signIn(device, server);
    await device.sync.syncNow();
  }
  other.db.exec(MANY_NOTES);
  await other.sync.syncNow();
  app.db.exec("INSERT INTO notes VALUES ('mine', 'an edit')");
  const failures: SyncEvent[] = [];
  app.sync.events.subscribe((event) => event.kind === "failed" && failures.push(event));
  return { app, other, failures };
}

const failureOf = async (work: Promise<unknown>): Promise<unknown> => work.then(() => null).catch((error: unknown) => error);

describe.each(testDrivers)("$name", (on) => {
  test.each([
    ["is full", "database/full", true, (pages: number) => `PRAGMA max_page_count = ${pages}`, "PRAGMA max_page_count = 100000"],
    ["cannot be written", "database/read-only", false, () => "PRAGMA query_only = ON", "PRAGMA query_only = OFF"],
  ])("a database that %s stops the cycle with %s, and the next one goes on", async (_what, code, retryable, spoil, mend) => {
    const { app, other, failures } = await pairOn(on);
    const pages = Number(app.db.pragma("page_count", { simple: true }));

    app.db.exec(spoil(pages));
    expect(await failureOf(app.sync.syncNow())).toMatchObject({ name: "SyncError", code, retryable });
    expect(failures).toMatchObject([{ code, retryable }]);
    app.db.exec(mend);
    expect(app.db.prepare("SELECT value FROM sync_state WHERE key = 'applying_remote'").pluck().get()).toBe("0");
    for (const { sync } of [app, other]) await sync.syncNow();

    expect(app.rows("notes").length).toBe(401);
    expect(app.rows("notes")).toEqual(other.rows("notes"));
  });

  test("a handle that the app has closed is told as that, also in the middle of a cycle", async () => {
    const { app, failures } = await pairOn(on);

    const cycle = app.sync.syncNow();
    app.db.close();

    expect(await failureOf(cycle)).toMatchObject({ name: "SyncError", code: "database/closed", retryable: false });
    expect(failures).toMatchObject([{ code: "database/closed" }]);
  });
});

test("a file that is no database, or damaged, is told as that", async () => {
  const folder = mkdtempSync(join(tmpdir(), "synckit-damaged-"));
  try {
    const file = join(folder, "app.db");
    writeFileSync(file, "a letter to grandmother, rather long. ".repeat(200));
    for (const { open, hasFiles } of testDrivers)
      if (hasFiles)
        expect(() => openAppDevice(memoryServer(), model, loaded, { name: "app", db: open(file) })).toThrow(
          expect.objectContaining({ name: "SyncError", code: "database/damaged", retryable: false }),
        );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The app makes its tables itself, and did so wrongly or too late. */
const openOver = (ddl: string): { database: Database.Database; open: () => unknown } => {
  const database = new Database(":memory:");
  database.exec(ddl);
  const { url, apiKey } = memoryServer();
  return { database, open: () => openSync(loaded.spec, loaded.migrations, { database, deviceName: "app", serverUrl: url, apiKey }) };
};

test("a column that the schema names and the table lacks is said when sync is opened, and the app's writes go on", () => {
  const { database, open } = openOver("CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL)");

  expect(open).toThrow(/the app's own migrations before `createSync`.*it has no notes\.body/);
  database.exec("INSERT INTO notes VALUES ('n')");

  database.exec("ALTER TABLE notes ADD COLUMN BODY TEXT NOT NULL DEFAULT ''");
  expect(open).not.toThrow();
});

test("a table that is not there yet is said with the migration's name, and nothing of the migration stays", () => {
  const { database, open } = openOver("");

  let failure: unknown;
  try {
    open();
  } catch (error) {
    failure = error;
  }
  expect(isSyncError(failure) && failure.code).toBe("database/migration-failed");
  expect(String(failure)).toMatch(/0001_init: no such table: main\.notes/);
  expect(database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get()).toBe(0);
});

test("two schemas do not share a database: the second is refused, and the first goes on", async () => {
  const { database, open } = openOver(
    "CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, body TEXT); CREATE TABLE tags (id TEXT PRIMARY KEY NOT NULL)",
  );
  const other = await loadSpec(modelOf([tableOf("tags")], { app: "other" }));
  const { url, apiKey } = memoryServer();
  open();
  const triggers = () => database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").pluck().all();
  const before = triggers();

  expect(() => openSync(other.spec, other.migrations, { database, deviceName: "app", serverUrl: url, apiKey })).toThrow(
    /one schema for all tables\..* \(notes\)$/,
  );
  expect(triggers()).toEqual(before);
  expect(open).not.toThrow();
});

test("sync is not opened in the middle of the app's transaction, which stays the app's", () => {
  const { database, open } = openOver("CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, body TEXT)");
  database.exec("BEGIN; INSERT INTO notes VALUES ('n', 'x')");

  expect(open).toThrow(expect.objectContaining({ code: "database/busy", retryable: true }));
  database.exec("COMMIT");

  expect(database.prepare("SELECT body FROM notes").pluck().all()).toEqual(["x"]);
  expect(open).not.toThrow();
});
