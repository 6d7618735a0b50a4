/** Session tokens: HS256 JSON Web Tokens with the claims of docs/protocol.md, "Authentication". */
import { codec, limits } from "@synckit-gen/schemas/protocol";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Scope } from "../storage/port.ts";
import type { Clock } from "../system.ts";

/** What a token says about the caller. */
export interface Session extends Scope {
  /** The developer's billing slot. */
  readonly key: string;
}

/** A token made further ahead than this was not made by a server with a sane clock. */
const MAX_FUTURE_SECONDS = 60;
/** HMAC-SHA-256 is as strong as its key, up to this many bytes. */
export const SECRET_BYTES = 32;

export interface SessionTokens {
  issue(session: Session): Promise<string>;
  /** Null: forged, expired, from another issuer, from the future or not a token at all. */
  read(token: string): Promise<Session | null>;
}

export function createSessionTokens(secret: Uint8Array, clock: Clock): SessionTokens {
  if (secret.length < SECRET_BYTES) throw new RangeError(`createSessionTokens: the secret has fewer than ${SECRET_BYTES} bytes`);
  return {
    issue: ({ appId, userId, key }) => {
      const now = Math.floor(clock() / 1000);
      return new SignJWT({ app: appId, key })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(userId)
        .setIssuer(codec.TOKEN_ISSUER)
        .setIssuedAt(now)
        .setExpirationTime(now + limits.TOKEN_LIFETIME_SECONDS)
        .sign(secret);
    },
    read: async (token) => {
      const now = clock();
      try {
        const { payload } = await jwtVerify(token, secret, {
          algorithms: ["HS256"],
          issuer: codec.TOKEN_ISSUER,
          currentDate: new Date(now),
          requiredClaims: ["sub", "app", "iat", "exp"],
        });
        const { sub, app, key, iat } = payload;
        if (typeof sub !== "string" || typeof app !== "string" || typeof iat !== "number") return null;
        if (iat > now / 1000 + MAX_FUTURE_SECONDS) return null;
        return { userId: sub, appId: app, key: typeof key === "string" ? key : "default" };
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },
  };
}
