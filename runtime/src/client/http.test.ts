import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { SyncError } from "./errors.ts";
import { Http, type HttpCall } from "./http.ts";

type Answer = Response | Error;
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

/** A network that gives these answers one after the other, and notes what was asked and how long was waited. */
function networkOf(...answers: readonly Answer[]): { http: Http; waits: number[]; requests: { init: RequestInit }[] } {
  const waits: number[] = [];
  const requests: { init: RequestInit }[] = [];
  const http = new Http({
    fetch: async (_url, init) => {
      requests.push({ init: init ?? {} });
      const answer = answers[requests.length - 1] ?? new Error("no more answers");
      if (answer instanceof Error) throw answer;
      return answer;
    },
    sleep: async (ms) => void waits.push(ms),
    random: { bytes: (length) => new Uint8Array(length) },
    clock: { nowMs: () => Date.UTC(2026, 10, 23) },
  });
  return { http, waits, requests };
}

const call: HttpCall = { method: "POST", url: "https://example.org/api/sync/push", token: "t0ken", body: { a: 1 } };

async function errorOf(work: Promise<unknown>): Promise<SyncError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error("it succeeded");
}

test("a request carries the token, JSON, and no cookies", async () => {
  const { http, requests } = networkOf(json(200, { cursor: 5 }));

  expect(await http.send(call)).toEqual({ cursor: 5 });

  const [request] = requests;
  expect(request?.init.headers).toEqual({ accept: "application/json", authorization: "Bearer t0ken", "content-type": "application/json" });
  expect(new TextDecoder().decode(request?.init.body as Uint8Array)).toBe('{"a":1}');
  expect(request?.init.credentials).toBe("omit");
});

test("an empty reply is null", async () => {
  expect(await networkOf(new Response(null, { status: 204 })).http.send(call)).toBeNull();
  expect(await networkOf(new Response("", { status: 200 })).http.send(call)).toBeNull();
});

test("lost connections, 5xx and 429 are tried again three times", async () => {
  const { http, waits } = networkOf(new TypeError("fetch failed"), json(503, {}), json(429, {}), json(200, { ok: 1 }));

  expect(await http.send(call)).toEqual({ ok: 1 });
  expect(waits).toEqual([500, 1000, 2000]);
});

test("after the third retry the last failure is told", async () => {
  const { http, requests } = networkOf(...Array.from({ length: 9 }, () => json(500, { error: "out of order" })));

  const error = await errorOf(http.send(call));

  expect(requests.length).toBe(4);
  expect(error).toMatchObject({ code: "server/unavailable", retryable: true, status: 500, serverMessage: "out of order" });
});

test("what the system says of a lost connection is in the message", async () => {
  const cause = new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) });

  const error = await errorOf(networkOf(cause, cause, cause, cause).http.send(call));

  expect(error).toMatchObject({ code: "network/offline", message: "The server could not be reached. (ECONNREFUSED)" });
});

test("how far the clock is off is known until it is set: by less than a minute it drifts, by more it was", async () => {
  const start = Date.UTC(2026, 10, 23);
  let [wallMs, monotonicMs] = [start, 0];
  const reply = (): Response => json(200, {}, { date: new Date(start + 3_600_000).toUTCString() });
  const timed = new Http({
    fetch: async () => reply(),
    sleep: async () => {},
    random: { bytes: (length) => new Uint8Array(length) },
    clock: { nowMs: () => wallMs, monotonicMs: () => monotonicMs },
  });
  expect(timed.clockOffsetMs).toBeNull();

  await timed.send(call);
  expect(timed.clockOffsetMs).toBe(3_600_500);
  [wallMs, monotonicMs] = [wallMs + 7_230_000, monotonicMs + 7_200_000];
  expect(timed.clockOffsetMs).toBe(3_600_500);
  wallMs += 365 * 86_400_000;
  expect(timed.clockOffsetMs).toBeNull();

  await timed.send(call);
  expect(timed.clockOffsetMs).toBe(start + 3_600_500 - wallMs);
});

test("a refusal without a word may be somebody else's, and is told so", async () => {
  const refusal = async (status: number, body: string): Promise<string> =>
    (await errorOf(networkOf(new Response(body, { status })).http.send(call))).message;

  expect(await refusal(413, "<html>nginx</html>")).toContain("(413: larger than the server, or a proxy before it, takes)");
  expect(await refusal(404, "<html>nginx</html>")).toContain("(404: is this the server's address?)");
  expect(await refusal(404, '{"error":"no such device"}')).toContain("(404)");
});

test("a lost connection keeps its cause", async () => {
  const cause = new TypeError("fetch failed");
  const error = await errorOf(networkOf(cause, cause, cause, cause).http.send(call));

  expect(error).toMatchObject({ code: "network/offline", retryable: true, cause });
});

test("other refusals are told at once, each by its code", async () => {
  const codes = [400, 401, 402, 403, 404, 409, 413, 422].map(async (status) => {
    const { http, requests } = networkOf(json(status, { error: "no" }), json(200, {}));
    const error = await errorOf(http.send(call));
    return [status, error.code, error.status, error.retryable, requests.length];
  });

  expect(await Promise.all(codes)).toEqual([
    [400, "server/rejected", 400, false, 1],
    [401, "auth/rejected", 401, false, 1],
    [402, "server/payment-required", 402, false, 1],
    [403, "server/rejected", 403, false, 1],
    [404, "server/rejected", 404, false, 1],
    [409, "server/rejected", 409, false, 1],
    [413, "server/rejected", 413, false, 1],
    [422, "server/rejected", 422, false, 1],
  ]);
});

test("a refusal over billing names the dimension and the slot", async () => {
  const { http } = networkOf(json(402, { error: "full", dimension: "storage_per_key", key: "team-7" }));

  expect(await errorOf(http.send(call))).toMatchObject({ dimension: "storage_per_key", billingKey: "team-7" });
});

test("Retry-After sets the wait", async () => {
  const { http, waits } = networkOf(
    json(429, {}, { "retry-after": "3" }),
    json(503, {}, { "retry-after": "Mon, 23 Nov 2026 00:00:09 GMT" }),
    json(200, {}),
  );

  await http.send(call);

  expect(waits).toEqual([3000, 9000]);
});

test("a Retry-After of an hour is not waited for, but told", async () => {
  const { http, waits } = networkOf(json(429, {}, { "retry-after": "3600" }), json(200, {}));

  expect(await errorOf(http.send(call))).toMatchObject({ code: "server/rate-limited", retryAfterMs: 3_600_000 });
  expect(waits).toEqual([]);
});

test("an error page that is not JSON is still a refusal by its status", async () => {
  const { http } = networkOf(new Response("<html>gateway</html>", { status: 404 }));

  expect(await errorOf(http.send(call))).toMatchObject({ code: "server/rejected", status: 404, serverMessage: null });
});

test("a reply that is not JSON is malformed, and its text is not repeated", async () => {
  for (const text of ["<html>", '{"token":"hunter2', '"\\x"', "undefined"]) {
    const error = await errorOf(networkOf(new Response(text, { status: 200 })).http.send(call));
    expect(error.code).toBe("reply/malformed");
    expect(`${error.message}${String(error.cause)}`).not.toContain("hunter2");
  }
});

test("a reply past 32 MiB is given up while it arrives", async () => {
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1024 * 1024;
      controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
    },
    cancel() {
      cancelled = true;
    },
  });

  const error = await errorOf(networkOf(new Response(endless, { status: 200 })).http.send(call));

  expect(error.code).toBe("reply/too-large");
  expect(cancelled).toBe(true);
  expect(sent).toBeLessThan(40 * 1024 * 1024);
});

test("a reply that announces more than 32 MiB is not read at all", async () => {
  const { http } = networkOf(new Response("{}", { status: 200, headers: { "content-length": "99999999999" } }));

  expect((await errorOf(http.send(call))).code).toBe("reply/too-large");
});

test("an error reply without end is cut, and stays a refusal", async () => {
  const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)) });

  expect(await errorOf(networkOf(new Response(endless, { status: 404 })).http.send(call))).toMatchObject({
    code: "server/rejected",
    status: 404,
  });
});

test("a request larger than the server takes is not sent", async () => {
  const { http, requests } = networkOf(json(200, {}));

  expect((await errorOf(http.send({ ...call, body: "x".repeat(17 * 1024 * 1024) }))).code).toBe("entry/too-large");
  expect(requests).toEqual([]);
});

test("a server that never answers is given up", async () => {
  const http = new Http({
    fetch: (_url, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
    sleep: async () => {},
    random: { bytes: (length) => new Uint8Array(length) },
    clock: { nowMs: () => 0 },
  });

  expect((await errorOf(http.send({ method: "GET", url: call.url, token: null, timeoutMs: 1 }))).code).toBe("network/timeout");
});

// Against a socket ---------------------------------------------------------------------------------

async function withServer(listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
const socketHttp = (): Http =>
  new Http({ fetch: globalThis.fetch, sleep: async () => {}, random: { bytes: (n) => new Uint8Array(n) }, clock: { nowMs: () => 0 } });

test("a redirect is refused, and the token never reaches the other host", async () => {
  const seen: (string | undefined)[] = [];
  await withServer(
    (request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    },
    (elsewhere) =>
      withServer(
        (_request, response) => response.writeHead(307, { location: `${elsewhere}/steal` }).end(),
        async (url) => {
          expect(await errorOf(socketHttp().send({ ...call, url }))).toMatchObject({
            code: "server/redirected",
            status: 307,
            retryable: false,
          });
        },
      ),
  );

  expect(seen).toEqual([]);
});

test("a reply cut off in the middle counts as a lost connection", async () => {
  let requests = 0;
  await withServer(
    (_request, response) => {
      if (++requests > 1) return void response.end('{"cursor":7}');
      response.writeHead(200, { "content-length": "100" });
      response.write('{"cursor":');
      setImmediate(() => response.destroy());
    },
    async (url) => {
      expect(await socketHttp().send({ ...call, url })).toEqual({ cursor: 7 });
    },
  );

  expect(requests).toBe(2);
});

test("a slow drip is given up when the time is over", async () => {
  await withServer(
    (_request, response) => {
      response.writeHead(200);
      response.write("{"); // and nothing more
    },
    async (url) => {
      expect((await errorOf(socketHttp().send({ method: "GET", url, token: null, timeoutMs: 50 }))).code).toBe("network/timeout");
    },
  );
});
