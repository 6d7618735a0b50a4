/** The account page, as a browser without scripts meets it: what a person can do alone, and what nobody else can. */
import { createApp, createServer, createUser, openSqliteStorage, type Storage } from "@synckit-gen/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inProcess, textOf, type Caller } from "./server-client.ts";
import { FormBrowser, type FormPage } from "./support/form-browser.ts";

const ADDRESS = "http://in-process/account";
const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";

let storage: Storage;
let caller: Caller;
let browser: FormBrowser;
let apiKey: string;

beforeEach(async () => {
  storage = openSqliteStorage(":memory:");
  const server = createServer({ storage, rateLimits: null });
  caller = inProcess(server);
  browser = new FormBrowser((request) => server.fetch(request));
  ({ apiKey } = await createApp(storage, "Notes & <b>Co</b>"));
  await createUser(storage, EMAIL, PASSWORD);
});
afterEach(() => storage.close());

const open = async (): Promise<FormPage> => browser.send(await browser.open(ADDRESS), { email: EMAIL, password: PASSWORD });
const placeOf = (page: FormPage, action: string): number => page.forms.findIndex((form) => form.action === `/account/${action}`);
const send = (page: FormPage, action: string, members: Readonly<Record<string, string>> = {}): Promise<FormPage> =>
  browser.send(page, members, placeOf(page, action));

const signIn = (password = PASSWORD) => caller.call("POST", "/api/sync/auth", { email: EMAIL, password, api_key: apiKey });
async function device(): Promise<Caller> {
  const signedIn = caller.as(textOf(await signIn(), "token"));
  await signedIn.call("POST", "/api/sync/devices", { device_name: "Desk <1>", platform: "linux" });
  return signedIn;
}

test("who signs in sees the devices of every app, and takes one off the list", async () => {
  const signedIn = await device();
  const page = await open();
  expect(page.status).toBe(200);
  expect(page.text).toContain("Desk &lt;1&gt;");
  expect(page.text).toContain("Notes &amp; &lt;b&gt;Co&lt;/b&gt;");

  const after = await send(page, "remove-device");

  expect(after.text).toContain("None yet.");
  expect((await signedIn.call("GET", "/api/sync/devices")).body).toEqual([]);
  expect((await storage.readAudit(1))[0]).toMatchObject({ action: "device-removed", outcome: "done" });
});

test("a sign-out everywhere ends the apps' sessions, and this browser stays signed in", async () => {
  const signedIn = await device();

  expect((await send(await open(), "end-sessions")).text).toContain(EMAIL);

  expect((await signedIn.call("GET", "/api/sync/status")).status).toBe(401);
});

test("the password is changed by who knows it, and wrong words are told beside their field", async () => {
  const page = await open();
  const wrong = await send(page, "password", { current: "wrong horse", next: "another horse" });
  expect([wrong.status, wrong.text.includes("This is not the current password.")]).toEqual([422, true]);
  const short = await send(page, "password", { current: PASSWORD, next: "short" });
  expect([short.status, short.text.includes("8 to 1,024 characters")]).toEqual([422, true]);
  expect((await signIn()).status).toBe(200);

  expect((await send(page, "password", { current: PASSWORD, next: "another horse" })).status).toBe(200);

  expect((await signIn()).status).toBe(401);
  expect((await signIn("another horse")).status).toBe(200);
});

test("an account is deleted once its address is typed, with everything, and the browser is signed out", async () => {
  const signedIn = await device();
  const page = await open();
  expect((await send(page, "delete", { confirm: "grace@example.com" })).status).toBe(422);
  expect((await signedIn.call("GET", "/api/sync/status")).status).toBe(200);

  expect((await send(page, "delete", { confirm: " Ada@example.com" })).text).toContain("Your account is deleted");

  expect(await storage.listUsers()).toEqual([]);
  expect((await signedIn.call("GET", "/api/sync/status")).status).toBe(401);
  expect((await browser.open(ADDRESS)).text).toContain("Sign in to your account");
  expect((await signIn()).status).toBe(401);
});

test("forms of another site or browser change nothing", async () => {
  await device();
  const page = await open();
  for (const action of ["remove-device", "end-sessions", "password", "delete", "sign-out"]) {
    const members = { confirm: EMAIL, current: PASSWORD, next: "another horse" };
    expect((await browser.send(page, members, placeOf(page, action), { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await browser.send(page, { ...members, form_token: "forged" }, placeOf(page, action))).status).toBe(403);
  }
  expect((await signIn()).status).toBe(200);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
});

test("who leaves is signed out here, and a form's address opened by itself leads back", async () => {
  expect((await send(await open(), "sign-out")).text).toContain("Sign in to your account");
  expect((await browser.open(`${ADDRESS}/delete`)).url.pathname).toBe("/account");
  const wrong = await browser.send(await browser.open(ADDRESS), { email: EMAIL, password: "wrong horse" });
  expect([wrong.status, wrong.text.includes("The email or the password is wrong.")]).toEqual([422, true]);
});
