/** Origins as an operator names them, checked before a server starts with them. */

/** What is not the origin of a page. */
export class CorsOriginError extends Error {
  override readonly name = "CorsOriginError";
}

/** As a browser writes it: apps in a shell have schemes of their own (`tauri://localhost`). */
export function requireOrigin(origin: string): void {
  const url = URL.parse(origin);
  const isWeb = url !== null && /^https?:$/.test(url.protocol);
  if (isWeb ? url.origin === origin && !origin.includes("*") : /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(origin)) return;
  throw new CorsOriginError(`"${origin}" is not an origin, like https://app.example.com: scheme and host, no slash at the end`);
}
