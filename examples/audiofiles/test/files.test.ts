// The files behind the samples: uploaded while a library says so, fetched when they are asked for, never taken on trust.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isSyncError, type SyncEvent } from "@synckit-gen/runtime";
import { folderBlobFiles } from "@synckit-gen/runtime/node";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ENCRYPTION_PASSWORD, startTwoDevices, type TwoDevices } from "../../test-support/two-devices.ts";
import { type App, openApp } from "../src/open-app.ts";
import { spec } from "../src/sync/apply.ts";

const TIME = 1_790_000_000;

let folder: string;
let devices: TwoDevices<App>;
let a: App;
let b: App;
/** Stands between the devices and their server; returns null to let a request pass. */
let between: (
  request: { readonly method: string; readonly path: string },
  pass: () => Promise<Response>,
) => Promise<Response> | null = () => null;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "synckit-files-"));
  const viaTest: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const pass = (): Promise<Response> => fetch(input, init);
    return between({ method: init?.method ?? "GET", path: url.pathname }, pass) ?? pass();
  };
  devices = await startTwoDevices({
    spec,
    open: (file, options) =>
      openApp(file, { ...options, fetch: viaTest, blobs: { files: folderBlobFiles({ folder: join(folder, options.deviceName) }) } }),
  });
  ({ a, b } = devices);
});
afterAll(async () => {
  await devices.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  between = () => null;
});

const hashOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
const pathOf = (device: "A" | "B", hash: string): string => join(folder, device, hash.slice(0, 2), hash);
const cloudOnly = (app: App, hash: string): unknown =>
  app.database.prepare("SELECT cloud_only FROM samples WHERE hash = ?").pluck().get(hash);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(() => "done").catch((error: unknown) => (isSyncError(error) ? error.code : String(error)));

function library(app: App, id: string, isSyncing: boolean): void {
  app.database
    .prepare("INSERT INTO vfs (id, name, sync_files, created_at) VALUES (?, ?, ?, ?)")
    .run(id, id, isSyncing ? 1n : 0n, BigInt(TIME));
}

/** What importing a file into a library does: the file into its place, the row and its node. */
async function importSample(device: "A" | "B", vfs: string, content: Uint8Array): Promise<string> {
  const app = device === "A" ? a : b;
  const hash = hashOf(content);
  await folderBlobFiles({ folder: join(folder, device) }).place(
    hash,
    (async function* () {
      yield content;
    })(),
  );
  app.database
    .prepare(
      "INSERT INTO samples (hash, original_name, file_extension, file_size, import_date, last_modified) VALUES (?, 'x.wav', 'wav', ?, ?, ?)",
    )
    .run(hash, BigInt(content.length), BigInt(TIME), BigInt(TIME));
  app.database.prepare("INSERT INTO vfs_nodes (id, vfs_id, name, sample_hash) VALUES (?, ?, 'x.wav', ?)").run(`${vfs}-${hash}`, vfs, hash);
  return hash;
}

const contentOf = (size: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) + seed) & 255);

test("a library's files are uploaded, and fetched on another device when they are asked for", async () => {
  library(a, "lib1", true);
  const content = contentOf(300_000, 1);
  const hash = await importSample("A", "lib1", content);
  await devices.settle();

  expect(await a.sync.blobs.upload()).toMatchObject({ failed: [], stoppedBy: null, missing: 0 });
  expect(a.sync.blobs.status()).toMatchObject({ pendingUploads: 0, pausedUntilMs: null });
  expect([cloudOnly(a, hash), cloudOnly(b, hash)]).toEqual([0, 1]);
  expect(b.sync.blobs.status()).toMatchObject({ missing: 1, missingBytes: 300_000 });

  await b.sync.blobs.get(hash);

  expect(hashOf(readFileSync(pathOf("B", hash)))).toBe(hash);
  expect(cloudOnly(b, hash)).toBe(0);
  expect(b.sync.status().pendingChanges).toBe(0);
  expect(readdirSync(join(folder, "B", "unfinished"))).toEqual([]);
});

test("a library that does not sync files keeps them, until its flag is set, on either device", async () => {
  library(a, "off", false);
  const hash = await importSample("A", "off", contentOf(1000, 2));
  await devices.settle();
  expect(await a.sync.blobs.upload()).toMatchObject({ files: 0, bytes: 0 });
  expect(await codeOf(b.sync.blobs.get(hash))).toBe("blob/not-found");
  expect(await b.sync.blobs.downloadAll()).toMatchObject({ files: 0, missing: 0 });

  b.database.exec("UPDATE vfs SET sync_files = 1 WHERE id = 'off'");
  await devices.settle();
  await a.sync.blobs.upload();
  expect(await b.sync.blobs.downloadAll()).toMatchObject({ files: 1, bytes: 1000, failed: [] });
  expect(cloudOnly(b, hash)).toBe(0);

  a.database.exec("UPDATE vfs SET sync_files = 0 WHERE id = 'off'");
  const later = await importSample("A", "off", contentOf(1000, 3));
  await devices.settle();
  expect(await a.sync.blobs.upload()).toMatchObject({ files: 0 });
  expect(cloudOnly(b, later)).toBe(1);
});

test("a file that both devices have is sent once, and one that is here is not fetched", async () => {
  const uploads: string[] = [];
  between = ({ method, path }) => {
    if (method === "PUT") uploads.push(path);
    return null;
  };
  library(a, "lib3", true);
  const content = contentOf(5000, 4);
  await importSample("A", "lib3", content);
  await a.sync.syncNow();
  await a.sync.blobs.upload();
  library(b, "other", true);
  const hash = await importSample("B", "other", content);
  await devices.settle();
  await b.sync.blobs.upload();

  expect(uploads.length).toBe(1);
  expect([a, b].map((app) => app.sync.blobs.status().pendingUploads)).toEqual([0, 0]);
  b.database.prepare("UPDATE samples SET cloud_only = 1 WHERE hash = ?").run(hash);
  expect(await b.sync.blobs.downloadAll()).toMatchObject({ files: 0, deduplicated: 1 });
  expect(cloudOnly(b, hash)).toBe(0);
});

test("what a hostile store gives in a file's place is told, kept nowhere, and the right file taken later", async () => {
  library(a, "lib4", true);
  const hash = await importSample("A", "lib4", contentOf(100_000, 5));
  const other = await importSample("A", "lib4", contentOf(100_000, 6));
  await devices.settle();
  await a.sync.blobs.upload();

  // Damaged on the way.
  between = ({ method, path }, pass) =>
    method !== "GET" || !path.startsWith("/blobs/")
      ? null
      : pass().then(async (response) => {
          const bytes = new Uint8Array(await response.arrayBuffer());
          bytes[50_000] = (bytes[50_000] ?? 0) ^ 1;
          return new Response(bytes, response);
        });
  expect(await codeOf(b.sync.blobs.get(hash))).toBe("blob/corrupt");
  expect(await b.sync.blobs.downloadAll()).toMatchObject({
    files: 0,
    stoppedBy: null,
    failed: [{ code: "blob/corrupt" }, { code: "blob/corrupt" }],
  });

  // Another file of the same user, sealed under the same key.
  const url = await b.sync.client.blobDownloadUrl(other);
  between = ({ method, path }) => (method === "GET" && path.startsWith("/blobs/") ? fetch(url) : null);
  expect(await codeOf(b.sync.blobs.get(hash))).toBe("blob/corrupt");

  expect(cloudOnly(b, hash)).toBe(1);
  const left = readdirSync(join(folder, "B"), { recursive: true, encoding: "utf8" });
  expect(left.filter((name) => name.includes(hash) || name.includes(other) || name.endsWith(".tmp"))).toEqual([]);
  between = () => null;
  await b.sync.blobs.get(hash);
  expect(hashOf(readFileSync(pathOf("B", hash)))).toBe(hash);
});

test("a download that breaks off goes on where it was, and what had come before is not fetched again", async () => {
  library(a, "lib5", true);
  const hash = await importSample("A", "lib5", contentOf(400_000, 7));
  await devices.settle();
  await a.sync.blobs.upload();

  const asked: number[] = [];
  // Each request gives 100,000 bytes and breaks.
  between = ({ method, path }, pass) =>
    method !== "GET" || !path.startsWith("/blobs/")
      ? null
      : pass().then(async (response) => {
          const bytes = new Uint8Array(await response.arrayBuffer());
          asked.push(bytes.length);
          let isGiven = false;
          const broken = new ReadableStream({
            pull(controller) {
              if (isGiven) return controller.error(new Error("the line is cut"));
              isGiven = true;
              controller.enqueue(bytes.slice(0, 100_000));
            },
          });
          return new Response(broken, response);
        });
  const breaking = between;
  between = (request, pass) => (asked.length === 0 ? breaking(request, pass) : Promise.reject(new TypeError("no network")));
  expect(await codeOf(b.sync.blobs.get(hash))).toBe("network/offline");

  between = breaking;
  await b.sync.blobs.get(hash);
  expect(asked).toEqual([400_040, 300_040, 200_040, 100_040, 40, 0]); // the last one was cut off behind its end
  expect(hashOf(readFileSync(pathOf("B", hash)))).toBe(hash);
});

test("a process that is killed in the middle of a download goes on where it was, in another process", async () => {
  library(a, "libK", true);
  const hashes = await Promise.all([50, 51, 52].map((seed) => importSample("A", "libK", contentOf(400_000, seed))));
  await devices.settle();
  await a.sync.blobs.upload();

  const { server } = devices;
  const own = join(folder, "C");
  mkdirSync(own);
  const script = fileURLToPath(new URL("move-files.ts", import.meta.url));
  const place = [join(own, "app.db"), join(own, "files")] as const;
  const account = [server.url, server.apiKey, server.email, server.password, ENCRYPTION_PASSWORD] as const;
  const child = spawn(process.execPath, ["--conditions=synckit-source", script, ...account, ...place, "250000"], {
    stdio: "ignore",
  });
  expect((await once(child, "exit"))[1]).toBe("SIGKILL");

  const parts = readdirSync(join(place[1], "unfinished"))
    .filter((hash) => !existsSync(join(place[1], hash.slice(0, 2), hash)))
    .map((hash) => `bytes=${statSync(join(place[1], "unfinished", hash)).size}-`);
  expect(parts.length).toBe(1);
  const ranges: (string | null)[] = [];
  const c = openApp(place[0], {
    serverUrl: server.url,
    apiKey: server.apiKey,
    deviceName: "C",
    blobs: { files: folderBlobFiles({ folder: place[1] }) },
    fetch: (input, init) => {
      if (init?.method === "GET" && new URL(input instanceof Request ? input.url : input).pathname.startsWith("/blobs/"))
        ranges.push(new Headers(init.headers).get("range"));
      return fetch(input, init);
    },
  });
  await c.sync.signIn(server.email, server.password);
  await c.sync.setupEncryptionExisting(ENCRYPTION_PASSWORD);
  expect(await c.sync.blobs.downloadAll()).toMatchObject({ failed: [], stoppedBy: null });
  expect({ parts, ranges: ranges.filter((range) => range !== null) }).toEqual({ parts, ranges: parts });
  for (const hash of hashes) {
    expect(hashOf(readFileSync(join(place[1], hash.slice(0, 2), hash)))).toBe(hash);
    expect(cloudOnly(c, hash)).toBe(0);
  }
  c.close();
});

test("an upload that breaks off is begun again, and what was uploaded before is not", async () => {
  library(a, "lib6", true);
  for (const seed of [10, 11, 12]) await importSample("A", "lib6", contentOf(50_000, seed));
  await a.sync.syncNow();
  await a.sync.blobs.upload();
  expect(a.sync.blobs.status().pendingUploads).toBe(0);

  for (const seed of [13, 14]) await importSample("A", "lib6", contentOf(50_000, seed));
  const puts: string[] = [];
  between = ({ method, path }) => {
    if (method !== "PUT") return null;
    puts.push(path);
    return puts.length === 1 ? null : Promise.reject(new TypeError("the line is cut"));
  };
  expect(await a.sync.blobs.upload()).toMatchObject({ files: 1, stoppedBy: "network/offline" });
  expect(a.sync.blobs.status().pendingUploads).toBe(1);

  between = ({ method, path }) => {
    if (method === "PUT") puts.push(path);
    return null;
  };
  puts.length = 0;
  expect(await a.sync.blobs.upload()).toMatchObject({ files: 1, stoppedBy: null });
  expect(puts.length).toBe(1);
});

test("progress counts bytes up to the whole, and the end of a run is told", async () => {
  library(a, "lib9", true);
  await importSample("A", "lib9", contentOf(200_000, 40));
  await importSample("A", "lib9", contentOf(100_000, 41));
  const seen: SyncEvent[] = [];
  a.sync.events.subscribe((event) => seen.push(event));
  seen.length = 0;
  await a.sync.blobs.upload();

  const progress = seen.filter((event) => event.kind === "progress");
  expect(progress.at(-1)).toEqual({ kind: "progress", phase: "upload", unit: "bytes", done: 300_000, total: 300_000 });
  for (const event of progress) expect(event.total).toBe(300_000);
  expect(seen.filter((event) => event.kind === "blobs").at(-1)?.report).toMatchObject({ direction: "upload", files: 2, bytes: 300_000 });
});

test("a file that changed since it was imported is not uploaded in its place", async () => {
  library(a, "lib7", true);
  const [whole, chunked] = [
    await importSample("A", "lib7", contentOf(50_000, 20)),
    await importSample("A", "lib7", contentOf(9_000_000, 21)),
  ];
  writeFileSync(pathOf("A", whole), contentOf(50_000, 22));
  writeFileSync(pathOf("A", chunked), contentOf(9_000_000, 23));
  await devices.settle();

  const { failed, files } = await a.sync.blobs.upload();

  expect(failed).toEqual(expect.arrayContaining([whole, chunked].map((hash) => ({ hash, code: "blob/changed" }))));
  expect(files).toBe(0);
  for (const hash of [whole, chunked]) expect(await codeOf(b.sync.blobs.get(hash))).toBe("blob/not-found");
});

test("402 pauses files for an hour, and rows go on", async () => {
  library(a, "lib8", true);
  await importSample("A", "lib8", contentOf(1000, 30));
  let asked = 0;
  between = ({ path }) => {
    if (!path.endsWith("/blobs/upload")) return null;
    asked += 1;
    return Promise.resolve(Response.json({ error: "quota_exceeded", dimension: "storage" }, { status: 402 }));
  };
  const before = Date.now();
  expect(await a.sync.syncNow()).toMatchObject({ pushed: 3 });
  expect(await a.sync.blobs.upload()).toMatchObject({ files: 0, stoppedBy: "server/payment-required" });
  const { pausedUntilMs } = a.sync.blobs.status();
  expect((pausedUntilMs ?? 0) - before).toBeGreaterThanOrEqual(3_600_000);

  const askedBefore = asked;
  await a.sync.blobs.upload();
  expect(asked).toBe(askedBefore);
  library(a, "more", false);
  expect(await a.sync.syncNow()).toMatchObject({ pushed: 1 });
});
