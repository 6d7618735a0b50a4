/**
 * A server, or a store that it points to, that is broken or means ill with files and with notices, over real sockets: a typed error,
 * bounded requests, no token to anybody else, nothing half written; and with good answers again everything arrives.
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import { isSyncError, type Notice, type Timers } from "@synckit-gen/runtime";
import { folderBlobFiles } from "@synckit-gen/runtime/node";
import { memoryBlobFiles } from "@synckit-gen/runtime/testing";
import { limits } from "@synckit-gen/schemas/protocol";
import { startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openAppDevice, signIn, type AppDevice, type AppDeviceOptions } from "./support/app-devices.ts";
import { startHostileProxy, type HostileProxy } from "./support/hostile-proxy.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

const KIB = 1024;
const MIB = 1024 * KIB;
const MOST_TRIES = 4;

const model = modelOf([
  {
    ...tableOf("samples", { identity: { hash: "text" }, key: ["hash"], columns: { size: "integer" } }),
    blob: { hash: "hash", size: "size", cloudOnly: null, enabledBy: null },
  },
]);

/** A minute is over in a third of a second. */
const hurried: Timers = {
  after(ms, work) {
    const timer = setTimeout(work, ms / 180);
    return () => clearTimeout(timer);
  },
};

let loaded: LoadedSpec;
let server: EmbeddedServer;
let proxy: HostileProxy;
let folder: string;
let author: AppDevice;
let victim: AppDevice;
let hasty: AppDevice;
/** Where the server sends the victim for files' bytes. */
let store: Awaited<ReturnType<typeof startStore>>;
/** Where nobody has any business. */
let elsewhere: Awaited<ReturnType<typeof startStore>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "synckit-hostile-"));
  loaded = await loadSpec(model);
  server = await startEmbeddedServer();
  proxy = await startHostileProxy(server.url);
  [store, elsewhere] = [await startStore(), await startStore()];
  author = openAppDevice(server, model, loaded, { name: "author", blobs: { files: authored } });
  victim = openVictim("victim");
  hasty = openVictim("hasty", { timers: hurried });
  for (const device of [author, victim, hasty]) await signIn(device, server);
});
afterAll(async () => {
  for (const { close } of [proxy, store, elsewhere]) close();
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  proxy.spoilt.clear();
  proxy.usurped.clear();
  for (const { seen } of [store, elsewhere]) seen.length = 0;
});

const authored = memoryBlobFiles();
const openVictim = (name: string, options: Partial<AppDeviceOptions> = {}): AppDevice =>
  openAppDevice({ url: proxy.url, apiKey: server.apiKey }, model, loaded, {
    name,
    blobs: { files: folderBlobFiles({ folder: join(folder, name) }) },
    ...options,
  });

async function startStore() {
  const seen: { readonly authorization: string | undefined }[] = [];
  const set = { handler: ((response) => void response.writeHead(404).end()) as Handler };
  const listener: RequestListener = (request, response) => {
    seen.push({ authorization: request.headers.authorization });
    response.on("error", () => {});
    set.handler(response, request);
  };
  const http = createServer(listener).listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/a-file?signature=x`,
    seen,
    answer: (handler: Handler) => void (set.handler = handler),
    close: () => {
      http.close();
      http.closeAllConnections();
    },
  };
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "done",
    (error: unknown) => (isSyncError(error) ? error.code : Promise.reject(error as Error)),
  );
}

/** From now on, whatever the server says, the bytes are at the store. */
function divert(endpoint: "/blobs/download" | "/blobs/upload", url = store.url): void {
  proxy.spoilt.set(endpoint, ({ body, status }, response) => {
    const [from, to] = [body as Record<string, unknown>, { url, download_url: url, upload_url: url }];
    const members = Object.entries(to).filter(([name]) => name in from);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ ...from, ...Object.fromEntries(members) }));
  });
}

/** What there is below a device's folder. */
const filesOf = (name: string): readonly string[] => {
  mkdirSync(join(folder, name), { recursive: true });
  return readdirSync(join(folder, name), { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
};

/** Writes until the other side has had enough. */
function flood(response: ServerResponse, chunk: Uint8Array | string, count: (bytes: number) => void = () => {}): void {
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) count(chunk.length);
    count(chunk.length);
  };
  response.on("drain", more);
  more();
}

/** One byte again and again. */
function drip(to: Writable): void {
  const timer = setInterval(() => to.write("x"), 2);
  to.on("close", () => clearInterval(timer));
}

const dripHeaders: Handler = ({ socket }) => {
  socket?.write("HTTP/1.1 200 OK\r\nx: ");
  if (socket !== null) drip(socket);
};

describe("a file that comes", () => {
  let sealed: Buffer;
  let hash: string;
  let otherSealed: Buffer;
  beforeEach(async () => {
    const [content, other] = [randomBytes(100_000), randomBytes(100_000)];
    hash = hashOf(content);
    for (const bytes of [content, other]) {
      authored.files.set(hashOf(bytes), bytes);
      author.db.prepare("INSERT INTO samples VALUES (?, ?)").run(hashOf(bytes), BigInt(bytes.length));
    }
    for (const { sync } of [author, victim, hasty]) await sync.syncNow();
    await author.sync.blobs.upload();
    [sealed, otherSealed] = (await Promise.all(
      [hash, hashOf(other)].map(async (name) =>
        Buffer.from(await (await fetch(await author.sync.client.blobDownloadUrl(name))).arrayBuffer()),
      ),
    )) as [Buffer, Buffer];
  });

  /** How fetching it ends at the store. Nothing is left that looks like the file, no token went there, and from the good store it comes. */
  async function fetchedFrom(
    handler: Handler,
    device: { readonly name: string } & AppDevice = { ...victim, name: "victim" },
  ): Promise<string> {
    divert("/blobs/download");
    store.answer(handler);
    const before = filesOf(device.name).filter((name) => name !== hash);
    const end = await codeOf(device.sync.blobs.get(hash));
    expect(store.seen.length).toBeLessThanOrEqual(2 * MOST_TRIES);
    expect(store.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(filesOf(device.name).filter((name) => name !== hash)).toEqual(before); // a part on its way has the file's name
    if (end.startsWith("blob/")) expect(filesOf(device.name)).not.toContain(hash); // nor a part of it
    if (end !== "done") expect(existsSync(join(folder, device.name, hash.slice(0, 2), hash))).toBe(false);

    proxy.spoilt.clear();
    await victim.sync.blobs.get(hash);
    expect(hashOf(await bytesOf(hash))).toBe(hash);
    expect(filesOf("victim").filter((name) => name === hash)).toEqual([hash]); // and no part of it
    return end;
  }
  const bytesOf = async (name: string): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const part of folderBlobFiles({ folder: join(folder, "victim") }).read(name)) parts.push(part);
    return Buffer.concat(parts);
  };
  const partOf = (device: string, size: number): void => {
    const unfinished = join(folder, device, "unfinished");
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, hash), "");
    truncateSync(join(unfinished, hash), size);
  };

  test.each<[string, string, Handler]>([
    [
      "shorter than announced",
      "network/offline",
      (response) => {
        response.writeHead(200, { "content-length": sealed.length });
        response.write(sealed.subarray(0, 5_000), () => response.destroy());
      },
    ],
    ["cut off as if whole", "blob/corrupt", (response) => void response.end(sealed.subarray(0, 50_000))],
    ["cut off after its header", "blob/corrupt", (response) => void response.end(sealed.subarray(0, 24))],
    ["with more after its end", "blob/corrupt", (response) => void response.end(Buffer.concat([sealed, randomBytes(1)]))],
    ["twice", "blob/corrupt", (response) => void response.end(Buffer.concat([sealed, sealed]))],
    ["with one bit changed", "blob/corrupt", (response) => void response.end(flipped(sealed, 60_000))],
    ["of other bytes", "blob/corrupt", (response) => void response.end(randomBytes(sealed.length))],
    ["that is another file of the account", "blob/corrupt", (response) => void response.end(otherSealed)],
    ["of nothing", "blob/corrupt", (response) => void response.end()],
    [
      "of a page of HTML",
      "blob/corrupt",
      (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"),
    ],
    ["that claims to be of chunks", "blob/corrupt", (response) => void response.end(Buffer.concat([Buffer.from("SKBLOB"), sealed]))],
    [
      "that unfolds to 8 MiB",
      "blob/corrupt",
      (response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(8 * MIB))),
    ],
    [
      "that announces more than files may have",
      "blob/too-large",
      (response) => response.writeHead(200, { "content-length": limits.MAX_BLOB_BYTES + 1 }).flushHeaders(),
    ],
    ["in a part that does not say which", "reply/malformed", (response) => void response.writeHead(206).end(sealed)],
    ["of no part at all", "blob/corrupt", (response) => void response.writeHead(416).end()],
    ["that never begins", "network/offline", (response) => void response.destroy()],
    ["that is no HTTP", "network/offline", (response) => void response.socket?.end("SSH-2.0-OpenSSH_10.0\r\n")],
    ["that is refused without a reason", "server/rejected", (response) => void response.writeHead(403).end()],
    ["that is refused without end", "server/rejected", (response) => flood(response.writeHead(400), "y".repeat(64 * KIB))],
    [
      "whose refusal is cut off",
      "server/unavailable",
      (response) => {
        response.writeHead(500, { "content-length": 100 });
        response.write("{", () => response.destroy());
      },
    ],
  ])("%s is %s", async (_name, code, handler) => {
    expect(await fetchedFrom(handler)).toBe(code);
  });

  test("without end is given up at the most that a file may have, and nothing of it is kept", async () => {
    partOf("victim", limits.MAX_BLOB_BYTES - 64 * KIB);
    let sent = 0;
    const code = await fetchedFrom((response, { headers }) => {
      const from = Number(/bytes=(\d+)-/u.exec(headers.range ?? "")?.[1] ?? 0);
      response.writeHead(206, { "content-range": `bytes ${from}-${limits.MAX_BLOB_BYTES - 1}/${limits.MAX_BLOB_BYTES}` });
      flood(response, Buffer.alloc(64 * KIB), (bytes) => (sent += bytes));
    });

    expect(code).toBe("blob/too-large");
    expect(sent).toBeLessThan(64 * MIB);
  });

  test("in another part than was asked for is malformed", async () => {
    partOf("victim", 1_000);

    expect(
      await fetchedFrom(
        (response) =>
          void response.writeHead(206, { "content-range": `bytes 500-${sealed.length - 1}/${sealed.length}` }).end(sealed.subarray(500)),
      ),
    ).toBe("reply/malformed");
  });

  test("after another beginning than its own is fetched once more from its start", async () => {
    partOf("victim", 1_000);
    let tries = 0;

    const code = await fetchedFrom((response, { headers }) => {
      tries += 1;
      if (headers.range === undefined) response.end(sealed);
      else response.writeHead(206, { "content-range": `bytes 1000-${sealed.length - 1}/${sealed.length}` }).end(sealed.subarray(1_000));
    });

    expect([code, tries]).toEqual(["done", 2]);
  });

  test.each<[string, string, Handler]>([
    ["byte by byte", "network/timeout", (response) => drip(response.writeHead(200, { "content-length": 100_000 }))],
    ["with headers byte by byte", "network/timeout", dripHeaders],
    ["never, after its headers", "network/timeout", (response) => response.writeHead(200, { "content-length": 100_000 }).flushHeaders()],
    ["as a refusal byte by byte", "server/rejected", (response) => drip(response.writeHead(404))],
  ])("%s ends with %s when its time is over", async (_name, code, handler) => {
    expect(await fetchedFrom(handler, { ...hasty, name: "hasty" })).toBe(code);
  });

  test.each([301, 302, 303, 307, 308])("from an address that points to another with status %s does not come from there", async (status) => {
    expect(await fetchedFrom((response) => void response.writeHead(status, { location: elsewhere.url }).end())).toBe("server/redirected");
    expect([store.seen.length > 0, elsewhere.seen.length]).toEqual([true, 0]);
  });

  test.each([
    "file:///etc/passwd",
    "http://example.com/a",
    "ftp://127.0.0.1/a",
    "javascript:alert(1)",
    "http://user:word@127.0.0.1/",
    "//x",
    "",
  ])("from %j is not asked for", async (url) => {
    divert("/blobs/download", url);
    expect(await codeOf(victim.sync.blobs.get(hash))).toBe("reply/malformed");
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

describe("a file that goes", () => {
  /** How a run of uploads ends that the store gets. It is not taken for stored, and the good server gets it in the end. */
  async function sentTo(
    handler: Handler,
    device: { readonly name: string } & AppDevice = { ...victim, name: "victim" },
    size = 200_000,
  ): Promise<string | null> {
    const content = randomBytes(size);
    const hash = hashOf(content);
    mkdirSync(join(folder, device.name, hash.slice(0, 2)), { recursive: true });
    writeFileSync(join(folder, device.name, hash.slice(0, 2), hash), content);
    device.db.prepare("INSERT INTO samples VALUES (?, ?)").run(hash, BigInt(size));
    divert("/blobs/upload");
    store.answer(handler);
    const { stoppedBy, files } = await device.sync.blobs.upload();
    expect([files, device.db.prepare("SELECT 1 FROM sync_state WHERE key = ?").get(`blob:${hash}`)]).toEqual([0, undefined]);
    expect(store.seen.length).toBeLessThanOrEqual(MOST_TRIES);
    expect([...store.seen, ...elsewhere.seen].every(({ authorization }) => authorization === undefined)).toBe(true);

    proxy.spoilt.clear();
    const calm = device.name === "hasty" ? openVictim("hasty", { db: device.db }) : device;
    await signIn(calm, server);
    expect(await calm.sync.blobs.upload()).toMatchObject({ files: 1, stoppedBy: null });
    await author.sync.client.blobDownload(await author.sync.client.blobDownloadUrl(hash), hash);
    return stoppedBy;
  }

  test.each<[string, string, Handler]>([
    ["taken and thrown away", "server/rejected", (response, request) => void request.resume().on("end", () => response.end())],
    ["answered before it is read", "server/rejected", (response) => void response.end("ok")],
    [
      "answered without end",
      "server/rejected",
      (response, request) => void request.resume().on("end", () => flood(response.writeHead(200), "y".repeat(64 * KIB))),
    ],
    [
      "cut off at its first bytes",
      "network/offline",
      (_response, request) => void request.once("data", () => request.socket.resetAndDestroy()),
    ],
    [
      "refused for want of room",
      "server/unavailable",
      (response, request) => void request.resume().on("end", () => response.writeHead(507).end("full")),
    ],
    [
      "refused as too large",
      "server/rejected",
      (response, request) => void request.resume().on("end", () => response.writeHead(413).end()),
    ],
  ])("and is %s: %s", async (_name, code, handler) => {
    expect(await sentTo(handler)).toBe(code);
  });

  test.each([301, 302, 303, 307, 308])("to an address that points to another with status %s does not go there", async (status) => {
    expect(
      await sentTo(
        (response, request) => void request.resume().on("end", () => response.writeHead(status, { location: elsewhere.url }).end()),
      ),
    ).toBe("server/redirected");
    expect(elsewhere.seen).toEqual([]);
  });

  test("and is never read ends when its time is over", async () => {
    expect(await sentTo((_response, request) => void request.pause(), { ...hasty, name: "hasty" }, 6 * MIB)).toBe("network/timeout");
  });
});

describe("notices", () => {
  /** What the stream says until it ends, or until it has said so many of these. */
  async function heard(
    device: AppDevice,
    most = 1_000,
    of: Notice = "changed",
  ): Promise<{ readonly notices: readonly Notice[]; readonly end: string }> {
    const notices: Notice[] = [];
    const stream = device.sync.client.subscribeNotifications(null);
    const end = await codeOf(
      (async () => {
        for await (const notice of stream) if (notices.push(notice) > 0 && notices.filter((one) => one === of).length >= most) break;
      })(),
    );
    return { notices, end };
  }
  const usurp = (handler: Handler): void =>
    void proxy.usurped.set("/subscribe", (request, response) =>
      handler(
        response.on("error", () => {}),
        request,
      ),
    );
  const events = (response: ServerResponse): ServerResponse => response.writeHead(200, { "content-type": "text/event-stream" });

  test.each<[string, string, Handler]>([
    ["of a line without end", "reply/too-large", (response) => flood(events(response), "x".repeat(64 * KIB))],
    ["of a comment without end", "reply/too-large", (response) => flood(events(response), `:${"x".repeat(64 * KIB)}`)],
    ["of bytes that are no text, without end", "reply/too-large", (response) => flood(events(response), Buffer.alloc(64 * KIB, 0xff))],
    [
      "of a line that unfolds to 64 MiB",
      "reply/too-large",
      (response) =>
        void response
          .writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" })
          .end(gzipSync(Buffer.alloc(64 * MIB, "x"))),
    ],
    [
      "of a page of HTML",
      "reply/malformed",
      (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"),
    ],
    [
      "of a page without end",
      "reply/malformed",
      (response) => flood(response.writeHead(200, { "content-type": "text/plain" }), "y".repeat(64 * KIB)),
    ],
    ["of nothing", "reply/malformed", (response) => void response.writeHead(204).end()],
    ["of a refusal that never ends", "server/rejected", (response) => flood(response.writeHead(400), "y".repeat(64 * KIB))],
  ])("in a stream %s end with %s", async (_name, code, handler) => {
    let sent = 0;
    usurp((response, request) => {
      const write = response.write.bind(response) as (chunk: Uint8Array) => boolean;
      response.write = ((chunk: Uint8Array) => ((sent += chunk.length), write(chunk))) as typeof response.write;
      handler(response, request);
    });

    expect((await heard(victim)).end).toBe(code);
    expect(sent).toBeLessThan(64 * MIB);
  });

  test("among lines that say nothing, and in an event of 16 MiB, are heard", async () => {
    usurp((response) => {
      events(response);
      response.write(
        Buffer.concat([Buffer.alloc(KIB, 0xff), Buffer.from("\n\0\n\r\r\r\nevent\nevent:\nevent: charged\n\nid: 1\nretry: 0\n")]),
      );
      for (let lines = 0; lines < 16 * KIB; lines++) response.write(`data: ${"x".repeat(KIB)}\n`);
      response.write("event: changed\n\n");
    });

    expect(await heard(victim, 2)).toEqual({ notices: ["changed", "changed"], end: "done" });
  });

  test.each([301, 302, 303, 307, 308])("are not heard from where status %s points to", async (status) => {
    usurp((response) => void response.writeHead(status, { location: elsewhere.url }).end());

    expect((await heard(victim)).end).toBe("server/redirected");
    expect(elsewhere.seen).toEqual([]);
  });

  test.each<[string, Handler]>([
    ["a stream that is cut off", (response) => void events(response).write("eve", () => response.destroy())],
    [
      "a refusal that is cut off",
      (response) => {
        response.writeHead(503, { "content-length": 100 });
        response.write("{", () => response.destroy());
      },
    ],
    ["headers byte by byte", dripHeaders],
    ["silence", (response) => events(response).flushHeaders()],
    ["a refusal byte by byte", (response) => drip(response.writeHead(500))],
  ])("are heard again after %s", async (_name, handler) => {
    let connections = 0;
    usurp((response, request) => {
      connections += 1;
      if (connections <= 2) handler(response, request);
      else events(response).write(": hello\n");
    });

    const { notices, end } = await heard(hasty, 1, "keepalive");

    expect([notices.at(-1), end]).toEqual(["keepalive", "done"]);
    expect(connections).toBe(3);
  });
});
