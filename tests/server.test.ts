/** Every endpoint of docs/protocol.md: what it answers, and each way in which it refuses. */
import { createApp, createServer, createUser, openSqliteStorage, type LogRecord, type Storage } from "@synckit-gen/server";
import { EXTENSIONS } from "@synckit-gen/schemas/protocol";
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { entry, inProcess, textOf, type Caller } from "./server-client.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";
const secret = new Uint8Array(32).fill(9);
const NOW_MS = Date.UTC(2026, 0, 1);

let storage: Storage;
let nowMs = NOW_MS;
let log: LogRecord[] = [];
let server: Caller;
let apiKey: string;
let ada: { token: string; appId: string; userId: string };
let grace: { token: string };

const signIn = (email: string, key: string, more: object = {}) =>
  server.call("POST", "/api/sync/auth", { email, password: PASSWORD, api_key: key, key: "default", ...more });

beforeAll(async () => {
  storage = openSqliteStorage(":memory:");
  const clock = () => nowMs;
  server = inProcess(createServer({ storage, secret, clock, rateLimits: null, logger: (record) => log.push(record) }));
  ({ apiKey } = await createApp(storage, "GoingsOn"));
  for (const email of [EMAIL, "grace@example.com"]) await createUser(storage, email, PASSWORD);
  const answer = await signIn(EMAIL, apiKey);
  ada = { token: textOf(answer, "token"), appId: textOf(answer, "app_id"), userId: textOf(answer, "user_id") };
  grace = { token: textOf(await signIn("grace@example.com", apiKey), "token") };
});
beforeEach(() => {
  nowMs = NOW_MS;
  log = [];
});
afterAll(() => storage.close());

/** Ada's device of that name, ready to push. */
async function deviceOf(name: string, token = ada.token): Promise<{ id: string; caller: Caller }> {
  const caller = server.as(token);
  return { id: textOf(await caller.call("POST", "/api/sync/devices", { device_name: name, platform: "linux" }), "id"), caller };
}

describe.each(["/api/sync", "/api/v1/sync"])("under %s", (prefix) => {
  test("a device signs in, registers, pushes, pulls and asks where it is", async () => {
    const signedIn = await server.call("POST", `${prefix}/auth`, { email: EMAIL, password: PASSWORD, api_key: apiKey, key: "slot" });
    expect(signedIn).toMatchObject({ status: 200, body: { user_id: ada.userId, app_id: ada.appId } });
    const caller = server.as(textOf(signedIn, "token"));

    const device = await caller.call("POST", `${prefix}/devices`, { device_name: `laptop ${prefix}`, platform: "macos" });
    expect(device).toMatchObject({
      status: 200,
      body: { device_name: `laptop ${prefix}`, platform: "macos", created_at: "2026-01-01T00:00:00.000Z" },
    });
    const device_id = textOf(device, "id");

    const before = await caller.call("GET", `${prefix}/status`);
    const head = Number(before.body["latest_cursor"]);
    const pushed = await caller.call("POST", `${prefix}/push`, { device_id, changes: [entry(`${prefix}1`), entry(`${prefix}2`)] });
    expect(pushed).toMatchObject({ status: 200, body: { cursor: head + 2 } });

    const pulled = await caller.call("POST", `${prefix}/pull`, { device_id, cursor: head });
    expect(pulled).toMatchObject({ status: 200, body: { cursor: head + 2, has_more: false } });
    expect(pulled.body["changes"]).toEqual([
      { ...entry(`${prefix}1`), device_id, seq: head + 1 },
      { ...entry(`${prefix}2`), device_id, seq: head + 2 },
    ]);
    expect((await caller.call("GET", `${prefix}/status`)).body).toEqual({ total_changes: head + 2, latest_cursor: head + 2 });
  });

  test("the server names its extensions", async () => {
    const { status, body } = await server.as(ada.token).call("GET", `${prefix}/extensions`);

    expect({ status, body }).toEqual({ status: 200, body: { extensions: { ...EXTENSIONS } } });
  });

  test("a key is stored and read", async () => {
    const caller = server.as(grace.token);
    const put = await caller.call("PUT", `${prefix}/keys`, { encrypted_key: `{"for":"${prefix}"}` });
    expect(put.status).toBe(200);

    expect(await caller.call("GET", `${prefix}/keys`)).toMatchObject({
      status: 200,
      body: { encrypted_key: `{"for":"${prefix}"}`, key_version: put.body["key_version"] },
    });
  });
});

describe("signing in", () => {
  test.each([
    ["a wrong password", () => ({ password: "wrong horse" })],
    ["an unknown user", () => ({ email: "nobody@example.com" })],
    ["a wrong API key", () => ({ api_key: "sk_none" })],
  ])("with %s is refused in the same words", async (_, wrong) => {
    expect(await signIn(EMAIL, apiKey, wrong())).toMatchObject({ status: 401, body: { error: "the email, password or API key is wrong" } });
  });

  test("takes the work of a hash, whoever asks", async () => {
    await signIn("nobody@example.com", apiKey);
    await signIn(EMAIL, "sk_none");

    // Without the hash an answer takes about a millisecond, with it about a hundred.
    for (const record of log) expect(record.kind === "request" ? record.ms : 0).toBeGreaterThan(20);
  });

  test("an address is the same in any letter case", async () => {
    expect((await signIn("  ADA@Example.com ", apiKey)).status).toBe(200);
  });

  test("the billing slot may be left out", async () => {
    expect((await signIn(EMAIL, apiKey, { key: undefined })).status).toBe(200);
  });

  test.each([
    ["email", { email: "no address" }],
    ["email", { email: 5 }],
    ["password", { password: "p".repeat(1025) }],
    ["password", { password: null }],
    ["api_key", { api_key: [] }],
    ["key", { key: "" }],
    ["key", { key: "k".repeat(129) }],
  ])("with a bad %s gives 422", async (member, wrong) => {
    const answer = await signIn(EMAIL, apiKey, wrong);

    expect(answer.status).toBe(422);
    expect(answer.body["error"]).toMatch(new RegExp(`^${member}: `));
  });
});

describe("a session", () => {
  const NOW = NOW_MS / 1000;
  const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const mint = (claims: Record<string, unknown> = {}, key = secret): string => {
    const payload = { sub: ada.userId, app: ada.appId, key: "default", iss: "makenotwork-synckit", iat: NOW, exp: NOW + 60, ...claims };
    const signed = `${base64url({ alg: "HS256" })}.${base64url(payload)}`;
    return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
  };
  const statusWith = async (authorization: string): Promise<number> =>
    (await server.call("GET", "/api/sync/status", undefined, { Authorization: authorization })).status;

  test("is accepted with the scheme in any letter case", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) expect(await statusWith(`${scheme} ${mint()}`)).toBe(200);
  });

  test.each<[string, () => string]>([
    ["no token", () => ""],
    ["another scheme", () => `Basic ${mint()}`],
    ["a token without a scheme", () => mint()],
    ["two tokens", () => `Bearer ${mint()} ${mint()}`],
    ["no JSON Web Token", () => "Bearer nonsense"],
    ["a token of another secret", () => `Bearer ${mint({}, new Uint8Array(32).fill(1))}`],
    ["an expired token", () => `Bearer ${mint({ iat: NOW - 120, exp: NOW - 60 })}`],
    ["a token of another issuer", () => `Bearer ${mint({ iss: "someone-else" })}`],
    ["a token from the future", () => `Bearer ${mint({ iat: NOW + 61, exp: NOW + 120 })}`],
    ["a token of an app that is not here", () => `Bearer ${mint({ app: crypto.randomUUID() })}`],
    ["a token of a user who is not here", () => `Bearer ${mint({ sub: crypto.randomUUID() })}`],
  ])("with %s is refused", async (_, authorization) => {
    const answer = await server.call("GET", "/api/sync/status", undefined, { Authorization: authorization() });

    expect(answer).toMatchObject({ status: 401, body: { error: "a valid bearer token is needed" } });
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("is needed by every endpoint but signing in and health", async () => {
    const needing = ["POST /devices", "GET /devices", "POST /push", "POST /pull", "GET /status", "GET /keys", "PUT /keys"];
    for (const [method = "", path = ""] of needing.map((endpoint) => endpoint.split(" ")))
      expect((await server.call(method, `/api/sync${path}`, method === "GET" ? undefined : {})).status, `${method} ${path}`).toBe(401);
    expect(await server.call("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
  });

  test("ends after seven days", async () => {
    nowMs += 7 * 86_400_000 - 1000;
    expect(await statusWith(`Bearer ${ada.token}`)).toBe(200);
    nowMs += 2000;
    expect(await statusWith(`Bearer ${ada.token}`)).toBe(401);
  });
});

describe("two accounts", () => {
  test("of two users of one app see nothing of each other", async () => {
    const hers = await deviceOf("shared name");
    const other = await deviceOf("shared name", grace.token);
    const { cursor } = (await hers.caller.call("POST", "/api/sync/push", { device_id: hers.id, changes: [entry("secret")] })).body;

    expect(other.id).not.toBe(hers.id);
    expect(JSON.stringify((await other.caller.call("POST", "/api/sync/pull", { device_id: other.id, cursor: 0 })).body)).not.toContain(
      "secret",
    );
    expect((await other.caller.call("GET", "/api/sync/status")).body["latest_cursor"]).toBe(0);
    expect(cursor).toBeGreaterThan(0);
    for (const endpoint of ["push", "pull"])
      expect((await other.caller.call("POST", `/api/sync/${endpoint}`, { device_id: hers.id, cursor: 0, changes: [] })).status).toBe(404);
    expect(JSON.stringify((await other.caller.call("GET", "/api/sync/devices")).body)).not.toContain(hers.id);
  });

  test("of one user in two apps see nothing of each other", async () => {
    const second = await createApp(storage, "second app");
    const elsewhere = server.as(textOf(await signIn(EMAIL, second.apiKey), "token"));
    const here = await deviceOf("one of two apps");
    await here.caller.call("POST", "/api/sync/push", { device_id: here.id, changes: [entry("here")] });
    await here.caller.call("PUT", "/api/sync/keys", { encrypted_key: "here" });

    expect((await elsewhere.call("GET", "/api/sync/status")).body).toEqual({ total_changes: 0, latest_cursor: 0 });
    expect((await elsewhere.call("GET", "/api/sync/devices")).body).toEqual([]);
    expect((await elsewhere.call("GET", "/api/sync/keys")).status).toBe(404);
    expect((await elsewhere.call("POST", "/api/sync/pull", { device_id: here.id, cursor: 0 })).status).toBe(404);
  });
});

describe("devices", () => {
  test("the same name is the same device, with its newest platform", async () => {
    const first = await deviceOf("once");
    nowMs += 60_000;
    const again = await first.caller.call("POST", "/api/sync/devices", { device_name: "once", platform: "web" });

    expect(again.body).toEqual({
      id: first.id,
      device_name: "once",
      platform: "web",
      created_at: "2026-01-01T00:00:00.000Z",
      last_seen_at: "2026-01-01T00:01:00.000Z",
    });
    const list = (await first.caller.call("GET", "/api/sync/devices")).body as unknown as readonly { id: string }[];
    expect(list.filter(({ id }) => id === first.id)).toHaveLength(1);
  });

  test.each([
    ["platform", { device_name: "x", platform: "amiga" }],
    ["device_name", { device_name: "  ", platform: "web" }],
    ["device_name", { device_name: "x".repeat(256), platform: "web" }],
    ["device_name", { device_name: "\ud800", platform: "web" }],
    ["device_name", { platform: "web" }],
  ])("a bad %s gives 422", async (member, body) => {
    const answer = await server.as(ada.token).call("POST", "/api/sync/devices", body);

    expect(answer.status).toBe(422);
    expect(answer.body["error"]).toMatch(new RegExp(`^${member}: `));
  });
});

describe("push", () => {
  test("data is given back byte for byte, whatever it is", async () => {
    const { id, caller } = await deviceOf("bytes");
    const data = ["", "=", "not base64 at all", "ä🦊\u2028", 'quote " back \\ slash', "A".repeat(1024 * 1024)];
    const changes = data.map((value, i) => entry(`bytes-${i}`, { data: value }));
    const { cursor } = (await caller.call("POST", "/api/sync/push", { device_id: id, changes })).body;

    const pulled = await caller.call("POST", "/api/sync/pull", { device_id: id, cursor: Number(cursor) - data.length });

    expect((pulled.body["changes"] as readonly { data: string }[]).map((change) => change.data)).toEqual(data);
  });

  test("timestamps, operations and deletes with data are kept as sent", async () => {
    const { id, caller } = await deviceOf("as sent");
    const changes = [
      entry("a", { timestamp: "2026-01-02T03:04:05+09:00" }),
      entry("b", { op: "delete", data: null }),
      entry("c", { op: "DELETE", data: "AAAA" }),
      { ...entry("d"), data: undefined, later_member: true },
    ];
    const { cursor } = (await caller.call("POST", "/api/sync/push", { device_id: id, changes, later_member: 1 })).body;

    const pulled = await caller.call("POST", "/api/sync/pull", { device_id: id, cursor: Number(cursor) - 4 });

    expect(pulled.body["changes"]).toMatchObject([
      { row_id: "a", timestamp: "2026-01-02T03:04:05+09:00" },
      { row_id: "b", op: "DELETE", data: null },
      { row_id: "c", op: "DELETE", data: "AAAA" },
      { row_id: "d", op: "INSERT", data: null },
    ]);
  });

  test("the batch that was just pushed is dropped when it comes again", async () => {
    const { id, caller } = await deviceOf("repeats");
    const batch = { device_id: id, changes: [entry("x"), entry("y")] };
    const first = await caller.call("POST", "/api/sync/push", batch);
    await server.as(grace.token).call("GET", "/api/sync/status");
    const again = await caller.call("POST", "/api/sync/push", batch);

    expect(again.body).toEqual(first.body);
    expect((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]).toBe(first.body["cursor"]);
  });

  test("a batch is known again by its key, whatever was sealed anew and whatever came between", async () => {
    const { id, caller } = await deviceOf("keyed");
    const push = async (batch_key: string, data: string) =>
      Number((await caller.call("POST", "/api/sync/push", { device_id: id, batch_key, changes: [entry("x", { data })] })).body["cursor"]);
    const first = await push("k0", "AAAA");
    for (let i = 1; i < 64; i++) await push(`k${i}`, `A${i}`);

    expect(await push("k0", "BBBB")).toBe(first);
    expect(await push("k64", "CCCC")).toBe(first + 64);
    expect(await push("k0", "BBBB"), "a device's last 64 keys are remembered").toBe(first + 65);
  });

  test("a key is its device's own", async () => {
    const [one, two] = [await deviceOf("key one"), await deviceOf("key two")];
    const push = async ({ id, caller }: typeof one) =>
      Number((await caller.call("POST", "/api/sync/push", { device_id: id, batch_key: "k", changes: [entry("x")] })).body["cursor"]);

    const first = await push(one);

    expect(await push(two)).toBe(first + 1);
  });

  test.each(["", "k".repeat(65), "a\0b", 5])("%j is no key of a batch", async (batch_key) => {
    const { id, caller } = await deviceOf("bad key");
    expect((await caller.call("POST", "/api/sync/push", { device_id: id, batch_key, changes: [entry("x")] })).status).toBe(422);
  });

  test("a batch that differs in one member is not the same batch", async () => {
    const { id, caller } = await deviceOf("differs");
    const push = async (change: object) =>
      Number((await caller.call("POST", "/api/sync/push", { device_id: id, changes: [change] })).body["cursor"]);
    const first = await push(entry("x"));

    const others = [
      { table: "u" },
      { op: "UPDATE" },
      { row_id: "z" },
      { timestamp: "2026-01-02T03:04:05.678902Z" },
      { data: "BBBB" },
      { data: null },
    ];
    let expected = first;
    for (const other of others) expect(await push(entry("x", other))).toBe(++expected);
  });

  test("an empty batch is answered with where the log ends", async () => {
    const { id, caller } = await deviceOf("empty");
    const { latest_cursor } = (await caller.call("GET", "/api/sync/status")).body;

    expect(await caller.call("POST", "/api/sync/push", { device_id: id, changes: [] })).toMatchObject({
      status: 200,
      body: { cursor: latest_cursor },
    });
  });

  test("500 entries are taken, 501 are not", async () => {
    const { id, caller } = await deviceOf("many");
    const changes = Array.from({ length: 501 }, (_, i) => entry(`many-${i}`));

    expect((await caller.call("POST", "/api/sync/push", { device_id: id, changes: changes.slice(1) })).status).toBe(200);
    expect((await caller.call("POST", "/api/sync/push", { device_id: id, changes })).status).toBe(422);
  });

  test.each([
    ["table", { table: "t".repeat(129) }],
    ["table", { table: "" }],
    ["op", { op: "TRUNCATE" }],
    ["row_id", { row_id: "r".repeat(513) }],
    ["row_id", { row_id: "\ud800" }],
    ["timestamp", { timestamp: "2026-13-01T00:00:00Z" }],
    ["timestamp", { timestamp: 1_700_000_000 }],
    ["data", { data: "A".repeat(1024 * 1024 + 1) }],
    ["data", { data: { title: "plain" } }],
  ])("a bad %s in one entry refuses the whole batch", async (member, wrong) => {
    const { id, caller } = await deviceOf("bad entries");
    const before = (await caller.call("GET", "/api/sync/status")).body;
    const answer = await caller.call("POST", "/api/sync/push", { device_id: id, changes: [entry("good"), entry("bad", wrong)] });

    expect(answer.status).toBe(422);
    expect(answer.body["error"]).toMatch(new RegExp(`^${member}: `));
    expect((await caller.call("GET", "/api/sync/status")).body).toEqual(before);
  });

  test("a device that was never registered gives 404", async () => {
    const changes = [entry("x")];
    for (const device_id of [crypto.randomUUID(), "", "no uuid"])
      expect((await server.as(ada.token).call("POST", "/api/sync/push", { device_id, changes })).status).toBe(404);
  });
});

describe("pull", () => {
  test("pages of 500, ascending, until there is no more", async () => {
    const { id, caller } = await deviceOf("pages");
    const start = Number((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]);
    for (let batch = 0; batch < 3; batch++) {
      const changes = Array.from({ length: 400 }, (_, i) => entry(`p-${batch * 400 + i}`));
      await caller.call("POST", "/api/sync/push", { device_id: id, changes });
    }

    const sizes: number[] = [];
    const rowIds: string[] = [];
    let cursor = start;
    for (let hasMore = true; hasMore;) {
      const page = (await caller.call("POST", "/api/sync/pull", { device_id: id, cursor })).body;
      const changes = page["changes"] as readonly { row_id: string; seq: number }[];
      sizes.push(changes.length);
      rowIds.push(...changes.map((change) => change.row_id));
      expect(changes.at(-1)?.seq).toBe(page["cursor"]);
      cursor = Number(page["cursor"]);
      hasMore = page["has_more"] === true;
    }

    expect(sizes).toEqual([500, 500, 200]);
    expect(rowIds).toEqual(Array.from({ length: 1200 }, (_, i) => `p-${i}`));
  });

  test("a page of large entries ends before it outgrows a request", async () => {
    const { id, caller } = await deviceOf("large");
    const start = Number((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]);
    const data = "A".repeat(1024 * 1024);
    for (let i = 0; i < 4; i++)
      await caller.call("POST", "/api/sync/push", { device_id: id, changes: [1, 2, 3, 4, 5].map((n) => entry(`${i}-${n}`, { data })) });

    const page = (await caller.call("POST", "/api/sync/pull", { device_id: id, cursor: start })).body;

    expect(page).toMatchObject({ cursor: start + 16, has_more: true });
    expect(page["changes"]).toHaveLength(16);
  });

  test("a cursor past the end is answered by itself", async () => {
    const { id, caller } = await deviceOf("ahead");

    expect((await caller.call("POST", "/api/sync/pull", { device_id: id, cursor: 1e12 })).body).toEqual({
      changes: [],
      cursor: 1e12,
      has_more: false,
    });
  });

  test("tables and since choose entries", async () => {
    const { id, caller } = await deviceOf("filters");
    const start = Number((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]);
    const changes = [
      entry("a", { table: "notes", timestamp: "2026-03-01T00:00:00+02:00" }),
      entry("b", { table: "tasks", timestamp: "2026-03-01T00:00:00Z" }),
      entry("c", { table: "notes", timestamp: "2026-03-01T00:00:00Z" }),
    ];
    await caller.call("POST", "/api/sync/push", { device_id: id, changes });
    const rowIds = async (filter: object): Promise<readonly string[]> => {
      const page = await caller.call("POST", "/api/sync/pull", { device_id: id, cursor: start, ...filter });
      expect(page.body["cursor"]).toBe(start + 3);
      return (page.body["changes"] as readonly { row_id: string }[]).map((change) => change.row_id);
    };

    expect(await rowIds({ tables: ["notes"] })).toEqual(["a", "c"]);
    expect(await rowIds({ since: "2026-02-28T23:00:00Z" })).toEqual(["b", "c"]);
    expect(await rowIds({ tables: ["notes"], since: "2026-03-01T01:00:00+01:00" })).toEqual(["c"]);
    expect(await rowIds({ tables: ["notes", "tasks"] })).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["cursor", { cursor: -1 }],
    ["cursor", { cursor: 0.5 }],
    ["cursor", { cursor: "0" }],
    ["cursor", {}],
    ["tables", { cursor: 0, tables: "notes" }],
    ["since", { cursor: 0, since: "yesterday" }],
  ])("a bad %s gives 422", async (member, body) => {
    const { id, caller } = await deviceOf("bad pulls");
    const answer = await caller.call("POST", "/api/sync/pull", { device_id: id, ...body });

    expect(answer.status).toBe(422);
    expect(answer.body["error"]).toMatch(new RegExp(`^${member}: `));
  });
});

describe("snapshots", () => {
  const chunk = (device_id: string, index: number, more: object = {}) => ({
    device_id,
    snapshot_id: "s1",
    cursor: 0,
    index,
    data: "AAAA",
    ...more,
  });
  const completion = (device_id: string, chunks: number, more: object = {}) => ({
    device_id,
    snapshot_id: "s1",
    cursor: 0,
    through: 0,
    chunks,
    manifest: "BBBB",
    ...more,
  });

  test("are uploaded in chunks, completed, and read by the account's devices only", async () => {
    const { id, caller } = await deviceOf("uploader");
    expect((await caller.call("GET", "/api/sync/snapshots")).status).toBe(404);
    for (const index of [0, 1])
      expect(await caller.call("PUT", "/api/sync/snapshots/chunks", chunk(id, index))).toMatchObject({ status: 200, body: {} });
    expect((await caller.call("POST", "/api/sync/snapshots/chunks", { snapshot_id: "s1", index: 0 })).status).toBe(404);
    expect(await caller.call("PUT", "/api/sync/snapshots", completion(id, 2))).toMatchObject({ status: 200, body: {} });

    expect((await caller.call("GET", "/api/sync/snapshots")).body).toEqual({ snapshot_id: "s1", cursor: 0, chunks: 2, manifest: "BBBB" });
    expect((await caller.call("POST", "/api/sync/snapshots/chunks", { snapshot_id: "s1", index: 1 })).body).toEqual({ data: "AAAA" });
    const stranger = server.as(grace.token);
    expect((await stranger.call("GET", "/api/sync/snapshots")).status).toBe(404);
    expect((await stranger.call("POST", "/api/sync/snapshots/chunks", { snapshot_id: "s1", index: 1 })).status).toBe(404);
  });

  test.each([
    ["a chunk with a gap", "PUT", "/chunks", (id: string) => chunk(id, 1, { snapshot_id: "gap" }), 409],
    ["a chunk of an unknown device", "PUT", "/chunks", () => chunk("nobody", 0), 404],
    ["an id that is none", "PUT", "/chunks", (id: string) => chunk(id, 0, { snapshot_id: "a b" }), 422],
    ["data that is not base64", "PUT", "/chunks", (id: string) => chunk(id, 0, { data: "a b" }), 422],
    ["no data", "PUT", "/chunks", (id: string) => chunk(id, 0, { data: "" }), 422],
    ["a completion without its chunks", "PUT", "", (id: string) => completion(id, 1, { snapshot_id: "none" }), 409],
    ["an end before the cursor", "PUT", "", (id: string) => completion(id, 1, { cursor: 5, through: 4 }), 422],
    ["a completion of an unknown device", "PUT", "", () => completion("nobody", 1), 404],
    ["a manifest that is too large", "PUT", "", (id: string) => completion(id, 1, { manifest: "A".repeat(32 * 1024 + 4) }), 422],
  ] as const)("%s is refused", async (_, method, path, body, status) => {
    const { id, caller } = await deviceOf("refused");
    expect((await caller.call(method, `/api/sync/snapshots${path}`, body(id))).status).toBe(status);
  });

  test("one that the log does not reach is not completed", async () => {
    const { id, caller } = await deviceOf("ahead");
    const snapshot_id = "ahead";
    await caller.call("PUT", "/api/sync/snapshots/chunks", chunk(id, 0, { snapshot_id, cursor: 1 }));
    const through = Number((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]) + 1;

    expect((await caller.call("PUT", "/api/sync/snapshots", completion(id, 1, { snapshot_id, cursor: 1, through }))).status).toBe(409);
  });

  test("one device uploads at a time, for ten minutes after its last chunk", async () => {
    const [one, two] = [await deviceOf("first"), await deviceOf("second")];
    await one.caller.call("PUT", "/api/sync/snapshots/chunks", chunk(one.id, 0, { snapshot_id: "one" }));
    const begin = async () => (await two.caller.call("PUT", "/api/sync/snapshots/chunks", chunk(two.id, 0, { snapshot_id: "two" }))).status;

    nowMs = NOW_MS + 10 * 60_000;
    expect(await begin()).toBe(409);
    nowMs += 1;
    expect(await begin()).toBe(200);
  });

  test("one past what the server allows is refused, and a chunk past 8 MiB", async () => {
    const small = inProcess(createServer({ storage, secret, clock: () => nowMs, rateLimits: null, maxSnapshotBytes: 6 })).as(ada.token);
    const { id, caller } = await deviceOf("large");
    const put = (by: Caller, index: number, data = "AAAA") =>
      by.call("PUT", "/api/sync/snapshots/chunks", chunk(id, index, { snapshot_id: "large", data }));
    nowMs = NOW_MS + 60 * 60_000;

    expect([(await put(small, 0)).status, (await put(small, 1)).status]).toEqual([200, 413]);
    expect((await put(caller, 0, "A".repeat(8 * 1024 * 1024))).status).toBe(200);
    expect((await put(caller, 1, "A".repeat(8 * 1024 * 1024 + 4))).status).toBe(422);
  });
});

describe("keys", () => {
  test("are written over the expected version only", async () => {
    const app = await createApp(storage, "keys");
    const caller = server.as(textOf(await signIn(EMAIL, app.apiKey), "token"));
    const put = (encrypted_key: string, expected_version?: number) =>
      caller.call("PUT", "/api/sync/keys", { encrypted_key, expected_version });

    expect((await caller.call("GET", "/api/sync/keys")).status).toBe(404);
    expect((await put("a", 1)).status).toBe(409);
    expect(await put("a", 0)).toMatchObject({ status: 200, body: { key_version: 1 } });
    expect((await put("b", 0)).status).toBe(409);
    expect(await put("b", 1)).toMatchObject({ status: 200, body: { key_version: 2 } });
    expect(await put("c")).toMatchObject({ status: 200, body: { key_version: 3 } });
    expect((await caller.call("GET", "/api/sync/keys")).body).toEqual({ encrypted_key: "c", key_version: 3 });
  });

  test("of two devices that write at once, one wins", async () => {
    const app = await createApp(storage, "race for a key");
    const caller = server.as(textOf(await signIn(EMAIL, app.apiKey), "token"));
    const answers = await Promise.all(
      ["a", "b"].map((encrypted_key) => caller.call("PUT", "/api/sync/keys", { encrypted_key, expected_version: 0 })),
    );

    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  test("4,096 bytes are taken, one more is not, and bytes are not characters", async () => {
    const caller = server.as(grace.token);
    const put = async (encrypted_key: unknown) => (await caller.call("PUT", "/api/sync/keys", { encrypted_key })).status;

    expect(await put("k".repeat(4096))).toBe(200);
    expect(await put("k".repeat(4097))).toBe(413);
    expect(await put("é".repeat(2049))).toBe(413);
    expect(await put("")).toBe(422);
    expect(await put(5)).toBe(422);
  });
});

describe("whatever the endpoint", () => {
  test("a body that is not JSON in UTF-8 gives 400", async () => {
    for (const body of ["", "{", "nope", '{"a":1}}'])
      for (const [method, path] of [
        ["POST", "/push"],
        ["POST", "/pull"],
        ["POST", "/devices"],
        ["PUT", "/keys"],
        ["POST", "/auth"],
      ] as const)
        expect((await server.as(ada.token).call(method, `/api/sync${path}`, body)).status, path).toBe(400);
  });

  test("bytes that are not UTF-8 give 400, not other characters", async () => {
    const plain = createServer({ storage, secret, clock: () => nowMs, rateLimits: null });
    const body = Buffer.concat([Buffer.from('{"device_name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('","platform":"web"}')]);
    const request = new Request("http://x/api/sync/devices", { method: "POST", body, headers: { Authorization: `Bearer ${ada.token}` } });

    expect((await plain.fetch(request)).status).toBe(400);
  });

  test("a body over its limit gives 413", async () => {
    const caller = server.as(ada.token);
    const long = (bytes: number) => ({ pad: "x".repeat(bytes) });

    expect((await caller.call("POST", "/api/sync/push", long(16 * 1024 * 1024))).status).toBe(413);
    for (const [method, path] of [
      ["POST", "/pull"],
      ["POST", "/devices"],
      ["PUT", "/keys"],
      ["POST", "/auth"],
    ] as const)
      expect((await caller.call(method, `/api/sync${path}`, long(64 * 1024))).status, path).toBe(413);
  });

  test("an unknown path gives 404 as JSON", async () => {
    for (const path of ["/", "/api/sync", "/api/sync/nope", "/api/v2/sync/status", "/api/sync/status/"])
      expect(await server.call("GET", path)).toMatchObject({ status: 404, body: { error: "no such endpoint" } });
  });

  test("replies are kept by no cache", async () => {
    expect((await server.as(ada.token).call("GET", "/api/sync/status")).headers.get("cache-control")).toBe("no-store");
  });

  test("a failure of our own is 500 in general words, and in the log", async () => {
    const broken = openSqliteStorage(":memory:");
    await broken.close();
    const records: LogRecord[] = [];
    const failing = inProcess(
      createServer({ storage: broken, secret, clock: () => nowMs, rateLimits: null, logger: (record) => records.push(record) }),
    );

    expect(await failing.as(ada.token).call("GET", "/api/sync/status")).toMatchObject({ status: 500, body: { error: "internal error" } });
    expect(records.map(({ kind }) => kind)).toEqual(["failure", "request"]);
  });
});

describe("the log", () => {
  test("has a line for each request, and nothing of what was in it", async () => {
    const { id, caller } = await deviceOf("logged");
    await caller.call("POST", "/api/sync/push?query=hidden", { device_id: id, changes: [entry("hidden-row", { data: "aGlkZGVu" })] });
    await signIn(EMAIL, apiKey);
    await caller.call("POST", "/api/sync/push", { device_id: id, changes: [entry("hidden-row", { timestamp: "hidden" })] });

    expect(log.map((record) => (record.kind === "request" ? `${record.method} ${record.path} ${record.status}` : record.kind))).toEqual([
      "POST /api/sync/devices 200",
      "POST /api/sync/push 200",
      "POST /api/sync/auth 200",
      "POST /api/sync/push 422",
    ]);
    const text = JSON.stringify(log);
    for (const secretText of ["hidden", "aGlkZGVu", PASSWORD, EMAIL, apiKey, ada.token, id]) expect(text).not.toContain(secretText);
  });
});

describe("rate limits", () => {
  const limited = () => inProcess(createServer({ storage, secret, clock: () => nowMs }));

  test("five sign-ins pass at once, under whichever prefix, then one every half second", async () => {
    const caller = limited();
    const attempt = (prefix: string) => caller.call("POST", `${prefix}/auth`, {});
    for (let i = 0; i < 5; i++) expect((await attempt(i % 2 === 0 ? "/api/sync" : "/api/v1/sync")).status).toBe(422);

    const refused = await attempt("/api/sync");

    expect(refused).toMatchObject({ status: 429, body: { error: "too many requests" } });
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "1",
      "x-ratelimit-limit": "5",
      "x-ratelimit-remaining": "0",
    });
    nowMs += 500;
    expect((await attempt("/api/sync")).status).toBe(422);
  });

  test("sixty other requests pass at once, and health always", async () => {
    const caller = limited().as(ada.token);
    for (let left = 59; left >= 0; left--)
      expect((await caller.call("GET", "/api/sync/status")).headers.get("x-ratelimit-remaining")).toBe(String(left));

    expect((await caller.call("POST", "/api/sync/pull", {})).status).toBe(429);
    expect((await caller.call("GET", "/health")).status).toBe(200);
    nowMs += 100;
    expect((await caller.call("GET", "/api/sync/status")).status).toBe(200);
  });

  test("null switches them off", async () => {
    const answer = await server.as(ada.token).call("GET", "/api/sync/status");

    expect(answer.headers.has("x-ratelimit-limit")).toBe(false);
  });
});
