/**
 * What a device may rely on when parts of the server fail: what was answered is there, once and in order, and what was not
 * answered can be sent again.
 */
import { createApp, createServer, createUser, openPostgresStorage, openSqliteStorage, type Storage } from "@synckit-gen/server";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findPostgres, freePort, postgresIn } from "./services/postgres.ts";
import { createTestDatabase, needing, services, TEST_BUCKET, type TestDatabase } from "./services/running.ts";
import { survive } from "./faults/survive.ts";
import { killServer } from "./faults/kill-server.ts";
import { entry, inProcess, overHttp, textOf, type Caller } from "./server-client.ts";

const PROGRAM = resolve(import.meta.dirname, "../server/bin/synckit-server.js");
const EMAIL = "ada@example.com";
const PASSWORD = "correct horse battery";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synckit-faults-"));
  // PostgreSQL runs as another user, who must get there.
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function setUp(storage: Storage): Promise<string> {
  const { apiKey } = await createApp(storage, "App");
  await createUser(storage, EMAIL, PASSWORD);
  return apiKey;
}

async function signIn(anyone: Caller, apiKey: string): Promise<Caller> {
  const answer = await anyone.call("POST", "/api/sync/auth", { email: EMAIL, password: PASSWORD, api_key: apiKey });
  return anyone.as(textOf(answer, "token"));
}

const bin = findPostgres();

test.skipIf(bin === null)(
  "PostgreSQL may be killed and started again under load: nothing answered is lost, nothing shows out of order",
  async () => {
    const postgres = postgresIn(bin ?? "", join(directory, "postgres"), await freePort());
    await postgres.create();
    await postgres.start();
    try {
      const storage = await openPostgresStorage({ url: postgres.url });
      const apiKey = await setUp(storage);
      const server = createServer({ storage, secret: randomBytes(32), rateLimits: null });
      await survive([await signIn(inProcess(server), apiKey)], async (untilMore) => {
        for (let times = 0; times < 2; times++) {
          postgres.kill();
          await postgres.start();
          await untilMore();
        }
      });
      await storage.close();
    } finally {
      await postgres.stop();
    }
  },
  120_000,
);

describe.skipIf(services.postgres === null)(`two servers on ${needing("postgres", "PostgreSQL")}`, () => {
  let database: TestDatabase;
  let running: ChildProcess[] = [];
  beforeEach(async () => void (database = await createTestDatabase()));
  afterEach(async () => {
    for (const child of running) child.kill("SIGKILL");
    running = [];
    await database.drop();
  });

  async function serve(...args: readonly string[]) {
    const all = [
      PROGRAM,
      "--port",
      "0",
      "--json",
      "--no-rate-limits",
      "--database",
      database.url,
      "--data",
      join(directory, "data"),
      ...args,
    ];
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: services.s3?.accessKeyId ?? "",
      AWS_SECRET_ACCESS_KEY: services.s3?.secretAccessKey ?? "",
    };
    const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "ignore"], env });
    running.push(child);
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    return { child, url: (JSON.parse(line) as { readonly url: string }).url };
  }

  test("one may be killed in the middle: its clients go on at the other", async () => {
    const storage = await openPostgresStorage({ url: database.url });
    const apiKey = await setUp(storage);
    await storage.close();
    const servers = await Promise.all([serve(), serve()]);
    const callers = await Promise.all(servers.map(({ url }) => signIn(overHttp(url), apiKey)));

    await survive(callers, async (untilMore) => {
      servers[1]?.child.kill("SIGKILL");
      await untilMore();
    });
  });

  test.runIf(services.s3 !== null)("a token and a blob of one are good at the other", async () => {
    const storage = await openPostgresStorage({ url: database.url });
    const apiKey = await setUp(storage);
    await storage.close();
    const blobs = `s3://${TEST_BUCKET}/${randomUUID()}?endpoint=${services.s3?.endpoint ?? ""}`;
    const [one, two] = await Promise.all([serve("--blobs", blobs), serve("--blobs", blobs)]);
    const first = await signIn(overHttp(one.url), apiKey);
    const blob = { hash: "a".repeat(64), size_bytes: 5 };
    const { url } = (await first.call("POST", "/api/sync/blobs/upload", blob)).body as { readonly url: string };
    await fetch(url, { method: "PUT", body: "hello" });
    await first.call("POST", "/api/sync/blobs/confirm", blob);

    const token = textOf(
      await overHttp(one.url).call("POST", "/api/sync/auth", { email: EMAIL, password: PASSWORD, api_key: apiKey }),
      "token",
    );
    const found = await overHttp(two.url).as(token).call("POST", "/api/sync/blobs/download", blob);

    expect(await (await fetch(textOf(found, "download_url"))).text()).toBe("hello");
  });
});

test("the server may be killed in mid push, again and again: nothing answered is lost, nothing shows out of order", async () => {
  const { kills, rows } = await killServer(1, 5);

  expect(kills).toBe(5);
  expect(rows).toBeGreaterThan(0);
});

test("clocks of devices that are off by decades change neither order nor what is read", async () => {
  const storage = openSqliteStorage(":memory:");
  const apiKey = await setUp(storage);
  const caller = await signIn(inProcess(createServer({ storage, secret: randomBytes(32), rateLimits: null })), apiKey);
  const device = async (name: string) =>
    textOf(await caller.call("POST", "/api/sync/devices", { device_name: name, platform: "linux" }), "id");
  const times = ["2056-01-01T00:00:00.000001Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "1996-02-29T23:59:59.999999Z"];
  for (const [i, timestamp] of times.entries())
    expect(
      await caller.call("POST", "/api/sync/push", { device_id: await device(`d${i}`), changes: [entry(`r${i}`, { timestamp })] }),
    ).toMatchObject({ status: 200, body: { cursor: i + 1 } });

  const pull = async (more: object = {}) =>
    (await caller.call("POST", "/api/sync/pull", { device_id: await device("reader"), cursor: 0, ...more })).body["changes"];
  expect(await pull()).toMatchObject(times.map((timestamp, i) => ({ seq: i + 1, row_id: `r${i}`, timestamp })));
  expect(await pull({ since: "2000-01-01T00:00:00Z" })).toMatchObject([{ row_id: "r0" }, { row_id: "r2" }]);
  await storage.close();
});

const canMount = process.platform === "linux" && process.getuid?.() === 0 && canMountIn(mkdtempSync(join(tmpdir(), "synckit-mount-")));

function canMountIn(folder: string): boolean {
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true });
  return isMounted;
}

test.skipIf(!canMount)(
  `a full disk refuses pushes and spoils nothing, and room lets them through${canMount ? "" : " (skipped: needs root to mount a small disk)"}`,
  async () => {
    const disk = join(directory, "disk");
    mkdirSync(disk);
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]).status).toBe(0);
    const storage = openSqliteStorage(join(disk, "x.db"));
    try {
      const apiKey = await setUp(storage);
      const caller = await signIn(inProcess(createServer({ storage, secret: randomBytes(32), rateLimits: null })), apiKey);
      const device_id = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "d", platform: "linux" }), "id");
      const push = (rowId: string) =>
        caller.call("POST", "/api/sync/push", {
          device_id,
          changes: [entry(rowId, { data: randomBytes(60_000).toString("base64") })],
        });
      let answered = 0;
      for (let status = 200; status === 200;) {
        ({ status } = await push(`r${answered}`));
        if (status === 200) answered += 1;
        else expect(status).toBe(503);
      }
      expect(answered).toBeGreaterThan(5);
      expect((await caller.call("GET", "/api/sync/status")).body).toMatchObject({ latest_cursor: answered });
      expect((await caller.call("POST", "/api/sync/pull", { device_id, cursor: 0 })).body["changes"]).toHaveLength(answered);
      expect(await storage.findFaults()).toEqual([]);

      expect(spawnSync("mount", ["-o", "remount,size=30m", disk]).status).toBe(0);
      expect((await push("more")).status).toBe(200);
    } finally {
      await storage.close();
      spawnSync("umount", [disk]);
    }
  },
  60_000,
);
