/**
 * What ties a form to the browser it was made for, and a browser to who signed in on it: two cookies, neither of which a
 * script or another site can read. Nothing of it is stored here.
 */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { SessionTokens } from "../../session/session-token.ts";
import type { Storage, User } from "../../storage/port.ts";
import type { RandomBytes } from "../../system.ts";
import type { Env } from "../env.ts";

export interface Browser {
  /** Who signed in on this browser a short while ago. */
  readonly user: User | null;
  /** For a form that only this browser can send, and only for this user, if it names one. */
  formToken(user: User | null): Promise<string>;
  /** The form was made for this browser and user, and no other site sent it. */
  isOwnForm(formToken: string, user: User | null): Promise<boolean>;
  signIn(user: User): Promise<void>;
  signOut(): void;
}

export interface BrowserParts {
  readonly storage: Storage;
  readonly tokens: SessionTokens;
  readonly random: RandomBytes;
  /** Whether browsers reach this server over https. */
  readonly isHttps: boolean;
}

const BROWSER = "synckit-browser";
const SIGN_IN = "synckit-sign-in";

export async function readBrowser(c: Context<Env>, { storage, tokens, random, isHttps }: BrowserParts): Promise<Browser> {
  // The prefix keeps sibling domains from setting the cookie; browsers take it over https only.
  const name = (plain: string): string => (isHttps ? `__Host-${plain}` : plain);
  // Lax: an app on another site sends people here by a link, and they may have signed in before.
  const attributes = { path: "/", httpOnly: true, sameSite: "Lax", secure: isHttps } as const;

  let id = getCookie(c, name(BROWSER)) ?? "";
  if (!/^[A-Za-z0-9_-]{22}$/.test(id)) {
    id = Buffer.from(random(16)).toString("base64url");
    setCookie(c, name(BROWSER), id, attributes);
  }
  const user = await userOf(getCookie(c, name(SIGN_IN)) ?? "", tokens, storage);
  const subjectOf = (owner: User | null): string => `${id} ${owner?.id ?? ""}`;

  return {
    user,
    formToken: (owner) => tokens.issuePageToken("form", subjectOf(owner)),
    isOwnForm: async (formToken, owner) => {
      const site = c.req.header("sec-fetch-site");
      if (site !== undefined && site !== "same-origin" && site !== "none") return false;
      return (await tokens.readPageToken("form", formToken))?.subject === subjectOf(owner);
    },
    signIn: async ({ id: userId }) =>
      setCookie(
        c,
        name(SIGN_IN),
        await tokens.issuePageToken("sign-in", userId, (await storage.readUserValidFrom(userId)) ?? 0),
        attributes,
      ),
    signOut: () => void deleteCookie(c, name(SIGN_IN), attributes),
  };
}

async function userOf(cookie: string, tokens: SessionTokens, storage: Storage): Promise<User | null> {
  const signedIn = cookie === "" ? null : await tokens.readPageToken("sign-in", cookie);
  if (signedIn === null) return null;
  const validFrom = await storage.readUserValidFrom(signedIn.subject);
  return validFrom === null || signedIn.issuedAt < validFrom ? null : storage.findUser(signedIn.subject);
}
