/** Signing in and out: OAuth through the browser, or directly with a password. */
import { codec } from "@synckit-gen/schemas/protocol";
import { decodeReply, type Connection } from "./connection.ts";
import { SyncError } from "./errors.ts";
import { readTokenClaims } from "./token-claims.ts";

export interface Account {
  readonly userId: string;
  readonly appId: string;
}

export function authorizeUrl({ config }: Connection, port: number, state: string, codeChallenge: string): string {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.apiKey,
    redirect_uri: redirectUri(port),
    state,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
  });
  return `${config.serverPathUrl(codec.OAUTH_AUTHORIZE_PATH)}?${query.toString()}`;
}

export async function signInWithPassword(connection: Connection, email: string, password: string): Promise<Account> {
  const { apiKey, key, endpointUrl } = connection.config;
  const { method, path } = codec.endpoints.auth;
  const body = codec.encodeAuthRequest({ email, password, apiKey, key });
  const reply = await connection.http.send({ method, url: endpointUrl(path), token: null, body });
  return begin(connection, decodeReply(codec.decodeAuthReply, reply));
}

export async function signInWithCode(connection: Connection, code: string, codeVerifier: string, port: number): Promise<Account> {
  const { apiKey, key } = connection.config;
  const request = codec.encodeTokenRequest({
    grantType: "authorization_code",
    code,
    redirectUri: redirectUri(port),
    codeVerifier,
    clientId: apiKey,
    key,
  });
  const reply = await exchange(connection, request).catch((error: unknown) => {
    // RFC 6749 refuses a code with status 400.
    if (error instanceof SyncError && error.status === 400) throw new SyncError("auth/rejected", { cause: error, status: 400 });
    throw error;
  });
  return begin(connection, decodeReply(codec.decodeTokenReply, reply));
}

/** As JSON, and as the form of RFC 6749 where a server that takes nothing else refuses that: it has not looked at the code. */
async function exchange({ config, http }: Connection, body: Readonly<Record<string, unknown>>): Promise<unknown> {
  const call = { method: "POST", url: config.serverPathUrl(codec.OAUTH_TOKEN_PATH), token: null, body } as const;
  try {
    return await http.send(call);
  } catch (error) {
    const isUnread = error instanceof SyncError && (error.status === 415 || error.serverMessage === "invalid_request");
    if (!isUnread) throw error;
    return http.send({ ...call, isForm: true });
  }
}

/** Session and master key leave memory (zeroed) and keychain. */
export async function signOut(connection: Connection): Promise<void> {
  const { session } = connection;
  connection.beginSession(null);
  connection.forgetKey();
  const store = await connection.sessionStore();
  await store.clear(session ?? (await store.load()));
}

export async function signOutEverywhere(connection: Connection): Promise<void> {
  await connection.requireExtension("end-sessions");
  await connection.call(codec.endpoints.endSessions);
  await signOut(connection);
}

interface Begun {
  readonly token: string;
  readonly userId: string | null;
  readonly appId: string | null;
  readonly expiresInSeconds?: number | null;
}

/** What the reply does not say, the token may; a token that only its server can read (RFC 6749) says nothing. */
async function begin(connection: Connection, reply: Begun): Promise<Account> {
  const claims = readTokenClaims(reply.token);
  const userId = reply.userId ?? claims?.userId ?? null;
  const appId = reply.appId ?? claims?.appId ?? null;
  const lastsSeconds = reply.expiresInSeconds ?? null;
  const announced = lastsSeconds === null ? null : Math.floor(connection.serverMs() / 1000) + lastsSeconds;
  const expiresAtSeconds = claims?.expiresAtSeconds ?? announced;
  if (userId === null || appId === null || expiresAtSeconds === null) {
    const missing = [userId === null ? "a user" : "", appId === null ? "an app" : "", expiresAtSeconds === null ? "an end" : ""];
    throw new SyncError("reply/malformed", { detail: `the token has not ${missing.filter((name) => name !== "").join(", ")}` });
  }
  const store = await connection.sessionStore();
  const before = connection.session ?? (await store.load());
  const isSame = before !== null && before.userId === userId && before.appId === appId;
  if (!isSame) connection.forgetKey(); // another user's data must never be sealed under this key
  const session = { token: reply.token, userId, appId, expiresAtSeconds, keyVersion: isSame ? before.keyVersion : null };
  connection.beginSession(session);
  await store.save(session);
  return { userId, appId };
}

function redirectUri(port: number): string {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError("redirect port: 1 to 65535");
  return `http://127.0.0.1:${port}/callback`;
}
