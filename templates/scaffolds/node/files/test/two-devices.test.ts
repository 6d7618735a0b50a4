/** Two devices of one account and the real server, in this process. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import { connect } from "../src/account.ts";
import { runCommand } from "../src/commands.ts";
import { openApp, type App } from "../src/open-app.ts";

const folder = mkdtempSync(join(tmpdir(), "two-devices-"));
let server: EmbeddedServer;
let laptop: App;
let phone: App;

before(async () => {
  server = await startEmbeddedServer();
  const { url, apiKey, email, password } = server;
  const open = async (deviceName: string): Promise<App> => {
    const app = openApp(join(folder, `${deviceName}.db`), { serverUrl: url, apiKey, deviceName });
    await connect(app.sync, { url, apiKey, email, password, encryptionPassword: "only my devices know this" });
    return app;
  };
  laptop = await open("laptop");
  phone = await open("phone");
});

after(async () => {
  laptop?.close();
  phone?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

const say = (app: App, line: string): Promise<string> => runCommand(app, line.split(" "));

test("what one device adds, the other lists", async () => {
  await say(laptop, "add Milk");
  await say(laptop, "sync");
  await say(phone, "sync");

  assert.equal(await say(phone, "list"), "1. [ ] Milk");
});

test("what is ticked off on one device is done on the other", async () => {
  await say(phone, "done 1");
  await say(phone, "sync");
  await say(laptop, "sync");

  assert.equal(await say(laptop, "list"), "1. [x] Milk");
});

test("both may be offline at once: nothing is lost", async () => {
  await say(laptop, "add Bread");
  await say(phone, "add Cheese");
  for (const app of [laptop, phone, laptop]) await say(app, "sync");

  const list = await say(laptop, "list");
  assert.equal(await say(phone, "list"), list);
  for (const title of ["Milk", "Bread", "Cheese"]) assert.ok(list.includes(title), title);
});

test("a reminder stays on its device", async () => {
  await laptop.db.updateTable("items").set({ reminder: "tomorrow" }).where("title", "=", "Milk").execute();
  await say(laptop, "sync");
  await say(phone, "sync");

  const row = await phone.db.selectFrom("items").select("reminder").where("title", "=", "Milk").executeTakeFirstOrThrow();
  assert.equal(row.reminder, null);
});
