/**
 * An app writes whenever it likes: through the engine's own handle, through another, from another process. Whatever
 * the moment, every write is captured, pushed and merged, and the engine gives way with an error that says "again".
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { DatabaseBusyError } from "@synckit-gen/runtime";
import { applyMigrations } from "../runtime/src/engine/migrate.ts";
import { driverOver, openGenerated, type TestDatabase, testDriver, testDrivers } from "./support/drivers.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

const model = modelOf([tableOf("notes", { columns: { body: "text", n: "integer" } })]);
let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "synckit-driver-"));
  folders.push(folder);
  return join(folder, "app.db");
}

const fileDrivers = testDrivers.filter(({ hasFiles }) => hasFiles);
/** More than is applied in one transaction of a pull, twice. */
const MANY = 4_500;

/** The app's device, whose database the test disturbs, and another one in the same account. */
async function pairWith(db: TestDatabase): Promise<{ server: SimulatedServer; app: SimulatedDevice; other: SimulatedDevice }> {
  const server = new SimulatedServer();
  const app = new SimulatedDevice("app", model, loaded, server, Date.now, db);
  const other = new SimulatedDevice("other", model, loaded, server, Date.now);
  other.edit("INSERT INTO notes VALUES ('first', 'x', 0)");
  await quiesce(server, [app, other]);
  return { server, app, other };
}

async function expectEqual(server: SimulatedServer, app: SimulatedDevice, other: SimulatedDevice): Promise<void> {
  await quiesce(server, [app, other]);
  expect(other.view(loaded.spec)).toEqual(app.view(loaded.spec));
  for (const device of [app, other]) {
    expect(device.store.pendingCount()).toBe(0);
    expect(device.store.state.get("applying_remote")).toBe("0");
  }
}

const bodies = (device: SimulatedDevice, like: string): readonly unknown[] =>
  device.db.prepare("SELECT id, body FROM notes WHERE id LIKE ? ORDER BY id").raw().all(like);

/** Pulls many rows page by page; after each page, `write` is the app's moment. */
async function writeDuringPull(db: TestDatabase, write: (page: number) => void): Promise<void> {
  const { server, app, other } = await pairWith(db);
  other.edit(
    `WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ${MANY}) INSERT INTO notes SELECT 'r' || n, 'remote', n FROM i`,
  );
  await other.push();
  let page = 0;

  await app.pull({
    pageSize: 500,
    shuffle: (entries) => {
      write((page += 1));
      return entries;
    },
  });
  await expectEqual(server, app, other);

  expect(page).toBeGreaterThanOrEqual(MANY / 500);
  const written = Array.from({ length: page }, (_, index) => `w${index + 1}`)
    .toSorted()
    .map((id) => [id, "the app's"]);
  for (const device of [app, other]) {
    expect(bodies(device, "w%")).toEqual(written);
    expect(bodies(device, "first")).toEqual([["first", `edit ${page}`]]);
    // Rows of the first transaction, edited and deleted before the last one.
    expect(bodies(device, "r1")).toEqual([["r1", "edited"]]);
    expect(bodies(device, "r2")).toEqual([]);
  }
}

const writeOn =
  (db: TestDatabase) =>
  (page: number): void => {
    db.exec("BEGIN IMMEDIATE");
    db.prepare(`INSERT INTO notes VALUES ('w${page}', 'the app''s', 1)`).run();
    db.prepare(`UPDATE notes SET body = 'edit ${page}' WHERE id = 'first'`).run();
    db.exec("UPDATE notes SET body = 'edited' WHERE id = 'r1'; DELETE FROM notes WHERE id = 'r2'; COMMIT");
  };

describe.each(testDrivers)("the same handle: $name", (on) => {
  test("what the app writes between the transactions of a pull stays", async () => {
    const db = openGenerated(model, { on });
    await writeDuringPull(db, writeOn(db));
  });

  test.each(["COMMIT", "ROLLBACK"])("a transaction that the app holds open stops the engine, and ends in the app's %s", async (end) => {
    const { server, app, other } = await pairWith(openGenerated(model, { on }));
    other.edit("INSERT INTO notes VALUES ('r1', 'remote', 1)");
    await other.push();

    app.db.exec("BEGIN; INSERT INTO notes VALUES ('w1', 'open', 1)");
    for (const call of [() => app.pull(), () => app.push()]) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DatabaseBusyError);
      expect(error).toMatchObject({ code: "database/busy", retryable: true });
    }
    expect(app.db.inTransaction).toBe(true);
    app.db.exec(end);

    await expectEqual(server, app, other);
    expect(bodies(other, "%1")).toEqual([["r1", "remote"], ...(end === "COMMIT" ? [["w1", "open"]] : [])]);
  });
});

test("better-sqlite3: while the app walks through a result, the engine gives way", async () => {
  const { server, app, other } = await pairWith(openGenerated(model, { on: testDriver("better-sqlite3") }));
  app.edit("INSERT INTO notes VALUES ('w1', 'x', 1)");

  const rows = (app.db as Database.Database).prepare("SELECT * FROM notes").iterate();
  while (rows.next().done !== true) await expect(app.push()).rejects.toThrow(DatabaseBusyError);

  await expectEqual(server, app, other);
});

describe.each(fileDrivers.flatMap((on) => ["wal", "delete"].map((journal) => ({ on, journal, name: on.name }))))(
  "another connection: $name, journal $journal",
  ({ on, journal }) => {
    const openFile = (path: string): TestDatabase => {
      const db = openGenerated(model, { on, path });
      db.pragma(`journal_mode = ${journal}`);
      return db;
    };

    test("what another handle writes between the transactions of a pull stays", async () => {
      const path = newFile();
      const db = openFile(path);
      const another = on.open(path);
      await writeDuringPull(db, writeOn(another));
      another.close();
      db.close();
    });

    test("a lock that another handle holds is an error that says to try again, and costs nothing", async () => {
      const path = newFile();
      openFile(path).close();
      const db = on.open(path, 0);
      db.pragma("foreign_keys = ON");
      const another = on.open(path, 0);
      const { server, app, other } = await pairWith(db);
      other.edit("INSERT INTO notes VALUES ('r1', 'remote', 1)");
      await other.push();
      app.edit("INSERT INTO notes VALUES ('w1', 'x', 1)");
      const cursor = app.store.state.get("pull_cursor");

      another.exec("BEGIN IMMEDIATE; INSERT INTO notes VALUES ('w2', 'from another', 1)");
      for (const call of [() => app.pull(), () => app.push()]) {
        const error = await call().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(DatabaseBusyError);
        expect((error as Error).cause).toBeInstanceOf(Error);
      }
      expect(app.db.inTransaction).toBe(false);
      expect(app.store.state.get("pull_cursor")).toBe(cursor);
      expect(() => app.store.state.set("last_sync_ms", "1")).toThrow(DatabaseBusyError);
      expect(() => applyMigrations(driverOver(db), [{ name: "0009_more", statements: ["SELECT 1"] }])).toThrow(DatabaseBusyError);
      another.exec("COMMIT");

      await expectEqual(server, app, other);
      expect(bodies(other, "%")).toEqual([
        ["first", "x"],
        ["r1", "remote"],
        ["w1", "x"],
        ["w2", "from another"],
      ]);
      another.close();
      db.close();
    });

    test("a reader that keeps the engine from committing leaves nothing half done", async () => {
      const path = newFile();
      openFile(path).close();
      const db = on.open(path, 0);
      const reader = on.open(path, 0);
      const { server, app, other } = await pairWith(db);
      app.edit("INSERT INTO notes VALUES ('w1', 'x', 1)");

      reader.exec("BEGIN; SELECT count(*) FROM notes");
      reader.prepare("SELECT count(*) FROM notes").get();
      const error = await app.push().catch((thrown: unknown) => thrown);
      // With a write-ahead log, readers are in nobody's way.
      if (journal === "wal") expect(error).toBe(undefined);
      else expect(error).toBeInstanceOf(DatabaseBusyError);
      expect(app.db.inTransaction).toBe(false);
      reader.exec("COMMIT");

      await expectEqual(server, app, other);
      expect(bodies(other, "w%")).toEqual([["w1", "x"]]);
      reader.close();
      db.close();
    });

    test("what another process writes, at any moment of a push or a pull, arrives everywhere", async () => {
      const path = newFile();
      const db = openFile(path);
      db.exec("CREATE TABLE stop (x)");
      const { server, app, other } = await pairWith(db);
      const writer = writingProcess(path);

      // Until the two have surely met: several rounds, each with something of the process in it.
      for (let meetings = 0; meetings < 8;) {
        const before = server.log.length;
        await untilDone(() => app.push());
        if (server.log.length > before) meetings += 1;
        await other.pull();
        other.edit("UPDATE notes SET body = body || '!' WHERE id IN (SELECT id FROM notes WHERE id LIKE 'c%' ORDER BY random() LIMIT 5)");
        await other.push();
        await untilDone(() => app.pull({ pageSize: 20 }));
        await new Promise((resolve) => void setImmediate(resolve));
      }
      await untilDone(() => Promise.resolve(db.exec("INSERT INTO stop VALUES (1)")));
      const written = await writer.written;

      await expectEqual(server, app, other);
      const inserted = server.log.filter(({ op, rowId }) => op === "INSERT" && rowId.startsWith("c")).map(({ rowId }) => rowId);
      expect(written).toBeGreaterThan(0);
      expect(new Set(inserted)).toEqual(new Set(Array.from({ length: written }, (_, index) => `c${index + 1}`)));
      db.close();
    });
  },
);

/** What an app does with an error that says to try again. */
async function untilDone(call: () => Promise<unknown>): Promise<void> {
  for (;;)
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof DatabaseBusyError)) throw error;
    }
}

const WRITER = `
import { DatabaseSync } from "node:sqlite";
const db = new DatabaseSync(process.argv[1], { timeout: 30_000 });
db.exec("PRAGMA synchronous = OFF");
const stop = db.prepare("SELECT 1 FROM stop");
const insert = db.prepare("INSERT INTO notes VALUES ('c' || ?, 'from a process', 1)");
const update = db.prepare("UPDATE notes SET n = n + 1 WHERE id = 'c' || ?");
const remove = db.prepare("DELETE FROM notes WHERE id = 'c' || ?");
let i = 0;
const timer = setInterval(() => {
  // Bursts: a process that never lets go of the lock would starve any other.
  for (let burst = 0; burst < 10; burst += 1) {
    insert.run(BigInt(++i));
    if (i % 3 === 0) update.run(BigInt(i - 2));
    if (i % 11 === 0) remove.run(BigInt(i - 7));
  }
  if (stop.get() === undefined) return;
  clearInterval(timer);
  process.stdout.write(String(i));
}, 2);
`;

/** A process that inserts, updates and deletes, each in a transaction of its own, until a row stands in `stop`. Resolves to the number of rows inserted. */
function writingProcess(path: string): { readonly written: Promise<number> } {
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", WRITER, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  return { written: once(child, "close").then(() => Number(printed)) };
}
