/** What the operator's commands change, seen by a server that runs meanwhile on the same data. */
import { createServer, openFolderBlobs, openSqliteStorage, type Storage } from "@synckit-gen/server";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entry, inProcess, textOf, type Caller } from "./server-client.ts";

const PROGRAM = resolve(import.meta.dirname, "../server/bin/synckit-server.js");
const PASSWORD = "correct horse";
const EMAIL = "ada@example.com";

let directory: string;
let storage: Storage;
let server: Caller;
let aheadMs: number;
let fetchFromServer: (url: string, body: string) => Promise<Response>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synckit-manage-"));
  storage = openSqliteStorage(join(directory, "synckit.db"));
  aheadMs = 0;
  const made = createServer({
    storage,
    blobs: openFolderBlobs(join(directory, "blobs")),
    rateLimits: null,
    clock: () => Date.now() + aheadMs,
  });
  server = inProcess(made);
  fetchFromServer = (url, body) => made.fetch(new Request(url, { method: "PUT", body }));
});
afterEach(async () => {
  await storage.close();
  rmSync(directory, { recursive: true });
});

function run(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args, "--data", directory], { input, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}
function json(args: readonly string[], input = ""): unknown {
  const { code, out, err } = run([...args, "--json"], input);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}
const member = (value: unknown, name: string): string => String((value as Record<string, unknown>)[name]);

const signIn = (apiKey: string, password = PASSWORD) =>
  server.call("POST", "/api/sync/auth", { email: EMAIL, password, api_key: apiKey, key: "default" });
const statusWith = async (token: string): Promise<number> => (await server.as(token).call("GET", "/api/sync/status")).status;

test("an app has its key replaced and its addresses registered", async () => {
  const made = json(["app", "create", "Notes"]);
  run(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const old = await signIn(member(made, "api_key"));
  const replaced = json(["app", "new-key", "Notes"]);

  expect(member(replaced, "id")).toBe(member(made, "id"));
  expect((await signIn(member(made, "api_key"))).status).toBe(401);
  expect((await signIn(member(replaced, "api_key"))).status).toBe(200);
  expect(await statusWith(textOf(old, "token"))).toBe(200);

  expect(run(["app", "redirect", "add", "Notes", "https://notes.example.com/cb"]).code).toBe(0);
  expect(run(["app", "redirect", "add", "Notes", "https://notes.example.com/cb"])).toMatchObject({ code: 1 });
  expect(run(["app", "redirect", "add", "Notes", "http://notes.example.com/cb"]).err).toBe(
    "Refused: http://notes.example.com/cb: http would send codes in the clear: use https.\n",
  );
  expect(json(["app", "redirect", "list", member(made, "id")])).toEqual(["https://notes.example.com/cb"]);
  expect(run(["app", "redirect", "remove", "Notes", "https://notes.example.com/cb"]).code).toBe(0);
  expect(run(["app", "redirect", "list", "Notes"]).out).toBe("None but the user's own computer, which is always allowed.\n");
  expect(run(["app", "redirect", "list", "None"]).err).toBe('Refused: there is no app "None".\n');
});

test("a new password and a sign-out end every session, and signing in begins a new one at once", async () => {
  const apiKey = member(json(["app", "create", "Notes"]), "api_key");
  run(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const first = textOf(await signIn(apiKey), "token");
  expect(run(["user", "password", "ADA@example.com", "--password-stdin"], "another horse").out).toContain("signed out everywhere");

  expect(await statusWith(first)).toBe(401);
  expect((await signIn(apiKey)).status).toBe(401);
  const second = textOf(await signIn(apiKey, "another horse"), "token");
  expect(await statusWith(second)).toBe(200);

  expect(run(["user", "sign-out", EMAIL]).code).toBe(0);
  expect(await statusWith(second)).toBe(401);
  expect(await statusWith(textOf(await signIn(apiKey, "another horse"), "token"))).toBe(200);
  expect(run(["user", "sign-out", "nobody@example.com"])).toMatchObject({
    code: 1,
    err: "Refused: there is no user nobody@example.com.\n",
  });
});

test("devices of every app are listed, and one is removed", async () => {
  const apps = ["Notes", "Tasks"].map((name) => member(json(["app", "create", name]), "api_key"));
  run(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const ids = [];
  for (const apiKey of apps) {
    const caller = server.as(textOf(await signIn(apiKey), "token"));
    ids.push(textOf(await caller.call("POST", "/api/sync/devices", { device_name: "laptop", platform: "linux" }), "id"));
  }

  expect(json(["device", "list", EMAIL])).toMatchObject([
    { id: ids[0], app: "Notes", device_name: "laptop", platform: "linux" },
    { id: ids[1], app: "Tasks" },
  ]);
  expect(run(["device", "remove", EMAIL, ids[1] ?? ""]).code).toBe(0);
  expect(run(["device", "remove", EMAIL, ids[1] ?? ""]).code).toBe(1);
  expect(run(["device", "list", EMAIL]).out).toMatch(new RegExp(`^${ids[0] ?? ""}  \\S+  Notes  laptop \\(linux\\)\n$`));
});

test("after a rotation sessions go on, and dropping the old keys ends them", async () => {
  const apiKey = member(json(["app", "create", "Notes"]), "api_key");
  run(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const token = textOf(await signIn(apiKey), "token");

  expect(json(["signing-key", "rotate"])).toEqual({ number: 2, dropped: false });
  aheadMs += 6000;
  expect(await statusWith(token)).toBe(200);
  const next = textOf(await signIn(apiKey), "token");

  expect(json(["signing-key", "rotate", "--drop-old"])).toEqual({ number: 3, dropped: true });
  aheadMs += 6000;
  expect(await statusWith(token)).toBe(401);
  expect(await statusWith(next)).toBe(401);
  expect(await statusWith(textOf(await signIn(apiKey), "token"))).toBe(200);
});

test("the audit log tells what was done, by whom and from where, and no secret", async () => {
  const made = json(["app", "create", "Notes"]);
  const user = json(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  await signIn(member(made, "api_key"));
  await signIn(member(made, "api_key"), "hunter2 typed wrong");
  await server.call("POST", "/api/sync/auth", { email: "hunter2@typed.wrong", password: "x", api_key: "x" });

  expect(json(["audit"])).toMatchObject([
    { action: "sign-in", outcome: "refused", app_id: null, user_id: null, address: "in-process" },
    { action: "sign-in", outcome: "refused", app_id: member(made, "id"), user_id: null },
    { action: "sign-in", outcome: "done", app_id: member(made, "id"), user_id: member(user, "id") },
    { action: "user-created", user_id: member(user, "id"), address: null },
    { action: "app-created", app_id: member(made, "id") },
  ]);
  const text = run(["audit"]).out + JSON.stringify(json(["audit"]));
  for (const secret of ["hunter2", PASSWORD, EMAIL, member(made, "api_key")]) expect(text).not.toContain(secret);
  expect(json(["audit", "--limit", "2"])).toHaveLength(2);
});

test.each([
  [["app", "redirect"], "app redirect add APP URI"],
  [["device"], "device list EMAIL"],
  [["signing-key"], "signing-key rotate"],
  [["audit", "--limit", "0"], "limit: give one whole number from 1 to 10000."],
  [["--public-url", "sync.example.com"], '"sync.example.com" is not scheme and host only'],
  [["--public-url", "https://example.com/sync"], "is not scheme and host only"],
  [["--trusted-proxy", "proxy"], '"proxy" is no address'],
])("%j is wrong usage", (args, message) => {
  const { code, out, err } = run(args);

  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
});

test("a removed user is signed out, gone with every file, and may be made anew with nothing", async () => {
  const app = json(["app", "create", "Notes"]);
  json(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const token = textOf(await signIn(member(app, "api_key")), "token");
  const device = textOf(await server.as(token).call("POST", "/api/sync/devices", { device_name: "d", platform: "linux" }), "id");
  await server.as(token).call("POST", "/api/sync/push", { device_id: device, changes: [entry("a")] });
  const bytes = { hash: "ab".repeat(32), size_bytes: 3 };
  const upload = textOf(await server.as(token).call("POST", "/api/sync/blobs/upload", bytes), "upload_url");
  expect((await fetchFromServer(upload, "abc")).status).toBe(200);
  expect((await server.as(token).call("POST", "/api/sync/blobs/confirm", bytes)).status).toBe(200);
  const files = (): readonly string[] =>
    readdirSync(join(directory, "blobs"), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && file.name !== "url-secret")
      .map(({ name }) => name);
  expect(files()).toHaveLength(1);

  const unsure = run(["user", "remove", EMAIL]);
  expect([unsure.code, unsure.err]).toEqual([
    2,
    `This removes ${EMAIL} with all devices, rows, snapshots and files, of every app, and cannot be undone.\nSay --yes to do it.\n`,
  ]);
  expect(await statusWith(token)).toBe(200);
  expect(run(["user", "remove", EMAIL, "--yes"])).toEqual({ code: 0, out: `User ${EMAIL} is removed, with everything.\n`, err: "" });

  expect(await statusWith(token)).toBe(401);
  expect((await signIn(member(app, "api_key"))).status).toBe(401);
  expect(files()).toEqual([]);
  json(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const again = textOf(await signIn(member(app, "api_key")), "token");
  expect((await server.as(again).call("GET", "/api/sync/status")).body).toEqual({ total_changes: 0, latest_cursor: 0 });
  expect(run(["user", "remove", "nobody@example.com", "--yes"]).err).toBe("Refused: there is no user nobody@example.com.\n");
});

test("a removed app is signed in to no more, and its users stay", async () => {
  const app = json(["app", "create", "Notes"]);
  json(["user", "create", EMAIL, "--password-stdin"], PASSWORD);
  const token = textOf(await signIn(member(app, "api_key")), "token");

  expect(run(["app", "remove", "Notes"]).code).toBe(2);
  expect(run(["app", "remove", "Notes", "--yes"]).out).toBe('App "Notes" is removed, with everything.\n');

  expect(await statusWith(token)).toBe(401);
  expect((await signIn(member(app, "api_key"))).status).toBe(401);
  expect(run(["user", "list"]).out).toContain(EMAIL);
  expect(member(json(["app", "create", "Notes"]), "id")).not.toBe(member(app, "id"));
});
