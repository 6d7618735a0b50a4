/** `GET /account`: what people do with their accounts themselves. Plain forms that work without scripts, as the sign-in pages are. */
import { Hono } from "hono";
import { AccountError, changePassword, endSessions, normalizeEmail } from "../accounts.ts";
import { audit } from "../audit.ts";
import type { BlobStore } from "../blobs/port.ts";
import { accountPage, type AccountView } from "../pages/account-page.ts";
import { messagePage } from "../pages/message-page.ts";
import { signInPage } from "../pages/sign-in-page.ts";
import { removeUser } from "../removal.ts";
import type { User } from "../storage/port.ts";
import { nowText } from "../system.ts";
import type { Env } from "./env.ts";
import { HttpError } from "./http-error.ts";
import { requireOwnForm, show, showRefusal, type PageContext } from "./oauth/answer-page.ts";
import type { AuthorizeParts, PageLimits } from "./oauth/authorize-pages.ts";
import { readBrowser, type Browser } from "./oauth/browser.ts";
import { readForm } from "./oauth/read-members.ts";
import { signInOnPage, type WrongSignIn } from "./oauth/sign-in-on-page.ts";

export interface AccountParts extends AuthorizeParts {
  readonly blobs: BlobStore | null;
}

const PATH = "/account";
type Form = Readonly<Record<string, string>>;
type Action = (parts: AccountParts, c: PageContext, user: User, form: Form, browser: Browser) => Promise<Response>;

export function accountPages(parts: AccountParts, limits: PageLimits): Hono<Env> {
  const app = new Hono<Env>();
  app.get(PATH, limits.other, async (c) => {
    const browser = await readBrowser(c, parts);
    return browser.user === null ? showSignIn(parts, c, browser) : showAccount(parts, c, browser.user, browser);
  });
  app.post(`${PATH}/sign-in`, limits.auth, (c) => signIn(parts, c));
  app.post(`${PATH}/password`, limits.auth, (c) => act(parts, c, replacePassword));
  app.post(`${PATH}/remove-device`, limits.other, (c) => act(parts, c, removeDevice));
  app.post(`${PATH}/end-sessions`, limits.other, (c) => act(parts, c, signOutEverywhere));
  app.post(`${PATH}/delete`, limits.other, (c) => act(parts, c, deleteAccount));
  app.post(`${PATH}/sign-out`, limits.other, (c) => act(parts, c, signOut));
  // A form's address, opened without its form.
  app.get(`${PATH}/:form`, (c) => c.redirect(PATH, 303));
  app.onError((error, c) => {
    if (!(error instanceof HttpError)) throw error;
    return showRefusal(parts, c, error, { href: PATH, label: "Start again" });
  });
  return app;
}

async function showSignIn(parts: AccountParts, c: PageContext, browser: Browser, email = "", wrong: WrongSignIn | null = null) {
  const view = { appName: "your account", action: `${PATH}/sign-in`, formToken: await browser.formToken(null), email, wrong };
  return show(parts, c, signInPage(view), wrong === null ? 200 : 422);
}

async function showAccount(parts: AccountParts, c: PageContext, user: User, browser: Browser, wrong: AccountView["wrong"] = null) {
  const devices = [];
  for (const { id: appId, name: appName } of await parts.storage.listApps())
    for (const device of await parts.storage.listDevices({ appId, userId: user.id })) devices.push({ ...device, appId, appName });
  const view = { email: user.email, formToken: await browser.formToken(user), devices, wrong };
  return show(parts, c, accountPage(view), wrong === null ? 200 : 422);
}

async function signIn(parts: AccountParts, c: PageContext): Promise<Response> {
  const { email = "", password = "", ...form } = await readForm(c.req.raw);
  const browser = await readBrowser(c, parts);
  await requireOwnForm(browser, form, null);
  const wrong = await signInOnPage(parts, c, browser, email, password, null);
  return wrong === null ? c.redirect(PATH, 303) : showSignIn(parts, c, browser, email, wrong);
}

/** For who is signed in, by a form of this browser. */
async function act(parts: AccountParts, c: PageContext, action: Action): Promise<Response> {
  const form = await readForm(c.req.raw);
  const browser = await readBrowser(c, parts);
  if (browser.user === null) return c.redirect(PATH, 303);
  await requireOwnForm(browser, form, browser.user);
  return action(parts, c, browser.user, form, browser);
}

const removeDevice: Action = async ({ storage, clock }, c, user, form) => {
  const scope = { appId: form["app_id"] ?? "", userId: user.id };
  if (await storage.removeDevice(scope, form["device_id"] ?? "", nowText(clock)))
    await audit(storage, clock, "device-removed", "done", { ...scope, address: c.get("address") });
  return c.redirect(PATH, 303);
};

const signOutEverywhere: Action = async ({ storage, clock }, c, user, _form, browser) => {
  await endSessions(storage, user.id, clock, { address: c.get("address") });
  await browser.signIn(user);
  return c.redirect(PATH, 303);
};

const replacePassword: Action = async (parts, c, user, form, browser) => {
  const { current = "", next = "" } = form;
  if ((await parts.checkCredentials(user.email, current)) === null)
    return showAccount(parts, c, user, browser, { field: "current", message: "This is not the current password." });
  try {
    await changePassword(parts.storage, user.id, next, parts.clock);
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    return showAccount(parts, c, user, browser, { field: "next", message: "A password has 8 to 1,024 characters." });
  }
  await browser.signIn(user);
  return c.redirect(PATH, 303);
};

const deleteAccount: Action = async (parts, c, user, form, browser) => {
  if (normalizeEmail(form["confirm"] ?? "") !== user.email)
    return showAccount(parts, c, user, browser, { field: "confirm", message: `Type ${user.email} to delete this account.` });
  await removeUser(parts.storage, parts.blobs, user.id, parts.clock, { address: c.get("address") });
  browser.signOut();
  return show(parts, c, messagePage({ title: "Your account is deleted", text: "Nothing of it is left on this server." }));
};

const signOut: Action = async (_parts, c, _user, _form, browser) => {
  browser.signOut();
  return c.redirect(PATH, 303);
};
