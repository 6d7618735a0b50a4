import { inspect } from "node:util";
import { codec, type PulledChange } from "@synckit-gen/schemas/protocol";
import { expect, test } from "vitest";
import { argon2idInline } from "../crypto/argon2id-inline.ts";
import { memoryKeychain, type Keychain } from "../keychain/keychain.ts";
import { SyncKitClient } from "./client.ts";
import type { SyncKitConfig } from "./config.ts";
import { SyncError, type SyncErrorCode } from "./errors.ts";

const NOW_MS = Date.UTC(2026, 10, 23);
const WEEK_SECONDS = 604_800;
const API_KEY = "app-key-1234";

/** One account on one server, behind `fetch`: enough of the protocol to hold the client to it. */
class Relay {
  readonly seen: { path: string; token: string | null; body: unknown }[] = [];
  readonly log: PulledChange[] = [];
  envelope: string | null = null;
  keyVersion = 0;
  userId = "user-1";
  comparesVersions = true;
  /** Answers of the next calls, in place of the real ones; a function runs before or after it. */
  readonly interruptions: ((path: string, answer: () => Response) => Response)[] = [];

  readonly fetch: typeof fetch = async (url, init) => {
    const path = new URL(url instanceof Request ? url.url : url).pathname;
    const body: unknown = init?.body === undefined ? null : JSON.parse(new TextDecoder().decode(init.body as Uint8Array));
    this.seen.push({ path, token: new Headers(init?.headers).get("authorization"), body });
    const answer = (): Response => this.#answer(`${init?.method} ${path}`, body);
    const interruption = this.interruptions.shift();
    return interruption === undefined ? answer() : interruption(path, answer);
  };

  token(expiresAtSeconds = NOW_MS / 1000 + WEEK_SECONDS): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "HS256" })}.${part({ sub: this.userId, app: "app-1", exp: expiresAtSeconds })}.c2ln`;
  }

  #answer(request: string, body: unknown): Response {
    const reply = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });
    switch (request) {
      case "POST /api/sync/auth":
        return codec.decodeAuthRequest(body).password === "login"
          ? reply(codec.encodeAuthReply({ token: this.token(), userId: this.userId, appId: "app-1" }))
          : reply({ error: "no" }, 401);
      case "POST /oauth/token":
        return (body as { code: string }).code === "good"
          ? reply({ access_token: this.token(), token_type: "Bearer" })
          : reply({ error: "invalid_grant" }, 400);
      case "GET /api/sync/keys":
        return this.envelope === null
          ? reply({ error: "none" }, 404)
          : reply(codec.encodeKeyReply({ encryptedKey: this.envelope, keyVersion: this.keyVersion }));
      case "PUT /api/sync/keys": {
        const { encryptedKey, expectedVersion } = codec.decodeKeyPutRequest(body);
        if (this.comparesVersions && expectedVersion !== undefined && expectedVersion !== this.keyVersion)
          return reply({ error: "conflict" }, 409);
        this.envelope = encryptedKey;
        return reply(codec.encodeKeyPutReply(++this.keyVersion));
      }
      case "POST /api/sync/devices":
        return reply(
          codec.encodeDevice({ ...codec.decodeDeviceRequest(body), id: "device-1", createdAt: "2026-11-23T00:00:00Z", lastSeenAt: null }),
        );
      case "GET /api/sync/devices":
        return reply([{ id: "device-1", device_name: "Desk" }]);
      case "POST /api/sync/push": {
        const { deviceId, changes } = codec.decodePushRequest(body);
        for (const change of changes) this.log.push({ ...change, deviceId, seq: this.log.length + 1 });
        return reply(codec.encodePushReply({ cursor: this.log.length }));
      }
      case "POST /api/sync/pull": {
        const { cursor } = codec.decodePullRequest(body);
        return reply(codec.encodePullReply({ changes: this.log.slice(cursor), cursor: this.log.length, hasMore: false }));
      }
      case "GET /api/sync/status":
        return reply(codec.encodeStatusReply({ totalChanges: this.log.length, latestCursor: this.log.length }));
      default:
        return reply({ error: "no such path" }, 404);
    }
  }
}

function clientOf(relay: Relay, config: Partial<SyncKitConfig> = {}): SyncKitClient {
  return new SyncKitClient({
    serverUrl: "https://example.org",
    apiKey: API_KEY,
    fetch: relay.fetch,
    clock: { nowMs: () => NOW_MS },
    sleep: async () => {},
    argon2id: (request) => argon2idInline({ ...request, memoryKib: 8, passes: 1 }), // the derivation at a cost for tests
    ...config,
  });
}

async function readyClient(relay: Relay, config: Partial<SyncKitConfig> = {}): Promise<SyncKitClient> {
  const client = clientOf(relay, config);
  await client.authenticate("ada@example.org", "login");
  await (relay.envelope === null ? client.setupEncryptionNew("row password") : client.setupEncryptionExisting("row password"));
  return client;
}

async function codeOf(work: Promise<unknown>): Promise<SyncErrorCode | "done"> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SyncError) return error.code;
    throw error;
  }
  return "done";
}

const entry = { table: "tasks", op: "INSERT", rowId: "a1", timestamp: "2026-11-23T00:00:00.000000Z" } as const;

// Signing in ---------------------------------------------------------------------------------------

test("the authorize URL has every parameter of the flow", () => {
  const url = new URL(clientOf(new Relay()).buildAuthorizeUrl(8765, "st", "ch"));

  expect(url.origin + url.pathname).toBe("https://example.org/oauth/authorize");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    response_type: "code",
    client_id: API_KEY,
    redirect_uri: "http://127.0.0.1:8765/callback",
    state: "st",
    code_challenge: "ch",
    code_challenge_method: "S256",
  });
  expect(() => clientOf(new Relay()).buildAuthorizeUrl(70_000, "st", "ch")).toThrow(RangeError);
});

test("direct sign-in sends the billing slot and opens a session", async () => {
  const relay = new Relay();
  const client = clientOf(relay, { key: "team-7" });

  expect(client.sessionInfo()).toBeNull();
  expect(await client.authenticate("ada@example.org", "login")).toEqual({ userId: "user-1", appId: "app-1" });

  expect(relay.seen[0]?.body).toEqual({ email: "ada@example.org", password: "login", api_key: API_KEY, key: "team-7" });
  expect(client.sessionInfo()).toEqual({ userId: "user-1", appId: "app-1", expiresAtMs: NOW_MS + WEEK_SECONDS * 1000 });
});

test("the code exchange takes user and app from the token when the reply does not name them", async () => {
  const relay = new Relay();
  const client = clientOf(relay);

  expect(await client.authenticateWithCode("good", "verifier", 8765)).toEqual({ userId: "user-1", appId: "app-1" });
  expect(relay.seen[0]?.body).toEqual({
    grant_type: "authorization_code",
    code: "good",
    redirect_uri: "http://127.0.0.1:8765/callback",
    code_verifier: "verifier",
    client_id: API_KEY,
    key: "default",
  });
});

test("a refused password and a refused code are both rejected sign-ins", async () => {
  expect(await codeOf(clientOf(new Relay()).authenticate("ada@example.org", "wrong"))).toBe("auth/rejected");
  expect(await codeOf(clientOf(new Relay()).authenticateWithCode("bad", "verifier", 8765))).toBe("auth/rejected");
});

test("a token that cannot be read is a malformed reply", async () => {
  const relay = new Relay();
  relay.interruptions.push(() => new Response(JSON.stringify({ token: "opaque", user_id: "u", app_id: "a" })));

  expect(await codeOf(clientOf(relay).authenticate("ada@example.org", "login"))).toBe("reply/malformed");
});

test("a session ends 30 seconds early, and then nothing is sent", async () => {
  let nowMs = NOW_MS;
  const relay = new Relay();
  const client = clientOf(relay, { clock: { nowMs: () => nowMs } });
  expect(client.isTokenExpired()).toBe(true);
  await client.authenticate("ada@example.org", "login");

  nowMs = NOW_MS + (WEEK_SECONDS - 30) * 1000 - 1;
  expect(client.isTokenExpired()).toBe(false);
  nowMs += 1;
  expect(client.isTokenExpired()).toBe(true);

  expect(await codeOf(client.status())).toBe("auth/expired");
  expect(relay.seen.length).toBe(1);
});

test("calls without a session or a key say which of the two is missing", async () => {
  const relay = new Relay();
  const client = clientOf(relay);

  expect(await codeOf(client.status())).toBe("auth/not-signed-in");
  expect(await codeOf(client.setupEncryptionNew("pw"))).toBe("auth/not-signed-in");
  await client.authenticate("ada@example.org", "login");
  expect(await codeOf(client.pushPayloads("device-1", []))).toBe("key/none");
  expect(await codeOf(client.pullPayloads("device-1", 0))).toBe("key/none");
  expect(await codeOf(client.changePassword("pw"))).toBe("key/none");
  expect(() => client.rowHash("t", "r")).toThrow("No master key");
});

test("a revoked session is rejected, not expired", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  relay.interruptions.push(() => new Response("{}", { status: 401 }));

  expect(await codeOf(client.status())).toBe("auth/rejected");
});

// Encryption ---------------------------------------------------------------------------------------

test("a first device sets a key up, and a second one opens it with the password only", async () => {
  const relay = new Relay();
  const first = clientOf(relay);
  await first.authenticate("ada@example.org", "login");
  expect(await first.hasServerKey()).toBe(false);
  expect(await codeOf(first.setupEncryptionExisting("row password"))).toBe("key/not-set-up");
  await first.setupEncryptionNew("row password");
  expect(first.hasMasterKey()).toBe(true);

  const second = clientOf(relay);
  await second.authenticate("ada@example.org", "login");
  expect(await second.hasServerKey()).toBe(true);
  expect(await codeOf(second.setupEncryptionExisting("wrong"))).toBe("key/wrong-password");
  expect(second.hasMasterKey()).toBe(false);
  await second.setupEncryptionExisting("row password");

  expect(second.rowHash("t", "r")).toBe(first.rowHash("t", "r"));
});

test("a key on the server is never overwritten by a new one", async () => {
  const relay = new Relay();
  await readyClient(relay);
  const before = relay.envelope;
  const other = clientOf(relay);
  await other.authenticate("ada@example.org", "login");

  expect(await codeOf(other.setupEncryptionNew("another"))).toBe("key/exists");
  expect(relay.envelope).toBe(before);
});

test("of two first devices at the same moment one wins, and the other learns of it", async () => {
  for (const comparesVersions of [true, false]) {
    const relay = new Relay();
    relay.comparesVersions = comparesVersions;
    const winner = clientOf(relay);
    const loser = clientOf(relay);
    for (const client of [winner, loser]) await client.authenticate("ada@example.org", "login");
    // The loser has asked (no key yet) when the winner's key arrives: before its own where versions are compared, else after it.
    const winnersEnvelope = JSON.stringify({ someone: "else" });
    const arrives = (): void => {
      relay.envelope = winnersEnvelope;
      relay.keyVersion++;
    };
    relay.interruptions.push(
      (_path, answer) => answer(),
      (_path, answer) => {
        if (comparesVersions) arrives();
        const own = answer();
        if (!comparesVersions) arrives();
        return own;
      },
    );

    expect(await codeOf(loser.setupEncryptionNew("pw"))).toBe("key/exists");
    expect(loser.hasMasterKey()).toBe(false);
    expect(relay.envelope).toBe(winnersEnvelope);
  }
});

test("a key whose storing was confirmed by a lost reply is taken as stored", async () => {
  const relay = new Relay();
  const client = clientOf(relay);
  await client.authenticate("ada@example.org", "login");
  relay.interruptions.push(
    (_path, answer) => answer(),
    (_path, answer) => {
      answer();
      throw new TypeError("connection reset"); // the retry then meets a version that is its own
    },
  );

  await client.setupEncryptionNew("row password");

  expect(client.hasMasterKey()).toBe(true);
  expect(relay.keyVersion).toBe(1);
});

test("after a change of password the old one opens nothing, the new one everything", async () => {
  const relay = new Relay();
  const first = await readyClient(relay);
  await first.push("device-1", [{ ...entry, data: { id: "a1" } }]);

  await first.changePassword("another password");

  const second = clientOf(relay);
  await second.authenticate("ada@example.org", "login");
  expect(await codeOf(second.setupEncryptionExisting("row password"))).toBe("key/wrong-password");
  await second.setupEncryptionExisting("another password");
  expect((await second.pull("device-2", 0)).changes).toEqual([{ ...entry, data: { id: "a1" } }]);
});

test("a device that missed a change of password cannot undo it", async () => {
  const relay = new Relay();
  const first = await readyClient(relay);
  const second = await readyClient(relay);
  await first.changePassword("from the first");
  const stored = relay.envelope;

  expect(await codeOf(second.changePassword("from the second"))).toBe("key/changed-elsewhere");
  expect(relay.envelope).toBe(stored);

  await first.changePassword("again"); // the one that changed it may go on
  await second.setupEncryptionExisting("again");
  await second.changePassword("from the second");
  expect(relay.keyVersion).toBe(4);
});

test("a damaged or unknown envelope is told, not tried", async () => {
  const relay = new Relay();
  const client = clientOf(relay);
  await client.authenticate("ada@example.org", "login");

  relay.envelope = "{";
  expect(await codeOf(client.setupEncryptionExisting("pw"))).toBe("key/damaged-envelope");
  relay.envelope = '{"version":2}';
  expect(await codeOf(client.setupEncryptionExisting("pw"))).toBe("key/unknown-version");
});

// Keychain -----------------------------------------------------------------------------------------

test("a later run takes session and key from the keychain, without a password", async () => {
  const relay = new Relay();
  const keychain = memoryKeychain();
  const before = await readyClient(relay, { keychain });

  const later = clientOf(relay, { keychain });
  expect(await later.tryLoadKeyFromKeychain()).toBe(true);

  expect(later.sessionInfo()).toEqual(before.sessionInfo());
  expect(later.rowHash("t", "r")).toBe(before.rowHash("t", "r"));
  expect((await later.status()).totalChanges).toBe(0);
});

test("an empty keychain gives nothing, and one without the key gives the session", async () => {
  const relay = new Relay();
  const keychain = memoryKeychain();
  expect(await clientOf(relay, { keychain }).tryLoadKeyFromKeychain()).toBe(false);
  await clientOf(relay, { keychain }).authenticate("ada@example.org", "login");

  const later = clientOf(relay, { keychain });

  expect(await later.tryLoadKeyFromKeychain()).toBe(false);
  expect(later.sessionInfo()?.userId).toBe("user-1");
  expect(later.hasMasterKey()).toBe(false);
});

test("another server or another API key does not find the session", async () => {
  const keychain = memoryKeychain();
  await readyClient(new Relay(), { keychain });

  expect(await clientOf(new Relay(), { keychain, serverUrl: "https://evil.example" }).tryLoadKeyFromKeychain()).toBe(false);
  expect(await clientOf(new Relay(), { keychain, apiKey: "other" }).tryLoadKeyFromKeychain()).toBe(false);
});

test("a new session after an expired one keeps what it knew of the key's version", async () => {
  const relay = new Relay();
  const keychain = memoryKeychain();
  const first = await readyClient(relay);
  await readyClient(relay, { keychain });
  await first.changePassword("changed since");

  const later = clientOf(relay, { keychain });
  await later.authenticate("ada@example.org", "login");
  expect(await later.tryLoadKeyFromKeychain()).toBe(true);

  expect(await codeOf(later.changePassword("mine"))).toBe("key/changed-elsewhere");
});

test("signing out empties memory and keychain", async () => {
  const relay = new Relay();
  const accounts = new Map<string, Uint8Array>();
  const keychain: Keychain = {
    get: async (account) => accounts.get(account) ?? null,
    set: async (account, secret) => void accounts.set(account, new Uint8Array(secret)),
    delete: async (account) => void accounts.delete(account),
  };
  const client = await readyClient(relay, { keychain });
  expect([...accounts.keys()].filter((name) => name.startsWith("app-1:user-1:")).toSorted()).toEqual([
    "app-1:user-1:master-key",
    "app-1:user-1:session",
  ]);
  expect([...accounts.keys()].join()).not.toContain(API_KEY);

  await client.clearSession();

  expect(accounts.size).toBe(0);
  expect([client.sessionInfo(), client.hasMasterKey(), client.isTokenExpired()]).toEqual([null, false, true]);
});

test("a keychain that fails is named as the cause", async () => {
  const cause = new Error("locked");
  const keychain: Keychain = { ...memoryKeychain(), set: async () => Promise.reject(cause) };

  expect(await codeOf(clientOf(new Relay(), { keychain }).authenticate("ada@example.org", "login"))).toBe("keychain/failed");
});

test("another user who signs in does not inherit the key", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  relay.userId = "user-2";

  await client.authenticate("bob@example.org", "login");

  expect(client.hasMasterKey()).toBe(false);
});

test("signing out while a key is derived leaves no key behind", async () => {
  const relay = new Relay();
  await readyClient(relay);
  const client: SyncKitClient = clientOf(relay, {
    argon2id: async (request) => {
      const hash = await argon2idInline({ ...request, memoryKib: 8, passes: 1 });
      await client.clearSession();
      return hash;
    },
  });
  await client.authenticate("ada@example.org", "login");

  expect(await codeOf(client.setupEncryptionExisting("row password"))).toBe("auth/not-signed-in");
  expect(client.hasMasterKey()).toBe(false);
});

// Devices and changes ------------------------------------------------------------------------------

test("devices are registered and listed", async () => {
  const client = await readyClient(new Relay());

  expect(await client.registerDevice("Desk", "linux")).toMatchObject({ id: "device-1", deviceName: "Desk", platform: "linux" });
  expect(await client.listDevices()).toEqual([{ id: "device-1", deviceName: "Desk", platform: null, createdAt: null, lastSeenAt: null }]);
});

test("a pushed change is pulled as it was, and the server sees only ciphertext", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  const changes = [
    { ...entry, data: { id: "a1", title: "Water the plants", tags: ["home"], due: null } },
    { ...entry, op: "DELETE", data: null },
  ] as const;

  expect(await client.push("device-1", changes)).toBe(2);
  expect(await client.pull("device-2", 0)).toEqual({ changes, cursor: 2, hasMore: false });

  expect(relay.log.map(({ data }) => typeof data)).toEqual(["string", "object"]);
  expect(JSON.stringify(relay.seen)).not.toContain("Water");
});

test("payload texts travel letter by letter, and pulled ones name device and number", async () => {
  const client = await readyClient(new Relay());
  const payload = '{ "big":9007199254740993, "real":1.0, "twice":1, "twice":2 }';

  await client.pushPayloads("device-1", [{ ...entry, payload }]);

  expect(await client.pullPayloads("device-2", 0)).toEqual({
    entries: [{ ...entry, payload, nonce: expect.stringMatching(/^.{16}$/u), failure: null, deviceId: "device-1", seq: 1 }],
    cursor: 1,
    hasMore: false,
  });
});

test("entries that cannot be opened stop neither the page nor the ones after them", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  await client.pushPayloads(
    "device-1",
    [1, 2, 3].map((n) => ({ ...entry, rowId: `a${n}`, payload: `{"n":${n}}` })),
  );
  const [first, second] = relay.log;
  if (first === undefined || second === undefined) throw new Error("the push did not arrive");
  relay.log[0] = { ...first, data: "%%%" };
  relay.log[1] = { ...second, data: Buffer.alloc(60).toString("base64") };

  const page = await client.pullPayloads("device-2", 0);

  expect(page.entries.map(({ payload, failure }) => [payload, failure])).toEqual([
    [null, "not-base64"],
    [null, "decryption"],
    ['{"n":3}', null],
  ]);
  expect(await codeOf(client.pull("device-2", 0))).toBe("entry/undecryptable");
});

test("an entry too large for the protocol is named before anything is sent", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  const requests = relay.seen.length;

  const push = client.pushPayloads("device-1", [{ ...entry, payload: JSON.stringify("x".repeat(800_000)) }]);

  await expect(push).rejects.toMatchObject({ code: "entry/too-large", entry: { table: "tasks", rowId: "a1" } });
  expect(relay.seen.length).toBe(requests);
});

test("more than 500 entries in one push is our bug", async () => {
  const client = await readyClient(new Relay());

  await expect(
    client.pushPayloads(
      "device-1",
      Array.from({ length: 501 }, () => ({ ...entry, payload: null })),
    ),
  ).rejects.toThrow(RangeError);
});

test("a cursor that goes back, or stands still with more to come, is a malformed reply", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  const page = (cursor: number, hasMore: boolean) => (): Response =>
    new Response(JSON.stringify(codec.encodePullReply({ changes: [], cursor, hasMore })));

  relay.interruptions.push(page(4, false), page(5, true), page(5, false));

  expect(await codeOf(client.pullPayloads("device-1", 5))).toBe("reply/malformed");
  expect(await codeOf(client.pullPayloads("device-1", 5))).toBe("reply/malformed");
  expect(await codeOf(client.pullPayloads("device-1", 5))).toBe("done");
});

test("replies of the wrong shape are malformed, whichever call they answer", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  const calls: (() => Promise<unknown>)[] = [
    () => client.status(),
    () => client.listDevices(),
    () => client.registerDevice("Desk", "linux"),
    () => client.pushPayloads("device-1", []),
    () => client.pullPayloads("device-1", 0),
    () => client.hasServerKey(),
  ];

  for (const call of calls)
    for (const reply of ["[[]]", "5", '"text"', "null", '{"encrypted_key":5,"cursor":-1,"id":{}}']) {
      relay.interruptions.push(() => new Response(reply));
      expect(await codeOf(call())).toBe("reply/malformed");
    }
});

test("extensions are asked for once a session, and a server that answers anything else has none", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  const asked = (): number => relay.seen.filter(({ path }) => path.endsWith("/extensions")).length;

  relay.interruptions.push(() => new Response('{"extensions":{"push-key":1,"of-the-future":3}}'));
  expect([await client.hasExtension("push-key"), await client.hasExtension("push-key"), asked()]).toEqual([true, true, 1]);

  const statuses = [404, 405, 302, 402].map((status) => new Response("", { status }));
  for (const reply of [...statuses, new Response("<html>"), new Response('{"extensions":{"push-key":2}}')]) {
    await client.authenticate("ada@example.org", "login");
    relay.interruptions.push(() => reply);
    expect([await client.hasExtension("push-key"), await client.hasExtension("push-key")]).toEqual([false, false]);
  }
  expect(asked()).toBe(7);
});

test("the same entries go out under the same key, and others under another", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  relay.interruptions.push(() => new Response('{"extensions":{"push-key":1}}'));
  const entryOf = (payload: string) => ({ table: "t", op: "INSERT", rowId: "r", timestamp: "2026-01-01T00:00:00Z", payload }) as const;

  for (const payload of ["{}", "{}", "[]"]) await client.pushPayloads("device-1", [entryOf(payload)]);
  const keys = relay.seen.filter(({ path }) => path.endsWith("/push")).map(({ body }) => codec.decodePushRequest(body).batchKey);

  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect([keys[1] === keys[0], keys[2] === keys[0]]).toEqual([true, false]);
});

test("a server that cannot be asked for its extensions is asked again", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  relay.interruptions.push(() => new Response("", { status: 401 }));

  expect(await codeOf(client.hasExtension("push-key"))).toBe("auth/rejected");
  relay.interruptions.push(() => new Response('{"extensions":{"push-key":1}}'));
  expect(await client.hasExtension("push-key")).toBe(true);
});

test("another prefix moves the endpoints, not the OAuth paths", async () => {
  const relay = new Relay();
  const client = clientOf(relay, { apiPrefix: "/api/v1/sync/" });
  await codeOf(client.authenticate("ada@example.org", "login"));
  await codeOf(client.authenticateWithCode("good", "verifier", 1));

  expect(relay.seen.map(({ path }) => path)).toEqual(["/api/v1/sync/auth", "/oauth/token"]);
});

test("nothing secret shows when a client or its errors are printed", async () => {
  const relay = new Relay();
  const client = await readyClient(relay);
  const wrong = await client.authenticate("ada@example.org", "hunter2").catch((error: unknown) => error);

  const printed = inspect([client, wrong], { depth: 9, showHidden: true }) + JSON.stringify([client, wrong]) + String(wrong);

  for (const secret of ["hunter2", "row password", relay.token(), API_KEY]) expect(printed).not.toContain(secret);
});
