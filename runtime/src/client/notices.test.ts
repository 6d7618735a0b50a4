import { expect, test } from "vitest";
import { isSyncError } from "./errors.ts";
import { SyncKitClient } from "./client.ts";
import type { Notice, NotifyStream } from "./notices.ts";

const START_MS = Date.UTC(2026, 10, 23);

/** A client that is signed in for an hour, on time that passes when it is told to, before a server that is played. */
async function world(subscribe: (call: number, init: RequestInit, url: URL) => Response | Promise<Response>) {
  let nowMs = START_MS;
  let calls = 0;
  const due: { readonly atMs: number; readonly work: () => void }[] = [];
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({})}.${part({ sub: "u", app: "app-1", exp: START_MS / 1000 + 3600 })}.c2ln`;
  const client = new SyncKitClient({
    serverUrl: "https://example.org",
    apiKey: "k",
    clock: { nowMs: () => nowMs },
    random: { bytes: (length) => new Uint8Array(length) },
    timers: {
      after(ms, work) {
        const timer = { atMs: nowMs + ms, work };
        due.push(timer);
        return () => {
          if (due.includes(timer)) due.splice(due.indexOf(timer), 1);
        };
      },
    },
    fetch: async (input, init = {}) => {
      const url = new URL(input instanceof Request ? input.url : input);
      if (url.pathname.endsWith("/auth")) return Response.json({ token, user_id: "u", app_id: "app-1" });
      return subscribe(++calls, init, url);
    },
  });
  await client.authenticate("ada@example.org", "login");

  async function pass(ms: number): Promise<void> {
    const end = nowMs + ms;
    await settle();
    for (;;) {
      const next = due.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      due.splice(due.indexOf(next), 1);
      nowMs = next.atMs;
      next.work();
      await settle();
    }
    nowMs = end;
  }
  return { client, pass, calls: () => calls, timers: due };
}

/** Everybody who could go on has. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

/** A stream of events that the test writes. */
function eventStream(init: RequestInit = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  init.signal?.addEventListener("abort", () => controller?.error(new DOMException("aborted", "AbortError")));
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
    write: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => controller?.close(),
  };
}

/** Collects until the stream ends; then `ended` is `closed` or the error's code. */
function collect(stream: NotifyStream) {
  const collected = { notices: [] as Notice[], ended: null as string | null };
  void (async () => {
    try {
      for await (const notice of stream) collected.notices.push(notice);
      collected.ended = "closed";
    } catch (error) {
      collected.ended = isSyncError(error) ? error.code : String(error);
    }
  })();
  return collected;
}

test("notices are read however they are cut into pieces; the device and the app are named", async () => {
  let stream = eventStream();
  let asked = "";
  const { client } = await world((_, init, url) => {
    stream = eventStream(init);
    asked = `${url.pathname}${url.search} ${new Headers(init.headers).get("accept")} ${new Headers(init.headers).get("authorization")?.slice(0, 7)}`;
    return stream.response;
  });
  const notify = client.subscribeNotifications("device-1");
  const seen = collect(notify);
  await settle();
  expect(asked).toBe("/api/sync/subscribe?app_id=app-1&device_id=device-1 text/event-stream Bearer ");

  for (const piece of [": keep", "alive\n\nevent: ch", "anged\r", "\ndata:\r\n\r\n", "event: other\ndata: x\n\n", "event:changed\n\n"])
    stream.write(piece);
  await settle();
  expect(seen.notices).toEqual(["changed", "keepalive", "changed", "changed"]);

  notify.close();
  await settle();
  expect(seen.ended).toBe("closed");
});

test("what is said a thousand times in one breath is one notice", async () => {
  let stream = eventStream();
  const { client } = await world((_, init) => (stream = eventStream(init)).response);
  const notify = client.subscribeNotifications();
  const seen = collect(notify);
  await settle();
  stream.write(": keepalive\n\nevent: changed\n\n".repeat(1_000));
  await settle();
  expect(seen.notices).toEqual(["changed", "keepalive", "changed"]);
  notify.close();
});

test("a lost connection is made again after 1, 2, 4, … up to 60 seconds, and then there is something to pull", async () => {
  const streams: ReturnType<typeof eventStream>[] = [];
  const { client, pass, calls } = await world((call, init) => {
    if (call > 1 && call < 10) throw new TypeError("no network");
    streams.push(eventStream(init));
    return streams.at(-1)?.response ?? Response.error();
  });
  const notify = client.subscribeNotifications();
  const seen = collect(notify);
  await settle();
  streams[0]?.end();

  const callsAfter: number[] = [];
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
    await pass(seconds * 1000 - 1);
    callsAfter.push(calls());
    await pass(1);
    callsAfter.push(calls());
  }

  expect(callsAfter).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10]);
  expect(seen).toEqual({ notices: ["changed", "changed"], ended: null });
  notify.close();
});

test("a server that says when to come back is believed", async () => {
  const { client, pass, calls } = await world((call) =>
    call === 1 ? Response.json({ error: "too many" }, { status: 429, headers: { "retry-after": "20" } }) : eventStream().response,
  );
  const notify = client.subscribeNotifications();
  collect(notify);
  await pass(19_999);
  expect(calls()).toBe(1);
  await pass(1);
  expect(calls()).toBe(2);
  notify.close();
});

test("a connection on which nothing is said for 90 seconds is given up and made again", async () => {
  const streams: ReturnType<typeof eventStream>[] = [];
  const { client, pass, calls } = await world((_, init) => {
    streams.push(eventStream(init));
    return streams.at(-1)?.response ?? Response.error();
  });
  const notify = client.subscribeNotifications();
  const seen = collect(notify);
  await pass(80_000);
  streams[0]?.write(": keepalive\n\n");
  await pass(89_000);
  expect(calls()).toBe(1);
  await pass(1000);
  await pass(1000);
  expect(calls()).toBe(2);
  expect(seen).toEqual({ notices: ["changed", "keepalive", "changed"], ended: null });
  notify.close();
});

test("what only a person can help ends the stream with its code", async () => {
  const refusals: readonly (readonly [string, Response])[] = [
    ["auth/rejected", Response.json({ error: "no" }, { status: 401 })],
    ["server/rejected", Response.json({ error: "no such endpoint" }, { status: 404 })],
    ["server/payment-required", Response.json({ error: "plan" }, { status: 402 })],
    ["server/redirected", new Response(null, { status: 302, headers: { location: "https://evil.example" } })],
    ["reply/malformed", Response.json({})],
  ];
  for (const [code, response] of refusals) {
    const { client, pass, calls } = await world(() => response);
    const seen = collect(client.subscribeNotifications());
    await pass(600_000);
    expect([seen.ended, calls()]).toEqual([code, 1]);
  }
});

test("a session that runs out ends the stream, and so does signing out", async () => {
  const stream = eventStream();
  const { client, pass } = await world(() => stream.response);
  const seen = collect(client.subscribeNotifications());
  for (let minute = 0; minute < 60; minute++) {
    stream.write(": keepalive\n\n");
    await pass(60_000);
  }
  stream.write(": keepalive\n\n");
  await pass(61_000);
  expect(seen.ended).toBe("auth/expired");

  const other = eventStream();
  const again = await world(() => other.response);
  const out = collect(again.client.subscribeNotifications());
  await settle();
  await again.client.clearSession();
  other.write(": keepalive\n\n");
  await settle();
  expect(out.ended).toBe("auth/not-signed-in");
});

test("closing ends a wait too, and leaves no timer behind", async () => {
  const { client, pass, timers } = await world(() => {
    throw new TypeError("no network");
  });
  const notify = client.subscribeNotifications();
  const seen = collect(notify);
  await pass(10_000);
  notify.close();
  await settle();
  expect([seen.ended, timers.length]).toEqual(["closed", 0]);
});

test("a line without an end is not read for ever", async () => {
  const stream = eventStream();
  const { client } = await world(() => stream.response);
  const seen = collect(client.subscribeNotifications());
  await settle();
  stream.write("x".repeat(20_000));
  await settle();
  expect(seen.ended).toBe("reply/too-large");
});
