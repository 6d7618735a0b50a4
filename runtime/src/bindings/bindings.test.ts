import { expect, test } from "vitest";
import { SyncError } from "../client/errors.ts";
import { eventSource } from "../events/event-stream.ts";
import { exposeSync, serveWindows, windowSync, type InvokeEvent } from "./electron.ts";
import { httpCommands, httpHandler } from "./http.ts";
import { CommandError } from "./invoke.ts";

interface App {
  readonly events: ReturnType<typeof eventSource<{ readonly kind: string }>>;
  readonly name: string;
}

const commands = {
  greet: (app: App, who: string, times: number) => Promise.resolve(`${app.name} greets ${who} ${times} times`),
  fail: (_app: App) => Promise.reject(new SyncError("server/rate-limited", { detail: "slow down" })),
  bug: (_app: App) => {
    throw new TypeError("password hunter2 is not a function");
  },
};
const appOf = (): App => ({ events: eventSource<{ readonly kind: string }>(({ kind }) => kind), name: "app" });

/** Electron's two processes, with the copying of values that happens between them. */
function electron(url: string, isTrusted: (url: string) => boolean = (from) => from.startsWith("app://")) {
  const app = appOf();
  const handlers = new Map<string, (event: InvokeEvent, ...values: unknown[]) => unknown>();
  let onEvent = (_event: unknown, _told: unknown): void => {};
  let onDestroyed = (): void => {};
  let isDestroyed = false;
  const event: InvokeEvent = {
    senderFrame: { url },
    sender: {
      isDestroyed: () => isDestroyed,
      send: (_channel, told) => onEvent(undefined, structuredClone(told)),
      once: (_name, listener) => (onDestroyed = listener),
    },
  };
  const end = serveWindows(
    { handle: (channel, listener) => void handlers.set(channel, listener), removeHandler: (channel) => void handlers.delete(channel) },
    app,
    commands,
    { isTrusted },
  );
  const page: Record<string, unknown> = {};
  exposeSync(
    { exposeInMainWorld: (key, api) => void (page[key] = api) },
    {
      invoke: async (channel, ...values) => structuredClone(await handlers.get(channel)?.(event, ...structuredClone(values))),
      on: (_channel, listener) => (onEvent = listener),
    },
  );
  return {
    app,
    end,
    handlers,
    window: windowSync<typeof commands, { readonly kind: string }>(page),
    close: () => {
      isDestroyed = true;
      onDestroyed();
    },
  };
}

test("a window calls commands with its arguments, and failures keep their code", async () => {
  const { window } = electron("app://index.html");
  expect(await window.commands.greet("you", 2)).toBe("app greets you 2 times");
  await expect(window.commands.fail()).rejects.toMatchObject({ name: "CommandError", code: "server/rate-limited", retryable: true });
  const bug = await window.commands.bug().catch((error: unknown) => error);
  expect(bug).toBeInstanceOf(CommandError);
  expect(bug).toMatchObject({ code: "internal", message: "Something went wrong inside the app." });
  const unknown = window.commands as unknown as Record<string, () => Promise<unknown>>;
  await expect(unknown["toString"]?.()).rejects.toMatchObject({ code: "command/unknown" });
});

test("a foreign page in a window may neither call nor listen", async () => {
  const { window, app } = electron("https://example.com");
  await expect(window.commands.greet("you", 1)).rejects.toMatchObject({ code: "command/forbidden" });
  const heard: unknown[] = [];
  window.onEvent((event) => heard.push(event));
  app.events.publish({ kind: "status" });
  await Promise.resolve();
  expect(heard).toEqual([]);
});

test("a window hears the latest event of each kind and then each new one, until it is closed", async () => {
  const { window, app, close, end, handlers } = electron("app://index.html");
  app.events.publish({ kind: "before" });
  const heard: string[] = [];
  window.onEvent(({ kind }) => heard.push(kind));
  await Promise.resolve();
  app.events.publish({ kind: "after" });
  close();
  app.events.publish({ kind: "too late" });
  expect(heard).toEqual(["before", "after"]);
  end();
  expect(handlers.size).toBe(0);
});

test("without a preload script, that is said", () => {
  expect(() => windowSync({})).toThrow("exposeSync");
});

const TOKEN = "0123456789abcdef0123456789abcdef";
const ORIGIN = "http://127.0.0.1:4000";

function http(app = appOf()) {
  const handler = httpHandler(app, commands, { token: TOKEN, origins: ["http://localhost:5173"] });
  const call = async (path: string, init: RequestInit & { readonly base?: string } = {}): Promise<Response> => {
    const { base = ORIGIN, headers, ...rest } = init;
    const all = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...(headers as Record<string, string>) };
    const response = await handler(new Request(base + path, { method: "POST", headers: all, ...rest }));
    if (response === null) throw new Error("not for this handler");
    return response;
  };
  return { app, handler, call };
}

test("a page calls commands over HTTP, and failures keep their code", async () => {
  const { handler } = http();
  const remote = httpCommands<typeof commands>(`${ORIGIN}/sync`, TOKEN, async (url, init) => {
    const response = await handler(new Request(url, init));
    return response ?? Response.error();
  });
  expect(await remote.greet("you", 3)).toBe("app greets you 3 times");
  await expect(remote.fail()).rejects.toMatchObject({ code: "server/rate-limited", retryable: true });
  expect(await handler(new Request(`${ORIGIN}/other`))).toBeNull();
});

test.each([
  ["no token", { headers: { authorization: "" } }, 401],
  ["another token", { headers: { authorization: `Bearer ${TOKEN.replace("0", "1")}` } }, 401],
  ["a token that begins right", { headers: { authorization: `Bearer ${TOKEN}0` } }, 401],
  ["a page of another origin", { headers: { origin: "https://evil.example" } }, 403],
  ["a page of another port", { headers: { origin: "http://127.0.0.1:9999" } }, 403],
  ["a name that leads here by DNS", { base: "http://evil.example:4000" }, 403],
  ["a form", { headers: { "content-type": "text/plain" } }, 415],
  ["arguments that are no list", { body: `{"who":"you"}` }, 400],
  ["arguments that are no JSON", { body: "x" }, 400],
  ["a body without end", { body: JSON.stringify(["x".repeat(70_000)]) }, 400],
  ["another method", { method: "PUT" }, 405],
])("%s is refused", async (_, init, status) => {
  const response = await http().call("/sync/greet", init);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ ok: false });
});

test("an origin that the app named may call, and is told so before it does", async () => {
  const { call } = http();
  const preflight = await call("/sync/greet", { method: "OPTIONS", headers: { origin: "http://localhost:5173", authorization: "" } });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
  const response = await call("/sync/greet", { headers: { origin: "http://localhost:5173" }, body: `["you",1]` });
  expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
  expect((await call("/sync/nothing")).status).toBe(404);
  expect((await call("/sync/fail", { body: "[]" })).status).toBe(422);
});

test("events come as a stream, and leaving ends the subscription", async () => {
  const { app, call } = http();
  app.events.publish({ kind: "before" });
  const leave = new AbortController();
  const response = await call("/sync/events", { method: "GET", signal: leave.signal });
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const read = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
  expect(await read()).toBe(`data: {"kind":"before"}\n\n`);
  app.events.publish({ kind: "after" });
  expect(await read()).toBe(`data: {"kind":"after"}\n\n`);
  await reader?.cancel();
  app.events.publish({ kind: "too late" }); // would throw if it still went to the closed stream
});

test("a token that can be guessed is refused before anything listens", () => {
  expect(() => httpHandler(appOf(), commands, { token: "short" })).toThrow("32 characters");
});
