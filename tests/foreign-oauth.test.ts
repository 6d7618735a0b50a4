/** Our client at an OAuth server that knows nothing of us: `oidc-provider`, with a public native client that must use PKCE. */
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isSyncError, SyncKitClient, type Sync, type SyncErrorCode } from "@synckit-gen/runtime";
import { openLoopback, signInWithBrowser } from "@synckit-gen/runtime/node";
import { Provider, type ClientMetadata, type Configuration } from "oidc-provider";
import { afterEach, expect, test } from "vitest";
import { FormBrowser } from "./support/form-browser.ts";

const CLIENT_ID = "sk_app";
const USER_ID = "ada";
const AUTHORIZE_PATH = "/oauth/authorize";
const TOKEN_PATH = "/oauth/token";

interface ForeignServer {
  readonly url: string;
  /** What was sent to the token endpoint, in order: the content types. */
  readonly exchanges: string[];
  /** What the token endpoint adds to its reply. */
  readonly additions: Record<string, unknown>;
}

let cleanUps: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps) cleanUp();
  cleanUps = [];
});

interface ForeignOptions {
  /** Claims of a JWT access token (RFC 9068); null: the token is opaque. */
  readonly claims?: Readonly<Record<string, unknown>> | null;
  readonly client?: Partial<ClientMetadata>;
  /** What a request that asks for no scope is taken to ask for (RFC 6749, section 3.3): ours never do. */
  readonly defaultScope?: string | null;
  /** What the person does on the server's page. */
  readonly answer?: "allow" | "deny";
}

async function startForeignServer(options: ForeignOptions = {}): Promise<ForeignServer> {
  const { claims = null, client = {}, defaultScope = "openid", answer = "allow" } = options;
  const listener = createServer();
  await new Promise<void>((resolve) => void listener.listen(0, "127.0.0.1", resolve));
  cleanUps.push(() => close(listener));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const resource = "urn:sync";
  const configuration: Configuration = {
    clients: [
      {
        client_id: CLIENT_ID,
        application_type: "native",
        token_endpoint_auth_method: "none",
        redirect_uris: ["http://127.0.0.1/callback"], // any port: RFC 8252, section 7.3
        response_types: ["code"],
        grant_types: ["authorization_code"],
        id_token_signed_response_alg: "ES256",
        ...client,
      },
    ],
    pkce: { required: () => true },
    routes: { authorization: AUTHORIZE_PATH, token: TOKEN_PATH },
    cookies: { keys: ["a key"] },
    jwks: { keys: [signingKey] },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    renderError: (context, about) => void (context.body = about),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async (context) => {
      const { client: asking, session, provider: own } = context.oidc;
      const grant = new own.Grant({ clientId: asking?.clientId ?? "", accountId: session?.accountId ?? "" });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: claims !== null,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: "", accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } }, audience: resource }),
      },
    },
    extraTokenClaims: () => ({ ...claims }),
  };
  const provider = new Provider(url, configuration);
  const additions: Record<string, unknown> = {};
  const exchanges: string[] = [];
  provider.use(async (context, next) => {
    if (context.path === AUTHORIZE_PATH && defaultScope !== null) context.query = { ...context.query, scope: defaultScope };
    if (context.path === TOKEN_PATH) exchanges.push(context.get("content-type"));
    await next();
    if (context.path === TOKEN_PATH && context.status === 200) context.body = { ...(context.body as object), ...additions };
  });
  const handle = provider.callback();
  listener.on("request", (request, response) => {
    const isAsked = request.url?.startsWith("/interaction/") ?? false;
    if (!isAsked) return void handle(request, response);
    const result = answer === "allow" ? { login: { accountId: USER_ID }, consent: {} } : { error: "access_denied" };
    provider.interactionFinished(request, response, result).catch((error: unknown) => response.destroy(error as Error));
  });
  return { url, exchanges, additions };
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

const signingKey = { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), alg: "ES256" };

/** The client's half of `Sync`. */
function signingIn(client: SyncKitClient): Pick<Sync, "startAuth" | "completeAuth"> {
  return {
    async startAuth({ port }) {
      const { state, verifier, challenge } = await client.createPkce();
      return { authorizeUrl: client.buildAuthorizeUrl(port, state, challenge), state, verifier };
    },
    completeAuth: async ({ code, verifier, port }) => void (await client.authenticateWithCode(code, verifier, port)),
  };
}

const clientOf = (server: ForeignServer, nowMs: () => number = Date.now): SyncKitClient =>
  new SyncKitClient({ serverUrl: server.url, apiKey: CLIENT_ID, clock: { nowMs } });

/** The person's browser: follows the server's redirects, and the last one to the application. */
async function browse(url: string): Promise<void> {
  const page = await new FormBrowser((request) => fetch(request)).open(url);
  if (page.url.pathname !== "/callback")
    throw new Error(`the browser ended on ${page.url.pathname}: ${page.status} ${page.text.slice(0, 300)}`);
  await fetch(page.url);
}

const signIn = (client: SyncKitClient): Promise<void> => signInWithBrowser(signingIn(client), { openBrowser: browse });

async function problemOf(work: Promise<unknown>): Promise<readonly [SyncErrorCode, string]> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!isSyncError(error)) throw new Error("no typed error", { cause: error });
  return [error.code, error.message];
}

/** A code, and what belongs to it, not yet exchanged. */
async function codeFor(client: SyncKitClient): Promise<{ readonly code: string; readonly verifier: string; readonly port: number }> {
  const loopback = await openLoopback();
  const { port } = loopback;
  const { state, verifier, challenge } = await client.createPkce();
  const [code] = await Promise.all([loopback.code(state), browse(client.buildAuthorizeUrl(port, state, challenge))]);
  return { code, verifier, port };
}

test("a token that names user and app signs in, the code sent again as the form that the server asks for", async () => {
  const server = await startForeignServer({ claims: { app: "notes" } });
  const client = clientOf(server);
  await signIn(client);

  expect(client.sessionInfo()).toMatchObject({ userId: USER_ID, appId: "notes" });
  expect(client.isTokenExpired()).toBe(false);
  expect(server.exchanges).toEqual(["application/json", "application/x-www-form-urlencoded"]);
});

test("a token that only its server can read signs in, where the reply names user, app and end", async () => {
  const server = await startForeignServer();
  Object.assign(server.additions, { user_id: USER_ID, app_id: "notes", expires_in: 3600 });
  let nowMs = Date.now();
  const client = clientOf(server, () => nowMs);
  await signIn(client);

  expect(client.sessionInfo()).toMatchObject({ userId: USER_ID, appId: "notes" });
  nowMs += 3_569_000;
  expect(client.isTokenExpired()).toBe(false);
  nowMs += 1_000;
  expect(client.isTokenExpired()).toBe(true);
});

test.each<[string, ForeignOptions, string]>([
  ["an opaque token", { claims: null }, "a user, an app"],
  ["a token of no app", { claims: {} }, "an app"],
])("%s alone is no session, and what is missing is said", async (_name, options, missing) => {
  const client = clientOf(await startForeignServer(options));

  expect(await problemOf(signIn(client))).toEqual(["reply/malformed", expect.stringContaining(`the token has not ${missing})`)]);
  expect(client.sessionInfo()).toBe(null);
});

test("who says no on the server's page has denied", async () => {
  const client = clientOf(await startForeignServer({ claims: { app: "notes" }, answer: "deny" }));

  expect(await problemOf(signIn(client))).toEqual(["auth/denied", expect.stringContaining("access_denied")]);
});

test("a server that wants to be asked for a scope denies", async () => {
  const client = clientOf(await startForeignServer({ claims: { app: "notes" }, defaultScope: null }));

  expect((await problemOf(signIn(client)))[0]).toBe("auth/denied");
});

test("another verifier, and a code that was used, are rejected", async () => {
  const client = clientOf(await startForeignServer({ claims: { app: "notes" } }));
  const first = await codeFor(client);
  const other = await client.createPkce();
  expect((await problemOf(client.authenticateWithCode(first.code, other.verifier, first.port)))[0]).toBe("auth/rejected");

  const second = await codeFor(client);
  await client.authenticateWithCode(second.code, second.verifier, second.port);
  expect((await problemOf(client.authenticateWithCode(second.code, second.verifier, second.port)))[0]).toBe("auth/rejected");
});

test("a server that wants a secret of its clients rejects one that has none", async () => {
  const confidential = { token_endpoint_auth_method: "client_secret_basic", client_secret: "s".repeat(40) } as const;
  const client = clientOf(await startForeignServer({ claims: { app: "notes" }, client: confidential }));

  expect((await problemOf(signIn(client)))[0]).toBe("auth/rejected");
});

test("a session of a server that does not sync is told so by the first call", async () => {
  const client = clientOf(await startForeignServer({ claims: { app: "notes" } }));
  await signIn(client);

  expect((await problemOf(client.registerDevice("laptop", "linux")))[0]).toBe("server/rejected");
});
