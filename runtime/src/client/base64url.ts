/** Base64 with the URL alphabet and no padding, as PKCE and tokens want it. */
import { bytesToBase64 } from "@synckit-gen/schemas/protocol";

export const bytesToBase64url = (bytes: Uint8Array): string =>
  bytesToBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
