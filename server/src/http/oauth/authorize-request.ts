/** The query of an authorize URL, checked: what it asks for, or how to say no (RFC 6749, 4.1.2.1). */
import { hashApiKey } from "../../accounts.ts";
import type { App, Storage } from "../../storage/port.ts";
import { isLoopbackUri } from "./redirect-uri.ts";

/** Characters of a state, which travels through the browser's address line. */
const MAX_STATE = 1024;

export interface AuthorizeRequest {
  readonly kind: "request";
  readonly app: App;
  readonly redirectUri: string;
  readonly state: string;
  readonly codeChallenge: string;
}

export type CheckedRequest =
  | AuthorizeRequest
  /** Who asks is not known, or where to answer: nothing may be sent there. */
  | { readonly kind: "unknown-client"; readonly message: string }
  | {
      readonly kind: "refusal";
      readonly redirectUri: string;
      readonly state: string | null;
      readonly error: "invalid_request" | "unsupported_response_type";
      readonly description: string;
    };

export async function checkAuthorizeRequest(storage: Storage, query: URLSearchParams): Promise<CheckedRequest> {
  /** A member that comes twice is none. */
  const member = (name: string): string | null => (query.getAll(name).length === 1 ? query.get(name) : null);

  const clientId = member("client_id");
  const app = clientId === null ? null : await storage.findAppByKeyHash(hashApiKey(clientId));
  if (app === null) return { kind: "unknown-client", message: "The app that sent you here is not known to this server." };
  const redirectUri = member("redirect_uri");
  if (redirectUri === null || !(isLoopbackUri(redirectUri) || (await storage.listRedirectUris(app.id)).includes(redirectUri)))
    return { kind: "unknown-client", message: `${app.name} sent you here with a return address that is not registered for it.` };

  const state = member("state");
  const refuse = (description: string, error: "invalid_request" | "unsupported_response_type" = "invalid_request"): CheckedRequest => ({
    kind: "refusal",
    redirectUri,
    state: state !== null && state.length <= MAX_STATE ? state : null,
    error,
    description,
  });
  const repeated = [...new Set(query.keys())].find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return refuse("a parameter came more than once");
  const responseType = member("response_type");
  if (responseType === null) return refuse("response_type is missing");
  if (responseType !== "code") return refuse("response_type: only code is offered", "unsupported_response_type");
  if (state === null || state === "" || state.length > MAX_STATE) return refuse(`state: expected 1 to ${MAX_STATE} characters`);
  if (member("code_challenge_method") !== "S256") return refuse("code_challenge_method: only S256 is offered");
  const codeChallenge = member("code_challenge") ?? "";
  if (!/^[A-Za-z0-9_-]{43}$/.test(codeChallenge)) return refuse("code_challenge: expected the base64url of a SHA-256");
  return { kind: "request", app, redirectUri, state, codeChallenge };
}
