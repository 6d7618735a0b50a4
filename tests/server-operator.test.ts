/** The operator's pages, in a browser without scripts. */
import { createApp, createServer, createUser, openSqliteStorage, type ServerOptions, type Storage } from "@synckit-gen/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { entry, inProcess, textOf } from "./server-client.ts";
import { FormBrowser, type FormPage } from "./support/form-browser.ts";

const TOKEN = "a token that nobody guesses";
const ADMIN = "http://in-process/admin";

let storage: Storage;
let apiKey: string;
beforeEach(async () => {
  storage = openSqliteStorage(":memory:");
  ({ apiKey } = await createApp(storage, "Goings <On>"));
  await createUser(storage, "ada@example.com", "correct horse");
});
afterEach(() => storage.close());

const serverWith = (more: Partial<ServerOptions> = {}) => createServer({ storage, rateLimits: null, operatorToken: TOKEN, ...more });
const browserAt = (server = serverWith()): FormBrowser => new FormBrowser((request) => server.fetch(request));

async function signIn(browser: FormBrowser): Promise<FormPage> {
  return browser.send(await browser.open(ADMIN), { token: TOKEN });
}

/** Texts of the table's cells, row by row. */
const cellsOf = ({ text }: FormPage): readonly (readonly string[])[] =>
  [...(text.split("<tbody>")[1] ?? "").split("</tbody>", 1)].flatMap((body) =>
    body
      .split("</tr>")
      .slice(0, -1)
      .map((row) => [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell = ""]) => cell.replaceAll(/<[^>]*>/g, "").trim())),
  );

test("whoever has the token sees accounts, what they take, and their devices", async () => {
  const server = serverWith();
  const anyone = inProcess(server);
  const answer = await anyone.call("POST", "/api/sync/auth", { email: "ada@example.com", password: "correct horse", api_key: apiKey });
  const caller = anyone.as(textOf(answer, "token"));
  const device_id = textOf(await caller.call("POST", "/api/sync/devices", { device_name: "<b>desk</b>", platform: "linux" }), "id");
  await caller.call("POST", "/api/sync/push", { device_id, changes: [entry("secret-row")] });
  const browser = browserAt(server);

  const accounts = await signIn(browser);
  expect(accounts.url.pathname).toBe("/admin");
  expect(cellsOf(accounts)).toEqual([
    ["ada@example.com", "Goings &lt;On&gt;", "1", "1", "103B", "0B", expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/)],
  ]);
  const [, link = ""] = /<a href="([^"]*devices[^"]*)">/.exec(accounts.text) ?? [];
  const devices = await browser.open(new URL(link.replaceAll("&amp;", "&"), ADMIN));
  expect(cellsOf(devices)).toEqual([["&lt;b&gt;desk&lt;/b&gt;", "linux", expect.any(String), expect.any(String)]]);
  for (const { text } of [accounts, devices]) for (const hidden of ["secret-row", device_id, "tasks"]) expect(text).not.toContain(hidden);
});

test("the table can be read without eyes and without a mouse, and nothing on the page runs", async () => {
  const { text, headers } = await signIn(browserAt());

  expect(text).toContain('<html lang="en">');
  expect(text).toMatch(/<caption id="caption">\s*Nobody has signed in yet\.\s*<\/caption>/);
  expect(text.match(/<th scope="col"/g)).toHaveLength(7);
  expect(text).toContain('role="region" aria-labelledby="caption" tabindex="0"');
  expect(text).not.toMatch(/<script|\son\w+=|style="/);
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(headers.get("cache-control")).toBe("no-store");
});

test("a wrong token is said to be wrong, is written down, and opens nothing", async () => {
  const browser = browserAt();
  const wrong = await browser.send(await browser.open(ADMIN), { token: "another" });

  expect(wrong.status).toBe(422);
  expect(wrong.text).toContain('role="alert"');
  expect(wrong.text).not.toContain("another");
  expect((await browser.open(ADMIN)).text).toContain("Operator&#39;s sign-in");
  expect(await storage.readAudit(10)).toMatchObject([{ action: "operator-sign-in", outcome: "refused" }, {}, {}]);
});

test("a form from elsewhere is refused, and signing out ends it", async () => {
  const browser = browserAt();
  const form = await browser.open(ADMIN);
  expect((await browser.send(form, { token: TOKEN }, 0, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await browser.send(form, { token: TOKEN, form_token: "x" })).status).toBe(403);

  const accounts = await browser.send(form, { token: TOKEN });
  expect(accounts.text).toContain("Accounts");
  const out = await browser.send(accounts, {});
  expect(out.text).toContain('name="token"');
});

test("a sign-in ends after eight hours, and with another token", async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  const clock = (): number => nowMs;
  const server = serverWith({ clock });
  const browser = browserAt(server);
  await signIn(browser);
  nowMs += 8 * 3_600_000 - 1000;
  expect((await browser.open(ADMIN)).text).toContain("<table>");
  const other = new FormBrowser((request) => serverWith({ clock, operatorToken: `${TOKEN} of late` }).fetch(request));
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  expect((await other.open(ADMIN)).text).not.toContain("<table>");
  nowMs += 2000;
  expect((await browser.open(ADMIN)).text).not.toContain("<table>");
});

test("without a token there are no such pages, and a short one is refused", async () => {
  const server = createServer({ storage, rateLimits: null });
  for (const path of ["/admin", "/admin/devices"]) expect((await inProcess(server).call("GET", path)).status).toBe(404);
  expect(() => serverWith({ operatorToken: "short" })).toThrow("fewer than 16 characters");
});

test("an account that there is not, and a page that there is not, harm nobody", async () => {
  const browser = browserAt();
  await signIn(browser);

  expect((await browser.open(`${ADMIN}/devices?app=x&user=y`)).status).toBe(404);
  expect((await browser.open(`${ADMIN}?page=-1`)).status).toBe(200);
  expect((await browser.open(`${ADMIN}?page=1e9`)).status).toBe(200);
});
