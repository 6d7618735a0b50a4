/** What only PostgreSQL can get wrong: servers that begin together, numbers that overtake, connections that break. */
import { readFileSync } from "node:fs";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, needing, services, type TestDatabase } from "../../../../tests/services/running.ts";
import { StorageUnavailableError, type Storage } from "../port.ts";
import { ForeignSchemaError } from "../sql/schema.ts";
import { openPostgresStorage } from "./open-postgres-storage.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const scope = { appId: "app", userId: "user" };
const deviceId = "device";

describe.skipIf(services.postgres === null)(`on ${needing("postgres", "PostgreSQL")}`, () => {
  let database: TestDatabase;
  let opened: Storage[] = [];
  beforeEach(async () => void (database = await createTestDatabase()));
  afterEach(async () => {
    await Promise.all(opened.map((storage) => storage.close()));
    opened = [];
    await database.drop();
  });

  const open = async (partitions = 2): Promise<Storage> => {
    const storage = await openPostgresStorage({ url: database.url, partitions });
    opened.push(storage);
    return storage;
  };
  const openWithAccount = async (): Promise<Storage> => {
    const storage = await open();
    await storage.createApp({ id: "app", name: "App", createdAt: NOW, apiKeyHash: "hash" });
    await storage.createUser({ id: "user", email: "user@example.com", createdAt: NOW, passwordHash: "h" });
    await storage.openAccount(scope);
    await storage.registerDevice(scope, { newId: deviceId, deviceName: "d", platform: "linux", now: NOW });
    return storage;
  };
  const push = (storage: Storage, ...rowIds: readonly string[]) =>
    storage.append(scope, {
      deviceId,
      key: null,
      digest: rowIds.join(),
      now: NOW,
      changes: rowIds.map((rowId) => ({ table: "t", op: "INSERT", rowId, timestamp: NOW, stamp: 1, data: "AAAA" })),
    });
  const pull = async (storage: Storage, cursor = 0) =>
    (await storage.readPage(scope, { cursor, maxEntries: 500, maxDataBytes: 1e9 })).changes.map(({ rowId }) => rowId);
  const asked = async <Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> => {
    const client = new pg.Client(database.url);
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };

  test("servers that start together make the schema once", async () => {
    await Promise.all(Array.from({ length: 6 }, () => open()));

    const steps = await asked<{ readonly number: string }>("SELECT number FROM schema_steps ORDER BY number");
    expect(steps.map(({ number }) => Number(number))).toEqual(steps.map((_, i) => i + 1));
  });

  test("a database of a newer server, or of another origin, is refused", async () => {
    await open();
    await asked("UPDATE schema_steps SET hash = 'another' WHERE number = 1");
    await expect(open()).rejects.toThrow(ForeignSchemaError);
    await asked("INSERT INTO schema_steps SELECT generate_series(90, 190), 'later', 'x'");

    await expect(open()).rejects.toThrow("use the newer server");
  });

  test("tables of accounts' data are partitioned by account, or plain when asked", async () => {
    const partitionsOf = async () => {
      const [row] = await asked<{ readonly count: string }>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'sync_log'::regclass");
      return Number(row?.count);
    };
    await open(8);
    expect(await partitionsOf()).toBe(8);
    // Later servers take what is there.
    await open(4);
    expect(await partitionsOf()).toBe(8);

    const plain = await createTestDatabase();
    const storage = await openPostgresStorage({ url: plain.url, partitions: 0 });
    await storage.close();
    const [first] = [database];
    database = plain;
    expect(await partitionsOf()).toBe(0);
    database = first;
    await plain.drop();
  });

  test("docs/scaling.md has a statement for each table, by account or for all", async () => {
    await open();
    const tables = await asked<{ readonly name: string; readonly kind: string }>(
      `SELECT relname AS name, CASE relkind WHEN 'p' THEN 'distributed' ELSE 'reference' END AS kind FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_steps'`,
    );
    const text = readFileSync(new URL("../../../../docs/scaling.md", import.meta.url), "utf8");
    const statements = [...text.matchAll(/create_(distributed|reference)_table\('(\w+)'/gu)];

    expect(statements.map(([, kind, name]) => `${kind} ${name}`).toSorted()).toEqual(
      tables.map(({ name, kind }) => `${kind} ${name}`).toSorted(),
    );
  });

  /**
   * The second push may not be seen while the first, which took smaller numbers, is on its way: a reader would move its cursor
   * past them. With numbers from a sequence it is seen.
   */
  test("a push that began later is not visible before one that began earlier", async () => {
    const storage = await openWithAccount();
    const slow = new pg.Client(database.url);
    await slow.connect();
    await slow.query("BEGIN");
    // What a server does that stops between taking numbers and committing.
    await slow.query("SELECT head FROM accounts FOR UPDATE");
    await slow.query("INSERT INTO sync_log SELECT account, 1, 'device', 't', 'INSERT', 'slow', '', 1, NULL FROM accounts");
    await slow.query("UPDATE accounts SET head = 1");
    const fast = push(await open(), "fast");
    await untilSomebodyWaits();

    const whileWaiting = await pull(storage);
    await slow.query("COMMIT");
    await slow.end();

    expect(whileWaiting).toEqual([]);
    expect(await fast).toEqual({ kind: "appended", cursor: 2 });
    expect(await pull(storage)).toEqual(["slow", "fast"]);
  });

  async function untilSomebodyWaits(): Promise<void> {
    for (;;) {
      const [row] = await asked<{ readonly count: string }>(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      if (Number(row?.count) > 0) return;
    }
  }

  test("other accounts do not wait for a push that hangs", async () => {
    const storage = await openWithAccount();
    const other = { appId: "app", userId: "other" };
    await storage.createUser({ id: "other", email: "other@example.com", createdAt: NOW, passwordHash: "h" });
    const slow = new pg.Client(database.url);
    await slow.connect();
    await slow.query("BEGIN");
    await slow.query("SELECT head FROM accounts FOR UPDATE");

    await storage.openAccount(other);
    await storage.registerDevice(other, { newId: "d2", deviceName: "d", platform: "linux", now: NOW });

    expect(await storage.readHead(other)).toBe(0);
    await slow.end();
  });

  test("a page is cut where its data ends without reading the rest", async () => {
    const storage = await openWithAccount();
    await storage.append(scope, {
      deviceId,
      key: null,
      digest: "large",
      now: NOW,
      changes: ["a", "b", "c"].map((rowId) => ({
        table: "t",
        op: "INSERT",
        rowId,
        timestamp: NOW,
        stamp: 1,
        data: Buffer.alloc(700_000, rowId).toString("base64"),
      })),
    });

    const page = await storage.readPage(scope, { cursor: 0, maxEntries: 500, maxDataBytes: 2_000_000 });

    expect(page.changes.map(({ rowId }) => rowId)).toEqual(["a", "b"]);
    expect(page).toMatchObject({ cursor: 2, hasMore: true });
  });

  test("a broken connection is a typed error once, and then forgotten", async () => {
    const storage = await openWithAccount();
    const breaking = asked(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => push(storage, `r${i}`)));
    await breaking;

    for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(StorageUnavailableError);
    expect(await push(storage, "after")).toMatchObject({ kind: "appended" });
  });

  test("a server that cannot be reached is a typed error", async () => {
    const url = new URL(database.url);
    url.port = "9";

    await expect(openPostgresStorage({ url: url.href })).rejects.toThrow(StorageUnavailableError);
  });
});
