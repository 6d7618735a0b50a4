/** Streams of notices over real sockets, and between servers. */
import { createApp, createServer, createUser, openPostgresNotices, openPostgresStorage, startEmbeddedServer } from "@synckit-gen/server";
import { afterEach, describe, expect, test } from "vitest";
import { createTestDatabase, needing, services } from "./services/running.ts";
import { entry, overHttp, textOf, type Caller } from "./server-client.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Signed {
  readonly url: string;
  readonly appId: string;
  readonly token: string;
  readonly caller: Caller;
}

async function signIn(url: string, email: string, password: string, apiKey: string): Promise<Signed> {
  const answer = await overHttp(url).call("POST", "/api/sync/auth", { email, password, api_key: apiKey });
  const token = textOf(answer, "token");
  return { url, appId: textOf(answer, "app_id"), token, caller: overHttp(url).as(token) };
}

async function embedded(): Promise<Signed> {
  const server = await startEmbeddedServer();
  ends.push(() => server.close());
  return signIn(server.url, server.email, server.password, server.apiKey);
}

const register = async ({ caller }: Signed, device_name: string): Promise<string> =>
  textOf(await caller.call("POST", "/api/sync/devices", { device_name, platform: "linux" }), "id");
const push = ({ caller }: Signed, device_id: string, rowId: string) =>
  caller.call("POST", "/api/sync/push", { device_id, changes: [entry(rowId)] });

const ask = ({ url, token }: Signed, query: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/api/sync/subscribe?${query}`, {
    headers: { Authorization: `Bearer ${token}` },
    ...(signal === undefined ? {} : { signal }),
  });

/** An open stream: waits for the next of its texts that is no comment; null at its end. */
async function subscribe(signed: Signed, deviceId?: string) {
  const abort = new AbortController();
  const reply = await ask(signed, `app_id=${signed.appId}${deviceId === undefined ? "" : `&device_id=${deviceId}`}`, abort.signal);
  expect(reply.status).toBe(200);
  const reader = (reply.body ?? expect.fail("no body")).pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toBe(": keepalive\n\n");
  const next = async (): Promise<string | null> => {
    const { value = null } = await reader.read();
    return value?.startsWith(":") === true ? next() : value;
  };
  return { headers: reply.headers, abort: () => abort.abort(), next };
}

test("a push reaches the other devices as an event without content, and not its own", async () => {
  const signed = await embedded();
  const [desk, phone] = [await register(signed, "desk"), await register(signed, "phone")];
  const [onDesk, onPhone, anyone] = await Promise.all([subscribe(signed, desk), subscribe(signed, phone), subscribe(signed)]);

  await push(signed, desk, "a");
  expect([await onPhone.next(), await anyone.next()]).toEqual(Array.from({ length: 2 }, () => "event: changed\ndata:\n\n"));
  await push(signed, phone, "b");
  expect(await onDesk.next()).toBe("event: changed\ndata:\n\n");

  expect(onDesk.headers.get("content-type")).toBe("text/event-stream");
  expect(onDesk.headers.get("cache-control")).toBe("no-store");
  expect(onDesk.headers.get("x-accel-buffering")).toBe("no");
});

test("a push that was stored before is told to nobody", async () => {
  const signed = await embedded();
  const desk = await register(signed, "desk");
  await push(signed, desk, "a");
  const stream = await subscribe(signed);

  await push(signed, desk, "a");
  await push(signed, desk, "b");

  expect(await stream.next()).toBe("event: changed\ndata:\n\n");
});

test("another app is refused, so is no app, no session and an eleventh stream", async () => {
  const signed = await embedded();

  expect((await ask(signed, "app_id=another")).status).toBe(403);
  expect((await ask(signed, "")).status).toBe(422);
  expect((await ask({ ...signed, token: "x" }, `app_id=${signed.appId}`)).status).toBe(401);
  const open = await Promise.all(Array.from({ length: 10 }, () => subscribe(signed)));
  const refused = await ask(signed, `app_id=${signed.appId}`);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("60");
  open[0]?.abort();
  // The server hears of it a moment later.
  for (let status = 429; status === 429;) {
    const again = await ask(signed, `app_id=${signed.appId}`);
    ({ status } = again);
    await again.body?.cancel();
  }
});

test("a server that stops ends its streams at once", async () => {
  const server = await startEmbeddedServer();
  const stream = await subscribe(await signIn(server.url, server.email, server.password, server.apiKey));

  await server.close();

  expect(await stream.next()).toBeNull();
});

describe.skipIf(services.postgres === null)(`two servers on ${needing("postgres", "PostgreSQL")}`, () => {
  test("a push at one reaches a stream at the other", async () => {
    const database = await createTestDatabase();
    ends.push(() => database.drop());
    const storage = await openPostgresStorage(database);
    ends.push(() => storage.close());
    const { apiKey } = await createApp(storage, "App");
    await createUser(storage, "ada@example.com", "correct horse");
    const start = async (): Promise<Signed> => {
      const notices = await openPostgresNotices(database);
      ends.push(() => notices.close());
      const listening = await createServer({ storage, notices, rateLimits: null }).listen();
      ends.push(() => listening.close());
      return signIn(listening.url, "ada@example.com", "correct horse", apiKey);
    };
    const [one, two] = [await start(), await start()];
    const [desk, phone] = [await register(one, "desk"), await register(one, "phone")];
    const [onDesk, onPhone] = [await subscribe(two, desk), await subscribe(two, phone)];

    await push(one, desk, "a");
    expect(await onPhone.next()).toBe("event: changed\ndata:\n\n");
    await push(one, phone, "b");
    expect(await onDesk.next()).toBe("event: changed\ndata:\n\n");
  });
});
