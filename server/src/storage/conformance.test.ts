/** What every storage must do, asked of each: memory, SQLite, PostgreSQL. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, needing, services, type TestDatabase } from "../../../tests/services/running.ts";
import type { NewUpload } from "./blob-port.ts";
import type { AuditEvent, AuthorizationCode } from "./identity-port.ts";
import { AccountGoneError, type LoggedChange, type SnapshotChunk, type SnapshotCompletion, type Storage } from "./port.ts";
import { openPostgresStorage } from "./postgres/open-postgres-storage.ts";
import { openSqliteStorage } from "./sqlite/open-sqlite-storage.ts";

const NOW = "2026-01-01T00:00:00.000Z";
let runs = 0;

/** A kind of storage: `open` gives the same one again, `reset` ends with it. Null where a second one cannot be opened. */
interface Kind {
  readonly name: string;
  readonly isHere: boolean;
  readonly isShared: boolean;
  prepare(): Promise<void>;
  open(): Promise<Storage>;
  dispose(): Promise<void>;
}

let directory: string;
let database: TestDatabase;

const kinds: readonly Kind[] = [
  {
    name: "memory",
    isHere: true,
    isShared: false,
    prepare: async () => {},
    open: async () => openSqliteStorage(":memory:"),
    dispose: async () => {},
  },
  {
    name: "SQLite",
    isHere: true,
    isShared: true,
    prepare: async () => void (directory = mkdtempSync(join(tmpdir(), "synckit-storage-"))),
    open: async () => openSqliteStorage(join(directory, "x.db")),
    dispose: async () => rmSync(directory, { recursive: true }),
  },
  {
    name: needing("postgres", "PostgreSQL"),
    isHere: services.postgres !== null,
    isShared: true,
    prepare: async () => void (database = await createTestDatabase()),
    open: () => openPostgresStorage({ url: database.url, partitions: 4 }),
    dispose: () => database.drop(),
  },
];

for (const kind of kinds)
  describe.skipIf(!kind.isHere)(`storage in ${kind.name}`, () => {
    let storage: Storage;
    // A world of its own for each test: making a database of PostgreSQL takes longer than a test.
    let scope: { readonly appId: string; readonly userId: string };
    let other: typeof scope;

    beforeAll(async () => {
      await kind.prepare();
      storage = await kind.open();
    });
    afterAll(async () => {
      await storage.close();
      await kind.dispose();
    });
    beforeEach(async () => {
      const run = ++runs;
      scope = { appId: `app-${run}`, userId: `user-${run}` };
      other = { appId: `app-${run}`, userId: `other-${run}` };
      await storage.createApp({ id: scope.appId, name: `App ${run}`, createdAt: NOW, apiKeyHash: `hash-${run}` });
      for (const each of [scope, other]) {
        await storage.createUser({ id: each.userId, email: `${each.userId}@example.com`, createdAt: NOW, passwordHash: "h" });
        await storage.openAccount(each);
        await storage.registerDevice(each, { newId: `device-${each.userId}`, deviceName: "d", platform: "linux", now: NOW });
      }
    });
    const deviceId = (): string => `device-${scope.userId}`;
    const change = (rowId: string, more: Partial<LoggedChange> = {}): LoggedChange => ({
      table: "t",
      op: "INSERT",
      rowId,
      timestamp: NOW,
      stamp: 1,
      data: "AAAA",
      ...more,
    });
    const codeOf = (codeHash: string, expiresAt: string): AuthorizationCode => ({
      ...scope,
      codeHash,
      redirectUri: "http://127.0.0.1:1/cb",
      codeChallenge: "challenge",
      expiresAt,
    });
    const append = (changes: readonly LoggedChange[], digest = JSON.stringify(changes), key: string | null = null) =>
      storage.append(scope, { deviceId: deviceId(), key, digest, changes, now: NOW });
    const page = (cursor: number, more: Partial<Parameters<Storage["readPage"]>[1]> = {}) =>
      storage.readPage(scope, { cursor, maxEntries: 500, maxDataBytes: 1e9, ...more });
    const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => change(`r${from + i}`));

    test("what an account takes is counted, in bytes, and of each account for itself", async () => {
      expect(await storage.listUsage(scope.userId, 10, 0)).toMatchObject([{ changes: 0, changeBytes: 0, blobBytes: 0, devices: 1 }]);
      await append([change("ä"), change("b", { op: "DELETE", data: null })]);
      await append([change("ä"), change("b", { op: "DELETE", data: null })]);

      const [mine, ...rest] = await storage.listUsage(scope.userId, 10, 0);
      expect(rest).toEqual([]);
      expect(mine).toMatchObject({ ...scope, email: `${scope.userId}@example.com`, changes: 2, changeBytes: 9, lastSeenAt: NOW });
      expect(await storage.listUsage(other.userId, 10, 0)).toMatchObject([{ changeBytes: 0 }]);
      expect((await storage.listUsage(null, 1, 0)).length).toBe(1);
    });

    test("a batch past the quota stores nothing, and one that was stored before is known again", async () => {
      const batch = { deviceId: deviceId(), key: null, changes: rows(2), now: NOW };
      const size = rows(2).length * "t".length + rows(2).length * "r0".length + rows(2).length * "AAAA".length;

      expect(await storage.append(scope, { ...batch, digest: "one", quotaBytes: size - 1 })).toEqual({ kind: "over-quota" });
      expect(await storage.readHead(scope)).toBe(0);
      expect(await storage.append(scope, { ...batch, digest: "one", quotaBytes: size })).toEqual({ kind: "appended", cursor: 2 });
      expect(await storage.append(scope, { ...batch, digest: "one", quotaBytes: size })).toEqual({ kind: "repeated", cursor: 2 });
      expect(await storage.append(scope, { ...batch, digest: "two", quotaBytes: size })).toEqual({ kind: "over-quota" });
    });

    test("blobs are listed by name, and their bytes are known", async () => {
      const hash = "e".repeat(64);
      const upload = { hash, sizeBytes: 7, newId: "id", billingKey: "default", quotaBytes: null, now: NOW };
      const begun = await storage.beginUpload(scope, upload);
      const name = begun.kind === "upload" ? begun.name : expect.fail(begun.kind);
      expect((await storage.listBlobs("", 1000)).map((blob) => blob.name)).not.toContain(name);
      expect([await storage.knowsBlob(name), await storage.knowsBlob("nobody/id")]).toEqual([true, false]);
      await storage.confirmUpload(scope, hash, name, NOW);

      expect(await storage.listBlobs("", 1000)).toContainEqual({ name, sizeBytes: 7 });
      expect((await storage.listBlobs(name, 1000)).map((blob) => blob.name)).not.toContain(name);
      expect(await storage.knowsBlob(name)).toBe(true);
      expect((await storage.listUsage(scope.userId, 1, 0))[0]?.blobBytes).toBe(7);
    });

    test("sound data has no faults", async () => {
      await append([change("ä"), change("b")]);

      expect(await storage.findFaults()).toEqual([]);
    });

    test("numbers start at one and have no gaps", async () => {
      expect(await append(rows(3))).toEqual({ kind: "appended", cursor: 3 });
      expect(await append(rows(2, 3))).toEqual({ kind: "appended", cursor: 5 });
      expect((await page(0)).changes.map(({ seq, rowId }) => [seq, rowId])).toEqual([1, 2, 3, 4, 5].map((seq) => [seq, `r${seq - 1}`]));
    });

    test("a failing batch leaves no entry and no number behind", async () => {
      await append(rows(2));

      await expect(append([change("a"), change("b", { table: null as unknown as string })])).rejects.toThrow(/not.null/iu);

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

      expect(await page(0, { maxDataBytes: 200 })).toMatchObject({ changes: [{ seq: 1 }, { seq: 2 }], cursor: 2, hasMore: true });
      expect(await page(0, { maxDataBytes: 10 })).toMatchObject({ changes: [{ seq: 1 }], cursor: 1, hasMore: true });
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
      expect((await storage.readPage(other, { cursor: 0, maxEntries: 500, maxDataBytes: 1e9 })).changes).toEqual([]);
      expect(await storage.readKey(other)).toBeNull();
      expect((await storage.listDevices(other)).map(({ id }) => id)).toEqual([`device-${other.userId}`]);
      expect(await storage.hasDevice(other, deviceId())).toBe(false);
      expect(await storage.append(other, { deviceId: deviceId(), key: null, digest: "x", changes: rows(1), now: NOW })).toEqual({
        kind: "unknown-device",
      });
    });

    test("a device that registers again keeps its id and changes its platform", async () => {
      const later = "2026-02-01T00:00:00.000Z";
      const again = await storage.registerDevice(scope, { newId: "unused", deviceName: "d", platform: "web", now: later });

      expect(again).toEqual({ id: deviceId(), deviceName: "d", platform: "web", createdAt: NOW, lastSeenAt: later });
      expect(await storage.listDevices(scope)).toEqual([again]);
    });

    const chunk = (index: number, more: Partial<SnapshotChunk> = {}) =>
      storage.writeSnapshotChunk(scope, {
        deviceId: deviceId(),
        snapshotId: "s1",
        cursor: 1,
        index,
        data: `${more.snapshotId ?? "s1"} ${index}`,
        now: NOW,
        busySince: "2025-12-31T23:00:00.000Z",
        maxBytes: 1_000,
        ...more,
      });
    const complete = (chunks: number, more: Partial<SnapshotCompletion> = {}) =>
      storage.completeSnapshot(scope, { snapshotId: "s1", chunks, cursor: 1, through: 1, manifest: "m", now: NOW, ...more });

    test("a snapshot is read once it is complete, and not before", async () => {
      await append(rows(1));
      expect([await chunk(0), await chunk(1)]).toEqual(["written", "written"]);
      expect(await storage.readSnapshot(scope)).toBeNull();
      expect(await storage.readSnapshotChunk(scope, "s1", 0)).toBeNull();

      expect([await complete(2), await complete(2)]).toEqual(["completed", "completed"]);

      expect(await storage.readSnapshot(scope)).toEqual({ snapshotId: "s1", cursor: 1, chunks: 2, manifest: "m" });
      expect([await storage.readSnapshotChunk(scope, "s1", 1), await storage.readSnapshotChunk(scope, "s1", 2)]).toEqual(["s1 1", null]);
      expect([await storage.readSnapshot(other), await storage.readSnapshotChunk(other, "s1", 0)]).toEqual([null, null]);
    });

    test("an upload goes on where it stopped: a chunk again, or from an earlier one anew, and never with a gap", async () => {
      await append(rows(1));
      expect([await chunk(1), await chunk(0), await chunk(2), await chunk(0), await chunk(1), await chunk(2)]).toEqual([
        "gap",
        "written",
        "gap",
        "written",
        "written",
        "written",
      ]);
      await chunk(1, { data: "another" });

      expect(await complete(3)).toBe("gap");
      expect(await complete(2, { cursor: 0 })).toBe("gap");
      expect(await complete(2)).toBe("completed");
      expect(await storage.readSnapshotChunk(scope, "s1", 1)).toBe("another");
      expect(await chunk(2), "a finished one takes no more").toBe("gap");
    });

    test("a newer snapshot takes the place of the one before, and an older one does not", async () => {
      await append(rows(5));
      for (const [snapshotId, cursor] of [
        ["s1", 2],
        ["s2", 3],
        ["s0", 1],
      ] as const) {
        await chunk(0, { snapshotId, cursor });
        expect(await complete(1, { snapshotId, cursor })).toBe(snapshotId === "s0" ? "older" : "completed");
      }

      expect(await storage.readSnapshot(scope)).toMatchObject({ snapshotId: "s2" });
      expect(await storage.readSnapshotChunk(scope, "s1", 0)).toBeNull();
    });

    test("a snapshot that the log does not reach is neither taken nor given", async () => {
      await append(rows(2));
      await chunk(0);

      expect(await complete(1, { through: 3 })).toBe("ahead");
      await append(rows(1, 2));
      expect(await complete(1, { through: 3 })).toBe("completed");
    });

    test("one device uploads at a time, until its upload has been still for a while", async () => {
      await append(rows(1));
      await storage.registerDevice(scope, { newId: `second-${scope.userId}`, deviceName: "second", platform: "linux", now: NOW });
      const second = { deviceId: `second-${scope.userId}`, snapshotId: "s2" };
      await chunk(0);

      expect(await chunk(0, second)).toBe("busy");
      expect(await chunk(1, { ...second, snapshotId: "s1" })).toBe("gap");
      expect(await chunk(0, { ...second, busySince: "2026-01-01T00:00:00.001Z" })).toBe("written");
      expect(await chunk(1), "the other one is gone").toBe("gap");
      expect(await chunk(0, { deviceId: "nobody" })).toBe("unknown-device");
    });

    test("a snapshot past its size is refused and leaves nothing, and a chunk that is sent again counts once", async () => {
      await append(rows(1));
      const large = { data: "x".repeat(60), maxBytes: 100 };

      expect([await chunk(0, large), await chunk(0, large), await chunk(1, large), await chunk(1, large)]).toEqual([
        "written",
        "written",
        "full",
        "gap",
      ]);
    });

    test("each device has one digest, the latest written first, and no other account sees it", async () => {
      const late = "2026-02-01T00:00:00.000Z";
      await storage.writeDigest(scope, { deviceId: "b", data: "BBBB", now: NOW });
      await storage.writeDigest(scope, { deviceId: "a", data: "old", now: NOW });
      await storage.writeDigest(scope, { deviceId: "a", data: "AAAA", now: late });

      expect(await storage.readDigests(scope)).toEqual([
        { deviceId: "a", data: "AAAA", updatedAt: late },
        { deviceId: "b", data: "BBBB", updatedAt: NOW },
      ]);
      expect(await storage.readDigests(other)).toEqual([]);
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
      const run = scope.appId.replace("app-", "");
      expect(await storage.createApp({ id: "x", name: `App ${run}`, createdAt: NOW, apiKeyHash: "other" })).toBe(false);
      expect(await storage.createApp({ id: "x", name: "Other", createdAt: NOW, apiKeyHash: `hash-${run}` })).toBe(false);
      expect(await storage.createUser({ id: "x", email: `${scope.userId}@example.com`, createdAt: NOW, passwordHash: "h" })).toBe(false);
    });

    test("apps and users are listed in the order of their names and found by what they sign in with", async () => {
      await storage.createApp({ id: `${scope.appId}b`, name: `App ${scope.appId} B`, createdAt: NOW, apiKeyHash: `b-${scope.appId}` });
      const names = (await storage.listApps()).map(({ name }) => name);
      const emails = (await storage.listUsers()).map(({ email }) => email);

      expect(names).toEqual(names.toSorted());
      expect(emails).toEqual(emails.toSorted());
      expect(await storage.findAppByKeyHash(`b-${scope.appId}`)).toEqual({
        id: `${scope.appId}b`,
        name: `App ${scope.appId} B`,
        createdAt: NOW,
      });
      expect(await storage.findAppByKeyHash("nobody's")).toBeNull();
      const email = `${scope.userId}@example.com`;
      expect(await storage.findUserByEmail(email)).toEqual({ id: scope.userId, email, createdAt: NOW, passwordHash: "h" });
      expect(await storage.findUserByEmail("nobody@example.com")).toBeNull();
    });

    test("an account is there once it was opened, however often", async () => {
      const account = { ...scope, userId: `${scope.userId}-late` };
      await storage.createUser({ id: account.userId, email: account.userId, createdAt: NOW, passwordHash: "h" });
      expect(await storage.readValidFrom(account)).toBeNull();

      await Promise.all([storage.openAccount(account), storage.openAccount(account)]);

      expect(await storage.readValidFrom(account)).toBe(0);
      expect(await storage.readHead(account)).toBe(0);
    });

    test("a removed device neither pushes nor pulls, and is back under its id when its name registers again", async () => {
      await append(rows(1));
      expect(await storage.removeDevice(other, deviceId(), NOW)).toBe(false);
      expect(await storage.removeDevice(scope, deviceId(), NOW)).toBe(true);
      expect(await storage.removeDevice(scope, deviceId(), NOW)).toBe(false);

      expect(await storage.listDevices(scope)).toEqual([]);
      expect(await storage.hasDevice(scope, deviceId())).toBe(false);
      expect(await append(rows(1))).toEqual({ kind: "unknown-device" });
      expect((await page(0)).changes).toMatchObject([{ deviceId: deviceId() }]);
      const again = await storage.registerDevice(scope, { newId: "unused", deviceName: "d", platform: "linux", now: NOW });
      expect(again.id).toBe(deviceId());
      expect(await storage.hasDevice(scope, deviceId())).toBe(true);
    });

    test("redirect addresses belong to one app", async () => {
      expect(await storage.addRedirectUri(scope.appId, "https://b.example.com/")).toBe(true);
      expect(await storage.addRedirectUri(scope.appId, "https://a.example.com/")).toBe(true);
      expect(await storage.addRedirectUri(scope.appId, "https://a.example.com/")).toBe(false);
      expect(await storage.listRedirectUris(scope.appId)).toEqual(["https://a.example.com/", "https://b.example.com/"]);
      expect(await storage.listRedirectUris("none")).toEqual([]);

      expect(await storage.removeRedirectUri("none", "https://a.example.com/")).toBe(false);
      expect(await storage.removeRedirectUri(scope.appId, "https://a.example.com/")).toBe(true);
      expect(await storage.listRedirectUris(scope.appId)).toEqual(["https://b.example.com/"]);
    });

    test("an app's key and a user's password are replaced", async () => {
      expect(await storage.replaceAppKey(scope.appId, `new-${scope.appId}`)).toBe(true);
      expect(await storage.replaceAppKey("none", "new")).toBe(false);
      expect(await storage.findAppByKeyHash(`new-${scope.appId}`)).toMatchObject({ id: scope.appId });

      expect(await storage.replacePassword(scope.userId, "new")).toBe(true);
      expect(await storage.replacePassword("none", "new")).toBe(false);
      expect(await storage.findUserByEmail(`${scope.userId}@example.com`)).toMatchObject({ passwordHash: "new" });
      expect(await storage.findUser(scope.userId)).toEqual({ id: scope.userId, email: `${scope.userId}@example.com`, createdAt: NOW });
      expect(await storage.findUser("none")).toBeNull();
    });

    test("sessions end for one user, of every app, and never begin again", async () => {
      expect(await storage.endSessions(scope.userId, 1_800_000_000)).toBe(true);
      expect(await storage.endSessions(scope.userId, 1_700_000_000)).toBe(true);
      expect(await storage.endSessions("none", 1_800_000_000)).toBe(false);

      // Later than what was asked for last: a token issued since the first end is void as well.
      expect(await storage.readValidFrom(scope)).toBe(1_800_000_001);
      expect(await storage.readUserValidFrom(scope.userId)).toBe(1_800_000_001);
      expect(await storage.readValidFrom(other)).toBe(0);
      expect(await storage.readUserValidFrom("none")).toBeNull();
    });

    test("a code is taken once, by one of many", async () => {
      const code = codeOf(`${scope.userId}-1`, "2026-01-01T00:10:00.000Z");
      await storage.storeCode(code, NOW);

      const taken = await Promise.all(Array.from({ length: 5 }, () => storage.takeCode(code.codeHash)));

      expect(taken.filter((each) => each !== null)).toEqual([code]);
    });

    test("codes go when they expire, and with the user's sessions", async () => {
      const early = codeOf(`${scope.userId}-1`, "2026-01-01T00:10:00.000Z");
      const late = codeOf(`${scope.userId}-2`, "2026-01-01T00:20:00.000Z");
      const theirs = { ...codeOf(`${scope.userId}-3`, "2026-01-01T00:20:00.000Z"), userId: other.userId };
      await storage.storeCode(early, NOW);
      await storage.storeCode(late, "2026-01-01T00:15:00.000Z");
      await storage.storeCode(theirs, "2026-01-01T00:15:00.000Z");
      expect(await storage.takeCode(early.codeHash)).toBeNull();

      await storage.endSessions(scope.userId, 1);

      expect(await storage.takeCode(late.codeHash)).toBeNull();
      expect(await storage.takeCode(theirs.codeHash)).toEqual(theirs);
    });

    test("of two signing keys of one number the first is kept, and old ones are dropped", async () => {
      // Keys belong to no account, so this test leaves none behind.
      const key = (number: number, fill: number) => ({ number, secret: new Uint8Array(32).fill(fill), createdAt: NOW });
      expect(await storage.addSigningKey(key(1, 1))).toBe(true);
      expect(await storage.addSigningKey(key(1, 2))).toBe(false);
      expect(await storage.addSigningKey(key(2, 3))).toBe(true);
      const kept = await storage.listSigningKeys();
      expect(kept.map(({ number, secret, createdAt }) => [number, secret[0], secret.length, createdAt])).toEqual([
        [2, 3, 32, NOW],
        [1, 1, 32, NOW],
      ]);

      await storage.dropSigningKeys(2);
      expect((await storage.listSigningKeys()).map(({ number }) => number)).toEqual([2]);
      await storage.dropSigningKeys(3);
    });

    test("the audit log gives its newest events first, and forgets the oldest", async () => {
      const event = (minute: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
        id: randomUUID(),
        at: `2026-01-01T00:0${minute}:00.000Z`,
        action: "sign-in",
        outcome: "refused",
        appId: null,
        userId: null,
        address: null,
        ...more,
      });
      const events = [event(1), event(2, { outcome: "done", appId: scope.appId, userId: scope.userId, address: "192.0.2.1" }), event(3)];
      for (const each of events) await storage.appendAudit(each, NOW, 100);
      expect(await storage.readAudit(2)).toEqual([events[2], events[1]]);

      const last = event(4);
      await storage.appendAudit(last, "2026-01-01T00:03:00.000Z", 100);

      expect(await storage.readAudit(100)).toEqual([last, events[2]]);
      await storage.appendAudit(event(5), "2026-01-01T00:06:00.000Z", 100);
    });

    test("the audit log keeps no more events than it is told", async () => {
      for (let minute = 1; minute <= 5; minute++) {
        const at = `2026-01-01T01:0${minute}:00.000Z`;
        const event = { id: randomUUID(), at, action: "sign-in", outcome: "done", appId: null, userId: null, address: null } as const;
        await storage.appendAudit(event, "2026-01-01T01:00:00.000Z", 3);
      }
      expect((await storage.readAudit(100)).map(({ at }) => at.slice(14, 16))).toEqual(["05", "04", "03"]);
    });

    /** Something in every table that has an account's data. */
    async function fillAccount(owner: typeof scope): Promise<void> {
      const device = `device-${owner.userId}`;
      await storage.append(owner, { deviceId: device, key: "k", digest: "d", changes: rows(2), now: NOW });
      await storage.writeKey(owner, { envelope: "{}", now: NOW });
      await storage.writeDigest(owner, { deviceId: device, data: "AAAA", now: NOW });
      const snapshot = { snapshotId: "s", cursor: 1, index: 0, data: "AAAA", now: NOW, busySince: NOW, maxBytes: 100 };
      await storage.writeSnapshotChunk(owner, { ...snapshot, deviceId: device });
      await storage.storeCode({ ...codeOf(`code of ${owner.userId}`, "2027"), ...owner }, NOW);
      const upload = { sizeBytes: 1, billingKey: "default", quotaBytes: null, now: NOW };
      await storage.beginUpload(owner, { ...upload, hash: "a", newId: `a-${owner.userId}` });
      const begun = await storage.beginUpload(owner, { ...upload, hash: "b", newId: `b-${owner.userId}` });
      await storage.confirmUpload(owner, "b", begun.kind === "upload" ? begun.name : "", NOW);
    }

    test("a removed user leaves nothing behind, and others are not touched", async () => {
      for (const owner of [scope, other]) await fillAccount(owner);
      const { userId } = scope;
      const names = await storage.listBlobNames({ userId });
      expect(new Set(names.map((name) => name.split("/")[1]))).toEqual(new Set([`a-${userId}`, `b-${userId}`]));

      expect(await storage.removeOwner({ userId })).toEqual(names);

      expect(await storage.findUser(userId)).toBeNull();
      expect(await storage.readValidFrom(scope)).toBeNull();
      expect(await storage.takeCode(`code of ${userId}`)).toBeNull();
      await expect(storage.append(scope, { deviceId: deviceId(), key: null, digest: "e", changes: rows(1), now: NOW })).rejects.toThrow(
        AccountGoneError,
      );
      expect(await storage.removeOwner({ userId })).toBeNull();
      // The same ids again, as nothing but a test makes them: whatever had been left would be found.
      await storage.createUser({ id: userId, email: `${userId}@example.com`, createdAt: NOW, passwordHash: "h" });
      await storage.openAccount(scope);
      expect(await storage.readHead(scope)).toBe(0);
      expect((await page(0)).changes).toEqual([]);
      expect(await storage.readKey(scope)).toBeNull();
      expect(await storage.readDigests(scope)).toEqual([]);
      expect(await storage.listDevices(scope)).toEqual([]);
      expect(await storage.findBlob(scope, "b")).toBeNull();
      expect(await storage.readSnapshotChunk(scope, "s", 0)).toBeNull();
      expect(await storage.readHead(other)).toBe(2);
      expect(await storage.listDevices(other)).toHaveLength(1);
    });

    test("a removed app takes the accounts of all its users along, and no user", async () => {
      for (const owner of [scope, other]) await fillAccount(owner);
      await storage.addRedirectUri(scope.appId, "https://app.example.com/cb");

      expect(await storage.removeOwner({ appId: scope.appId })).toHaveLength(4);

      expect((await storage.listApps()).map(({ id }) => id)).not.toContain(scope.appId);
      expect(await storage.listRedirectUris(scope.appId)).toEqual([]);
      for (const owner of [scope, other]) {
        expect(await storage.readValidFrom(owner)).toBeNull();
        expect(await storage.findUser(owner.userId)).not.toBeNull();
      }
    });

    test("any text and number comes back as it was given", async () => {
      const odd = change("r \"'\\ \u{1F600} é e\u0301 \n\t $1 :name {1,2} NULL", {
        table: 'T "x" {}',
        op: "DELETE",
        timestamp: "2026-01-01T00:00:00.123456+02:00",
        stamp: Number.MAX_SAFE_INTEGER,
        data: "",
      });
      await append([odd, change("null", { data: null, stamp: -5 })]);

      const { stamp: _, ...kept } = odd;
      expect((await page(0)).changes).toEqual([
        { ...kept, deviceId: deviceId(), seq: 1 },
        expect.objectContaining({ rowId: "null", data: null, seq: 2 }),
      ]);
      expect((await page(0, { sinceStamp: Number.MAX_SAFE_INTEGER })).changes).toHaveLength(1);
    });

    test("pushes at once from one process get numbers of their own, in batches without a gap", async () => {
      const batch = (name: string) => Array.from({ length: 7 }, (_, i) => change(`${name}-${i}`));
      await Promise.all(Array.from({ length: 20 }, (_, i) => append(batch(`b${i}`))));

      const { changes } = await page(0);

      expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: 140 }, (_, i) => i + 1));
      for (let first = 0; first < 140; first += 7) {
        const [name] = changes[first]?.rowId.split("-") ?? [];
        expect(changes.slice(first, first + 7).map(({ rowId }) => rowId)).toEqual(batch(name ?? "").map(({ rowId }) => rowId));
      }
    });

    test("a batch that is pushed twice at once is kept once", async () => {
      const results = await Promise.all([append(rows(3), "same"), append(rows(3), "same")]);

      expect(results.map(({ kind: how }) => how).toSorted()).toEqual(["appended", "repeated"]);
      expect(await storage.readHead(scope)).toBe(3);
    });

    describe("blobs", () => {
      const LATER = "2026-01-03T00:00:00.000Z";
      const hash = "a".repeat(64);
      const begin = (newId: string, more: Partial<NewUpload> = {}) =>
        storage.beginUpload(scope, { hash, sizeBytes: 100, newId, billingKey: "default", quotaBytes: null, now: NOW, ...more });
      const nameOf = async (newId: string, more: Partial<NewUpload> = {}): Promise<string> => {
        const result = await begin(newId, more);
        return result.kind === "upload" ? result.name : expect.fail(result.kind);
      };

      test("an upload becomes the blob of its hash when it is confirmed, and then exists", async () => {
        const name = await nameOf("one");
        expect(name).toMatch(/^[\w-]{22}\/one$/u);
        expect(await storage.findUpload(scope, hash, 100)).toEqual({ name, sizeBytes: 100 });
        expect(await storage.findBlob(scope, hash)).toBeNull();

        expect(await storage.confirmUpload(scope, hash, name, NOW)).toBe(true);

        expect(await storage.findBlob(scope, hash)).toEqual({ name, sizeBytes: 100 });
        expect(await storage.findUpload(scope, hash, 100)).toBeNull();
        expect(await storage.confirmUpload(scope, hash, name, NOW)).toBe(true);
        expect(await begin("two")).toEqual({ kind: "exists" });
      });

      test("two devices that upload the same content at once share its name; another size is another upload", async () => {
        const name = await nameOf("one");

        expect(await nameOf("two")).toBe(name);
        expect(await nameOf("three", { sizeBytes: 101 })).not.toBe(name);
      });

      test("of two uploads of one content, the first that is confirmed is the blob", async () => {
        const [small, large] = [await nameOf("small"), await nameOf("large", { sizeBytes: 101 })];
        await storage.confirmUpload(scope, hash, small, NOW);

        expect(await storage.confirmUpload(scope, hash, large, NOW)).toBe(true);
        expect(await storage.findBlob(scope, hash)).toEqual({ name: small, sizeBytes: 100 });
      });

      test("blobs and uploads together stay within the quota", async () => {
        await storage.confirmUpload(scope, hash, await nameOf("one"), NOW);
        await begin("two", { hash: "b".repeat(64) });

        expect(await begin("three", { hash: "c".repeat(64), quotaBytes: 299 })).toEqual({ kind: "over-quota" });
        expect(await begin("four", { hash: "b".repeat(64), quotaBytes: 10 })).toMatchObject({ kind: "upload" });
        expect(await begin("three", { hash: "c".repeat(64), quotaBytes: 300 })).toMatchObject({ kind: "upload" });
        expect(
          await storage.beginUpload(other, { hash, sizeBytes: 1, newId: "x", billingKey: "k", quotaBytes: 1, now: NOW }),
        ).toMatchObject({
          kind: "upload",
        });
      });

      test("an upload that is given up can be neither found nor confirmed, and is named until its bytes are gone", async () => {
        const name = await nameOf("one");
        const account = name.split("/")[0] ?? "";
        expect(await storage.giveUpUploads(NOW, 1000)).not.toContainEqual({ account, name });

        expect(await storage.giveUpUploads(LATER, 1000)).toContainEqual({ account, name });

        expect(await storage.findUpload(scope, hash, 100)).toBeNull();
        expect(await storage.confirmUpload(scope, hash, name, NOW)).toBe(false);
        expect(await nameOf("two")).not.toBe(name);
        expect(await storage.giveUpUploads(NOW, 1000)).toContainEqual({ account, name });
        await storage.forgetUpload({ account, name });
        expect(await storage.giveUpUploads(NOW, 1000)).not.toContainEqual({ account, name });
      });

      test("an upload that is asked for again lives from then on, and a confirmed one for ever", async () => {
        const asked = await nameOf("one");
        await begin("two", { now: LATER });
        const confirmed = await nameOf("three", { hash: "b".repeat(64) });
        await storage.confirmUpload(scope, "b".repeat(64), confirmed, NOW);

        const given = (await storage.giveUpUploads("2026-01-02T00:00:00.000Z", 1000)).map(({ name }) => name);

        expect(given).not.toContain(asked);
        expect(given).not.toContain(confirmed);
      });

      test("accounts share no blob", async () => {
        const name = await nameOf("one");
        await storage.confirmUpload(scope, hash, name, NOW);

        expect(await storage.findBlob(other, hash)).toBeNull();
        expect(await storage.confirmUpload(other, hash, name, NOW)).toBe(false);
        expect(
          await storage.beginUpload(other, { hash, sizeBytes: 100, newId: "two", billingKey: "k", quotaBytes: null, now: NOW }),
        ).toMatchObject({ kind: "upload" });
      });
    });

    const whereShared = kind.isShared ? describe : () => {};
    whereShared("with a second server on the same data", () => {
      let second: Storage;
      beforeEach(async () => void (second = await kind.open()));
      afterEach(() => second.close());

      test("what one was told, the other knows", async () => {
        await append(rows(3), "one");
        const before = await page(0);

        expect(await second.readPage(scope, { cursor: 0, maxEntries: 500, maxDataBytes: 1e9 })).toEqual(before);
        expect(await second.append(scope, { deviceId: deviceId(), key: null, digest: "one", changes: rows(3), now: NOW })).toEqual({
          kind: "repeated",
          cursor: 3,
        });
      });

      test("a reader who follows the cursor while both push misses nothing", async () => {
        const pushed = Array.from({ length: 60 }, (_, i) => `p${i}`);
        let isOver = false;
        const read: string[] = [];
        const reader = (async () => {
          for (let cursor = 0; ;) {
            const wasOver = isOver;
            const found = await second.readPage(scope, { cursor, maxEntries: 500, maxDataBytes: 1e9 });
            read.push(...found.changes.map(({ rowId }) => rowId));
            if (wasOver && found.cursor === cursor) return;
            cursor = found.cursor;
          }
        })();
        await Promise.all(
          pushed.map((rowId, i) =>
            (i % 2 === 0 ? storage : second).append(scope, {
              deviceId: deviceId(),
              key: null,
              digest: rowId,
              changes: [change(rowId)],
              now: NOW,
            }),
          ),
        );
        isOver = true;
        await reader;

        expect(read.toSorted()).toEqual(pushed.toSorted());
      });
    });
  });
