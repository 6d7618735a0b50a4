/** Backup, restore and doctor, as an operator runs them beside a server under load. */
import Database from "better-sqlite3";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entry, overHttp, textOf, type Caller } from "./server-client.ts";
import { createTestDatabase, needing, services, TEST_BUCKET } from "./services/running.ts";
import { documentBlocks } from "./support/document-blocks.ts";

const PROGRAM = resolve(import.meta.dirname, "../server/bin/synckit-server.js");
const PASSWORD = "correct horse battery";

let directory: string;
let running: ChildProcess[] = [];
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "synckit-backup-"))));
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});
const at = (name: string): string => join(directory, name);

/** What the server's process and the shell get besides; of S3, who one is. */
const environment = {
  ...process.env,
  AWS_ACCESS_KEY_ID: services.s3?.accessKeyId ?? "",
  AWS_SECRET_ACCESS_KEY: services.s3?.secretAccessKey ?? "",
  // rclone refuses to be told of authorities in this way, and the S3 of tests has none.
  AWS_CA_BUNDLE: undefined,
};

async function run(args: readonly string[], input = "") {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: directory, env: environment, stdio: ["pipe", "pipe", "pipe"] });
  running.push(child);
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out, err, code: code as number };
}

async function serve(data: string, stores: readonly string[] = []) {
  const args = [PROGRAM, "--data", data, ...stores, "--port", "0", "--json", "--no-rate-limits", "--log-level", "silent"];
  const child = spawn(process.execPath, args, { cwd: directory, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await once(child, "close");
  };
  return { url: (JSON.parse(line) as { readonly url: string }).url, stop };
}

/** Directory, app and user, and a way to sign in. */
async function setUp(data: string, database: readonly string[] = []) {
  const app = JSON.parse((await run(["app", "create", "App", "--data", data, ...database, "--json"])).out) as { readonly api_key: string };
  await run(["user", "create", "ada@example.com", "--password-stdin", "--data", data, ...database], PASSWORD);
  const credentials = { email: "ada@example.com", password: PASSWORD, api_key: app.api_key };
  const signIn = async (url: string): Promise<Caller> =>
    overHttp(url).as(textOf(await overHttp(url).call("POST", "/api/sync/auth", credentials), "token"));
  const register = async (caller: Caller) =>
    textOf(await caller.call("POST", "/api/sync/devices", { device_name: "d", platform: "linux" }), "id");
  return { signIn, register };
}

async function putBlob(caller: Caller, content: Buffer): Promise<{ readonly hash: string; readonly size_bytes: number }> {
  const blob = { hash: createHash("sha256").update(content).digest("hex"), size_bytes: content.length };
  const url = textOf(await caller.call("POST", "/api/sync/blobs/upload", blob), "url");
  expect((await fetch(url, { method: "PUT", body: new Uint8Array(content) })).status).toBe(200);
  expect((await caller.call("POST", "/api/sync/blobs/confirm", blob)).status).toBe(200);
  return blob;
}

/** Does something while a device pushes two changes at a time; says how many had been answered when it began. */
async function whilePushing<T>(
  caller: Caller,
  device_id: string,
  act: () => Promise<T>,
): Promise<{ readonly before: number; readonly result: T }> {
  const load = { isOver: false, answered: 0 };
  const pushing = (async () => {
    for (; !load.isOver; load.answered += 2)
      await caller.call("POST", "/api/sync/push", { device_id, changes: [entry(`a${load.answered}`), entry(`b${load.answered}`)] });
  })();
  while (load.answered < 20) await new Promise((resolveNow) => void setImmediate(resolveNow));
  const before = load.answered;
  try {
    return { before, result: await act() };
  } finally {
    load.isOver = true;
    await pushing;
  }
}

test("a backup made under load is one moment of the server, and serves after it was restored", async () => {
  const { signIn, register } = await setUp(at("data"));
  const server = await serve(at("data"));
  const caller = await signIn(server.url);
  const device_id = await register(caller);
  const blob = await putBlob(caller, Buffer.from("sealed bytes"));
  const { before, result: backup } = await whilePushing(caller, device_id, () => run(["backup", "copy", "--data", at("data"), "--json"]));
  await server.stop();

  expect(backup).toMatchObject({ code: 0, err: "" });
  const manifest = JSON.parse(backup.out) as { readonly changes: number };
  expect(manifest).toMatchObject({ accounts: 1, blobs: 1, blobBytes: 12, missingBlobs: [], hasBlobs: true });
  // Whole batches, and at least what was answered before it began.
  expect(manifest.changes % 2).toBe(0);
  expect(manifest.changes).toBeGreaterThanOrEqual(before);
  expect(statSync(at("copy")).mode & 0o777).toBe(0o700);
  for (const file of ["synckit.db", "backup.json"]) expect(statSync(join(at("copy"), file)).mode & 0o777, file).toBe(0o600);

  expect(await run(["restore", "copy", "--data", at("other"), "--json"])).toMatchObject({ code: 0, err: "" });
  expect((await run(["doctor", "--data", at("other")])).out).toBe("All is well.\n");
  const restored = await serve(at("other"));
  const again = await signIn(restored.url);
  expect((await again.call("GET", "/api/sync/status")).body).toMatchObject({ latest_cursor: manifest.changes });
  const { url } = (await again.call("POST", "/api/sync/blobs/download", { hash: blob.hash })).body as { readonly url: string };
  expect(await (await fetch(url)).text()).toBe("sealed bytes");
  await restored.stop();
});

/** What the document says to do, by what it begins with, with this machine's places in the place of the document's. */
async function inShell(begin: string, places: readonly (readonly [shown: string, here: string])[]): Promise<void> {
  const block = documentBlocks("docs/server.md", "sh").find((shown) => shown.startsWith(begin));
  const script = places.reduce(
    (told, [shown, here]) => told.replaceAll(shown, here),
    block ?? expect.fail(`no block begins with ${begin}`),
  );
  const child = spawn("sh", ["-ec", script], { cwd: directory, env: environment, stdio: ["ignore", "ignore", "pipe"] });
  running.push(child);
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect({ err, code }).toEqual({ err: expect.any(String), code: 0 });
}

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const BLOB_STORES = [
  { name: needing("postgres", "a folder"), isHere: services.postgres !== null && has("pg_dump"), inS3: false },
  {
    name: has("rclone") ? needing("s3", "S3") : "S3 (skipped: apt-get install rclone)",
    isHere: services.postgres !== null && services.s3 !== null && has("pg_dump") && has("rclone"),
    inS3: true,
  },
];

for (const { name, isHere, inS3 } of BLOB_STORES)
  test.runIf(isHere)(`what the document says to do with PostgreSQL and blobs in ${name} gives back what it took, under load`, async () => {
    const [database, empty] = [await createTestDatabase(), await createTestDatabase()];
    const endpoint = services.s3?.endpoint ?? "";
    const [prefix, other] = [randomUUID(), randomUUID()];
    const storesOf = (url: string, within: string): readonly string[] => [
      "--database",
      url,
      ...(inS3 ? ["--blobs", `s3://${TEST_BUCKET}/${within}?endpoint=${endpoint}&region=us-east-1`] : []),
    ];
    const places = [
      ["postgres://synckit@db.example.com/synckit", database.url],
      ["postgres://synckit@db.example.com/restored", empty.url],
      ["https://s3.example.com", endpoint],
      ["/backups/monday", at("backup")],
    ] as const;
    const from = [...places, ["/var/lib/synckit", at("data")], ["bucket/prefix", `${TEST_BUCKET}/${prefix}`]] as const;
    const to = [...places, ["/var/lib/synckit", at("other")], ["bucket/prefix", `${TEST_BUCKET}/${other}`]] as const;
    try {
      mkdirSync(at("backup"));
      mkdirSync(at("other"));
      const { signIn, register } = await setUp(at("data"), ["--database", database.url]);
      const server = await serve(at("data"), storesOf(database.url, prefix));
      const caller = await signIn(server.url);
      const device_id = await register(caller);
      const blob = await putBlob(caller, Buffer.from("sealed bytes"));
      const { before } = await whilePushing(caller, device_id, async () => {
        await inShell("pg_dump", from);
        await inShell(inS3 ? "rclone copy ':s3" : "cp --archive /var", from);
      });
      await server.stop();

      await inShell("pg_restore", to);
      await inShell(inS3 ? "rclone copy /backups" : "cp --archive /backups", to);

      expect((await run(["doctor", "--data", at("other"), ...storesOf(empty.url, other)])).out).toBe("All is well.\n");
      const restored = await serve(at("other"), storesOf(empty.url, other));
      const again = await signIn(restored.url);
      const { latest_cursor } = (await again.call("GET", "/api/sync/status")).body as { readonly latest_cursor: number };
      // Whole batches, and at least what was answered before it began.
      expect(latest_cursor % 2).toBe(0);
      expect(latest_cursor).toBeGreaterThanOrEqual(before);
      const { url } = (await again.call("POST", "/api/sync/blobs/download", { hash: blob.hash })).body as { readonly url: string };
      expect(await (await fetch(url)).text()).toBe("sealed bytes");
      await restored.stop();
    } finally {
      await database.drop();
      await empty.drop();
    }
  });

test("a backup goes into an empty directory only, and a restore overwrites only when told and when nobody uses the data", async () => {
  await setUp(at("data"));
  expect((await run(["backup", "copy", "--data", at("data")])).code).toBe(0);
  expect(await run(["backup", "copy", "--data", at("data")])).toMatchObject({ code: 1, err: `Refused: ${at("copy")} is not empty.\n` });

  expect((await run(["restore", "copy", "--data", at("data")])).err).toContain("--replace");
  expect((await run(["restore", "data", "--data", at("new")])).err).toContain("is not a whole backup");
  expect(existsSync(at("new"))).toBe(false);
  const server = await serve(at("data"));
  expect((await run(["restore", "copy", "--replace", "--data", at("data")])).err).toContain("is in use");
  await server.stop();
  await run(["app", "create", "Later", "--data", at("data")]);
  expect((await run(["restore", "copy", "--replace", "--data", at("data")])).code).toBe(0);

  expect((await run(["app", "list", "--data", at("data")])).out).not.toContain("Later");
  expect(readdirSync(at("data")).filter((name) => name.startsWith("synckit.db"))).toEqual(["synckit.db"]);
});

test("the doctor names counters that are off, blobs without bytes and bytes without blob", async () => {
  const { signIn, register } = await setUp(at("data"));
  const server = await serve(at("data"));
  const caller = await signIn(server.url);
  const device_id = await register(caller);
  await caller.call("POST", "/api/sync/push", { device_id, changes: [entry("a"), entry("b")] });
  await putBlob(caller, Buffer.from("one"));
  expect((await run(["doctor", "--data", at("data")])).out).toBe("All is well.\n");
  expect((await run(["user", "usage", "ada@example.com", "--data", at("data")])).out).toMatch(
    /^App: 1 devices, 2 changes of 188 bytes, 3 bytes of blobs/,
  );
  await server.stop();

  const folder = join(at("data"), "blobs");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile() && file.name !== "url-secret");
  const [file] = files.map(({ parentPath, name }) => join(parentPath, name));
  rmSync(file ?? expect.fail("no blob"));
  writeFileSync(`${file}-stray`, "x");
  const db = new Database(join(at("data"), "synckit.db"));
  db.exec("DELETE FROM sync_log WHERE seq = 1");
  db.close();

  const { code, out, err } = await run(["doctor", "--data", at("data"), "--json"]);
  const { faults } = JSON.parse(out) as { readonly faults: readonly { readonly what: string }[] };
  expect(faults.map(({ what }) => what)).toEqual([
    expect.stringMatching(/^account .*: its last number is 2, and its log has 1 entries up to 2$/),
    expect.stringMatching(/^blob .*: its 3 bytes are not there$/),
    expect.stringMatching(/-stray: bytes of no blob and of no upload$/),
  ]);
  expect({ code, err }).toEqual({ code: 1, err: "3 found.\n" });
});

test("a push past the quota is refused with 402 and its dimension, and nothing of it is stored", async () => {
  const { signIn, register } = await setUp(at("data"));
  const args = [PROGRAM, "--data", at("data"), "--port", "0", "--json", "--change-quota", "200", "--log-level", "silent"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const caller = await signIn((JSON.parse(line) as { readonly url: string }).url);
  const device_id = await register(caller);
  const push = (...rows: readonly string[]) => caller.call("POST", "/api/sync/push", { device_id, changes: rows.map((row) => entry(row)) });

  expect((await push("a", "b")).status).toBe(200);
  expect(await push("c")).toMatchObject({ status: 402, body: { error: "quota_exceeded", dimension: "changes", key: "default" } });
  expect((await caller.call("GET", "/api/sync/status")).body).toMatchObject({ latest_cursor: 2 });
});
