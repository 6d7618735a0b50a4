/** The sign-in pages in a real Chromium: what a person sees, types and presses, and that the app gets its answer. */
import { SyncKitClient } from "@synckit-gen/runtime";
import { signInWithBrowser } from "@synckit-gen/runtime/node";
import type { EmbeddedServer } from "@synckit-gen/server";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chromiumHint, chromiumPath, launchChromium, type Browser, type ContextOptions, type Page } from "./support/chromium.ts";
import { startServer } from "./support/start-server.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";
const VERIFIER = "v".repeat(43);

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));

let server: EmbeddedServer;
let browser: Browser;
let app: Server;
/** What the app got, in order. */
let answers: URLSearchParams[] = [];
let cleanUps: (() => Promise<void>)[] = [];

describe.runIf(chromiumPath !== null)(`in Chromium${chromiumHint}`, () => {
  beforeAll(async () => {
    server = await startServer({ appName: "Notes", email: EMAIL, password: PASSWORD });
    browser = await launchChromium();
    // On both families: `localhost` is either.
    app = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (url.pathname === "/callback") answers.push(url.searchParams);
      response.end("<!doctype html><title>Back</title>You can close this window.");
    });
    await new Promise<void>((resolve) => void app.listen(0, resolve));
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    answers = [];
  });
  afterAll(async () => {
    await browser.close();
    app.close();
    await server.close();
  });

  const authorizeUrl = (host = "127.0.0.1"): string => {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: server.apiKey,
      redirect_uri: `http://${host}:${(app.address() as AddressInfo).port}/callback`,
      state: "state",
      code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"),
      code_challenge_method: "S256",
    });
    return `${server.url}/oauth/authorize?${query.toString()}`;
  };

  /** A window of its own, and what the browser complained about: a policy that is too tight is only told there. */
  async function openWindow(options: ContextOptions = {}): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
    const context = await browser.newContext(options);
    cleanUps.push(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      // A refused sign-in is no complaint, and neither is the icon that no page names.
      if (message.type() === "error" && !/status of (?:422|404)/.test(message.text())) complaints.push(message.text());
    });
    return { page, complaints };
  }

  async function signIn(page: Page, password = PASSWORD): Promise<void> {
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  const backInApp = (page: Page): Promise<void> => page.waitForURL(/\/callback/);

  test.each(["127.0.0.1", "localhost", ...(hasIpv6 ? ["[::1]"] : [])])(
    "without scripts a person signs in and allows, and the app at %s has its token",
    async (host) => {
      const { page, complaints } = await openWindow({ javaScriptEnabled: false });
      await page.goto(authorizeUrl(host));
      await signIn(page);
      await page.getByRole("heading", { name: "Let Notes sync?" }).waitFor();
      await page.getByRole("button", { name: "Allow" }).click();
      await backInApp(page);

      expect(complaints).toEqual([]);
      expect(answers.map((answer) => [answer.get("state"), answer.get("iss")])).toEqual([["state", server.url]]);
      const body = new URLSearchParams({
        grant_type: "authorization_code",
        code: answers[0]?.get("code") ?? "",
        redirect_uri: new URL(authorizeUrl(host)).searchParams.get("redirect_uri") ?? "",
        code_verifier: VERIFIER,
        client_id: server.apiKey,
      });
      expect((await fetch(`${server.url}/oauth/token`, { method: "POST", body })).status).toBe(200);
    },
  );

  test("with the keyboard alone: the first field has the focus, Enter signs in, Tab reaches the answer", async () => {
    const { page, complaints } = await openWindow();
    await page.goto(authorizeUrl());
    await expect.poll(() => page.evaluate<string>("document.activeElement.id")).toBe("email");
    await page.keyboard.type(EMAIL);
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Let Notes sync?" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await backInApp(page);

    expect(answers.map((answer) => answer.has("code"))).toEqual([true]);
    expect(complaints).toEqual([]);
  });

  test("a wrong password is told beside its field, which has the focus, and the email stays", async () => {
    const { page, complaints } = await openWindow();
    await page.goto(authorizeUrl());
    await signIn(page, "wrong horse");
    await page.getByRole("alert").waitFor();

    const field = page.getByLabel("Password");
    expect(await page.title()).toBe("Error: sign in to Notes");
    expect(await page.evaluate<string>("document.activeElement.id")).toBe("password");
    expect(await page.getByRole("textbox", { name: "Password", description: "The email or the password is wrong." }).count()).toBe(1);
    expect(await page.getByLabel("Email").inputValue()).toBe(EMAIL);
    expect(await field.inputValue()).toBe("");

    await field.fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Allow" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("who cancels goes back to the app without a code", async () => {
    const { page } = await openWindow();
    await page.goto(authorizeUrl());
    await signIn(page);
    await page.getByRole("button", { name: "Cancel" }).click();
    await backInApp(page);

    expect(answers.map((answer) => [answer.get("error"), answer.has("code")])).toEqual([["access_denied", false]]);
  });

  test("going back shows the question again, and a second answer works", async () => {
    const { page, complaints } = await openWindow();
    await page.goto(authorizeUrl());
    await signIn(page, "wrong horse");
    await page.getByRole("alert").waitFor();
    await page.goBack();
    await signIn(page);
    await page.getByRole("button", { name: "Allow" }).click();
    await backInApp(page);

    await page.goBack();
    await page.getByRole("button", { name: "Allow" }).click();
    await backInApp(page);

    expect(new Set(answers.map((answer) => answer.get("code"))).size).toBe(2);
    expect(complaints).toEqual([]);
  });

  test("somebody else signs in instead", async () => {
    const { page, complaints } = await openWindow();
    await page.goto(authorizeUrl());
    await signIn(page);
    await page.getByRole("button", { name: "Sign in as somebody else" }).click();

    await page.getByRole("heading", { name: "Sign in to Notes" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test.each(["light", "dark"] as const)(
    "on 320 pixels in %s colours nothing is cut off, and every control can be hit",
    async (colorScheme) => {
      const { page } = await openWindow({ viewport: { width: 320, height: 480 }, colorScheme });
      const overflow = () => page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      const smallest = async (): Promise<number> => {
        const boxes = await Promise.all((await page.locator("button, input:not([type=hidden])").all()).map((each) => each.boundingBox()));
        return Math.min(...boxes.map((box) => box?.height ?? 0));
      };
      await page.goto(authorizeUrl());
      expect(await overflow()).toBe(0);
      expect(await ground()).toBe(colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(22, 23, 26)");
      expect(await smallest()).toBeGreaterThanOrEqual(24);

      await signIn(page);
      await page.getByRole("button", { name: "Allow" }).waitFor();
      expect(await overflow()).toBe(0);
      expect(await smallest()).toBeGreaterThanOrEqual(24);
    },
  );

  test("the SDK signs in through it", async () => {
    const { page, complaints } = await openWindow();
    const client = new SyncKitClient({ serverUrl: server.url, apiKey: server.apiKey });
    const sync = {
      startAuth: async ({ port }: { readonly port: number }) => {
        const { state, verifier, challenge } = await client.createPkce();
        return { authorizeUrl: client.buildAuthorizeUrl(port, state, challenge), state, verifier };
      },
      completeAuth: async ({ code, verifier, port }: { readonly code: string; readonly verifier: string; readonly port: number }) =>
        void (await client.authenticateWithCode(code, verifier, port)),
    };
    await signInWithBrowser(sync, {
      openBrowser: async (url) => {
        await page.goto(url);
        await signIn(page);
        await page.getByRole("button", { name: "Allow" }).click();
      },
    });

    expect(client.sessionInfo()).toMatchObject({ userId: server.userId, appId: server.appId });
    expect(await client.listDevices()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("an address that is not registered leads nowhere, in words", async () => {
    const { page } = await openWindow();
    const url = new URL(authorizeUrl());
    url.searchParams.set("redirect_uri", "https://evil.example.com/");
    await page.goto(url.href);

    expect(await page.getByRole("main").innerText()).toContain("a return address that is not registered");
    expect(answers).toEqual([]);
  });
});
