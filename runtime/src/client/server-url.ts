/** The server's address: https, except for this computer itself, where there is no wire to listen on. */
import { SyncError } from "./errors.ts";

/** Without a slash at the end; a path in front of the endpoints is kept. */
export function readServerUrl(address: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new SyncError("config/invalid-url", { cause });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new SyncError("config/invalid-url", { detail: "https is expected" });
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new SyncError("config/invalid-url", { detail: "no user, query or fragment" });
  if (url.protocol === "http:" && !isLoopback(url.hostname)) throw new SyncError("config/insecure-url");
  return url.href.replace(/\/+$/, "");
}

// The URL parser has already turned every spelling of an IPv4 address into four decimal parts.
const isLoopback = (hostname: string): boolean => hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);

/** Where a server says that a file's bytes are. It may be anywhere, but nobody on the way may see which file it is. */
export function readContentUrl(address: string): string {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" || url.password !== "")
    throw new SyncError("reply/malformed", { detail: "not a usable URL" });
  if (url.protocol === "http:" && !isLoopback(url.hostname)) throw new SyncError("reply/malformed", { detail: "https is expected" });
  return url.href;
}
