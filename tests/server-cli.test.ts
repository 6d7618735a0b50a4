/** `synckit-server` as a person and a script meet it: real processes, real signals, exit codes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entry, overHttp, textOf } from "./server-client.ts";

const PROGRAM = resolve(import.meta.dirname, "../server/bin/synckit-server.js");
const PASSWORD = "correct horse battery";

let directory: string;
let data: string;
let running: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synckit-cli-"));
  data = join(directory, "data");
});
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running = [];
  rmSync(directory, { recursive: true });
});

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], before: readonly string[] = []) {
  const child = spawn(process.execPath, [...before, PROGRAM, ...args], { cwd: directory, stdio: ["pipe", "pipe", "pipe"] });
  running.push(child);
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, ended };
}

async function run(args: readonly string[], input = ""): Promise<Run> {
  const { child, ended } = start(args);
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

/** A server that has said where it listens. */
async function serve(...args: readonly string[]) {
  const { child, ended } = start(["--data", data, "--port", "0", "--json", ...args]);
  const errors = text(child.stderr);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const said = JSON.parse(line) as { readonly url: string; readonly apps: number; readonly users: number };
  return {
    ...said,
    stop: async (signal: NodeJS.Signals = "SIGTERM") => {
      child.kill(signal);
      return { code: await ended, err: await errors };
    },
  };
}

const createAda = () => run(["user", "create", "Ada@example.com", "--password-stdin", "--data", data], `${PASSWORD}\n`);

test("an app and a user are made, the server starts, and a device syncs", async () => {
  const app = JSON.parse((await run(["app", "create", "GoingsOn", "--data", data, "--json"])).out) as { readonly api_key: string };
  expect((await createAda()).code).toBe(0);
  const server = await serve();
  expect(server).toMatchObject({ apps: 1, users: 1 });
  const credentials = { email: "ada@example.com", password: PASSWORD, api_key: app.api_key, key: "default" };

  const caller = overHttp(server.url).as(textOf(await overHttp(server.url).call("POST", "/api/sync/auth", credentials), "token"));
  const device_id = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "d", platform: "linux" }), "id");
  expect((await caller.call("POST", "/api/sync/push", { device_id, changes: [entry("a")] })).body).toEqual({ cursor: 1 });

  const stopped = await server.stop();
  expect(stopped.code).toBe(0);
  expect(
    stopped.err
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { path: string; status: number }).path),
  ).toEqual(["/api/sync/auth", "/api/sync/devices", "/api/sync/push"]);
  for (const hidden of [PASSWORD, app.api_key, device_id]) expect(stopped.err).not.toContain(hidden);
});

test("data and sessions outlive a restart, and a user made meanwhile can sign in", async () => {
  const app = JSON.parse((await run(["app", "create", "GoingsOn", "--data", data, "--json"])).out) as { readonly api_key: string };
  const first = await serve();
  await createAda();
  const credentials = { email: "ada@example.com", password: PASSWORD, api_key: app.api_key, key: "default" };
  const token = textOf(await overHttp(first.url).call("POST", "/api/sync/auth", credentials), "token");
  const device_id = textOf(
    await overHttp(first.url).as(token).call("POST", "/api/sync/devices", { device_name: "d", platform: "web" }),
    "id",
  );
  await overHttp(first.url)
    .as(token)
    .call("POST", "/api/sync/push", { device_id, changes: [entry("a")] });
  expect((await first.stop("SIGINT")).code).toBe(0);

  const second = await serve();
  const pulled = await overHttp(second.url).as(token).call("POST", "/api/sync/pull", { device_id, cursor: 0 });

  expect(pulled.body).toMatchObject({ changes: [{ row_id: "a", seq: 1 }], cursor: 1 });
  await second.stop();
});

test("what was answered is there after the process was killed", async () => {
  const app = JSON.parse((await run(["app", "create", "GoingsOn", "--data", data, "--json"])).out) as { readonly api_key: string };
  await createAda();
  const first = await serve("--no-rate-limits");
  const credentials = { email: "ada@example.com", password: PASSWORD, api_key: app.api_key, key: "default" };
  const token = textOf(await overHttp(first.url).call("POST", "/api/sync/auth", credentials), "token");
  const caller = overHttp(first.url).as(token);
  const device_id = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "d", platform: "web" }), "id");
  let answered = 0;
  const pushing = (async () => {
    for (let i = 0; ; i++)
      answered = Number(
        (await caller.call("POST", "/api/sync/push", { device_id, changes: [entry(`r${i}`), entry(`s${i}`)] })).body["cursor"],
      );
  })().catch(() => {});
  const head = async () => Number((await caller.call("GET", "/api/sync/status")).body["latest_cursor"]);
  for (let stored = 0; stored < 100;) stored = await head();
  await first.stop("SIGKILL");
  await pushing;

  const second = await serve();
  const { latest_cursor } = (await overHttp(second.url).as(token).call("GET", "/api/sync/status")).body;

  expect(answered).toBeGreaterThanOrEqual(98);
  // The batch under way may have been stored without its answer, but never half of it.
  expect([answered, answered + 2]).toContain(latest_cursor);
  await second.stop();
});

test("a person is told the address and what to make first", async () => {
  const { child, ended } = start(["--data", data, "--port", "0"]);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) if (lines.push(line) === 5) child.kill("SIGTERM");

  expect(lines).toEqual([
    expect.stringMatching(/^synckit-server listens on http:\/\/127\.0\.0\.1:\d+$/),
    `Data: ${data}`,
    `Blobs: ${join(data, "blobs")}`,
    "There is no app yet. Make one with:   synckit-server app create NAME",
    "There is no user yet. Make one with:  synckit-server user create EMAIL",
  ]);
  expect(await ended).toBe(0);
});

test("the data directory and its files are for their owner only", async () => {
  const server = await serve();

  expect(statSync(data).mode & 0o777).toBe(0o700);
  for (const file of readdirSync(data)) expect(statSync(join(data, file)).mode & 0o777, file).toBe(file === "blobs" ? 0o700 : 0o600);
  expect(statSync(join(data, "blobs", "url-secret")).mode & 0o777).toBe(0o600);
  await server.stop();
  expect(readdirSync(data).toSorted()).toEqual(["blobs", "synckit.db"]);
});

test("an API key is shown once and kept nowhere", async () => {
  const made = await run(["app", "create", "GoingsOn", "--data", data]);
  const key = /sk_\S+/.exec(made.out)?.[0] ?? expect.fail("no key was shown");
  const listed = await run(["app", "list", "--data", data]);

  expect(listed.out).toContain("GoingsOn");
  expect(listed.out).not.toContain(key);
  expect(readFileSync(join(data, "synckit.db")).includes(key)).toBe(false);
});

test("lists are JSON when asked, and say so in words when there is nothing", async () => {
  expect((await run(["user", "list", "--data", data])).out).toBe("There is no user.\n");
  expect((await run(["app", "list", "--data", data])).out).toBe("There is no app.\n");
  await createAda();

  expect(JSON.parse((await run(["user", "list", "--data", data, "--json"])).out)).toMatchObject([{ email: "ada@example.com" }]);
});

test.each([
  ["a taken name", ["app", "create", "Taken"], "", 'Refused: there is an app named "Taken".\n'],
  ["a name of spaces", ["app", "create", "  "], "", "Refused: an app's name has 1 to 200 characters.\n"],
  [
    "a taken address",
    ["user", "create", "taken@example.com", "--password-stdin"],
    PASSWORD,
    "Refused: there is a user with the address taken@example.com.\n",
  ],
  [
    "no address",
    ["user", "create", "nobody", "--password-stdin"],
    PASSWORD,
    "Refused: an email address has one @ with something on both sides.\n",
  ],
  [
    "a short password",
    ["user", "create", "a@example.com", "--password-stdin"],
    "short\n",
    "Refused: a password has 8 to 1024 characters.\n",
  ],
])("%s is refused with exit code 1", async (_, args, input, message) => {
  await run(["app", "create", "Taken", "--data", data]);
  await run(["user", "create", "taken@example.com", "--password-stdin", "--data", data], PASSWORD);

  expect(await run([...args, "--data", data], input)).toEqual({ code: 1, out: "", err: message });
});

test.each([
  [["--prot", "1"], "Unknown argument: prot\nDid you mean --port?\n"],
  [["usr", "list"], "Unknown arguments: usr, list\nDid you mean user?\n"],
  [["app"], "Say what to do: app create NAME, list, new-key APP, remove APP, or redirect.\n"],
  [["user", "craete", "a@b"], "Unknown arguments: craete, a@b\nDid you mean create?\n"],
  [["app", "create"], "Not enough non-option arguments: got 0, need at least 1\n"],
  [["--port", "abc"], "port: give one whole number from 0 to 65535."],
  [["--port", "65536"], "port: give one whole number from 0 to 65535."],
  [["--data", ""], "data: give one value."],
  [["user", "create", "a@example.com"], "There is no terminal to ask for the password on.\nPipe it in and add --password-stdin.\n"],
  [["user", "create", "a@example.com", "--password", PASSWORD], "Unknown argument: password\n"],
])("%j is wrong usage: exit code 2 and what to do", async (args, message) => {
  const { code, out, err } = await run(args);

  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
  expect(err).not.toContain(PASSWORD);
  expect(err).not.toContain("    at ");
  expect(existsSync(join(directory, "synckit-data"))).toBe(false);
});

test("a port in use is named, with what to do", async () => {
  const server = await serve();
  const { port } = new URL(server.url);

  expect(await run(["--data", data, "--port", port])).toEqual({
    code: 1,
    out: "",
    err: `Port ${port} on 127.0.0.1 is in use.\nChoose another with --port, or 0 for any free one.\n`,
  });
  await server.stop();
});

test.each([
  ["a file in the way", "file", "a file is in the way"],
  ["a path through a file", "file/data", "a part of the path is a file"],
  ["a path that is not there", "none/data", "the directory above it does not exist"],
])("%s: the data directory is refused", async (_, path, reason) => {
  writeFileSync(join(directory, "file"), "");
  const { code, err } = await run(["app", "list", "--data", path]);

  expect({ code, err }).toEqual({
    code: 1,
    err: `Cannot use the data directory ${join(directory, path)}: ${reason}.\nChoose another with --data.\n`,
  });
});

test("a database that is none is refused without a stack trace", async () => {
  mkdirSync(data);
  writeFileSync(join(data, "synckit.db"), "no database ".repeat(100));
  const refused = await run(["app", "list", "--data", data]);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/^The database cannot be used: .*SQLITE_NOTADB\)\.\n$/);
});

test("a Node that cannot load the database driver is refused with what to do", async () => {
  // Node's own version table is fixed, so the program is told another one before it starts.
  const older = join(directory, "older.cjs");
  writeFileSync(older, 'Object.defineProperty(process, "versions", { value: { ...process.versions, napi: "9", node: "22.13.1" } });');
  const { child, ended } = start(["--version"], ["--require", older]);
  const [err, code] = await Promise.all([text(child.stderr), ended]);

  expect(code).toBe(2);
  expect(err).toMatch(/^synckit-server needs Node 22\.14 or newer; this is Node 22\.13\.1\.\nInstall a newer Node/);
});

test("help and version are on standard output", async () => {
  expect(await run(["--version"])).toMatchObject({ code: 0, out: "0.1.0\n" });
  const help = await run(["--help"]);
  expect(help.code).toBe(0);
  for (const word of ["serve", "app", "user", "--data", "--port", "--host", "--json"]) expect(help.out).toContain(word);
});

test.each([
  [["--database", "mysql://ada:hunter2@host/x"], 2, "database: expected postgres://"],
  [["--database", "postgres://ada:hunter2@127.0.0.1:9/x"], 1, "Cannot open the data: the database cannot be reached"],
  [["--blobs", "s3://bucket?endpoint=host"], 2, "blobs: "],
  [["--blob-quota", "-1"], 2, "blob-quota: give one whole number"],
  [["--database-partitions", "2000"], 2, "database-partitions: give one whole number from 0 to 1024"],
])("stores that cannot be had are refused without a secret: %j", async (args, code, message) => {
  const refused = await run(["--data", data, "--port", "0", ...args]);

  expect([refused.code, refused.out]).toEqual([code, ""]);
  expect(refused.err).toContain(message);
  expect(refused.err).not.toMatch(/hunter2|bug/u);
});
