/** The operator's pages under `/admin`: accounts with what they take, and their devices. Nothing can be changed here. */
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { createHash } from "node:crypto";
import { audit } from "../audit.ts";
import { messagePage } from "../pages/message-page.ts";
import { operatorSignInPage, operatorTablePage, type Cell } from "../pages/operator-page.ts";
import { pageHeaders, type Html } from "../pages/page.ts";
import type { AuthorizeParts } from "./oauth/authorize-pages.ts";
import { readBrowser } from "./oauth/browser.ts";
import { readForm } from "./oauth/read-members.ts";
import type { Env } from "./env.ts";
import { HttpError } from "./http-error.ts";
import { isSame } from "./is-same.ts";

const PATH = "/admin";
const SIGN_IN_PATH = `${PATH}/sign-in`;
const SIGN_OUT_PATH = `${PATH}/sign-out`;
const DEVICES_PATH = `${PATH}/devices`;
const COOKIE = "synckit-operator";
const ROWS = 100;

export interface OperatorParts extends AuthorizeParts {
  readonly operatorToken: string;
}

type PageContext = Context<Env>;

export function operatorPages(
  parts: OperatorParts,
  limits: { readonly auth: MiddlewareHandler<Env>; readonly other: MiddlewareHandler<Env> },
): Hono<Env> {
  const app = new Hono<Env>();
  const forOperator =
    (answer: (c: PageContext) => Promise<Response>) =>
    async (c: PageContext): Promise<Response> =>
      (await isSignedIn(parts, c)) ? answer(c) : showSignIn(parts, c, false);
  app.get(
    PATH,
    limits.other,
    forOperator((c) => showAccounts(parts, c)),
  );
  app.get(
    DEVICES_PATH,
    limits.other,
    forOperator((c) => showDevices(parts, c)),
  );
  app.post(SIGN_IN_PATH, limits.auth, (c) => signIn(parts, c));
  app.post(SIGN_OUT_PATH, limits.other, async (c) => {
    await requireOwnForm(parts, c);
    deleteCookie(c, cookieName(parts), cookieAttributes(parts));
    return c.redirect(PATH, 303);
  });
  for (const path of [SIGN_IN_PATH, SIGN_OUT_PATH]) app.get(path, (c) => c.redirect(PATH, 303));
  app.onError((error, c) => {
    if (!(error instanceof HttpError)) throw error;
    for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
    const view = { title: "That did not work", text: error.message, next: { href: PATH, label: "Start again" } };
    return show(parts, c, messagePage(view), error.status);
  });
  return app;
}

// The prefix keeps sibling domains from setting the cookie; browsers take it over https only.
const cookieName = ({ isHttps }: OperatorParts): string => (isHttps ? `__Host-${COOKIE}` : COOKIE);
const cookieAttributes = ({ isHttps }: OperatorParts) => ({ path: "/", httpOnly: true, sameSite: "Strict", secure: isHttps }) as const;
/** A browser that has signed in with another token has not signed in with this one. */
const subjectOf = ({ operatorToken }: OperatorParts): string => createHash("sha256").update(operatorToken).digest("base64url");

async function isSignedIn(parts: OperatorParts, c: PageContext): Promise<boolean> {
  const cookie = getCookie(c, cookieName(parts)) ?? "";
  const signedIn = cookie === "" ? null : await parts.tokens.readPageToken("operator", cookie);
  return signedIn?.subject === subjectOf(parts);
}

async function show(parts: OperatorParts, c: PageContext, content: Html, status: HttpError["status"] | 200 = 200) {
  for (const [name, value] of Object.entries(pageHeaders(null, parts.isHttps))) c.header(name, value);
  return c.html(content, status);
}

async function showSignIn(parts: OperatorParts, c: PageContext, isWrong: boolean): Promise<Response> {
  const browser = await readBrowser(c, parts);
  const view = { action: SIGN_IN_PATH, formToken: await browser.formToken(null), isWrong };
  return show(parts, c, operatorSignInPage(view), isWrong ? 422 : 200);
}

async function signIn(parts: OperatorParts, c: PageContext): Promise<Response> {
  const { token = "" } = await requireOwnForm(parts, c);
  const isRight = isSame(token, parts.operatorToken);
  await audit(parts.storage, parts.clock, "operator-sign-in", isRight ? "done" : "refused", { address: c.get("address") });
  if (!isRight) return showSignIn(parts, c, true);
  setCookie(c, cookieName(parts), await parts.tokens.issuePageToken("operator", subjectOf(parts)), cookieAttributes(parts));
  return c.redirect(PATH, 303);
}

async function requireOwnForm(parts: OperatorParts, c: PageContext): Promise<Readonly<Record<string, string>>> {
  const form = await readForm(c.req.raw);
  const browser = await readBrowser(c, parts);
  if (!(await browser.isOwnForm(form["form_token"] ?? "", null)))
    throw new HttpError(403, "The form is too old, or this browser keeps no cookies of this site.");
  return form;
}

const bytes = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const timeOf = (text: string | null): string => (text === null ? "never" : `${text.slice(0, 16).replace("T", " ")} UTC`);
const formToken = async (parts: OperatorParts, c: PageContext): Promise<string> => (await readBrowser(c, parts)).formToken(null);

async function showAccounts(parts: OperatorParts, c: PageContext): Promise<Response> {
  const wanted = Number(c.req.query("page") ?? 1);
  const place = Number.isSafeInteger(wanted) && wanted >= 1 && wanted <= 1_000_000 ? wanted : 1;
  const found = await parts.storage.listUsage(null, ROWS + 1, (place - 1) * ROWS);
  const rows = found
    .slice(0, ROWS)
    .map(({ appId, userId, email, appName, devices, changes, changeBytes, blobBytes, lastSeenAt }): readonly Cell[] => [
      { text: email },
      { text: appName },
      { text: String(devices), href: `${DEVICES_PATH}?${new URLSearchParams({ app: appId, user: userId }).toString()}` },
      { text: String(changes) },
      { text: `${bytes.format(changeBytes)}B` },
      { text: `${bytes.format(blobBytes)}B` },
      { text: timeOf(lastSeenAt) },
    ]);
  return show(
    parts,
    c,
    operatorTablePage({
      title: "Accounts",
      caption: rows.length === 0 ? "Nobody has signed in yet." : `What each user's data of each app takes, page ${place}`,
      columns: [
        { heading: "User" },
        { heading: "App" },
        { heading: "Devices", isNumber: true },
        { heading: "Changes", isNumber: true },
        { heading: "Their size", isNumber: true },
        { heading: "Blobs", isNumber: true },
        { heading: "Last sync" },
      ],
      rows,
      links: [
        ...(place > 1 ? [{ href: `${PATH}?page=${place - 1}`, label: "Previous page" }] : []),
        ...(found.length > ROWS ? [{ href: `${PATH}?page=${place + 1}`, label: "Next page" }] : []),
      ],
      signOutAction: SIGN_OUT_PATH,
      formToken: await formToken(parts, c),
    }),
  );
}

async function showDevices(parts: OperatorParts, c: PageContext): Promise<Response> {
  const [appId, userId] = [c.req.query("app") ?? "", c.req.query("user") ?? ""];
  const account = (await parts.storage.listUsage(userId, ROWS, 0)).find((each) => each.appId === appId);
  if (account === undefined) throw new HttpError(404, "There is no such account.");
  const devices = await parts.storage.listDevices({ appId, userId });
  return show(
    parts,
    c,
    operatorTablePage({
      title: `Devices of ${account.email}`,
      caption: `That sync ${account.appName}`,
      columns: [{ heading: "Device" }, { heading: "Platform" }, { heading: "Since" }, { heading: "Last sync" }],
      rows: devices.map(({ deviceName, platform, createdAt, lastSeenAt }) => [
        { text: deviceName },
        { text: platform ?? "" },
        { text: timeOf(createdAt) },
        { text: timeOf(lastSeenAt) },
      ]),
      links: [{ href: PATH, label: "All accounts" }],
      signOutAction: SIGN_OUT_PATH,
      formToken: await formToken(parts, c),
    }),
  );
}
