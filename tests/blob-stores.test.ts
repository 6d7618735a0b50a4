/** Blobs from end to end over HTTP, on a folder and on a real S3 server: what a client sees, and what it must not get. */
import {
  createApp,
  createServer,
  createUser,
  openFolderBlobs,
  openS3Blobs,
  openSqliteStorage,
  type BlobStore,
  type Storage,
} from "@synckit-gen/server";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sweepUploads } from "../server/src/blobs/sweep-uploads.ts";
import { needing, services, TEST_BUCKET } from "./services/running.ts";
import { inProcess, overHttp, textOf, type Caller } from "./server-client.ts";

const PASSWORD = "correct horse battery";
const QUOTA = 50_000_000;

interface Kind {
  readonly name: string;
  readonly isHere: boolean;
  open(folder: string, clock: () => number): BlobStore;
}

const s3 = (endpoint = services.s3?.endpoint ?? "", secretAccessKey = services.s3?.secretAccessKey ?? ""): BlobStore =>
  openS3Blobs({
    endpoint,
    bucket: TEST_BUCKET,
    region: "us-east-1",
    prefix: `${randomUUID()}/`,
    accessKeyId: services.s3?.accessKeyId ?? "",
    secretAccessKey,
  });

const kinds: readonly Kind[] = [
  { name: "a folder", isHere: true, open: (folder, clock) => openFolderBlobs(folder, { clock }) },
  { name: needing("s3", "S3"), isHere: services.s3 !== null, open: () => s3() },
];

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const send = (url: string, body: Uint8Array<ArrayBuffer>): Promise<Response> => fetch(url, { method: "PUT", body });

for (const kind of kinds)
  describe.skipIf(!kind.isHere)(`blobs in ${kind.name}`, () => {
    let folder: string;
    let storage: Storage;
    let blobs: BlobStore;
    let close: () => Promise<void>;
    let caller: Caller;
    let nowMs = Date.now();
    let signIn: (email: string) => Promise<Caller>;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "synckit-blobs-"));
      storage = openSqliteStorage(":memory:");
      blobs = kind.open(folder, () => nowMs);
      const { apiKey } = await createApp(storage, "App");
      for (const name of ["ada", "bob"]) await createUser(storage, `${name}@example.com`, PASSWORD);
      const server = createServer({ storage, blobs, blobQuotaBytes: QUOTA, secret: randomBytes(32), rateLimits: null });
      const listening = await server.listen();
      close = () => listening.close();
      signIn = async (email) => {
        const anyone = overHttp(listening.url);
        return anyone.as(textOf(await anyone.call("POST", "/api/sync/auth", { email, password: PASSWORD, api_key: apiKey }), "token"));
      };
      caller = await signIn("ada@example.com");
    });
    afterAll(async () => {
      await close();
      await storage.close();
      rmSync(folder, { recursive: true });
    });
    beforeEach(() => void (nowMs = Date.now()));

    // S3 has its own word on these.
    const onFolder: typeof test | (() => void) = kind.name === "a folder" ? test : () => {};
    const call = (path: string, body: object, as = caller) => as.call("POST", `/api/sync/blobs/${path}`, body);
    const put = async (bytes: Uint8Array<ArrayBuffer>, hash = hashOf(bytes)): Promise<void> => {
      const begun = await call("upload", { hash, size_bytes: bytes.length });
      expect((await send(textOf(begun, "upload_url"), bytes)).status).toBe(200);
      expect((await call("confirm", { hash, size_bytes: bytes.length })).status).toBe(200);
    };
    const urlOf = async (hash: string): Promise<string> => textOf(await call("download", { hash }), "download_url");

    test("bytes come back as they were sent", async () => {
      const bytes = randomBytes(3_000_001);
      const hash = hashOf(bytes);
      await put(bytes);

      const reply = await fetch(await urlOf(hash));

      expect(reply.status).toBe(200);
      expect(reply.headers.get("content-length")).toBe("3000001");
      expect(hashOf(new Uint8Array(await reply.arrayBuffer()))).toBe(hash);
      expect(await call("upload", { hash, size_bytes: bytes.length })).toMatchObject({
        status: 200,
        body: { upload_url: null, url: null, already_exists: true },
      });
    });

    test("a part of the bytes is sent to whoever goes on where a download was cut off", async () => {
      const bytes = randomBytes(1000);
      await put(bytes);
      const url = await urlOf(hashOf(bytes));

      const rest = await fetch(url, { headers: { Range: "bytes=900-" } });
      const middle = await fetch(url, { headers: { Range: "bytes=5-9" } });
      const beyond = await fetch(url, { headers: { Range: "bytes=1000-" } });

      expect([rest.status, rest.headers.get("content-range")]).toEqual([206, "bytes 900-999/1000"]);
      expect(Buffer.from(await rest.arrayBuffer())).toEqual(bytes.subarray(900));
      expect(Buffer.from(await middle.arrayBuffer())).toEqual(bytes.subarray(5, 10));
      expect(beyond.status).toBe(416);
    });

    test("a blob of no bytes is a blob", async () => {
      const hash = hashOf(new Uint8Array());
      await put(new Uint8Array(), hash);

      expect((await (await fetch(await urlOf(hash))).arrayBuffer()).byteLength).toBe(0);
    });

    test("what was not confirmed is not there", async () => {
      const bytes = randomBytes(10);
      const hash = hashOf(bytes);
      const begun = await call("upload", { hash, size_bytes: 10 });

      expect((await call("download", { hash })).status).toBe(404);
      expect((await call("confirm", { hash, size_bytes: 10 })).status).toBe(409);
      await send(textOf(begun, "url"), bytes);
      expect((await call("download", { hash })).status).toBe(404);
      expect((await call("confirm", { hash, size_bytes: 11 })).status).toBe(404);
      expect((await call("confirm", { hash, size_bytes: 10 })).status).toBe(200);
      expect((await call("confirm", { hash, size_bytes: 10 })).status).toBe(200);
      expect((await call("confirm", { hash, size_bytes: 11 })).status).toBe(409);
      expect((await call("download", { hash })).status).toBe(200);
    });

    test("another number of bytes than was said is refused and leaves nothing", async () => {
      const hash = hashOf(randomBytes(8));
      const url = textOf(await call("upload", { hash, size_bytes: 1000 }), "url");

      for (const length of [0, 999, 1001, 100_000]) expect((await send(url, randomBytes(length))).ok, String(length)).toBe(false);

      expect((await call("confirm", { hash, size_bytes: 1000 })).status).toBe(409);
    });

    test("a URL that was changed, or is used for something else, is refused", async () => {
      const bytes = randomBytes(10);
      await put(bytes);
      const url = await urlOf(hashOf(bytes));
      const other = textOf(await call("upload", { hash: "c".repeat(64), size_bytes: 10 }), "url");

      const name = (from: string): string => new URL(from).pathname;
      const cases = [
        await fetch(url, { method: "PUT", body: bytes }),
        await fetch(other),
        await fetch(url.replace(name(url), name(other))),
        await fetch(url.replace(/(?<=ignature=)../u, (digits) => (digits === "00" ? "ff" : "00"))),
        await fetch(url.replace(/\?.*/u, "")),
        await send(other.replace(name(other), name(url)), bytes),
      ];

      expect(cases.map(({ ok, status }) => (ok ? "let through" : status))).toEqual(cases.map(() => 403));
    });

    test("two devices that send the same content at once both succeed", async () => {
      const bytes = randomBytes(200_000);

      await Promise.all([put(bytes), put(bytes)].map((done) => done.catch(() => put(bytes))));

      expect(hashOf(new Uint8Array(await (await fetch(await urlOf(hashOf(bytes)))).arrayBuffer()))).toBe(hashOf(bytes));
    });

    test("nobody else can fetch a blob, or learn that it is there", async () => {
      const bytes = randomBytes(10);
      await put(bytes);
      const bob = await signIn("bob@example.com");

      expect((await call("download", { hash: hashOf(bytes) }, bob)).status).toBe(404);
      expect((await call("upload", { hash: hashOf(bytes), size_bytes: 10 }, bob)).body).toMatchObject({ already_exists: false });
    });

    test("more than 500 MiB is refused, and more than the quota is 402 with the slot's name", async () => {
      expect((await call("upload", { hash: "d".repeat(64), size_bytes: 500 * 2 ** 20 + 1 })).status).toBe(413);
      expect(await call("upload", { hash: "d".repeat(64), size_bytes: QUOTA })).toMatchObject({
        status: 402,
        body: { error: "quota_exceeded", dimension: "storage", key: "default" },
      });
    });

    test("what nobody confirms is removed after a day, and nothing else", async () => {
      const [kept, lost] = [randomBytes(10), randomBytes(20)];
      await put(kept);
      const url = textOf(await call("upload", { hash: hashOf(lost), size_bytes: 20 }), "url");
      await send(url, lost);

      expect(await sweepUploads(storage, blobs, () => Date.now() + 23 * 3_600_000)).toBe(0);
      expect((await call("upload", { hash: hashOf(lost), size_bytes: 20 })).body).toMatchObject({ already_exists: false });
      expect(await sweepUploads(storage, blobs, () => Date.now() + 25 * 3_600_000)).toBeGreaterThan(0);

      expect((await call("confirm", { hash: hashOf(lost), size_bytes: 20 })).status).toBe(404);
      expect(await blobs.sizeOf(new URL(url).pathname.split("/").slice(-2).join("/"))).toBeNull();
      expect((await fetch(await urlOf(hashOf(kept)))).status).toBe(200);
      await put(lost);
      expect((await fetch(await urlOf(hashOf(lost)))).status).toBe(200);
    });

    onFolder("a URL is good for an hour", async () => {
      const bytes = randomBytes(10);
      await put(bytes);
      const url = await urlOf(hashOf(bytes));
      nowMs += 3_599_000;
      expect((await fetch(url)).status).toBe(200);

      nowMs += 2_000;

      expect((await fetch(url)).status).toBe(403);
    });

    onFolder("a client that goes away in the middle leaves nothing in the folder", async () => {
      const url = textOf(await call("upload", { hash: "e".repeat(64), size_bytes: 1_000_000 }), "url");
      await new Promise<void>((resolve) => {
        const cut = request(url, { method: "PUT", headers: { "Content-Length": 1_000_000 } });
        cut.on("error", () => resolve());
        cut.write(Buffer.alloc(300_000), () => cut.destroy());
      });
      // The server learns of it when it does; the next answer for this blob comes after.
      await expect.poll(() => readdirSync(folder, { recursive: true }).filter((file) => String(file).endsWith(".part"))).toEqual([]);

      expect((await call("confirm", { hash: "e".repeat(64), size_bytes: 1_000_000 })).status).toBe(409);
    });
  });

describe.skipIf(services.s3 === null)(`with ${needing("s3", "an S3 server that fails")}`, () => {
  let storage: Storage;
  afterEach(() => storage.close());

  test.each([
    ["is down", () => s3("http://127.0.0.1:9")],
    ["refuses the credentials", () => s3(services.s3?.endpoint, "wrong")],
  ])("when it %s, blob calls are 503 and rows still sync", async (_, open) => {
    storage = openSqliteStorage(":memory:");
    const { apiKey } = await createApp(storage, "App");
    await createUser(storage, "ada@example.com", PASSWORD);
    const anyone = inProcess(createServer({ storage, blobs: open(), secret: randomBytes(32), rateLimits: null }));
    const signedIn = await anyone.call("POST", "/api/sync/auth", { email: "ada@example.com", password: PASSWORD, api_key: apiKey });
    const caller = anyone.as(textOf(signedIn, "token"));
    const device = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "d", platform: "linux" }), "id");
    await caller.call("POST", "/api/sync/blobs/upload", { hash: "f".repeat(64), size_bytes: 10 });

    const confirmed = await caller.call("POST", "/api/sync/blobs/confirm", { hash: "f".repeat(64), size_bytes: 10 });

    expect(confirmed.status).toBe(503);
    expect(confirmed.headers.get("retry-after")).toBe("5");
    expect((await caller.call("POST", "/api/sync/push", { device_id: device, changes: [] })).status).toBe(200);
  });
});
