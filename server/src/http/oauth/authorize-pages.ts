/**
 * The pages of `GET /oauth/authorize`: sign in, then consent, then back to the app with a code. The request stays in the
 * address from page to page, so that going back, reloading and two tabs do what people expect.
 */
import { codec } from "@synckit-gen/schemas/protocol";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { audit } from "../../audit.ts";
import { consentPage } from "../../pages/consent-page.ts";
import { messagePage } from "../../pages/message-page.ts";
import { signInPage } from "../../pages/sign-in-page.ts";
import type { Session } from "../../session/session-token.ts";
import { nowText } from "../../system.ts";
import type { Env } from "../env.ts";
import { HttpError } from "../http-error.ts";
import type { SessionContext } from "../session-routes.ts";
import { requireOwnForm, show, showRefusal, type PageContext } from "./answer-page.ts";
import { checkAuthorizeRequest, type AuthorizeRequest } from "./authorize-request.ts";
import { readBrowser, type Browser } from "./browser.ts";
import { readForm } from "./read-members.ts";
import { signInOnPage, type WrongSignIn } from "./sign-in-on-page.ts";
import { formTargetOf, recipientOf, withQuery } from "./redirect-uri.ts";
import { hashCode } from "./token-route.ts";

/** Seconds between consent and the exchange of the code. */
const CODE_LIFETIME_SECONDS = 600;

const SIGN_IN_PATH = "/oauth/sign-in";
const CONSENT_PATH = "/oauth/consent";
const SIGN_OUT_PATH = "/oauth/sign-out";

export interface AuthorizeParts extends SessionContext {
  readonly isHttps: boolean;
  readonly issuerOf: (c: Context<Env>) => string;
}

export interface PageLimits {
  /** Where a password is sent. */
  readonly auth: MiddlewareHandler<Env>;
  readonly other: MiddlewareHandler<Env>;
}

export function authorizePages(parts: AuthorizeParts, limits: PageLimits): Hono<Env> {
  const app = new Hono<Env>();
  app.get(codec.OAUTH_AUTHORIZE_PATH, limits.other, (c) => withRequest(parts, c, (request) => showSignInOrConsent(parts, c, request)));
  app.post(SIGN_IN_PATH, limits.auth, (c) => withRequest(parts, c, (request) => signIn(parts, c, request)));
  app.post(CONSENT_PATH, limits.other, (c) => withRequest(parts, c, (request) => decide(parts, c, request)));
  app.post(SIGN_OUT_PATH, limits.other, (c) => withRequest(parts, c, () => signOut(parts, c)));
  // A form's address, opened without its form: a reload, or an entry of the history.
  for (const path of [SIGN_IN_PATH, CONSENT_PATH, SIGN_OUT_PATH])
    app.get(path, (c) => c.redirect(addressOf(c, codec.OAUTH_AUTHORIZE_PATH), 303));
  app.onError((error, c) => {
    if (!(error instanceof HttpError)) throw error;
    return showRefusal(parts, c, error, startAgain(c));
  });
  return app;
}

const queryOf = (c: PageContext): string => new URL(c.req.url).search;
const addressOf = (c: PageContext, path: string): string => path + queryOf(c);
const startAgain = (c: PageContext) => ({ href: addressOf(c, codec.OAUTH_AUTHORIZE_PATH), label: "Start again" });

/** Checked again on every page: the address line is the visitor's to change. */
async function withRequest(
  parts: AuthorizeParts,
  c: PageContext,
  answer: (request: AuthorizeRequest) => Promise<Response>,
): Promise<Response> {
  const checked = await checkAuthorizeRequest(parts.storage, new URL(c.req.url).searchParams);
  switch (checked.kind) {
    case "request":
      return answer(checked);
    case "unknown-client":
      return show(parts, c, messagePage({ title: "This link does not work", text: checked.message }), 400);
    case "refusal": {
      const { redirectUri, error, description, state } = checked;
      return c.redirect(withQuery(redirectUri, { error, error_description: description, state, iss: parts.issuerOf(c) }), 303);
    }
  }
}

async function showSignInOrConsent(parts: AuthorizeParts, c: PageContext, { app, redirectUri }: AuthorizeRequest): Promise<Response> {
  const browser = await readBrowser(c, parts);
  if (browser.user === null) return showSignIn(parts, c, app.name, browser);
  const view = {
    appName: app.name,
    email: browser.user.email,
    recipient: recipientOf(redirectUri),
    consentAction: addressOf(c, CONSENT_PATH),
    signOutAction: addressOf(c, SIGN_OUT_PATH),
    formToken: await browser.formToken(browser.user),
  };
  return show(parts, c, consentPage(view), 200, formTargetOf(redirectUri));
}

async function showSignIn(
  parts: AuthorizeParts,
  c: PageContext,
  appName: string,
  browser: Browser,
  email = "",
  wrong: WrongSignIn | null = null,
) {
  const view = { appName, action: addressOf(c, SIGN_IN_PATH), formToken: await browser.formToken(null), email, wrong };
  return show(parts, c, signInPage(view), wrong === null ? 200 : 422);
}

async function signIn(parts: AuthorizeParts, c: PageContext, { app }: AuthorizeRequest): Promise<Response> {
  const { email = "", password = "", ...form } = await readForm(c.req.raw);
  const browser = await readBrowser(c, parts);
  await requireOwnForm(browser, form, null);
  const wrong = await signInOnPage(parts, c, browser, email, password, app.id);
  return wrong === null ? c.redirect(addressOf(c, codec.OAUTH_AUTHORIZE_PATH), 303) : showSignIn(parts, c, app.name, browser, email, wrong);
}

async function decide(parts: AuthorizeParts, c: PageContext, request: AuthorizeRequest): Promise<Response> {
  const { app, redirectUri, state, codeChallenge } = request;
  const form = await readForm(c.req.raw);
  const browser = await readBrowser(c, parts);
  const { user } = browser;
  // The sign-in ran out while the page lay open.
  if (user === null) return c.redirect(addressOf(c, codec.OAUTH_AUTHORIZE_PATH), 303);
  await requireOwnForm(browser, form, user);
  const isAllowed = form["decision"] === "allow";
  const { storage, clock, random } = parts;
  const iss = parts.issuerOf(c);
  await audit(storage, clock, "consent", isAllowed ? "done" : "refused", { address: c.get("address"), appId: app.id, userId: user.id });
  if (!isAllowed)
    return c.redirect(withQuery(redirectUri, { error: "access_denied", error_description: "the user said no", state, iss }), 303);

  const code = Buffer.from(random(32)).toString("base64url");
  const expiresAt = new Date(clock() + CODE_LIFETIME_SECONDS * 1000).toISOString();
  await storage.storeCode(
    { codeHash: hashCode(code), appId: app.id, userId: user.id, redirectUri, codeChallenge, expiresAt },
    nowText(clock),
  );
  return c.redirect(withQuery(redirectUri, { code, state, iss }), 303);
}

async function signOut(parts: AuthorizeParts, c: PageContext): Promise<Response> {
  const browser = await readBrowser(c, parts);
  await requireOwnForm(browser, await readForm(c.req.raw), browser.user);
  browser.signOut();
  return c.redirect(addressOf(c, codec.OAUTH_AUTHORIZE_PATH), 303);
}

/** As `withSession` has seen it. */
export async function userinfo({ storage }: SessionContext, { userId }: Session): Promise<Readonly<Record<string, unknown>>> {
  const user = await storage.findUser(userId);
  if (user === null) throw new Error("userinfo: a session without its user");
  return { sub: user.id, email: user.email };
}
