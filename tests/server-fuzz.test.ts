/** Whatever JSON, bytes or headers come in: an answer that says what was wrong, and never a failure of our own. */
import { codec } from "@synckit-gen/schemas/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { entry, inProcess, textOf, type Caller } from "./server-client.ts";
import { type FuzzedServer, startFuzzedServer } from "./support/fuzzed-server.ts";

/** Every endpoint that takes a body, as the codec knows them: a new one is fuzzed without being named here. */
const ENDPOINTS = Object.values(codec.endpoints)
  .filter(({ method, path }) => method !== "GET" && path !== codec.endpoints.endSessions.path)
  .map(({ method, path }) => [method, path] as const);
const EXPECTED = new Set([200, 400, 401, 404, 409, 413, 422]);

let fuzzed: FuzzedServer;
let server: FuzzedServer["server"];
let caller: Caller;
let deviceId: string;

beforeAll(async () => {
  fuzzed = await startFuzzedServer();
  ({ server } = fuzzed);
  caller = inProcess(server).as(fuzzed.token);
  deviceId = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "d", platform: "web" }), "id");
});
beforeEach(() => {
  fuzzed.failures.length = 0;
});
afterAll(() => fuzzed.close());

async function expectAnswer(response: Response): Promise<void> {
  expect(fuzzed.failures).toEqual([]);
  expect(EXPECTED).toContain(response.status);
  if (response.status !== 200) expect(Object.keys((await response.json()) as object)).toEqual(["error"]);
}

const send = (
  method: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  server.fetch(new Request(`http://x/api/sync${path}`, { method, body, headers: { Authorization: `Bearer ${fuzzed.token}`, ...headers } }));

test("any JSON at any endpoint", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ENDPOINTS), fc.jsonValue(), async ([method, path], body) =>
      expectAnswer(await send(method, path, JSON.stringify(body))),
    ),
    { numRuns: 500 },
  );
});

test("the right members with anything in them", async () => {
  const any = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(-1, 0, 1.5, 2 ** 53, 1e308, "", "\0", "\ud800", "é", [], {}, null, true),
    fc.string({ unit: "binary" }),
  );
  const change = fc.record(
    { table: any, op: fc.oneof(any, fc.constant("INSERT")), row_id: any, timestamp: any, data: any },
    { requiredKeys: [] },
  );
  const goodChange = fc.record({
    ...entryShape(),
    table: fc.oneof(any, fc.string()),
    data: fc.oneof(fc.constant(null), fc.string({ unit: "binary" })),
  });
  const device_id = fc.oneof(any, fc.constant("known"));
  const bodies: Record<string, fc.Arbitrary<object>> = {
    "/devices": fc.record({ device_name: any, platform: fc.oneof(any, fc.constant("web")) }),
    "/push": fc.record({ device_id, changes: fc.oneof(any, fc.array(fc.oneof(change, goodChange), { maxLength: 5 })) }),
    "/pull": fc.record(
      { device_id, cursor: fc.oneof(any, fc.maxSafeNat()), tables: fc.oneof(any, fc.array(fc.string({ unit: "binary" }))), since: any },
      { requiredKeys: ["device_id", "cursor"] },
    ),
    "/keys": fc.record({ encrypted_key: any, expected_version: any }, { requiredKeys: [] }),
  };
  for (const [path, body] of Object.entries(bodies))
    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        const known = "device_id" in value && value.device_id === "known" ? { ...value, device_id: deviceId } : value;
        await expectAnswer(await send(path === "/keys" ? "PUT" : "POST", path, JSON.stringify(known)));
      }),
      { numRuns: 300 },
    );
});

test("any bytes at any endpoint", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ENDPOINTS), fc.uint8Array({ maxLength: 200 }), async ([method, path], bytes) =>
      expectAnswer(await send(method, path, bytes)),
    ),
    { numRuns: 300 },
  );
});

test("JSON nested very deeply", async () => {
  const depth = 30_000;
  for (const [method, path] of ENDPOINTS) await expectAnswer(await send(method, path, "[".repeat(depth) + "]".repeat(depth)));
  await expectAnswer(await send("POST", "/push", `{"device_id":"${deviceId}","changes":${"[".repeat(depth)}${"]".repeat(depth)}}`));
});

test("any path and any authorization", async () => {
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"), async (path, method) => {
      const response = await server.fetch(new Request(`http://x${path}`, { method }));
      expect(fuzzed.failures).toEqual([]);
      expect([200, 401, 404]).toContain(response.status);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme-ascii" }), async (authorization) => {
      const response = await server.fetch(
        new Request("http://x/api/sync/status", { headers: { Authorization: `Bearer ${authorization}` } }),
      );
      expect(response.status).toBe(401);
    }),
  );
});

test("what was taken is given back as it was sent", async () => {
  // Half a surrogate pair and NUL are refused, so they are not among what can be given back.
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 });
  const change = fc.record({ ...entryShape(), table: text, row_id: text, data: fc.option(fc.base64String()) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
      const before = Number((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]);
      const pushed = await caller.call("POST", "/api/sync/push", { device_id: deviceId, changes });
      const cursor = Number(pushed.body["cursor"]);
      const pulled = await caller.call("POST", "/api/sync/pull", { device_id: deviceId, cursor: cursor - changes.length });

      // An example that equals the one before it is dropped as a repeated batch.
      expect([before, before + changes.length]).toContain(cursor);
      expect(pulled.body["changes"]).toMatchObject(changes);
    }),
  );
});

/** An entry's members as arbitraries, each good. */
function entryShape() {
  const { timestamp } = entry("x");
  return {
    table: fc.constant("tasks"),
    op: fc.constantFrom("INSERT", "UPDATE", "DELETE"),
    row_id: fc.uuid(),
    timestamp: fc.constant(timestamp),
    data: fc.option(fc.base64String()),
  };
}
