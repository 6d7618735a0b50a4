/** What this server offers, where standard clients look for it (RFC 8414). */
import { codec } from "@synckit-gen/schemas/protocol";

export const metadata = (issuer: string): Readonly<Record<string, unknown>> => ({
  issuer,
  authorization_endpoint: issuer + codec.OAUTH_AUTHORIZE_PATH,
  token_endpoint: issuer + codec.OAUTH_TOKEN_PATH,
  userinfo_endpoint: issuer + codec.OAUTH_USERINFO_PATH,
  response_types_supported: ["code"],
  response_modes_supported: ["query"],
  grant_types_supported: ["authorization_code"],
  token_endpoint_auth_methods_supported: ["none"],
  code_challenge_methods_supported: ["S256"],
  authorization_response_iss_parameter_supported: true,
});
