import Database from "better-sqlite3";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LoggedChange, Storage } from "../port.ts";
import { NewerDatabaseError } from "./migrations.ts";
import { openSqliteStorage } from "./open-sqlite-storage.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const scope = { appId: "app", userId: "user" };
const other = { appId: "app", userId: "other" };

let directory: string;
let path: string;
let storage: Storage;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "synckit-storage-"));
  path = join(directory, "x.db");
  storage = openSqliteStorage(path);
  await storage.createApp({ id: "app", name: "App", createdAt: NOW, apiKeyHash: "hash" });
  for (const id of ["user", "other"]) {
    await storage.createUser({ id, email: `${id}@example.com`, createdAt: NOW, passwordHash: "h" });
    await storage.openAccount({ appId: "app", userId: id });
    await storage.registerDevice({ appId: "app", userId: id }, { newId: `device-${id}`, deviceName: "d", platform: "linux", now: NOW });
  }
});

afterEach(async () => {
  await storage.close();
  rmSync(directory, { recursive: true });
});

const change = (rowId: string, more: Partial<LoggedChange> = {}): LoggedChange => ({
  table: "t",
  op: "INSERT",
  rowId,
  timestamp: NOW,
  stamp: 1,
  data: "AAAA",
  ...more,
});
const append = (changes: readonly LoggedChange[], digest = JSON.stringify(changes), key: string | null = null) =>
  storage.append(scope, { deviceId: "device-user", key, digest, changes, now: NOW });
const page = (cursor: number, more: Partial<Parameters<Storage["readPage"]>[1]> = {}) =>
  storage.readPage(scope, { cursor, maxEntries: 500, maxDataLength: 1e9, ...more });
const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => change(`r${from + i}`));

test("numbers start at one and have no gaps", async () => {
  expect(await append(rows(3))).toEqual({ kind: "appended", cursor: 3 });
  expect(await append(rows(2, 3))).toEqual({ kind: "appended", cursor: 5 });
  expect((await page(0)).changes.map(({ seq, rowId }) => [seq, rowId])).toEqual([1, 2, 3, 4, 5].map((seq) => [seq, `r${seq - 1}`]));
});

test("a failing batch leaves no entry and no number behind", async () => {
  await append(rows(2));

  await expect(append([change("a"), change("b", { table: null as unknown as string })])).rejects.toThrow("NOT NULL");

  expect(await storage.readHead(scope)).toBe(2);
  expect((await page(0)).changes).toHaveLength(2);
});

test("the previous batch of a device is dropped, an older one is taken again", async () => {
  await append(rows(2), "one");
  expect(await append(rows(2), "one")).toEqual({ kind: "repeated", cursor: 2 });
  await append(rows(1), "two");

  expect(await append(rows(2), "one")).toEqual({ kind: "appended", cursor: 5 });
});

test("a batch is known by its key while the device's last 64 keys are remembered", async () => {
  for (let i = 0; i <= 64; i++) await append(rows(1), `digest ${i}`, `k${i}`);

  expect(await append(rows(1), "sealed anew", "k1")).toEqual({ kind: "repeated", cursor: 2 });
  expect(await append(rows(1), "sealed anew", "k0")).toEqual({ kind: "appended", cursor: 66 });
});

test("an empty batch changes nothing and is not the previous batch", async () => {
  await append(rows(2), "one");

  expect(await append([], "empty")).toEqual({ kind: "appended", cursor: 2 });
  expect(await append(rows(2), "one")).toEqual({ kind: "repeated", cursor: 2 });
});

test("a page ends at its number of entries", async () => {
  await append(rows(5));

  expect(await page(1, { maxEntries: 2 })).toMatchObject({ changes: [{ seq: 2 }, { seq: 3 }], cursor: 3, hasMore: true });
  expect(await page(3, { maxEntries: 2 })).toMatchObject({ changes: [{ seq: 4 }, { seq: 5 }], cursor: 5, hasMore: false });
});

test("a page ends at its amount of data, with one entry at least", async () => {
  await append(["a", "b", "c"].map((id) => change(id, { data: "x".repeat(100) })));

  expect(await page(0, { maxDataLength: 200 })).toMatchObject({ changes: [{ seq: 1 }, { seq: 2 }], cursor: 2, hasMore: true });
  expect(await page(0, { maxDataLength: 10 })).toMatchObject({ changes: [{ seq: 1 }], cursor: 1, hasMore: true });
});

test("a cursor at or past the end is answered by itself", async () => {
  await append(rows(2));

  expect(await page(2)).toEqual({ changes: [], cursor: 2, hasMore: false });
  expect(await page(9_007_199_254_740_991)).toEqual({ changes: [], cursor: 9_007_199_254_740_991, hasMore: false });
});

test("filters choose by table and instant, and the cursor covers what they passed over", async () => {
  await append([
    change("a", { stamp: 5 }),
    change("b", { table: "u", stamp: 6 }),
    change("c", { table: "u", stamp: 4 }),
    change("d", { stamp: 9 }),
  ]);

  expect(await page(0, { tables: ["u"] })).toMatchObject({ changes: [{ rowId: "b" }, { rowId: "c" }], cursor: 4, hasMore: false });
  expect(await page(0, { sinceStamp: 6 })).toMatchObject({ changes: [{ rowId: "b" }, { rowId: "d" }], cursor: 4, hasMore: false });
  expect(await page(0, { tables: ["u"], sinceStamp: 6 })).toMatchObject({ changes: [{ rowId: "b" }], cursor: 4 });
  expect(await page(0, { tables: [] })).toEqual({ changes: [], cursor: 4, hasMore: false });
  expect(await page(0, { tables: ["t"], maxEntries: 1 })).toMatchObject({ changes: [{ rowId: "a" }], cursor: 1, hasMore: true });
});

test("a filter that finds nothing in a long log still moves the cursor on", async () => {
  for (let i = 0; i < 21; i++) await append(rows(1000, i * 1000));

  const first = await page(0, { tables: ["none"] });

  expect(first).toEqual({ changes: [], cursor: 20_000, hasMore: true });
  expect(await page(first.cursor, { tables: ["none"] })).toEqual({ changes: [], cursor: 21_000, hasMore: false });
});

test("accounts share nothing, not even device names and numbers", async () => {
  await append(rows(3));
  await storage.writeKey(scope, { envelope: "mine", now: NOW });

  expect(await storage.readHead(other)).toBe(0);
  expect((await storage.readPage(other, { cursor: 0, maxEntries: 500, maxDataLength: 1e9 })).changes).toEqual([]);
  expect(await storage.readKey(other)).toBeNull();
  expect((await storage.listDevices(other)).map(({ id }) => id)).toEqual(["device-other"]);
  expect(await storage.hasDevice(other, "device-user")).toBe(false);
  expect(await storage.append(other, { deviceId: "device-user", key: null, digest: "x", changes: rows(1), now: NOW })).toEqual({
    kind: "unknown-device",
  });
});

test("a device that registers again keeps its id and changes its platform", async () => {
  const later = "2026-02-01T00:00:00.000Z";
  const again = await storage.registerDevice(scope, { newId: "unused", deviceName: "d", platform: "web", now: later });

  expect(again).toEqual({ id: "device-user", deviceName: "d", platform: "web", createdAt: NOW, lastSeenAt: later });
  expect(await storage.listDevices(scope)).toEqual([again]);
});

test("a key is written over its version only", async () => {
  expect(await storage.writeKey(scope, { envelope: "a", expectedVersion: 1, now: NOW })).toEqual({ kind: "conflict" });
  expect(await storage.writeKey(scope, { envelope: "a", expectedVersion: 0, now: NOW })).toEqual({ kind: "written", version: 1 });
  expect(await storage.writeKey(scope, { envelope: "b", expectedVersion: 0, now: NOW })).toEqual({ kind: "conflict" });
  expect(await storage.writeKey(scope, { envelope: "b", expectedVersion: 1, now: NOW })).toEqual({ kind: "written", version: 2 });
  expect(await storage.writeKey(scope, { envelope: "c", now: NOW })).toEqual({ kind: "written", version: 3 });
  expect(await storage.readKey(scope)).toEqual({ envelope: "c", version: 3 });
});

test("taken names, keys and addresses are refused", async () => {
  expect(await storage.createApp({ id: "2", name: "App", createdAt: NOW, apiKeyHash: "h2" })).toBe(false);
  expect(await storage.createApp({ id: "2", name: "Other", createdAt: NOW, apiKeyHash: "hash" })).toBe(false);
  expect(await storage.createUser({ id: "2", email: "user@example.com", createdAt: NOW, passwordHash: "h" })).toBe(false);
});

test("everything is there after the file is opened again", async () => {
  await append(rows(3), "one");
  const before = await page(0);
  await storage.close();
  storage = openSqliteStorage(path);

  expect(await page(0)).toEqual(before);
  expect(await append(rows(3), "one")).toEqual({ kind: "repeated", cursor: 3 });
});

test("two processes never give out one number twice", async () => {
  const second = openSqliteStorage(path);
  const batch = (rowId: string) => ({ deviceId: "device-user", key: null, digest: rowId, changes: [change(rowId)], now: NOW });
  const cursors = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? storage : second).append(scope, batch(`r${i}`))));
  await second.close();

  expect(cursors.map((result) => ("cursor" in result ? result.cursor : 0)).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test("the file, its log and its index are for their owner only", async () => {
  await append(rows(1));

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
  db.pragma("user_version = 99");
  db.close();

  expect(() => openSqliteStorage(path)).toThrow(NewerDatabaseError);

  const again = new Database(path);
  expect(again.pragma("user_version", { simple: true })).toBe(99);
  again.pragma("user_version = 2");
  again.close();
  storage = openSqliteStorage(path);
});

test("a file that is no database is refused", () => {
  const file = join(directory, "text.db");
  writeFileSync(file, "not a database, but long enough to be looked at as one".repeat(20));

  expect(() => openSqliteStorage(file)).toThrow("not a database");
});
