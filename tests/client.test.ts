// The client against the real server, over HTTP on loopback, with the real cost of Argon2id.
import { memoryKeychain, SyncError, SyncKitClient, type SyncErrorCode } from "@synckit-gen/runtime";
import type { EmbeddedServer } from "@synckit-gen/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "./support/start-server.ts";

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const clientOf = (on: EmbeddedServer, more: Partial<ConstructorParameters<typeof SyncKitClient>[0]> = {}): SyncKitClient =>
  new SyncKitClient({ serverUrl: on.url, apiKey: on.apiKey, ...more });

async function codeOf(work: Promise<unknown>): Promise<SyncErrorCode | "done"> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SyncError) return error.code;
    throw error;
  }
  return "done";
}

const entry = (rowId: string) => ({ table: "tasks", op: "INSERT", rowId, timestamp: "2026-11-23T09:00:00.000000Z" }) as const;

test("two devices of one user share rows that the server cannot read", async () => {
  const keychain = memoryKeychain();
  const desk = clientOf(server, { keychain });
  expect(await desk.authenticate(server.email, server.password)).toEqual({ userId: server.userId, appId: server.appId });
  expect(desk.isTokenExpired()).toBe(false);
  expect(await desk.hasServerKey()).toBe(false);
  await desk.setupEncryptionNew("row password");
  expect(await desk.hasServerKey()).toBe(true);

  const phone = clientOf(server);
  await phone.authenticate(server.email, server.password);
  expect(await codeOf(phone.setupEncryptionNew("another"))).toBe("key/exists");
  expect(await codeOf(phone.setupEncryptionExisting("wrong"))).toBe("key/wrong-password");
  await phone.setupEncryptionExisting("row password");

  const deskId = (await desk.registerDevice("Desk", "linux")).id;
  const phoneId = (await phone.registerDevice("Phone", "android")).id;
  expect((await desk.registerDevice("Desk", "linux")).id).toBe(deskId);
  expect((await phone.listDevices()).map(({ deviceName }) => deviceName).toSorted()).toEqual(["Desk", "Phone"]);

  const data = { id: "a1", title: "Wässer the plants 🌱", urgency: 0.1, tags: null };
  const cursor = await desk.push(deskId, [
    { ...entry("a1"), data },
    { ...entry("a2"), op: "DELETE", data: null },
  ]);

  const page = await phone.pull(phoneId, 0);
  expect(page.changes.map((change) => change.data)).toEqual([data, null]);
  expect(page).toMatchObject({ cursor, hasMore: false });
  expect(await phone.status()).toEqual({ totalChanges: 2, latestCursor: cursor });
  expect((await phone.pullPayloads(phoneId, cursor)).entries).toEqual([]);

  const later = clientOf(server, { keychain });
  expect(await later.tryLoadKeyFromKeychain()).toBe(true);
  expect((await later.pull(deskId, 0)).changes.length).toBe(2);
});

test("600 entries arrive in order, in two pushes and as many pages as the server likes", async () => {
  const own = await startServer();
  try {
    const client = clientOf(own);
    await client.authenticate(own.email, own.password);
    await client.setupEncryptionNew("row password");
    const { id } = await client.registerDevice("Desk", "linux");
    const entries = Array.from({ length: 600 }, (_, n) => ({ ...entry(`r${n}`), payload: `{"n":${n}}` }));

    await client.pushPayloads(id, entries.slice(0, 500));
    await client.pushPayloads(id, entries.slice(500));

    const pulled: (string | null)[] = [];
    for (let cursor = 0, hasMore = true; hasMore;) {
      const page = await client.pullPayloads(id, cursor);
      pulled.push(...page.entries.map(({ payload }) => payload));
      ({ cursor, hasMore } = page);
    }
    expect(pulled).toEqual(entries.map(({ payload }) => payload));
  } finally {
    await own.close();
  }
});

test("a password changed on one device asks the other for the new one, and locks nobody out", async () => {
  const own = await startServer();
  try {
    const [desk, phone] = [clientOf(own), clientOf(own)];
    for (const client of [desk, phone]) await client.authenticate(own.email, own.password);
    await desk.setupEncryptionNew("first");
    await phone.setupEncryptionExisting("first");

    await desk.changePassword("second");

    expect(await codeOf(phone.changePassword("third"))).toBe("key/changed-elsewhere");
    await phone.setupEncryptionExisting("second");
    await phone.changePassword("third");
    expect(phone.rowHash("t", "r")).toBe(desk.rowHash("t", "r"));
  } finally {
    await own.close();
  }
});

test("what the server refuses is told by its code", async () => {
  const client = clientOf(server);
  expect(await codeOf(client.authenticate(server.email, "wrong password"))).toBe("auth/rejected");
  expect(await codeOf(clientOf(server, { apiKey: "no such app" }).authenticate(server.email, server.password))).toBe("auth/rejected");

  const ready = clientOf(server);
  await ready.authenticate(server.email, server.password);
  await ready.setupEncryptionExisting("row password");
  const unknownDevice = "00000000-0000-4000-8000-000000000000";
  expect(await codeOf(ready.pullPayloads(unknownDevice, 0))).toBe("server/rejected");
  expect(await codeOf(clientOf(server, { apiPrefix: "/nowhere" }).authenticate(server.email, server.password))).toBe("server/rejected");
});

test("a server that is not there is offline, after three more tries", async () => {
  const gone = await startServer();
  await gone.close();
  const waits: number[] = [];
  const client = clientOf(gone, { sleep: async (ms) => void waits.push(ms) });

  expect(await codeOf(client.authenticate("a@example.org", "pw"))).toBe("network/offline");
  expect(waits.length).toBe(3);
});

test("the recovery phrase brings a lost password's account back, and another account's phrase changes nothing", async () => {
  const lost = await startServer();
  try {
    const desk = clientOf(lost);
    await desk.authenticate(lost.email, lost.password);
    await desk.setupEncryptionNew("soon forgotten");
    const deskId = (await desk.registerDevice("Desk", "linux")).id;
    await desk.push(deskId, [
      { ...entry("gone"), op: "DELETE", data: null },
      { ...entry("a1"), data: { id: "a1" } },
    ]);
    const phrase = await desk.recoveryPhrase();
    expect(phrase.split(" ")).toHaveLength(24);

    const phone = clientOf(lost);
    await phone.authenticate(lost.email, lost.password);
    const phoneId = (await phone.registerDevice("Phone", "android")).id;
    const another = `${"zoo ".repeat(23)}vote`;
    expect(await codeOf(phone.setupEncryptionFromPhrase(another, "mine now", phoneId))).toBe("key/wrong-phrase");
    expect(await codeOf(phone.setupEncryptionFromPhrase("zoo", "mine now", phoneId))).toBe("key/bad-phrase");
    expect(await codeOf(phone.setupEncryptionExisting("soon forgotten"))).toBe("done");
    await phone.clearSession();

    await phone.authenticate(lost.email, lost.password);
    await phone.setupEncryptionFromPhrase(phrase, "a new one", phoneId);

    expect((await phone.pull(phoneId, 0)).changes.map((change) => change.data)).toEqual([null, { id: "a1" }]);
    const third = clientOf(lost);
    await third.authenticate(lost.email, lost.password);
    expect(await codeOf(third.setupEncryptionExisting("soon forgotten"))).toBe("key/wrong-password");
    expect(await codeOf(third.setupEncryptionExisting("a new one"))).toBe("done");
    expect(await desk.recoveryPhrase()).toBe(phrase);
  } finally {
    await lost.close();
  }
});

test("a pull can be limited to tables and times, and can say who pushed each entry", async () => {
  const client = clientOf(server);
  await client.authenticate(server.email, server.password);
  await client.setupEncryptionExisting("row password");
  const device = (await client.registerDevice("Filter", "linux")).id;
  const start = (await client.status()).latestCursor;
  const at = (table: string, rowId: string, second: number) =>
    ({ table, op: "INSERT", rowId, timestamp: `2027-01-01T00:00:0${second}.000000Z`, data: { id: rowId } }) as const;
  await client.push(device, [at("filter_a", "1", 1), at("filter_b", "2", 2), at("filter_a", "3", 3)]);

  const rows = (page: { readonly changes: readonly { readonly rowId: string }[] }): readonly string[] => page.changes.map((c) => c.rowId);
  expect(rows(await client.pullFiltered(device, start, { tables: ["filter_a"] }))).toEqual(["1", "3"]);
  expect(rows(await client.pullFiltered(device, start, { since: "2027-01-01T00:00:02Z" }))).toEqual(["2", "3"]);
  const rich = await client.pullFilteredRich(device, start, { tables: ["filter_a"], since: "2027-01-01T00:00:02Z" });
  expect(rich.changes).toEqual([{ ...at("filter_a", "3", 3), deviceId: device, seq: start + 3 }]);
  expect(rich.cursor).toBe(start + 3);
  expect((await client.pullRich(device, start)).changes.map(({ seq, data }) => [seq, data])).toEqual([
    [start + 1, { id: "1" }],
    [start + 2, { id: "2" }],
    [start + 3, { id: "3" }],
  ]);
});

test("a removed device can neither push nor pull until it registers again, and its entries stay", async () => {
  const [desk, phone] = [clientOf(server), clientOf(server)];
  for (const client of [desk, phone]) {
    await client.authenticate(server.email, server.password);
    await client.setupEncryptionExisting("row password");
  }
  const { id } = await phone.registerDevice("Lost phone", "ios");
  const before = await phone.push(id, [{ ...entry("from the phone"), data: { id: "from the phone" } }]);

  await desk.removeDevice(id);

  expect((await desk.listDevices()).map((device) => device.id)).not.toContain(id);
  expect(await codeOf(phone.pull(id, 0))).toBe("server/rejected");
  expect(await codeOf(phone.push(id, [{ ...entry("late"), data: { id: "late" } }]))).toBe("server/rejected");
  expect((await phone.status()).latestCursor).toBe(before);
  expect(await codeOf(desk.removeDevice(id))).toBe("server/rejected");
  expect((await phone.registerDevice("Lost phone", "ios")).id).toBe(id);
  expect((await phone.pullRich(id, before - 1)).changes.map(({ rowId, deviceId }) => [rowId, deviceId])).toEqual([["from the phone", id]]);
});

test("whoever ends all sessions is signed out everywhere, and can sign in again", async () => {
  const own = await startServer();
  try {
    const [desk, phone] = [clientOf(own), clientOf(own)];
    for (const client of [desk, phone]) await client.authenticate(own.email, own.password);

    await desk.endSessions();

    expect(desk.sessionInfo()).toBeNull();
    expect(await codeOf(phone.status())).toBe("auth/rejected");
    await phone.authenticate(own.email, own.password);
    expect(await phone.status()).toEqual({ totalChanges: 0, latestCursor: 0 });
  } finally {
    await own.close();
  }
});

test("a server of the public protocol is asked for neither", async () => {
  const plain: typeof fetch = async (input, init) => {
    const path = new URL(input).pathname.replace("/api/sync", "");
    expect(["/auth", "/extensions"]).toContain(path);
    return path === "/extensions" ? new Response("", { status: 404 }) : fetch(input, init);
  };
  const client = clientOf(server, { fetch: plain });
  await client.authenticate(server.email, server.password);

  expect(await codeOf(client.removeDevice("any"))).toBe("server/unsupported");
  expect(await codeOf(client.endSessions())).toBe("server/unsupported");
  expect(client.sessionInfo()).not.toBeNull();
});
