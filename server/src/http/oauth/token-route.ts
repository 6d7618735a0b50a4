/** `POST /oauth/token`: a code and its verifier against a session token, once (RFC 6749, 4.1.3; RFC 7636, 4.5). */
import { codec, limits, WireError, type TokenRequest } from "@synckit-gen/schemas/protocol";
import { createHash, timingSafeEqual } from "node:crypto";
import { hashApiKey } from "../../accounts.ts";
import { audit } from "../../audit.ts";
import { HttpError } from "../http-error.ts";
import { openSession, requireBillingKey, type SessionContext } from "../session-routes.ts";
import { readMembers } from "./read-members.ts";

type TokenError = "invalid_client" | "invalid_grant" | "invalid_request" | "unsupported_grant_type";

/** As RFC 6749, 5.2 wants it said. */
class TokenRefusal extends Error {
  readonly code: TokenError;

  constructor(code: TokenError, description: string) {
    super(description);
    this.code = code;
  }
}

export interface TokenAnswer {
  readonly status: 200 | 400;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function exchangeCode(context: SessionContext, address: string, request: Request): Promise<TokenAnswer> {
  try {
    return { status: 200, body: await exchange(context, address, await readRequest(request)) };
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    return { status: 400, body: { error: error.code, error_description: error.message } };
  }
}

async function readRequest(request: Request): Promise<TokenRequest> {
  try {
    const read = codec.decodeTokenRequest(await readMembers(request));
    if (read.key !== undefined) requireBillingKey(read.key);
    return read;
  } catch (error) {
    if (error instanceof WireError || (error instanceof HttpError && error.status === 400))
      throw new TokenRefusal("invalid_request", error.message);
    throw error;
  }
}

async function exchange(context: SessionContext, address: string, read: TokenRequest): Promise<Readonly<Record<string, unknown>>> {
  const { storage, clock } = context;
  const { grantType, clientId, redirectUri, codeVerifier, key = "default" } = read;
  if (grantType === "") throw new TokenRefusal("invalid_request", "grant_type is missing");
  if (grantType !== "authorization_code") throw new TokenRefusal("unsupported_grant_type", "only authorization_code is offered");
  for (const [name, value] of [
    ["code", read.code],
    ["redirect_uri", redirectUri],
    ["client_id", clientId],
  ] as const)
    if (value === "") throw new TokenRefusal("invalid_request", `${name} is missing`);
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(codeVerifier))
    throw new TokenRefusal("invalid_request", "code_verifier: expected 43 to 128 unreserved characters");
  const app = await storage.findAppByKeyHash(hashApiKey(clientId));
  if (app === null) throw new TokenRefusal("invalid_client", "no such client");

  // Taken before it is compared: who fails once has no second guess.
  const code = await storage.takeCode(hashCode(read.code));
  const isGood =
    code !== null &&
    Date.parse(code.expiresAt) > clock() &&
    code.appId === app.id &&
    code.redirectUri === redirectUri &&
    isChallengeOf(code.codeChallenge, codeVerifier);
  await audit(storage, clock, "code-exchanged", isGood ? "done" : "refused", {
    address,
    appId: app.id,
    ...(code === null ? {} : { userId: code.userId }),
  });
  if (!isGood) throw new TokenRefusal("invalid_grant", "the code is unknown, used or expired, or was given out for another request");

  const scope = { appId: app.id, userId: code.userId };
  const token = await openSession(context, { ...scope, key });
  return codec.encodeTokenReply({ token, expiresInSeconds: limits.TOKEN_LIFETIME_SECONDS, ...scope });
}

/** Codes are random, so a plain hash hides them. */
export const hashCode = (code: string): string => createHash("sha256").update(code).digest("hex");

function isChallengeOf(challenge: string, verifier: string): boolean {
  const expected = Buffer.from(challenge);
  const found = Buffer.from(createHash("sha256").update(verifier).digest("base64url"));
  return expected.length === found.length && timingSafeEqual(expected, found);
}
