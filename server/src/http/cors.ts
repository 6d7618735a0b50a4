/**
 * Apps in browsers whose pages come from elsewhere: which origins' pages may call the server and read its replies. Sign-in pages
 * are not for them, and no reply depends on a cookie.
 */
import { codec } from "@synckit-gen/schemas/protocol";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { BLOB_CONTENT_PATH } from "../blobs/port.ts";
import { requireOrigin } from "./cors-origin.ts";
import type { Env } from "./env.ts";

/** Everything that a client calls, and no page that a person sees. */
const PATHS = [
  ...codec.API_PREFIXES.map((prefix) => `${prefix}/*`),
  ...codec.OAUTH_METADATA_PATHS,
  codec.OAUTH_TOKEN_PATH,
  codec.OAUTH_USERINFO_PATH,
  `${BLOB_CONTENT_PATH}*`,
];

/** What browsers keep from a page unless told: the client reads its clock's error, waits and ranges from these. */
const EXPOSED = ["Date", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Request-Id", "Content-Length", "Content-Range"];
/** Seconds that a browser need not ask again; Chromium's most. */
const PREFLIGHT_SECONDS = 7_200;

/** A step before everything else of these paths, so that refusals are readable too. Null: no page of another origin may call. */
export function createCors(
  origins: readonly string[],
): { readonly paths: readonly string[]; readonly step: MiddlewareHandler<Env> } | null {
  if (origins.length === 0) return null;
  for (const origin of origins) requireOrigin(origin);
  const step = cors({
    origin: [...origins],
    allowMethods: ["GET", "POST", "PUT", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "Range"],
    exposeHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
  });
  return { paths: PATHS, step };
}
