/** Sessions of the API: begun with a password at `POST /auth`, ended everywhere at `POST /end-sessions`. */
import { codec, WireError } from "@synckit-gen/schemas/protocol";
import { hashApiKey, endSessions as endSessionsOf } from "../accounts.ts";
import { audit } from "../audit.ts";
import type { Session, SessionTokens } from "../session/session-token.ts";
import type { CheckCredentials } from "./credentials.ts";
import { HttpError } from "./http-error.ts";
import { MAX_SMALL_BODY_BYTES, readJson } from "./read-json.ts";
import type { RouteContext } from "./sync-routes.ts";

/** Characters of a billing slot: it travels in every token. */
const MAX_BILLING_KEY = 128;

export interface SessionContext extends RouteContext {
  readonly tokens: SessionTokens;
  readonly checkCredentials: CheckCredentials;
}

/** One answer for every wrong combination. */
export async function signIn(context: SessionContext, address: string, request: Request): Promise<unknown> {
  const { email, password, apiKey, key } = codec.decodeAuthRequest(await readJson(request, MAX_SMALL_BODY_BYTES));
  requireBillingKey(key);
  const app = await context.storage.findAppByKeyHash(hashApiKey(apiKey));
  const user = await context.checkCredentials(email, password);
  const isSignedIn = app !== null && user !== null;
  await audit(context.storage, context.clock, "sign-in", isSignedIn ? "done" : "refused", {
    address,
    ...(app === null ? {} : { appId: app.id }),
    ...(user === null ? {} : { userId: user.id }),
  });
  if (!isSignedIn) throw new HttpError(401, "the email, password or API key is wrong");
  const scope = { appId: app.id, userId: user.id };
  return codec.encodeAuthReply({ token: await openSession(context, { ...scope, key }), ...scope });
}

/** Makes the account if it is new, and a token for it. */
export async function openSession({ storage, tokens }: SessionContext, session: Session): Promise<string> {
  await storage.openAccount(session);
  return tokens.issue(session, (await storage.readValidFrom(session)) ?? 0);
}

export function requireBillingKey(key: string): void {
  if (key === "" || key.length > MAX_BILLING_KEY) throw new WireError(`key: expected 1 to ${MAX_BILLING_KEY} characters`);
}

/** Every token of the user, for every app, the caller's included. */
export async function endSessions({ storage, clock }: RouteContext, session: Session, address: string): Promise<unknown> {
  await endSessionsOf(storage, session.userId, clock, { appId: session.appId, address });
  return {};
}
