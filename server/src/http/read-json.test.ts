import { afterEach, expect, test, vi } from "vitest";
import { readJson, readText } from "./read-json.ts";

afterEach(() => {
  vi.useRealTimers();
});

const requestOf = (body: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request("http://x/", { method: "POST", body, headers, duplex: "half" });

test("a body is read as text and as JSON", async () => {
  expect(await readText(requestOf("é"), 2)).toBe("é");
  expect(await readJson(requestOf('{"a":1}'), 7)).toEqual({ a: 1 });
});

test.each([
  ["no JSON", "{"],
  ["no UTF-8", new Uint8Array([0xff])],
])("%s is refused with 400", async (_, body) => {
  await expect(readJson(requestOf(body), 10)).rejects.toMatchObject({ status: 400 });
});

test("a body past its limit is refused with 413, declared or not", async () => {
  await expect(readText(requestOf("12345"), 4)).rejects.toMatchObject({ status: 413 });
  await expect(readText(requestOf("1234", { "content-length": "5" }), 4)).rejects.toMatchObject({ status: 413 });
});

test("a body that does not come to its end in two minutes is refused, and the connection is closed", async () => {
  vi.useFakeTimers();
  const endless = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  const failed = readJson(requestOf(endless), 100).catch((error: unknown) => error);

  await vi.advanceTimersByTimeAsync(120_000);

  expect(await failed).toMatchObject({ status: 408, headers: { Connection: "close" } });
  expect(vi.getTimerCount()).toBe(0);
});
