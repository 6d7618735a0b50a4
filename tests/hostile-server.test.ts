/**
 * A server that is broken or means ill, over real sockets: whatever it answers, the device gets a typed error or the truth,
 * in bounded memory and requests; no page is applied in part; and with a good server everything arrives.
 */
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type AddressInfo, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { isSyncError } from "@synckit-gen/runtime";
import { startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Http } from "../runtime/src/client/http.ts";
import { openAppDevice, signIn, type AppDevice } from "./support/app-devices.ts";
import { startHostileProxy, type GoodReply, type HostileProxy, type Mischief } from "./support/hostile-proxy.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";

type Json = Record<string, unknown>;

const model = modelOf([
  tableOf("lists", { columns: { name: "text" } }),
  tableOf("items", { columns: { list_id: "text", title: "text" }, references: [{ columns: ["list_id"], table: "lists" }] }),
]);

const MIB = 1024 * 1024;
/** The client's own bound, four tries: no answer may cost more requests. */
const MOST_TRIES = 4;

let loaded: LoadedSpec;
let server: EmbeddedServer;
let proxy: HostileProxy;
let author: AppDevice;
let victim: AppDevice;
/** What the victim waited between tries, ms. */
const waits: number[] = [];
let edits = 0;

beforeAll(async () => {
  loaded = await loadSpec(model);
  server = await startEmbeddedServer();
  proxy = await startHostileProxy(server.url);
  author = openAppDevice(server, model, loaded, { name: "author" });
  victim = openVictim("victim");
  for (const device of [author, victim]) await signIn(device, server);
  author.db.exec("INSERT INTO lists VALUES ('l0', 'first')");
  for (const { sync } of [author, victim]) await sync.syncNow();
});
afterAll(async () => {
  proxy.close();
  await server.close();
});
beforeEach(() => {
  proxy.spoilt.clear();
  waits.length = 0;
});

const openVictim = (name: string): AppDevice =>
  openAppDevice({ url: proxy.url, apiKey: server.apiKey }, model, loaded, {
    name,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });

const rowsOf = (device: AppDevice): unknown => [device.rows("lists"), device.rows("items")];

/** A parent with its child, an edit and a deletion for the victim to take, and an edit of its own to give. */
async function editBoth(): Promise<void> {
  edits += 1;
  author.db.exec(`
    INSERT INTO lists VALUES ('l${edits}', 'list ${edits}');
    INSERT INTO items VALUES ('i${edits}', 'l${edits}', 'item ${edits}');
    UPDATE lists SET name = 'edit ${edits}' WHERE id = 'l0';
    DELETE FROM items WHERE id = 'i${edits - 1}'`);
  await author.sync.syncNow();
  victim.db.exec(`INSERT INTO lists VALUES ('v${edits}', 'the victim''s ${edits}')`);
}

/** The code of what a call ends with; anything but a `SyncError` is a failure of the test. */
async function endOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (isSyncError(error)) return error.code;
    throw error;
  }
}

/** With good answers again, both devices have all that either wrote. */
async function expectRecovery(): Promise<void> {
  proxy.spoilt.clear();
  for (const { sync } of [victim, author, victim]) await sync.syncNow();
  expect(rowsOf(victim)).toEqual(rowsOf(author));
  expect(victim.rows("lists").map(([id]) => id)).toContain(`v${edits}`);
  expect(victim.sync.status()).toMatchObject({ pendingChanges: 0, heldRows: 0, quarantinedEntries: 0 });
}

/** A cycle in which this endpoint's replies are spoilt. Gives how it ended; what it left is compared. */
async function cycleWith(endpoint: string, mischief: Mischief): Promise<string> {
  await editBoth();
  const before = rowsOf(victim);
  proxy.asked.length = 0;
  proxy.spoilt.set(endpoint, mischief);
  const end = await endOf(victim.sync.syncNow());
  if (end !== "done" && endpoint === "/pull") expect(rowsOf(victim)).toEqual(before);
  expect(proxy.asked.filter((path) => path.endsWith(endpoint)).length).toBeLessThanOrEqual(end === "done" ? 30 : MOST_TRIES);
  await expectRecovery();
  return end;
}

const sendJson = (response: ServerResponse, body: unknown, status = 200): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const saying =
  (change: (body: Json) => unknown): Mischief =>
  ({ body, status }, response) =>
    sendJson(response, change(body as Json), status);
const textOf = ({ body }: GoodReply): string => JSON.stringify(body);

// The transport ------------------------------------------------------------------------------------

/** Writes until the other side has had enough. */
function flood(response: ServerResponse, chunk: string, count: (bytes: number) => void = () => {}): void {
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) count(chunk.length);
    count(chunk.length);
  };
  response.on("drain", more).on("error", () => {});
  more();
}

const broken: readonly (readonly [name: string, code: string, mischief: Mischief])[] = [
  ["cut off in the middle, as if whole", "reply/malformed", (good, response) => void response.end(textOf(good).slice(0, -5))],
  [
    "shorter than announced",
    "network/offline",
    (good, response) => {
      const text = textOf(good);
      response.writeHead(200, { "content-length": text.length + 10 });
      response.write(text);
      setImmediate(() => response.destroy());
    },
  ],
  [
    "longer than announced",
    "reply/malformed",
    (good, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n${textOf(good)}`);
    },
  ],
  [
    "of a reset connection",
    "network/offline",
    (good, response) => {
      response.writeHead(200);
      response.write(textOf(good).slice(0, 9));
      setImmediate(() => response.socket?.resetAndDestroy());
    },
  ],
  ["that never begins", "network/offline", (_good, response) => void response.destroy()],
  ["that is no HTTP", "network/offline", (_good, response) => void response.socket?.end("SSH-2.0-OpenSSH_10.0\r\n")],
  [
    "of an HTML page",
    "reply/malformed",
    (_good, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><h1>Welcome to this hotel"),
  ],
  ["of nothing", "reply/malformed", (_good, response) => void response.writeHead(204).end()],
  ["of bytes that are no text", "reply/malformed", (_good, response) => void response.end(Buffer.alloc(1000, 0xff))],
  ["of a list", "reply/malformed", (good, response) => sendJson(response, [good.body])],
  ["nested a million deep", "reply/malformed", (_good, response) => void response.end("[".repeat(MIB) + "]".repeat(MIB))],
  ["to another question", "reply/malformed", (_good, response) => sendJson(response, { encrypted_key: "{}", key_version: 2 })],
  ["behind an inherited member", "reply/malformed", (good, response) => void response.end(`{"__proto__":${textOf(good)}}`)],
  [
    "that announces a gigabyte",
    "reply/too-large",
    (_good, response) => response.writeHead(200, { "content-length": 1024 * MIB }).flushHeaders(),
  ],
  ["that unfolds to 64 MiB", "reply/too-large", (_good, response) => gzipped(response, gzipSync(Buffer.alloc(64 * MIB, " ")))],
  ["in a broken compression", "reply/malformed", (_good, response) => gzipped(response, gzipSync("{}").subarray(0, 12))],
  ["without end", "reply/too-large", (_good, response) => flood(response.writeHead(200), " ".repeat(64 * 1024))],
  [
    "of events without end",
    "reply/too-large",
    (_good, response) => flood(response.writeHead(200, { "content-type": "text/event-stream" }), ": keepalive\n\n".repeat(4096)),
  ],
  [
    "with a megabyte of headers",
    "network/offline",
    (_good, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(MIB)}\r\n\r\n{}`),
  ],
  ["of a refusal without a reason", "server/rejected", (_good, response) => void response.writeHead(418).end("I")],
  ["of a refusal that never ends", "server/rejected", (_good, response) => flood(response.writeHead(400), "y".repeat(64 * 1024))],
  ["of a server in trouble", "server/unavailable", (_good, response) => void response.writeHead(503).end("<h1>503")],
];

function gzipped(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { "content-encoding": "gzip", "content-length": body.length }).end(body);
}

test.each(broken)("a page %s is %s; nothing of it is applied", async (_name, code, mischief) => {
  expect(await cycleWith("/pull", mischief)).toBe(code);
});

test.each(broken)("a push whose reply is one %s is %s; what was stored is not lost", async (_name, code, mischief) => {
  expect(await cycleWith("/push", mischief)).toBe(code);
});

test("a reply without end costs no more memory than the client reads", async () => {
  let sent = 0;
  expect(await cycleWith("/pull", (_good, response) => flood(response.writeHead(200), " ".repeat(64 * 1024), (n) => (sent += n)))).toBe(
    "reply/too-large",
  );
  expect(sent).toBeLessThan(64 * MIB);
});

test.each([301, 302, 303, 307, 308])("with status %s no token, page or push follows to another host", async (status) => {
  const seen: string[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end("{}");
  });
  await new Promise<void>((resolve) => void elsewhere.listen(0, "127.0.0.1", resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  try {
    for (const endpoint of ["/pull", "/push"])
      expect(await cycleWith(endpoint, (_good, response) => void response.writeHead(status, { location }).end())).toBe("server/redirected");
    const before = victim.sync.client.sessionInfo();
    proxy.spoilt.set("/auth", (_good, response) => void response.writeHead(status, { location }).end());
    proxy.spoilt.set("/oauth/token", (_good, response) => void response.writeHead(status, { location }).end());
    expect(await endOf(victim.sync.signIn(server.email, server.password))).toBe("server/redirected");
    expect(await endOf(victim.sync.client.authenticateWithCode("code", "v".repeat(43), 8765))).toBe("server/redirected");
    expect(victim.sync.client.sessionInfo()).toEqual(before);
    expect(seen).toEqual([]);
  } finally {
    elsewhere.close();
  }
});

test.each([
  "999999999",
  "99999999999999999999",
  "-5",
  "soon",
  "1e9",
  "Fri, 31 Dec 9999 23:59:59 GMT",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  "NaN",
])("Retry-After: %s never makes a call wait longer than a minute, nor try more than four times", async (header) => {
  for (const status of [429, 503]) {
    const code = await cycleWith("/pull", (_good, response) => void response.writeHead(status, { "retry-after": header }).end());
    expect(code).toBe(status === 429 ? "server/rate-limited" : "server/unavailable");
  }
  for (const ms of waits) expect(ms >= 0 && ms <= 60_000).toBe(true);
});

/** Sends `head` at once and then a byte again and again, for as long as somebody listens. */
async function dripping(head: string, drop: string, work: (url: string) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const drips = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).write(head);
    const timer = setInterval(() => socket.write(drop), 1);
    socket.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => void drips.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(drips.address() as AddressInfo).port}/`);
  } finally {
    for (const socket of sockets) socket.destroy();
    drips.close();
  }
}

test.each([
  ["headers", "HTTP/1.1 200 OK\r\nx: ", "y"],
  ["body", "HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n", " "],
  ["events", "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", ":\n\n"],
])("%s that drip slowly are given up when the time of the whole exchange is over", async (_name, head, drop) => {
  const http = new Http({
    fetch: globalThis.fetch,
    sleep: async () => {},
    random: { bytes: (n) => new Uint8Array(n) },
    clock: { nowMs: Date.now },
  });
  await dripping(head, drop, async (url) => {
    expect(await endOf(http.send({ method: "GET", url, token: null, timeoutMs: 100 }))).toBe("network/timeout");
  });
});

// What replies say ---------------------------------------------------------------------------------

const vectors = JSON.parse(readFileSync(new URL("../schemas/vectors/wire.json", import.meta.url), "utf8")) as Record<string, string>;

/** The members of a reply, as paths. */
function membersOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (value === null || typeof value !== "object") return [];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([name, member]) => [[...path, name], ...membersOf(member, [...path, name])]);
}

const WRONG: readonly unknown[] = [undefined, null, true, -1, 0.5, 1e300, 2 ** 53, "", "\0", [], [[]], {}, { a: 1 }];
/** What servers may leave out, so that its absence is no wrong type. */
const OPTIONAL = ["changes.0.data", "changes.0.device_id", "changes.0.seq"];
/** Wrong values of another type than the one there was: another string may be a truth of its own. */
function wrongFor(good: unknown, path: readonly (string | number)[]): readonly unknown[] {
  const isOptional = OPTIONAL.includes(path.join("."));
  return WRONG.filter((wrong) => typeof wrong !== typeof good || Array.isArray(wrong) !== Array.isArray(good)).filter(
    (wrong) => !isOptional || (wrong ?? null) !== null,
  );
}

/** The reply with one member replaced, all entries of a list alike. Undefined: not changed, for want of the member. */
function spoil(body: unknown, [name, ...rest]: readonly (string | number)[], wrong: unknown): unknown {
  if (Array.isArray(body)) return rest.length === 0 ? body.map(() => wrong) : body.map((member) => spoil(member, rest, wrong));
  if (name === undefined || body === null || typeof body !== "object") return body;
  const from = body as Json;
  const { [name]: _, ...others } = from;
  if (rest.length > 0) return { ...others, [name]: spoil(from[name], rest, wrong) };
  return wrong === undefined ? others : { ...others, [name]: wrong };
}

const valueAt = (body: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Json | undefined)?.[name], body);

const spoilings = (vector: string): readonly (readonly [what: string, mischief: Mischief])[] => {
  const sample: unknown = JSON.parse(vectors[vector] ?? "");
  return membersOf(sample).flatMap((path) =>
    wrongFor(valueAt(sample, path), path).map(
      (wrong) => [`${path.join(".")}: ${JSON.stringify(wrong)}`, saying((body) => spoil(body, path, wrong))] as const,
    ),
  );
};

test.each([
  ["pullReply", "/pull"],
  ["pushReply", "/push"],
  ["extensionsReply", "/extensions"],
  ["statusReply", "/status"],
])("%s with any member of a wrong type: a typed error or the truth, and nothing lost", async (vector, endpoint) => {
  const ends = new Map<string, string[]>();
  for (const [what, mischief] of spoilings(vector)) {
    const end = await cycleWith(endpoint, mischief);
    ends.set(end, [...(ends.get(end) ?? []), what]);
  }
  for (const end of ends.keys()) expect(["done", "reply/malformed"]).toContain(end);
});

test.each<[string, string, (device: AppDevice) => Promise<unknown>]>([
  ["authReply", "/auth", ({ sync }) => sync.signIn(server.email, server.password)],
  ["tokenReply", "/oauth/token", ({ sync }) => sync.client.authenticateWithCode("code", "v".repeat(43), 8765)],
  ["device", "/devices", ({ sync }) => sync.client.registerDevice("victim", "linux")],
  ["devices", "/devices", ({ sync }) => sync.client.listDevices()],
  ["keyReply", "/keys", ({ sync }) => sync.client.hasServerKey()],
  ["keyReply", "/keys", ({ sync }) => sync.setupEncryptionExisting("only the devices know this")],
  ["digestsReply", "/digests", ({ sync }) => sync.verify()],
  ["snapshotReply", "/snapshots", ({ sync }) => sync.client.snapshot()],
])("%s of %s with any member of a wrong type is no crash", async (vector, endpoint, call) => {
  const sample: unknown = JSON.parse(vectors[vector] ?? "");
  for (const path of membersOf(sample))
    for (const wrong of wrongFor(valueAt(sample, path), path)) {
      proxy.spoilt.set(endpoint, (good, response) => sendJson(response, spoil(good.status === 200 ? good.body : sample, path, wrong)));
      const end = await endOf(call(victim));
      expect([
        "done",
        "reply/malformed",
        "key/damaged-envelope",
        "key/unknown-version",
        "key/wrong-password",
        "key/not-set-up",
        "auth/expired",
      ]).toContain(end);
    }
  proxy.spoilt.clear();
  await signIn(victim, server);
  await editBoth();
  await expectRecovery();
});

const changesOf = (body: Json): readonly Json[] => body["changes"] as readonly Json[];

test.each<[string, (body: Json) => unknown]>([
  ["entries twice", (body) => ({ ...body, changes: changesOf(body).flatMap((change) => [change, change]) })],
  ["entries in the reverse order", (body) => ({ ...body, changes: changesOf(body).toReversed() })],
  [
    "entries without number and author",
    (body) => ({ ...body, changes: changesOf(body).map(({ seq: _, device_id: __, ...change }) => change) }),
  ],
  [
    "members that nobody knows",
    (body) => ({ ...body, moon: 1, changes: changesOf(body).map((change) => ({ ...change, key_id: 7, constructor: {} })) }),
  ],
])("%s in a page change nothing", async (_name, change) => {
  expect(await cycleWith("/pull", saying(change))).toBe("done");
});

test.each<[string, (body: Json) => unknown]>([
  ["goes back", (body) => ({ ...body, cursor: 0 })],
  [
    "stands still with more to come",
    (body) => ({ changes: [], cursor: (body["cursor"] as number) - changesOf(body).length, has_more: true }),
  ],
])("a cursor that %s is a malformed reply", async (_name, change) => {
  expect(await cycleWith("/pull", saying(change))).toBe("reply/malformed");
});

test("a page without its data is put aside, and read again when the data is there", async () => {
  await editBoth();
  proxy.spoilt.set(
    "/pull",
    saying((body) => spoil(body, ["changes", 0, "data"], null)),
  );
  expect(await endOf(victim.sync.syncNow())).toBe("done");
  expect(victim.sync.status().quarantinedEntries).toBeGreaterThan(0);
  proxy.spoilt.clear();
  await victim.sync.retryQuarantine();
  await expectRecovery();
});

test("a cursor far beyond the log's end hides nothing that comes later", async () => {
  expect(
    await cycleWith(
      "/pull",
      saying((body) => ({ ...body, cursor: Number.MAX_SAFE_INTEGER })),
    ),
  ).toBe("done");
  await editBoth();
  await expectRecovery();
});

test("a log that always has more, and never anything in it, is given up", async () => {
  await editBoth();
  const before = rowsOf(victim);
  let cursor = 1_000_000;
  proxy.spoilt.set("/pull", (_good, response) => sendJson(response, { changes: [], cursor: ++cursor, has_more: true }));
  expect(await endOf(victim.sync.syncNow())).toBe("reply/malformed");
  expect(rowsOf(victim)).toEqual(before);
  await expectRecovery();
});

test.each<[string, Json]>([
  ["of a table called __proto__", { table: "__proto__" }],
  ["of SQLite's own table", { table: "sqlite_schema" }],
  ["of the engine's own table", { table: "sync_state" }],
  ["of a table spelled like SQL", { table: 'lists"; DROP TABLE lists; --' }],
  ["of a row id of a megabyte", { row_id: "x".repeat(MIB) }],
  ["of a row id with a NUL", { row_id: "\0" }],
  ["of no time", { timestamp: "yesterday" }],
  ["of the year 9999", { timestamp: "9999-12-31T23:59:59.999999Z" }],
  ["of the year 0", { timestamp: "0000-01-01T00:00:00.000000Z" }],
  ["whose data is no base64", { data: "%%%" }],
  ["whose data was changed", { data: "A".repeat(120) }],
  ["whose data is missing", { data: null }],
  ["whose number is the largest", { seq: Number.MAX_SAFE_INTEGER }],
])("a forged entry %s, beside the true ones, hurts nothing and hides nothing", async (_name, forged) => {
  const add = (body: Json): unknown => {
    const [sample = {}] = changesOf(body);
    const { seq: _, ...other } = sample;
    return { ...body, changes: [...changesOf(body), { ...other, row_id: "forged", ...forged }] };
  };
  await editBoth();
  proxy.spoilt.set(
    "/pull",
    saying((body) => (changesOf(body).length === 0 ? body : add(body))),
  );
  expect(await endOf(victim.sync.syncNow())).toBe("done");
  proxy.spoilt.clear();
  for (const { sync } of [victim, author, victim]) await sync.syncNow();
  const withoutForged = (rows: AppDevice, table: string) => rows.rows(table).filter(([id]) => id !== "forged");
  for (const table of ["lists", "items"]) expect(withoutForged(victim, table)).toEqual(withoutForged(author, table));
  expect(victim.rows("lists").map(([id]) => id)).not.toContain("forged");
});
