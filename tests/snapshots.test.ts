/** Snapshots of an account: a device that begins with one has what a device that read the log has, whatever went on meanwhile. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { SyncError } from "@synckit-gen/runtime";
import { openTestDevices, syncedRows, type TestDevice } from "../runtime/src/testing/test-device.ts";
import { randomHistory, takeStep } from "../runtime/src/testing/history.ts";
import { seededRandom } from "../runtime/src/testing/random.ts";
import { driverOver, openGenerated } from "./support/drivers.ts";
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

test(
  "a device that begins with a snapshot has the registers of one that read the log, and goes on like it",
  { timeout: 120_000 },
  async () => {
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
          for (const device of [beginner, reader])
            device.edit("INSERT INTO projects (id, name) VALUES (?, 'own')", `own of ${device.name}`);
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
      { numRuns: 12 },
    );
    expect(taken).toBeGreaterThan(30);
  },
);

/** Rows large enough that a snapshot of a hundred has several chunks. */
const LARGE = "x".repeat(30_000);
const addLarge = (device: TestDevice, count: number, prefix = "p"): void => {
  for (let i = 0; i < count; i++) device.edit("INSERT INTO projects (id, name) VALUES (?, ?)", `${prefix}${i}`, `${LARGE} ${i}`);
};
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
