/**
 * The three ways in which a device comes to an account (first device, later run, further device), and what goes wrong on
 * them: the quickstart's generated app, the real server over HTTP, and a person in a real Chromium.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { firstRun, type FirstRun, type Sync } from "@synckit-gen/runtime";
import { openFileKeychain, signInWithBrowser, type BrowserSignIn } from "@synckit-gen/runtime/node";
import type { EmbeddedServer } from "@synckit-gen/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSync } from "../examples/quickstart/sync/sync.ts";
import { chromiumHint, chromiumPath, launchChromium, type Browser, type Page } from "./support/chromium.ts";
import { startServer } from "./support/start-server.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";
const ROW_PASSWORD = "only my devices know this";

interface Device {
  readonly database: Database.Database;
  readonly sync: Sync;
  readonly run: FirstRun;
  /** The steps in the order in which a user interface was told of them. */
  readonly steps: string[];
}

describe.runIf(chromiumPath !== null)(`a first run, with a person in Chromium${chromiumHint}`, () => {
  let browser: Browser;
  let server: EmbeddedServer;
  let folder: string;
  let cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "synckit-first-run-"));
    server = await startServer({ appName: "Lists", email: EMAIL, password: PASSWORD });
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    await server.close();
    rmSync(folder, { recursive: true });
    cleanUps = [];
  });

  /** A start of the application on this device: its database and its keychain are the ones of the start before. */
  async function startApp(name: string): Promise<Device> {
    mkdirSync(join(folder, name), { recursive: true });
    const database = new Database(join(folder, name, "app.db"));
    cleanUps.push(() => database.close());
    const keychain = await openFileKeychain({ folder: join(folder, name, "keys"), passphrase: "of this machine" });
    const sync = createSync({ database, deviceName: name, serverUrl: server.url, apiKey: server.apiKey, keychain });
    const run = firstRun(sync);
    const steps: string[] = [];
    run.subscribe(({ step }) => void (steps.at(-1) !== step && steps.push(step)));
    await run.start();
    return { database, sync, run, steps };
  }

  /** A window of a browser that nobody has used yet. */
  async function openWindow(): Promise<Page> {
    const context = await browser.newContext();
    cleanUps.unshift(() => context.close());
    return context.newPage();
  }

  const heading = (page: Page, name: string): Promise<void> => page.getByRole("heading", { name }).waitFor();
  const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name }).click();

  async function enter(page: Page, password = PASSWORD): Promise<void> {
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill(password);
    await press(page, "Sign in");
  }

  /** Who has this window types email and password, and allows. */
  const allows =
    (page: Page) =>
    async (url: string): Promise<void> => {
      await page.goto(url);
      await enter(page);
      await press(page, "Allow");
      await heading(page, "Signed in");
      expect(await page.locator("p").innerText()).toBe("You can close this window and go back to Lists.");
    };

  const signIn = ({ run, sync }: Device, openBrowser: BrowserSignIn["openBrowser"], more: Partial<BrowserSignIn> = {}): Promise<void> =>
    run.signIn(() => signInWithBrowser(sync, { openBrowser, appName: "Lists", ...more }));

  const titles = ({ database }: Device): readonly unknown[] => database.prepare("SELECT title FROM items ORDER BY title").pluck().all();
  const addList = ({ database }: Device): unknown => database.exec("INSERT INTO lists VALUES ('l1', 'Groceries')");
  const addItem = ({ database }: Device, title: string, list = "l1"): unknown =>
    database.prepare("INSERT INTO items VALUES (?, ?, ?, 0)").run(title, list, title);

  /** The account's first device, ready, with one item that was there before. Gives the recovery phrase. */
  async function connectFirst(device: Device): Promise<string> {
    addList(device);
    addItem(device, "Milk");
    await signIn(device, allows(await openWindow()));
    await device.run.choosePassword(ROW_PASSWORD);
    const { phrase } = device.run.state();
    await device.run.phraseIsKept();
    expect(device.run.state()).toEqual({ step: "ready", isBusy: false, problem: null, phrase: null });
    return phrase ?? "";
  }

  test("first device: browser, new encryption password, phrase, snapshot, first cycle", async () => {
    const laptop = await startApp("laptop");
    const phrase = await connectFirst(laptop);

    expect(laptop.steps).toEqual(["start", "sign-in", "choose-password", "keep-phrase", "first-sync", "ready"]);
    expect(phrase.split(" ")).toHaveLength(24);
    expect(laptop.sync.getSyncState("initial_snapshot_done")).toBe("1");
    const devices = await laptop.sync.client.listDevices();
    expect(devices.map(({ id, deviceName }) => [id, deviceName])).toEqual([[laptop.sync.getSyncState("device_id"), "laptop"]]);
    expect(await server.storage.readHead({ appId: server.appId, userId: server.userId })).toBe(2);
    expect(laptop.sync.status()).toMatchObject({ authenticated: true, encryption: "ready", pendingChanges: 0 });
  });

  test("same device, later run: the keychain has session and key, and nobody is asked anything", async () => {
    const before = await startApp("laptop");
    await connectFirst(before);
    before.database.close();

    const later = await startApp("laptop");
    expect(later.steps).toEqual(["start", "first-sync", "ready"]);
    addItem(later, "Bread");
    await later.sync.syncNow();
    expect(await server.storage.readHead({ appId: server.appId, userId: server.userId })).toBe(3);
  });

  test("same device, later run with an empty keychain: browser again, and the password of the key", async () => {
    const before = await startApp("laptop");
    await connectFirst(before);
    before.database.close();
    rmSync(join(folder, "laptop", "keys"), { recursive: true });

    const later = await startApp("laptop");
    await signIn(later, allows(await openWindow()));
    await later.run.enterPassword(ROW_PASSWORD);
    expect(later.steps).toEqual(["start", "sign-in", "enter-password", "first-sync", "ready"]);
    expect((await later.sync.client.listDevices()).length).toBe(1);
  });

  test("further device: browser, the existing password (first a wrong one), and the rows travel both ways", async () => {
    const laptop = await startApp("laptop");
    await connectFirst(laptop);

    const phone = await startApp("phone");
    phone.database.exec("INSERT INTO lists VALUES ('l2', 'Tools')");
    addItem(phone, "Hammer", "l2");
    await signIn(phone, allows(await openWindow()));
    expect(phone.run.state()).toEqual({ step: "enter-password", isBusy: false, problem: null, phrase: null });
    await phone.run.enterPassword("a guess");
    expect(phone.run.state()).toMatchObject({ step: "enter-password", problem: { code: "key/wrong-password", retryable: false } });
    await phone.run.enterPassword(ROW_PASSWORD);

    expect(phone.steps).toEqual(["start", "sign-in", "enter-password", "first-sync", "ready"]);
    expect(titles(phone)).toEqual(["Hammer", "Milk"]);
    await laptop.sync.syncNow();
    expect(titles(laptop)).toEqual(["Hammer", "Milk"]);
    addItem(laptop, "Bread");
    for (const { sync } of [laptop, phone]) await sync.syncNow();
    expect(titles(phone)).toEqual(["Bread", "Hammer", "Milk"]);
    expect((await phone.sync.client.listDevices()).map(({ deviceName }) => deviceName).toSorted()).toEqual(["laptop", "phone"]);
  });

  test("who says no in the browser is told so, and can say yes the next time", async () => {
    const laptop = await startApp("laptop");
    const page = await openWindow();
    await signIn(laptop, async (url) => {
      await page.goto(url);
      await enter(page);
      await press(page, "Cancel");
      await heading(page, "Not signed in");
    });
    expect(laptop.run.state()).toMatchObject({ step: "sign-in", isBusy: false, problem: { code: "auth/denied" } });
    await heading(page, "Not signed in");

    await signIn(laptop, async (url) => {
      await page.goto(url);
      await press(page, "Allow"); // the browser knows who is there
      await heading(page, "Signed in");
    });
    expect(laptop.run.state()).toMatchObject({ step: "choose-password", problem: null });
  });

  test("a wrong account password stays between person and server", async () => {
    const laptop = await startApp("laptop");
    const page = await openWindow();
    await signIn(laptop, async (url) => {
      await page.goto(url);
      await enter(page, "wrong horse");
      await page.getByRole("alert").waitFor();
      expect(laptop.run.state()).toMatchObject({ step: "sign-in", isBusy: true, problem: null });
      await enter(page);
      await press(page, "Allow");
      await heading(page, "Signed in");
    });
    expect(laptop.run.state()).toMatchObject({ step: "choose-password", problem: null });
  });

  test("a person who is too slow is told so: the answer reaches nobody, and a second sign-in works", async () => {
    const laptop = await startApp("laptop");
    const page = await openWindow();
    let address = "";
    await signIn(laptop, (url) => void (address = url), { timeoutMs: 50 });
    expect(laptop.run.state()).toMatchObject({ step: "sign-in", isBusy: false, problem: { code: "auth/timeout" } });

    await page.goto(address);
    await enter(page);
    const back = new URL(new URL(address).searchParams.get("redirect_uri") ?? "");
    await expect(fetch(back)).rejects.toThrow("fetch failed");
    await signIn(laptop, async (url) => {
      await page.goto(url);
      await press(page, "Allow");
      await heading(page, "Signed in");
    });
    expect(laptop.run.state()).toMatchObject({ step: "choose-password", problem: null });
  });

  test("a sign-in is cancelled in the app while the page stands open, though opening it never came to an end", async () => {
    const laptop = await startApp("laptop");
    const page = await openWindow();
    const cancel = new AbortController();
    const openBrowser = async (url: string): Promise<never> => {
      await page.goto(url);
      await heading(page, "Sign in to Lists");
      cancel.abort();
      return new Promise<never>(() => {}); // as openers that wait for the browser to be closed
    };
    await signIn(laptop, openBrowser, { signal: cancel.signal });

    expect(laptop.run.state()).toMatchObject({ step: "sign-in", isBusy: false, problem: { code: "auth/cancelled" } });
    expect(laptop.sync.status().authenticated).toBe(false);
  });

  test("two first devices at once: one makes the key, the other is asked for its password, and their rows meet", async () => {
    const laptop = await startApp("laptop");
    const phone = await startApp("phone");
    addList(laptop);
    addItem(laptop, "Milk");
    phone.database.exec("INSERT INTO lists VALUES ('l2', 'Tools')");
    addItem(phone, "Hammer", "l2");
    const windows = [await openWindow(), await openWindow()] as const;
    await Promise.all([signIn(laptop, allows(windows[0])), signIn(phone, allows(windows[1]))]);
    expect([laptop, phone].map(({ run }) => run.state().step)).toEqual(["choose-password", "choose-password"]);

    await Promise.all([laptop.run.choosePassword("the laptop's"), phone.run.choosePassword("the phone's")]);
    const isLaptopFaster = laptop.run.state().step === "keep-phrase";
    const [faster, slower] = isLaptopFaster ? [laptop, phone] : [phone, laptop];
    expect(faster.run.state()).toMatchObject({ step: "keep-phrase", problem: null });
    expect(slower.run.state()).toMatchObject({ step: "enter-password", problem: { code: "key/exists" }, phrase: null });
    await faster.run.phraseIsKept();
    await slower.run.enterPassword(isLaptopFaster ? "the laptop's" : "the phone's");
    await faster.sync.syncNow();

    for (const device of [laptop, phone]) expect(titles(device)).toEqual(["Hammer", "Milk"]);
  });

  test("a lost encryption password: the phrase opens the account, and its new password lets a third device in", async () => {
    const laptop = await startApp("laptop");
    const phrase = await connectFirst(laptop);

    const phone = await startApp("phone");
    await signIn(phone, allows(await openWindow()));
    await phone.run.usePhrase(phrase.replace(/ \w+$/, ""), "a new one");
    expect(phone.run.state()).toMatchObject({ step: "enter-password", problem: { code: "key/bad-phrase" } });
    await phone.run.usePhrase(phrase, "a new one");
    expect(phone.steps.at(-1)).toBe("ready");
    expect(titles(phone)).toEqual(["Milk"]);

    const tablet = await startApp("tablet");
    await signIn(tablet, allows(await openWindow()));
    await tablet.run.enterPassword(ROW_PASSWORD);
    expect(tablet.run.state()).toMatchObject({ step: "enter-password", problem: { code: "key/wrong-password" } });
    await tablet.run.enterPassword("a new one");
    expect(titles(tablet)).toEqual(["Milk"]);

    addItem(laptop, "Bread"); // its key is still the account's
    for (const { sync } of [laptop, tablet]) await sync.syncNow();
    expect(titles(tablet)).toEqual(["Bread", "Milk"]);
  });
});
