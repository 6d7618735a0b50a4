/**
 * What a device may rely on when parts of the server fail: what was answered is there, once and in order, and what was not
 * answered can be sent again.
 */
import { createApp, createServer, createUser, openPostgresStorage, openSqliteStorage, type Storage } from "@synckit-gen/server";
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findPostgres, freePort, postgresIn } from "./services/postgres.ts";
import { createTestDatabase, needing, services, TEST_BUCKET, type TestDatabase } from "./services/running.ts";
import { entry, inProcess, overHttp, textOf, type Answer, type Caller } from "./server-client.ts";

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

/** As a client does: again after 503 and after a connection that broke, at another server if there is one. */
async function insist(callers: readonly Caller[], path: string, body: object): Promise<Answer> {
  for (let turn = 0; ; turn++) {
    const caller = callers[turn % callers.length];
    const answer = await caller?.call("POST", `/api/sync${path}`, body).catch(() => null);
    if (answer?.status === 200) return answer;
    if (answer !== null && answer !== undefined) expect(answer.status).toBe(503);
    await new Promise((resolveNow) => void setImmediate(resolveNow));
  }
}

interface Load {
  /** Batches that were answered. */
  answered: number;
  isOver: boolean;
  /** No batch is on its way any more. */
  isQuiet: boolean;
}

/** A device that pushes batches of five rows until told to end; returns the rows that were answered. */
async function pushUntil(load: Load, callers: readonly Caller[], deviceId: string): Promise<readonly string[]> {
  const sent: string[] = [];
  while (!load.isOver) {
    const rows = Array.from({ length: 5 }, () => randomUUID());
    await insist(callers, "/push", { device_id: deviceId, batch_key: randomUUID(), changes: rows.map((row) => entry(row)) });
    sent.push(...rows);
    load.answered += 1;
  }
  return sent;
}

/** A device that follows the cursor; fails when a number is left out or comes twice. */
async function follow(load: Load, callers: readonly Caller[], deviceId: string): Promise<readonly string[]> {
  const read: string[] = [];
  for (let cursor = 0; ;) {
    const wasQuiet = load.isQuiet;
    const { body } = await insist(callers, "/pull", { device_id: deviceId, cursor });
    const changes = body["changes"] as readonly { readonly seq: number; readonly row_id: string }[];
    expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => cursor + i + 1));
    read.push(...changes.map(({ row_id }) => row_id));
    if (wasQuiet && changes.length === 0) return read;
    cursor = body["cursor"] as number;
  }
}

/** Devices under load while `harm` is done; what was answered is read, each row once. */
async function survive(callers: readonly Caller[], harm: (untilMore: () => Promise<void>) => Promise<void>): Promise<void> {
  const device = async (name: string): Promise<string> =>
    textOf(await insist(callers, "/devices", { device_name: name, platform: "linux" }), "id");
  const [reader, ...writers] = await Promise.all(["reader", "one", "two", "three"].map(device));
  const load: Load = { answered: 0, isOver: false, isQuiet: false };
  const untilMore = async (): Promise<void> => {
    const from = load.answered;
    while (load.answered < from + 20) await new Promise((resolveNow) => void setImmediate(resolveNow));
  };
  const reading = follow(load, callers, reader ?? "");
  const writing = writers.map((id, i) =>
    pushUntil(load, [...callers.slice(i % callers.length), ...callers.slice(0, i % callers.length)], id),
  );
  await untilMore();
  await harm(untilMore);
  await untilMore();
  load.isOver = true;
  const sent = (await Promise.all(writing)).flat();
  load.isQuiet = true;

  expect((await reading).toSorted()).toEqual(sent.toSorted());
}

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
  }, 120_000);

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

test("a server that is killed over and over in the middle of pushes keeps what it answered, in order", async () => {
  const data = join(directory, "data");
  const start = async () => {
    const child = spawn(process.execPath, [PROGRAM, "--port", "0", "--json", "--no-rate-limits", "--data", data], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    return { child, url: (JSON.parse(line) as { readonly url: string }).url };
  };
  let server = await start();
  try {
    const storage = openSqliteStorage(join(data, "synckit.db"));
    const apiKey = await setUp(storage);
    await storage.close();
    const { body } = await overHttp(server.url).call("POST", "/api/sync/auth", { email: EMAIL, password: PASSWORD, api_key: apiKey });
    // Wherever the server is at the moment.
    const caller: Caller = {
      call: (...args) =>
        overHttp(server.url)
          .as(body["token"] as string)
          .call(...args),
      as: () => caller,
    };

    await survive([caller], async (untilMore) => {
      for (let times = 0; times < 4; times++) {
        const ended = once(server.child, "exit");
        server.child.kill("SIGKILL");
        await ended;
        server = await start();
        await untilMore();
      }
    });
  } finally {
    server.child.kill("SIGKILL");
  }
}, 120_000);
