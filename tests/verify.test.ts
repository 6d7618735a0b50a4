/** `sync.verify()`: devices compare their rows through sealed digests, and find what was changed behind the engine's back. */
import type { VerifyReport } from "@synckit-gen/runtime";
import { startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openAppDevice, signIn, type AppDevice } from "./support/app-devices.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";

const model = modelOf([
  tableOf("projects", { columns: { name: "text" }, local: { note: { type: "text" } } }),
  tableOf("tasks", {
    columns: { project: "uuid?", title: "text", weight: "real?" },
    references: [{ columns: ["project"], table: "projects" }],
  }),
  tableOf("pairs", { identity: { a: "integer", b: "text" }, key: ["a", "b"], columns: { v: "blob?" } }),
  tableOf("items", { columns: { is_read: "boolean" }, apply: "update", deletes: "ignore" }),
]);

let loaded: LoadedSpec;
let server: EmbeddedServer;
let devices: readonly AppDevice[];
beforeAll(async () => {
  loaded = await loadSpec(model);
});
beforeEach(async () => {
  server = await startEmbeddedServer();
  devices = ["a", "b", "c"].map((name) => openAppDevice(server, model, loaded, { name }));
  for (const device of devices) await signIn(device, server);
});
afterEach(() => server.close());

const at = (index: number): AppDevice => devices[index] as AppDevice;
const MANY = `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)`;

async function fill(): Promise<void> {
  at(0).db.exec(
    `INSERT INTO projects (id, name) VALUES ('p1', 'x'), ('p2', 'y'); ${MANY} INSERT INTO tasks (id, project, title, weight) SELECT 'task ' || n, 'p1', 'title ' || n, n / 7.0 FROM n;
     ${MANY} INSERT INTO pairs (a, b, v) SELECT n, 'b' || n, randomblob(8) FROM n; INSERT INTO items (id, is_read) VALUES ('i', 1)`,
  );
  for (let round = 0; round < 2; round++) for (const { sync } of devices) await sync.syncNow();
}

/** With the triggers off, as nothing that syncs does. */
const behind = ({ db }: AppDevice, sql: string): unknown =>
  db.exec(
    `UPDATE sync_state SET value = '1' WHERE key = 'applying_remote'; ${sql}; UPDATE sync_state SET value = '0' WHERE key = 'applying_remote'`,
  );

async function verifyAll(): Promise<readonly VerifyReport[]> {
  const reports: VerifyReport[] = [];
  for (const { sync } of devices) reports.push(await sync.verify());
  return reports;
}

const verdicts = (report: VerifyReport | undefined): readonly string[] => report?.devices.map(({ verdict }) => verdict) ?? [];

test("three devices with equal rows are equal; local columns and update-only tables do not count", async () => {
  await fill();
  at(1).db.exec("UPDATE projects SET note = 'local'; INSERT INTO items (id, is_read) VALUES ('only b', 0)");

  const [first, second, third] = await verifyAll();

  expect(first).toEqual({ outcome: "alone", devices: [], difference: null });
  expect([second?.outcome, third?.outcome]).toEqual(["equal", "equal"]);
  expect(verdicts(third)).toEqual(["equal", "equal"]);
  expect(third?.devices[0]?.skipped).toEqual(["items"]);
});

test("a row altered on one of three devices is named, and who is alone with it", async () => {
  await fill();
  behind(at(2), "UPDATE tasks SET title = 'altered' WHERE id = 'task 4711'");

  const [, second, third] = await verifyAll();

  const difference = { table: "tasks", rowId: "task 4711", kind: "altered", rowsHere: 5000, rowsThere: 5000 };
  expect(second?.outcome).toBe("equal");
  expect(third).toMatchObject({ outcome: "different", difference });
  expect(verdicts(third)).toEqual(["different", "different"]);
  expect(verdicts(await at(0).sync.verify()).toSorted()).toEqual(["different", "equal"]);

  await at(2).sync.startOver();
  expect((await at(2).sync.verify()).outcome).toBe("equal");
});

test.each([
  ["the last digit of a number", "UPDATE tasks SET weight = weight + 1e-12 WHERE id = 'task 1'", "tasks", "task 1", "altered"],
  ["a byte of a blob", "UPDATE pairs SET v = x'00' WHERE a = 77", "pairs", '["77","b77"]', "altered"],
  ["a number that is a text now", "UPDATE projects SET name = CAST('x ' AS BLOB) WHERE id = 'p1'", "projects", "p1", "altered"],
  ["a missing row", "DELETE FROM tasks WHERE id = 'task 9'", "tasks", "task 9", "only-there"],
  ["a row too many", "INSERT INTO projects (id, name) VALUES ('p0', 'x')", "projects", "p0", "only-here"],
  ["of several the first, parents first", "UPDATE tasks SET title = ''; UPDATE projects SET name = ''", "projects", "p1", "altered"],
])("%s is found", async (_what, sql, table, rowId, kind) => {
  await fill();
  behind(at(2), sql);

  expect((await verifyAll())[2]?.difference).toMatchObject({ table, rowId, kind });
});

test("of a table in which every row differs, one is named", async () => {
  await fill();
  behind(at(2), "UPDATE tasks SET title = 'altered ' || id");

  expect((await verifyAll())[2]?.difference).toMatchObject({
    table: "tasks",
    rowId: expect.stringMatching(/^task \d+$/u) as string,
    kind: "altered",
  });
});

test("a device at another place of the log is not compared, and what is unsynced is synced first", async () => {
  await fill();
  await verifyAll();
  at(0).db.exec("UPDATE projects SET name = 'later' WHERE id = 'p1'");

  expect(verdicts(await at(0).sync.verify())).toEqual(["elsewhere", "elsewhere"]);
  expect((await at(1).sync.verify()).outcome).toBe("equal");
  expect((await at(2).sync.verify()).devices.map(({ verdict }) => verdict)).toEqual(["equal", "equal"]);
});

test("a digest that the server damages or gives another device's name is unreadable", async () => {
  await fill();
  await verifyAll();
  const scope = { appId: server.appId, userId: server.userId };
  const [one, two] = await server.storage.readDigests(scope);
  await server.storage.writeDigest(scope, { deviceId: one?.deviceId ?? "", data: "AAAA", now: "2026-01-01T00:00:00.000Z" });
  await server.storage.writeDigest(scope, { deviceId: "moved", data: two?.data ?? "", now: "2026-01-01T00:00:00.000Z" });

  expect(verdicts(await at(0).sync.verify()).toSorted()).toEqual(["equal", "unreadable", "unreadable"]);
});

test("the server learns no row, hash or count", async () => {
  await fill();
  await verifyAll();
  const [digest] = await server.storage.readDigests({ appId: server.appId, userId: server.userId });

  expect(Buffer.from(digest?.data ?? "", "base64").toString("latin1")).not.toMatch(/tasks|5000|task 1/u);
});

test("a server without the extension is told as such", async () => {
  const plain: typeof fetch = async (input, init) =>
    new Request(input, init).url.endsWith("/extensions") ? new Response("", { status: 404 }) : fetch(input, init);
  const device = openAppDevice(server, model, loaded, { name: "plain", fetch: plain });
  await signIn(device, server);

  expect(await device.sync.verify()).toEqual({ outcome: "unsupported", devices: [], difference: null });
});
