/** What only SQLite's file promises; the rest is in `../conformance.test.ts`. */
import Database from "better-sqlite3";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Storage } from "../port.ts";
import { ForeignSchemaError } from "../sql/schema.ts";
import { openSqliteStorage } from "./open-sqlite-storage.ts";

const NOW = "2026-01-01T00:00:00.000Z";

let directory: string;
let path: string;
let storage: Storage;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synckit-storage-"));
  path = join(directory, "x.db");
  storage = openSqliteStorage(path);
});
afterEach(async () => {
  await storage.close();
  rmSync(directory, { recursive: true });
});

test("the file, its log and its index are for their owner only", async () => {
  await storage.createUser({ id: "u", email: "u@example.com", createdAt: NOW, passwordHash: "h" });

  for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777, file).toBe(0o600);
});

test("a file that others could read is closed to them", async () => {
  await storage.close();
  chmodSync(path, 0o644);
  storage = openSqliteStorage(path);

  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a commit is on the disk before it is answered", async () => {
  const pragma = vi.spyOn(Database.prototype, "pragma");
  await openSqliteStorage(join(directory, "pragmas.db")).close();
  const sources = pragma.mock.calls.map(([source]) => source);
  pragma.mockRestore();

  expect(sources).toEqual(expect.arrayContaining(["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]));
});

test("a file of a newer server is refused and left as it was", async () => {
  await storage.close();
  const db = new Database(path);
  db.exec("INSERT INTO schema_steps VALUES (99, 'later', 'x')");
  db.close();
  const before = readFileSync(path);

  expect(() => openSqliteStorage(path)).toThrow(ForeignSchemaError);

  expect(readFileSync(path)).toEqual(before);
});

test("a file whose schema is of another origin is refused", async () => {
  await storage.close();
  const db = new Database(path);
  db.exec("UPDATE schema_steps SET hash = 'another' WHERE number = 1");
  db.close();

  expect(() => openSqliteStorage(path)).toThrow("step 1 of the database's schema is not the one that this server knows");
});

test("a write waits for another process's without holding up this one", async () => {
  const other = new Database(path);
  other.exec("BEGIN IMMEDIATE");
  const waiting = storage.createUser({ id: "u", email: "u@example.com", createdAt: NOW, passwordHash: "h" });
  // Were the wait SQLite's own, no timer would fire and this transaction never end.
  await new Promise((resolve) => void setImmediate(resolve));
  other.exec("COMMIT");
  other.close();

  expect(await waiting).toBe(true);
});

test("a file that is no database is refused", () => {
  const file = join(directory, "text.db");
  writeFileSync(file, "not a database, but long enough to be looked at as one".repeat(20));

  expect(() => openSqliteStorage(file)).toThrow("not a database");
});

test("a database from before bytes were counted has them counted when it is opened", async () => {
  const scope = { appId: "a", userId: "u" };
  await storage.createApp({ id: "a", name: "App", createdAt: NOW, apiKeyHash: "h" });
  await storage.createUser({ id: "u", email: "u@example.com", createdAt: NOW, passwordHash: "h" });
  await storage.openAccount(scope);
  await storage.registerDevice(scope, { newId: "d", deviceName: "d", platform: "linux", now: NOW });
  const change = { table: "t", op: "INSERT", rowId: "ä", timestamp: NOW, stamp: 1, data: "AAAA" } as const;
  await storage.append(scope, { deviceId: "d", key: null, digest: "x", changes: [change, { ...change, data: null }], now: NOW });
  await storage.close();
  const db = new Database(path);
  db.exec("ALTER TABLE accounts DROP COLUMN change_bytes; DELETE FROM schema_steps WHERE name = 'bytes of changes'");
  db.close();

  storage = openSqliteStorage(path);

  expect((await storage.listUsage("u", 1, 0))[0]?.changeBytes).toBe(10);
  expect(await storage.findFaults()).toEqual([]);
});
