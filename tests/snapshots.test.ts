/** Snapshots of an account: a device that begins with one has what a device that read the log has, whatever went on meanwhile. */
import { codec, type PulledChange } from "@synckit-gen/schemas/protocol";
import type * as Wire from "@synckit-gen/schemas/protocol";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { isSyncError, SyncError } from "@synckit-gen/runtime";
import { memoryServer, reliable, type MemoryServer } from "../runtime/src/testing/memory-server.ts";
import { openTestDevices, syncedRows, type TestDevice } from "../runtime/src/testing/test-device.ts";
import { randomHistory, takeStep } from "../runtime/src/testing/history.ts";
import { seededRandom } from "../runtime/src/testing/random.ts";
import { openAppDevice, signIn } from "./support/app-devices.ts";
import { driverOver, openGenerated } from "./support/drivers.ts";
import { ddlFor } from "./support/generated.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";

const model = modelOf([
  tableOf("projects", { columns: { name: "text", weight: "real?" } }),
  tableOf("tasks", {
    columns: { project: "uuid?", title: "text", done: "boolean" },
    references: [{ columns: ["project"], table: "projects", onDelete: "set null" }],
  }),
  tableOf("comments", {
    columns: { task: "uuid", body: "text" },
    references: [{ columns: ["task"], table: "tasks", onDelete: "cascade" }],
  }),
  tableOf("nodes", {
    columns: { parent: "uuid?", name: "text" },
    references: [{ columns: ["parent"], table: "nodes", onDelete: "cascade" }],
  }),
  tableOf("notes", { columns: { text: "text?", size: "bigint?", bytes: "blob?" }, conflicts: "row" }),
  tableOf("secrets", { columns: { label: "text" }, rowIds: "hidden" }),
]);

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

const open = (count: number) => openTestDevices({ ...loaded, open: () => driverOver(openGenerated(model)) }, { count });

/** Life, and the clock of each column, of every row that has any but the baseline, whichever way they are stored. */
function registersOf({ driver }: TestDevice): Readonly<Record<string, unknown>> {
  const devices = new Map(
    driver
      .prepare("SELECT id, device FROM sync_device")
      .all()
      .map(([id, device]) => [id, device]),
  );
  const at = (stamp: unknown, device: unknown): string =>
    `${String(stamp)} ${stamp === 0 ? "" : String(devices.get(device as number) ?? "")}`;
  const rows: Record<string, unknown> = {};
  const stored = driver.prepare(
    "SELECT table_name, row_id, stamp, device, columns, life_stamp, life_device, alive, data FROM sync_row_clock ORDER BY 1, 2",
  );
  for (const [table, rowId, stamp, device, columns, lifeStamp, lifeDevice, alive, data] of stored.all()) {
    const spec = loaded.spec.tables.find(({ name }) => name === table)!;
    const overrides = JSON.parse((columns as string | null) ?? "{}") as Record<string, readonly [number, number]>;
    const names = spec.columns.map(({ name }) => name).filter((name) => !spec.identity.includes(name));
    const clocks = names.map((name) => (overrides[name] === undefined ? at(stamp, device) : at(...overrides[name])));
    const life = lifeStamp === null ? at(stamp, device) : at(lifeStamp, lifeDevice);
    const isBaseline = alive === 1 && data === null && [...clocks, life].every((clock) => clock === "0 ");
    const values = data === null ? null : names.map((name) => (JSON.parse(data as string) as Record<string, unknown>)[name]);
    if (!isBaseline) rows[`${String(table)} ${String(rowId)}`] = { clocks, life, alive, values };
  }
  return rows;
}

const stateOf = (device: TestDevice) => ({ rows: syncedRows(device), registers: registersOf(device) });

test("a device that begins with a snapshot has the registers of one that read the log, and goes on like it", async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 - 1 }), async (seed) => {
      const random = seededRandom(seed);
      const world = await open(5);
      const [uploader, , , beginner, reader] = world.devices as [TestDevice, TestDevice, TestDevice, TestDevice, TestDevice];
      const history = async (length: number, devices = 3): Promise<void> => {
        for (const step of randomHistory(random, devices, loaded.spec.tables.length, length)) await takeStep(world, step, undefined);
        for (const { network } of world.devices) network.fault = () => null;
      };
      await history(60);
      await uploader.sync.uploadSnapshot();
      await history(20);
      // Edits of the new devices' own, before they have read anything.
      if (random.chance(0.5))
        for (const device of [beginner, reader]) device.edit("INSERT INTO projects (id, name) VALUES (?, 'own')", `own of ${device.name}`);
      reader.network.hasExtensions = () => false;
      taken += (await beginner.sync.syncNow()).bootstrapped;
      expect((await reader.sync.syncNow()).bootstrapped).toBe(0);
      await world.settle();
      reader.network.hasExtensions = () => false;
      expect(stateOf(beginner)).toEqual(stateOf(reader));
      await history(30, 5);
      await world.settle();
      expect(stateOf(beginner)).toEqual(stateOf(reader));
      expect(syncedRows(beginner)).toEqual(syncedRows(uploader));
    }),
    { numRuns: 8 },
  );
  expect(taken).toBeGreaterThan(20);
});

/** Rows large enough that a snapshot of a hundred has several chunks. */
const LARGE = "x".repeat(30_000);
const addLarge = (device: TestDevice, count: number, prefix = "p"): void => {
  for (let i = 0; i < count; i++) device.edit("INSERT INTO projects (id, name) VALUES (?, ?)", `${prefix}${i}`, `${LARGE} ${i}`);
};
/** A device behind a network that a test decides over, whose process may be started again on the same file. */
function appDevice(server: MemoryServer, name: string, meddle: Meddle = (_request, send) => send(), of = model, spec = loaded) {
  const db = openGenerated(of);
  const honest = server.fetchVia(reliable());
  const meddled: typeof fetch = async (input, init) => {
    const path = new URL(input).pathname;
    const text = init?.body === undefined ? "" : new TextDecoder().decode(init.body as Uint8Array);
    return meddle({ route: `${init?.method ?? "GET"} ${path.replace("/api/sync", "")}`, body: text }, () => honest(input, init));
  };
  const start = async () => {
    const device = openAppDevice(server, of, spec, { name, db, fetch: meddled });
    await signIn(device, server);
    return device;
  };
  return { db, start, rows: () => db.prepare("SELECT * FROM projects ORDER BY id").all() };
}
type Meddle = (request: { readonly route: string; readonly body: string }, send: () => Promise<Response>) => Promise<Response>;

const PUT_CHUNK = "PUT /snapshots/chunks";
const GET_CHUNK = "POST /snapshots/chunks";
const lost = (): Promise<never> => Promise.reject(new TypeError("fetch failed"));
const indexOf = (body: string): number => (JSON.parse(body) as { index: number }).index;

/** An account of a hundred large rows, some of them changed and deleted, without a snapshot. */
async function account(meddle?: Meddle) {
  const server = memoryServer();
  const author = appDevice(server, "author", meddle);
  const { sync } = await author.start();
  const insert = author.db.prepare("INSERT INTO projects (id, name) VALUES (?, ?)");
  for (let i = 0; i < 120; i++) insert.run(`p${i}`, `${LARGE} ${i}`);
  await sync.syncNow();
  author.db.exec("UPDATE projects SET weight = 1.5 WHERE id LIKE '%7'; DELETE FROM projects WHERE id LIKE '%3'");
  await sync.syncNow();
  return { server, author, sync };
}

const chunksIn = (requests: readonly string[]): number =>
  requests.filter((body) => body.includes('"snapshot_id"') && body.includes('"data"')).length;

test("what the app writes during an upload is in the log before the snapshot is the account's", async () => {
  const world = await open(3);
  const [uploader, beginner, reader] = world.devices as [TestDevice, TestDevice, TestDevice];
  addLarge(uploader, 100);
  await uploader.sync.syncNow();
  let isUploading = false;
  let written = 0;
  uploader.network.fault = () => {
    if (world.server.requests.at(-1)?.includes('"through"') === true) return "request-lost";
    isUploading ||= chunksIn(world.server.requests) > 0;
    if (!isUploading || written >= 40) return null;
    // Rows behind, at and ahead of where the upload is, one of them already told of.
    uploader.edit("UPDATE projects SET name = ? WHERE id = 'p0'", `changed ${written}`);
    uploader.edit("UPDATE projects SET name = ? WHERE id = ?", `changed ${written}`, `p${written}`);
    uploader.edit("INSERT INTO projects (id, name) VALUES (?, 'new')", `${written % 2 === 0 ? "a" : "z"}${written}`);
    uploader.edit("DELETE FROM projects WHERE id = ?", `p${99 - written}`);
    written += 1;
    return null;
  };
  // As soon as the snapshot is complete the uploader is lost: nobody pushes anything more.
  await expect(uploader.sync.uploadSnapshot()).rejects.toThrow(SyncError);
  expect(written).toBeGreaterThan(3);
  const pushed = world.server.log.length;

  expect((await beginner.sync.syncNow()).bootstrapped).toBeGreaterThan(50);
  reader.network.hasExtensions = () => false;
  await reader.sync.syncNow();

  expect(world.server.log.length).toBe(pushed);
  expect(stateOf(beginner)).toEqual(stateOf(reader));
});

/** Of each attempt, the first chunk comes through; of the second, the request or the reply is lost, and all that follows. */
function faltering(route: string): {
  readonly meddle: Meddle;
  readonly asked: number[];
  readonly begin: () => void;
  readonly rest: () => void;
} {
  const asked: number[] = [];
  let inAttempt = Infinity;
  let attempts = 0;
  return {
    asked,
    begin: () => {
      inAttempt = 0;
      attempts += 1;
    },
    rest: () => void (inAttempt = Infinity),
    async meddle(request, send) {
      if (inAttempt === Infinity || (inAttempt < 2 && request.route !== route)) return send();
      if (inAttempt >= 2) return lost();
      inAttempt += 1;
      asked.push(indexOf(request.body));
      if (inAttempt === 1) return send();
      if (attempts % 2 === 0) await send();
      return lost();
    },
  };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: unknown) => (isSyncError(error) ? error.code : error),
  );

test("an upload goes on where it stopped, in a new process, whether the request or the reply was lost", async () => {
  const network = faltering(PUT_CHUNK);
  const { server, author } = await account(network.meddle);
  let attempts = 0;
  for (let code: unknown = ""; code !== "done" && attempts < 20; attempts++) {
    const { sync } = await author.start();
    network.begin();
    code = await codeOf(sync.uploadSnapshot());
    network.rest();
  }
  const chunks = Math.max(...network.asked) + 1;

  expect(chunks).toBeGreaterThan(3);
  // Each chunk but the last was asked for once in vain, and once with success.
  expect(network.asked.toSorted((a, b) => a - b)).toEqual(Array.from({ length: chunks }, (_, i) => (i === 0 ? [0] : [i, i])).flat());
  const beginner = appDevice(server, "beginner");
  expect((await (await beginner.start()).sync.syncNow()).bootstrapped).toBe(author.rows().length + 12);
  expect(beginner.rows()).toEqual(author.rows());
});

test("a snapshot is taken from where it stopped, in a new process, and the app's edits meanwhile stay", async () => {
  const { server, author, sync } = await account();
  const { chunks } = await sync.uploadSnapshot();
  const network = faltering(GET_CHUNK);
  const beginner = appDevice(server, "beginner", network.meddle);
  let code: unknown = "";
  for (let attempt = 0; code !== "done" && attempt < 20; attempt++) {
    const device = await beginner.start();
    network.begin();
    code = await codeOf(device.sync.syncNow());
    network.rest();
    beginner.db.exec(`INSERT INTO projects (id, name) VALUES ('mine ${attempt}', 'mine'); UPDATE projects SET weight = 7 WHERE id = 'p0'`);
  }
  await (await beginner.start()).sync.syncNow();
  await sync.syncNow();

  expect(network.asked.toSorted((a, b) => a - b)).toEqual(Array.from({ length: chunks }, (_, i) => (i === 0 ? [0] : [i, i])).flat());
  expect(beginner.rows()).toEqual(author.rows());
  expect(beginner.db.prepare("SELECT weight FROM projects WHERE id = 'p0'").pluck().get()).toBe(7);
});

/** What a hostile server may do to replies about snapshots. */
const attacks: readonly (readonly [name: string, (answers: Answers) => Meddle])[] = [
  ["two chunks change places", ({ chunk }) => onChunk((index) => chunk(index === 0 ? 1 : index === 1 ? 0 : index))],
  ["a chunk comes twice and another never", ({ chunk }) => onChunk((index) => chunk(index === 2 ? 1 : index))],
  ["a chunk is of another snapshot", ({ chunk, oldChunk }) => onChunk((index) => (index === 1 ? oldChunk(1) : chunk(index)))],
  ["all chunks are of another snapshot", ({ oldChunk }) => onChunk((index) => oldChunk(index))],
  ["a chunk is altered", ({ chunk }) => onChunk((index) => (index === 1 ? chunk(1).replace(/A/u, "B") : chunk(index)))],
  ["the last chunk is left out", ({ info }) => onInfo({ ...info, chunks: info.chunks - 1 })],
  ["a chunk is promised that there is not", ({ info }) => onInfo({ ...info, chunks: info.chunks + 1 })],
  ["the cursor is another", ({ info }) => onInfo({ ...info, cursor: info.cursor + 1 })],
  ["the manifest is another's", ({ info, oldInfo }) => onInfo({ ...info, manifest: oldInfo.manifest })],
  ["the manifest is rubbish", ({ info }) => onInfo({ ...info, manifest: "AAAA" })],
];
interface Answers {
  readonly info: Wire.SnapshotReply;
  readonly oldInfo: Wire.SnapshotReply;
  readonly chunk: (index: number) => string;
  readonly oldChunk: (index: number) => string;
}
const onInfo =
  (info: Wire.SnapshotReply): Meddle =>
  async ({ route }, send) =>
    route === "GET /snapshots" ? Response.json(codec.encodeSnapshotReply(info)) : send();
const onChunk =
  (chunk: (index: number) => string): Meddle =>
  async ({ route, body }, send) =>
    route === GET_CHUNK ? Response.json(codec.encodeSnapshotChunkReply(chunk(indexOf(body)))) : send();

test.each(attacks)("where %s, the log is read instead", async (_name, attack) => {
  const { server, author, sync } = await account();
  const read = async (): Promise<readonly [Wire.SnapshotReply, readonly string[]]> => {
    const ask = server.fetchVia(reliable());
    const info = codec.decodeSnapshotReply(await (await ask("http://127.0.0.1/api/sync/snapshots")).json());
    const chunks = Array.from({ length: info.chunks }, async (_, index) => {
      const body = JSON.stringify(codec.encodeSnapshotChunkRequest({ snapshotId: info.snapshotId, index }));
      return codec.decodeSnapshotChunkReply(
        await (await ask("http://127.0.0.1/api/sync/snapshots/chunks", { method: "POST", body })).json(),
      );
    });
    return [info, await Promise.all(chunks)];
  };
  await sync.uploadSnapshot();
  const [oldInfo, oldChunks] = await read();
  author.db.exec("UPDATE projects SET weight = 2.5 WHERE id LIKE '%8'");
  await sync.syncNow();
  await sync.uploadSnapshot();
  const [info, chunks] = await read();
  const meddle = attack({ info, oldInfo, chunk: (index) => chunks[index]!, oldChunk: (index) => oldChunks[index]! });
  const beginner = appDevice(server, "beginner", meddle);

  const report = await (await beginner.start()).sync.syncNow();

  expect([report.bootstrapped, report.pulled]).toEqual([0, server.log.length]);
  expect(beginner.rows()).toEqual(author.rows());
});

test("a server that was restored from a backup gives no snapshot of what it has lost", async () => {
  const { server, author, sync } = await account();
  const before = server.log.length;
  author.db.exec("INSERT INTO projects (id, name) VALUES ('lost', 'lost')");
  await sync.uploadSnapshot();
  (server.log as unknown[]).length = before; // the author never comes back, and another device goes on
  const other = appDevice(server, "other");
  await (await other.start()).sync.syncNow();
  other.db.exec("INSERT INTO projects (id, name) VALUES ('new', 'new'), ('newer', 'newer')");
  await (await other.start()).sync.syncNow();
  const beginner = appDevice(server, "beginner");

  expect((await (await beginner.start()).sync.syncNow()).bootstrapped).toBe(0);
  expect(beginner.rows()).toEqual(other.rows());
});

test("an upload that was under way when the server was restored is given up", async () => {
  const { server, author, sync } = await account();
  let isTold = false;
  const meddle: Meddle = async ({ route }, send) => {
    const reply = await send();
    if (route === PUT_CHUNK && !isTold) {
      isTold = true;
      (server.log as unknown[]).length -= 10;
    }
    return reply;
  };
  const restarted = openAppDevice(server, model, loaded, {
    name: "author",
    db: author.db,
    fetch: (input, init) =>
      meddle({ route: `${init?.method ?? "GET"} ${new URL(input).pathname.replace("/api/sync", "")}`, body: "" }, () =>
        server.fetchVia(reliable())(input, init),
      ),
  });
  await signIn(restarted, server);

  expect(await restarted.sync.uploadSnapshot()).toMatchObject({ outcome: "refused", reason: "restarted" });
  expect(await restarted.sync.uploadSnapshot()).toMatchObject({ outcome: "completed" });
  void sync;
  const beginner = appDevice(server, "beginner");
  expect((await (await beginner.start()).sync.syncNow()).bootstrapped).toBeGreaterThan(100);
  expect(beginner.rows()).toEqual(author.rows());
});

test("a device that holds what the log will never get uploads nothing", async () => {
  const { author, sync } = await account();
  author.db.prepare("INSERT INTO projects (id, name) VALUES ('huge', ?)").run("x".repeat(1_000_000));

  expect(await sync.uploadSnapshot()).toMatchObject({ outcome: "refused", reason: "unpushable" });
});

test("entries that the author could not read are left to the reader", async () => {
  const { server, author, sync } = await account();
  const log = server.log as PulledChange[];
  for (const name of ["damaged", "after it"]) author.db.exec(`INSERT INTO projects (id, name) VALUES ('${name}', '${name}')`);
  await sync.syncNow();
  const other = appDevice(server, "other");
  const whole = log.at(-2)!;
  log[log.length - 2] = { ...whole, data: "AAAA" };
  const device = await other.start();
  expect((await device.sync.syncNow()).refused).toHaveLength(1);
  expect(await device.sync.uploadSnapshot()).toMatchObject({ outcome: "completed" });

  log[log.length - 2] = whole; // repaired
  const beginner = appDevice(server, "beginner");
  const { sync: begun } = await beginner.start();

  expect((await begun.syncNow()).bootstrapped).toBeGreaterThan(100);
  expect(begun.quarantined()).toEqual([]);
  expect(beginner.rows()).toEqual(author.rows());
});

test("a snapshot becomes due when it saves a new device ten thousand entries and as many as there are rows", async () => {
  const server = memoryServer();
  const author = appDevice(server, "author");
  const { sync } = await author.start();
  const snapshots = (): number => server.requests.filter((body) => body.includes('"through"')).length;
  author.db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO projects (id, name) SELECT 'p' || i, 'n' FROM n`);
  await sync.syncNow();
  author.db.exec("UPDATE projects SET weight = 1");
  await sync.syncNow();
  expect([server.log.length, snapshots()]).toEqual([12_000, 0]);

  author.db.exec("UPDATE projects SET weight = 2");
  await sync.syncNow();
  expect([server.log.length, snapshots()]).toEqual([18_000, 0]);
  author.db.exec("UPDATE projects SET weight = 3");
  await sync.syncNow();

  expect([server.log.length, snapshots()]).toEqual([24_000, 1]);
  const beginner = appDevice(server, "beginner");
  expect(await (await beginner.start()).sync.syncNow()).toMatchObject({ bootstrapped: 6_000, pulled: 0 });
});

test("rows of a tree come in any order, and more of them wait for their parents than one transaction looks at", async () => {
  const server = memoryServer();
  const author = appDevice(server, "author");
  const { sync } = await author.start();
  // Ids in a random order, parents before children in time: in the order of ids, half of the rows come before their parent.
  author.db.exec(`CREATE TEMP TABLE ids AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
      SELECT i, printf('%08x', (i * 2654435761) % 4294967296) AS id FROM n;
    INSERT INTO nodes (id, parent, name) SELECT id, (SELECT parent.id FROM ids AS parent WHERE parent.rowid = ids.i / 3), 'node' FROM ids`);
  await sync.uploadSnapshot();
  const beginner = appDevice(server, "beginner");
  const { sync: begun } = await beginner.start();
  const nodes = "SELECT * FROM nodes ORDER BY id";

  expect((await begun.syncNow()).bootstrapped).toBe(25_000);
  expect(begun.status().heldRows).toBe(0);
  expect(beginner.db.prepare(nodes).all()).toEqual(author.db.prepare(nodes).all());
});

describe("devices on different versions", () => {
  const newer = modelOf([
    tableOf("projects", { columns: { name: "text", weight: "real?", color: "text?" } }),
    tableOf("tags", { columns: { name: "text" } }),
    ...model.tables.filter(({ name }) => name !== "projects"),
  ]);
  let loadedNewer: LoadedSpec;
  beforeAll(async () => {
    const { spec, ...more } = await loadSpec(newer);
    loadedNewer = { spec: { ...spec, modelHash: "newer" }, ...more }; // models of tests have no hash of their own
  });

  test("an older one takes what it knows, and reads the log after its upgrade", async () => {
    const server = memoryServer();
    const author = appDevice(server, "author", undefined, newer, loadedNewer);
    const { sync } = await author.start();
    author.db.exec("INSERT INTO projects VALUES ('p', 'name', 1.5, 'red'); INSERT INTO tags VALUES ('t', 'tag')");
    await sync.uploadSnapshot();
    const older = appDevice(server, "older");
    const { sync: olderSync } = await older.start();

    expect((await olderSync.syncNow()).bootstrapped).toBe(1);
    expect(older.rows()).toEqual([{ id: "p", name: "name", weight: 1.5 }]);
    expect(await olderSync.uploadSnapshot()).toMatchObject({ outcome: "refused", reason: "version" });

    older.db.exec(
      `ALTER TABLE projects ADD COLUMN color TEXT; ${ddlFor(newer)
        .split(";")
        .find((statement) => statement.includes('"tags"'))}`,
    );
    const upgraded = openAppDevice(server, newer, loadedNewer, {
      name: "older",
      db: older.db,
      fetch: server.fetchVia({ ...reliable(), hasExtensions: () => false }),
    });
    await signIn(upgraded, server);
    await upgraded.sync.syncNow();

    expect(older.rows()).toEqual(author.rows());
    expect(older.db.prepare("SELECT * FROM tags").all()).toEqual([{ id: "t", name: "tag" }]);
  });

  test("a newer one takes an older one's, and its new columns are nobody's yet", async () => {
    const server = memoryServer();
    const author = appDevice(server, "author");
    const { sync } = await author.start();
    author.db.exec(
      "INSERT INTO projects VALUES ('p', 'name', 1.5); INSERT INTO projects VALUES ('q', 'gone', NULL); DELETE FROM projects WHERE id = 'q'",
    );
    await sync.uploadSnapshot();
    const [beginner, reader] = ["beginner", "reader"].map((name) => appDevice(server, name, undefined, newer, loadedNewer)) as [
      ReturnType<typeof appDevice>,
      ReturnType<typeof appDevice>,
    ];
    expect((await (await beginner.start()).sync.syncNow()).bootstrapped).toBe(2);
    const replaying = openAppDevice(server, newer, loadedNewer, {
      name: "reader",
      db: reader.db,
      fetch: server.fetchVia({ ...reliable(), hasExtensions: () => false }),
    });
    await signIn(replaying, server);
    await replaying.sync.syncNow();
    const clocks = (db: typeof reader.db): unknown =>
      db.prepare("SELECT row_id, stamp, columns, life_stamp, alive FROM sync_row_clock").all();

    expect(beginner.rows()).toEqual([{ id: "p", name: "name", weight: 1.5, color: null }]);
    expect(beginner.rows()).toEqual(reader.rows());
    expect(clocks(beginner.db)).toEqual(clocks(reader.db));
  });
});

test("a device whose app has applied rows by itself uploads nothing, and tells a restored log of them", async () => {
  const world = await open(2);
  const [a, b] = world.devices as [TestDevice, TestDevice];
  a.edit("INSERT INTO projects (id, name) VALUES ('p', 'x')");
  await world.settle();
  a.sync.applyUpsert("projects", "p", { name: "applied" });

  expect(await a.sync.uploadSnapshot()).toMatchObject({ outcome: "refused", reason: "applied" });
  (world.server.log as PulledChange[]).splice(0);
  await world.settle();

  for (const { driver } of [a, b]) expect(driver.prepare("SELECT id, name FROM projects").all()).toEqual([["p", "applied"]]);
});
