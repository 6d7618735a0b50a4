import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMemoryNotices } from "../notices/memory-notices.ts";
import type { Notices } from "../notices/port.ts";
import { createNoticeStreams, type NoticeStreams, type StreamRequest } from "./notice-streams.ts";

const scope = { appId: "app", userId: "ada" };
const KEEPALIVE = ": keepalive\n\n";
const CHANGED = "event: changed\ndata:\n\n";

let notices: Notices;
let streams: NoticeStreams;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  notices = createMemoryNotices();
  streams = createNoticeStreams(notices);
});
afterEach(() => void vi.useRealTimers());

const request = (more: Partial<StreamRequest> = {}): StreamRequest => ({
  scope,
  deviceId: null,
  isValid: async () => true,
  backlog: () => 0,
  cut: () => {},
  ...more,
});

/** Reads what comes next; null when the stream has ended. */
function readerOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { value } = await reader.read();
      return value === undefined ? null : Buffer.from(value).toString();
    },
    cancel: () => reader.cancel(),
  };
}

test("a stream begins with a comment, tells of pushes, and has a comment every 30 seconds", async () => {
  const reader = readerOf(streams.open(request()));

  expect(await reader.next()).toBe(KEEPALIVE);
  const told = reader.next();
  notices.publish(scope, "desk");
  expect(await told).toBe(CHANGED);
  const kept = reader.next();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await kept).toBe(KEEPALIVE);
});

test("a device is not told of its own pushes", async () => {
  const reader = readerOf(streams.open(request({ deviceId: "desk" })));
  await reader.next();
  let told = 0;
  const next = reader.next().then(() => (told += 1));
  notices.publish(scope, "desk");
  await Promise.resolve();

  expect(told).toBe(0);
  notices.publish(scope, "phone");
  await next;
  expect(told).toBe(1);
});

test("many pushes while the reader is busy become one notice", async () => {
  const reader = readerOf(streams.open(request()));
  for (let i = 0; i < 100; i++) notices.publish(scope, "desk");

  expect(await reader.next()).toBe(KEEPALIVE);
  expect(await reader.next()).toBe(CHANGED);
  const next = reader.next();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await next).toBe(KEEPALIVE);
});

test.each([
  ["takes nothing from the stream", { isReading: false, backlog: 0 }],
  ["takes nothing from the socket", { isReading: true, backlog: 10 }],
])("a reader that %s is cut off", async (_, { isReading, backlog }) => {
  const cut = vi.fn<() => void>();
  const stream = streams.open(request({ backlog: () => backlog, cut }));
  if (isReading) await readerOf(stream).next();

  await vi.advanceTimersByTimeAsync(30_000);

  expect(cut).toHaveBeenCalledOnce();
  expect(streams.count()).toBe(0);
});

test("a stream ends with its session, and outlives a storage that is away", async () => {
  const answers = [async () => expect.fail("away"), async () => true, async () => false];
  const reader = readerOf(streams.open(request({ isValid: async () => answers.shift()?.() ?? expect.fail("asked too often") })));
  await reader.next();

  for (let turn = 0; turn < 3; turn++) {
    const next = reader.next();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await next).toBe(KEEPALIVE);
  }
  expect(await reader.next()).toBeNull();
  expect(streams.count()).toBe(0);
});

test("an account has ten streams at most, others have theirs, and one that ends makes room", async () => {
  const open = Array.from({ length: 10 }, () => readerOf(streams.open(request())));

  expect(() => streams.open(request())).toThrow("too many streams");
  streams.open(request({ scope: { appId: "app", userId: "bob" } }));
  await open[0]?.cancel();
  streams.open(request());
  expect(() => streams.open(request())).toThrow("too many streams");
});

test("a server that stops ends its streams and opens no more", async () => {
  const reader = readerOf(streams.open(request()));
  await reader.next();
  streams.close();

  expect(await reader.next()).toBeNull();
  expect(() => streams.open(request())).toThrow("stopping");
  notices.publish(scope, "desk");
});
