/** Sign-in and the tokens that it gives. */
import { type Json, object, optionalCount, optionalText, text } from "./members.ts";
import type * as Wire from "../wire.ts";

export const encodeAuthRequest = (r: Wire.AuthRequest): Json => ({ email: r.email, password: r.password, api_key: r.apiKey, key: r.key });
export function decodeAuthRequest(body: unknown): Wire.AuthRequest {
  const from = object(body, "request");
  return {
    email: text(from, "email"),
    password: text(from, "password"),
    apiKey: text(from, "api_key"),
    key: optionalText(from, "key") ?? "default",
  };
}
export const encodeAuthReply = (r: Wire.AuthReply): Json => ({ token: r.token, user_id: r.userId, app_id: r.appId });
export function decodeAuthReply(body: unknown): Wire.AuthReply {
  const from = object(body, "reply");
  return { token: text(from, "token", "access_token"), userId: text(from, "user_id"), appId: text(from, "app_id") };
}
export const encodeTokenRequest = (r: Wire.TokenRequest): Json => ({
  grant_type: r.grantType,
  code: r.code,
  redirect_uri: r.redirectUri,
  code_verifier: r.codeVerifier,
  client_id: r.clientId,
  ...(r.key === undefined ? {} : { key: r.key }),
});
/** Members as text: a form and a JSON object are read alike. Those that are missing are empty. */
export function decodeTokenRequest(from: Readonly<Record<string, unknown>>): Wire.TokenRequest {
  const member = (name: string): string => optionalText(from, name) ?? "";
  const key = optionalText(from, "key");
  return {
    grantType: member("grant_type"),
    code: member("code"),
    redirectUri: member("redirect_uri"),
    codeVerifier: member("code_verifier"),
    clientId: member("client_id"),
    ...(key === null ? {} : { key }),
  };
}
export const encodeTokenReply = (r: Wire.IssuedToken): Json => ({
  access_token: r.token,
  token_type: "Bearer",
  expires_in: r.expiresInSeconds,
  user_id: r.userId,
  app_id: r.appId,
});
export function decodeTokenReply(body: unknown): Wire.TokenReply {
  const from = object(body, "reply");
  return {
    token: text(from, "access_token", "token"),
    expiresInSeconds: optionalCount(from, "expires_in"),
    userId: optionalText(from, "user_id"),
    appId: optionalText(from, "app_id"),
  };
}
