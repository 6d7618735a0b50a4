/**
 * What a session token says about itself. The signature is not checked: the server checks it on every
 * request, and the client only wants to know when to ask for a new one.
 */
import { base64ToBytes } from "@synckit-gen/schemas/protocol";

export interface TokenClaims {
  /** Null: the token does not say. */
  readonly userId: string | null;
  readonly appId: string | null;
  /** Seconds since 1970. */
  readonly expiresAtSeconds: number;
}

/** Null: not a token with an expiry. */
export function readTokenClaims(token: string): TokenClaims | null {
  const [, middle, signature, extra] = token.split(".");
  const bytes = middle === undefined || signature === undefined || extra !== undefined ? null : base64ToBytes(middle);
  if (bytes === null) return null;
  const claims = parseObject(new TextDecoder().decode(bytes));
  const exp = claims?.["exp"];
  if (claims === null || typeof exp !== "number" || !Number.isFinite(exp)) return null;
  const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return { userId: textOrNull(claims["sub"]), appId: textOrNull(claims["app"]), expiresAtSeconds: exp };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === "object" ? (parsed as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
