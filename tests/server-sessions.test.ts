/** Ends of sessions and devices, as a client asks for them. */
import { createApp, createServer, createUser, openSqliteStorage, type Storage } from "@synckit-gen/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entry, inProcess, textOf, type Caller } from "./server-client.ts";

let storage: Storage;
let server: Caller;
const apiKeys: string[] = [];
let nowMs = Date.UTC(2026, 0, 1);

const signIn = async (email = "ada@example.com", app = 0): Promise<Caller> => {
  const request = { email, password: "correct horse", api_key: apiKeys[app], key: "default" };
  return server.as(textOf(await server.call("POST", "/api/sync/auth", request), "token"));
};
const statusOf = async (caller: Caller): Promise<number> => (await caller.call("GET", "/api/sync/status")).status;

beforeAll(async () => {
  storage = openSqliteStorage(":memory:");
  server = inProcess(createServer({ storage, rateLimits: null, clock: () => nowMs }));
  for (const name of ["Notes", "Tasks"]) apiKeys.push((await createApp(storage, name)).apiKey);
  for (const email of ["ada@example.com", "grace@example.com"]) await createUser(storage, email, "correct horse");
});
afterAll(() => storage.close());

describe.each(["/api/sync", "/api/v1/sync"])("under %s", (prefix) => {
  test("ending sessions ends all of that user, of every app, and no others'", async () => {
    const mine = [await signIn(), await signIn(), await signIn("ada@example.com", 1)] as const;
    const theirs = await signIn("grace@example.com");

    expect(await mine[0].call("POST", `${prefix}/end-sessions`)).toMatchObject({ status: 200, body: {} });

    expect(await Promise.all(mine.map(statusOf))).toEqual([401, 401, 401]);
    expect(await statusOf(theirs)).toBe(200);
    // Within the same second as well.
    expect(await statusOf(await signIn())).toBe(200);
    nowMs += 5000;
  });

  test("a removed device is off the list, and back under its id", async () => {
    const caller = await signIn();
    const register = () => caller.call("POST", `${prefix}/devices`, { device_name: `laptop ${prefix}`, platform: "linux" });
    const device_id = textOf(await register(), "id");
    await caller.call("POST", `${prefix}/push`, { device_id, changes: [entry("kept")] });

    expect((await (await signIn("grace@example.com")).call("DELETE", `${prefix}/devices/${device_id}`)).status).toBe(404);
    expect(await caller.call("DELETE", `${prefix}/devices/${device_id}?x=y`)).toMatchObject({ status: 200, body: {} });
    expect((await caller.call("DELETE", `${prefix}/devices/${device_id}`)).status).toBe(404);

    expect(JSON.stringify((await caller.call("GET", `${prefix}/devices`)).body)).not.toContain(device_id);
    for (const path of ["push", "pull"])
      expect((await caller.call("POST", `${prefix}/${path}`, { device_id, cursor: 0, changes: [] })).status).toBe(404);
    expect(textOf(await register(), "id")).toBe(device_id);
    const pulled = await caller.call("POST", `${prefix}/pull`, { device_id, cursor: 0 });
    expect(JSON.stringify(pulled.body)).toContain("kept");
  });
});

test("both are advertised, and need a session", async () => {
  expect((await (await signIn()).call("GET", "/api/sync/extensions")).body).toMatchObject({
    extensions: { "device-removal": 1, "end-sessions": 1 },
  });
  expect((await server.call("POST", "/api/sync/end-sessions")).status).toBe(401);
  expect((await server.call("DELETE", "/api/sync/devices/x")).status).toBe(401);
  expect((await server.call("GET", "/oauth/userinfo")).status).toBe(401);
});
