import { expect, test } from "vitest";
import { openLoopback } from "./loopback.ts";

const visit = async (port: number, query: string): Promise<{ status: number; page: string }> => {
  const reply = await fetch(`http://127.0.0.1:${port}/callback${query}`);
  return { status: reply.status, page: await reply.text() };
};

test("the code that comes with the right state is the answer, and the page says that the window can go", async () => {
  const loopback = await openLoopback({ appName: "Notes & <Co>" });
  const code = loopback.code("right");

  const { status, page } = await visit(loopback.port, "?code=abc&state=right");

  expect(await code).toBe("abc");
  expect(status).toBe(200);
  expect(page).toContain("You can close this window and go back to Notes &#38; &#60;Co&#62;.");
  await expect(visit(loopback.port, "?code=abc&state=right")).rejects.toThrow("fetch failed"); // it listens for one answer
});

test("another state, another path and another method are refused, and waited past", async () => {
  const loopback = await openLoopback();
  const code = loopback.code("right");

  expect((await visit(loopback.port, "?code=evil&state=wrong")).status).toBe(400);
  expect((await visit(loopback.port, "?error=access_denied&state=wrong")).status).toBe(400);
  expect((await visit(loopback.port, "?code=evil")).status).toBe(400);
  expect((await fetch(`http://127.0.0.1:${loopback.port}/favicon.ico`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${loopback.port}/callback?code=evil&state=right`, { method: "POST" })).status).toBe(404);
  await visit(loopback.port, "?code=good&state=right");

  expect(await code).toBe("good");
});

test("a refusal in the browser is told apart, without repeating what the browser brought", async () => {
  const denied = await openLoopback();
  const first = denied.code("s");
  first.catch(() => {});
  expect((await visit(denied.port, "?error=access_denied&state=s")).page).toContain("Not signed in");
  await expect(first).rejects.toMatchObject({ code: "auth/denied", message: expect.stringContaining("access_denied") as string });

  const odd = await openLoopback();
  const second = odd.code("s");
  second.catch(() => {});
  await visit(odd.port, "?error=%3Cscript%3E&state=s");
  await expect(second).rejects.toMatchObject({ code: "auth/denied", message: expect.not.stringContaining("script") as string });
});

test("time, the application and closing end the wait", async () => {
  await expect((await openLoopback({ timeoutMs: 1 })).code("s")).rejects.toMatchObject({ code: "auth/timeout" });

  const cancel = new AbortController();
  const cancelled = (await openLoopback({ signal: cancel.signal })).code("s");
  cancel.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "auth/cancelled" });

  const closing = await openLoopback();
  const waiting = closing.code("s");
  waiting.catch(() => {});
  await closing.close();
  await expect(waiting).rejects.toMatchObject({ code: "auth/cancelled" });
});
