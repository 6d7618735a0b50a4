/** Two servers on one PostgreSQL, each a process of its own, with a device on each: nobody notices which one he talks to. */
import { isSyncError, type Sync, type SyncEvent } from "@synckit-gen/runtime";
import { createApp, createUser, openPostgresStorage } from "@synckit-gen/server";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "./services/postgres.ts";
import { createTestDatabase, needing, services, type TestDatabase } from "./services/running.ts";
import { openAppDevice, signIn, type AppDevice } from "./support/app-devices.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";

const PROGRAM = resolve(import.meta.dirname, "../server/bin/synckit-server.js");
const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";
const model = modelOf([tableOf("notes", { columns: { body: "text" } })]);

interface Instance {
  readonly url: string;
  readonly port: string;
  /** As a power cut would. */
  kill(): Promise<void>;
}

describe.runIf(services.postgres !== null)(`two servers on one ${needing("postgres", "PostgreSQL")}`, () => {
  let loaded: LoadedSpec;
  let folder: string;
  let database: TestDatabase;
  let apiKey: string;
  let running: ChildProcess[] = [];
  let open: Sync[] = [];

  beforeAll(async () => {
    loaded = await loadSpec(model);
    folder = mkdtempSync(join(tmpdir(), "synckit-instances-"));
    database = await createTestDatabase();
    const storage = await openPostgresStorage({ url: database.url, partitions: 2 });
    ({ apiKey } = await createApp(storage, "Notes"));
    await createUser(storage, EMAIL, PASSWORD);
    await storage.close();
  });
  afterEach(async () => {
    for (const sync of open.splice(0)) sync.scheduler.stop();
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    running = [];
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  async function start(port?: string): Promise<Instance> {
    const options = ["--data", join(folder, "data"), "--port", port ?? String(await freePort()), "--no-rate-limits", "--json"];
    const env = { ...process.env, SYNCKIT_DATABASE: database.url };
    const child = spawn(process.execPath, [PROGRAM, ...options], { env, stdio: ["ignore", "pipe", "ignore"] });
    running.push(child);
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { url } = JSON.parse(line) as { readonly url: string };
    const kill = async (): Promise<void> => {
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    return { url, port: new URL(url).port, kill };
  }

  async function deviceOn({ url }: Instance, name: string): Promise<AppDevice> {
    const device = openAppDevice({ url, apiKey }, model, loaded, { name });
    open.push(device.sync);
    await signIn(device, { email: EMAIL, password: PASSWORD });
    await device.sync.syncNow();
    return device;
  }

  const write = ({ db }: AppDevice, id: string): unknown => db.exec(`INSERT INTO notes (id, body) VALUES ('${id}', 'of ${id}')`);
  const ids = (device: AppDevice): readonly string[] => device.rows("notes").map(([id]) => id);

  /** Resolves at the first event that is it, of those from now on. */
  function next({ sync }: AppDevice, isIt: (event: SyncEvent) => boolean): Promise<void> {
    return new Promise((done) => {
      let isReplay = true;
      const unsubscribe = sync.events.subscribe((event) => {
        if (isReplay || !isIt(event)) return;
        unsubscribe();
        done();
      });
      isReplay = false;
    });
  }
  const pulled = (event: SyncEvent): boolean => event.kind === "finished" && event.report.pulled > 0;

  test("what a device pushes to one is told at once to the device that listens to the other", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const [desk, phone] = [await deviceOn(first, "desk"), await deviceOn(second, "phone")];
    const listening = next(phone, ({ kind }) => kind === "finished");
    phone.sync.scheduler.start();
    await listening; // the cycle that follows upon connecting

    const arrived = next(phone, pulled);
    write(desk, "told");
    await desk.sync.syncNow();
    await arrived;

    expect(ids(phone)).toContain("told");
  });

  test("one is killed: devices of the other go on, and its own go on where it starts again, in the sessions that they have", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const [desk, phone] = [await deviceOn(first, "desk"), await deviceOn(second, "phone")];

    await first.kill();
    write(desk, "offline");
    const failure = await desk.sync.syncNow().catch((error: unknown) => error);
    expect(isSyncError(failure) && failure.code).toBe("network/offline");
    write(phone, "meanwhile");
    await phone.sync.syncNow();

    await start(first.port);
    await desk.sync.syncNow();
    await phone.sync.syncNow();
    expect(ids(desk)).toEqual(ids(phone));
    expect(ids(desk)).toEqual(expect.arrayContaining(["meanwhile", "offline"]));
  });
});
