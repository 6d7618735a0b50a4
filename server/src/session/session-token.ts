/**
 * Tokens: HS256 JSON Web Tokens. Those of sessions have the claims of docs/protocol.md, "Authentication"; those of
 * forms and of signed-in browsers stay between this server and a browser, under issuers of their own.
 */
import { codec, limits } from "@synckit-gen/schemas/protocol";
import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import type { Scope } from "../storage/port.ts";
import type { Clock } from "../system.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What a token says about the caller. */
export interface Session extends Scope {
  /** The developer's billing slot. */
  readonly key: string;
}

/** A token made further ahead than this was not made by a server with a sane clock. */
const MAX_FUTURE_SECONDS = 60;

/** What the server gives a browser to bring back, and how long it holds, in seconds. */
const PAGE_TOKENS = {
  /** Proof that a form was made for this browser. */
  form: { issuer: "synckit-server-form", lifetime: 60 * 60 },
  /** The operator has signed in on this browser. */
  operator: { issuer: "synckit-server-operator", lifetime: 8 * 60 * 60 },
  /** Somebody has signed in on this browser, and has yet to say what for. */
  "sign-in": { issuer: "synckit-server-sign-in", lifetime: 15 * 60 },
} as const;
export type PageToken = keyof typeof PAGE_TOKENS;

type Claims = JWTPayload & { readonly sub: string; readonly iat: number };

export interface SessionTokens {
  /** `validFrom`: the second from which the user's tokens count; the token is not older. */
  issue(session: Session, validFrom: number): Promise<string>;
  /** Null: forged, expired, from another issuer, from the future or not a token at all. `issuedAt`: seconds since 1970. */
  read(token: string): Promise<(Session & { readonly issuedAt: number }) | null>;
  issuePageToken(kind: PageToken, subject: string, validFrom?: number): Promise<string>;
  readPageToken(kind: PageToken, token: string): Promise<{ readonly subject: string; readonly issuedAt: number } | null>;
}

export function createSessionTokens(keys: SigningKeys, clock: Clock): SessionTokens {
  const sign = async (claims: JWTPayload, issuer: string, lifetime: number, validFrom: number): Promise<string> => {
    const { number, secret } = await keys.current();
    // Sessions ended in this very second would take a token of the same second along.
    const issuedAt = Math.max(Math.floor(clock() / 1000), validFrom);
    return new SignJWT({ ...claims, iss: issuer, iat: issuedAt, exp: issuedAt + lifetime })
      .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: String(number) })
      .sign(secret);
  };

  const verify = async (token: string, issuer: string): Promise<Claims | null> => {
    const nowMs = clock();
    let claims: JWTPayload | null = null;
    try {
      const verified = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = await keys.find(kid === undefined ? null : Number(kid));
          if (key === null) throw new errors.JWKSNoMatchingKey();
          return key.secret;
        },
        { algorithms: ["HS256"], issuer, currentDate: new Date(nowMs), requiredClaims: ["sub", "iat", "exp"] },
      );
      claims = verified.payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
    const { sub, iat } = claims;
    if (typeof sub !== "string" || typeof iat !== "number" || iat > nowMs / 1000 + MAX_FUTURE_SECONDS) return null;
    return { ...claims, sub, iat };
  };

  return {
    issue: ({ appId, userId, key }, validFrom) =>
      sign({ sub: userId, app: appId, key }, codec.TOKEN_ISSUER, limits.TOKEN_LIFETIME_SECONDS, validFrom),
    read: async (token) => {
      const claims = await verify(token, codec.TOKEN_ISSUER);
      if (claims === null || typeof claims["app"] !== "string") return null;
      const key = typeof claims["key"] === "string" ? claims["key"] : "default";
      return { userId: claims.sub, appId: claims["app"], key, issuedAt: claims.iat };
    },
    issuePageToken: (kind, subject, validFrom = 0) =>
      sign({ sub: subject }, PAGE_TOKENS[kind].issuer, PAGE_TOKENS[kind].lifetime, validFrom),
    readPageToken: async (kind, token) => {
      const claims = await verify(token, PAGE_TOKENS[kind].issuer);
      return claims === null ? null : { subject: claims.sub, issuedAt: claims.iat };
    },
  };
}
