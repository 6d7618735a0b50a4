/** Where a code may be sent: to a program on the same computer, or to an address that the app's operator has registered. */

/** Characters of a redirect URI. */
const MAX_LENGTH = 2000;
const LOOPBACK_HOSTS = ["127.0.0.1", "[::1]", "localhost"];

function parse(uri: string): URL | null {
  const url = uri.length <= MAX_LENGTH ? URL.parse(uri) : null;
  // A fragment would hide the code from the program it is for; a user name is there to deceive.
  return url === null || uri.includes("#") || url.username !== "" || url.password !== "" ? null : url;
}

/** Any port and path, without registration (RFC 8252, 7.3). */
export function isLoopbackUri(uri: string): boolean {
  const url = parse(uri);
  return url !== null && url.protocol === "http:" && LOOPBACK_HOSTS.includes(url.hostname);
}

/** Why an address cannot be registered; null: it can. */
export function whyNotRegistrable(uri: string): string | null {
  const url = parse(uri);
  if (url === null) return "it is no absolute URI, is too long, or has a user name or a fragment";
  if (isLoopbackUri(uri)) return "addresses on the user's own computer need no registration";
  if (url.protocol === "https:") return null;
  if (url.protocol === "http:") return "http would send codes in the clear: use https";
  // Reverse domain names are somebody's; a plain word is everybody's, and `javascript:` is one.
  return url.protocol.includes(".") ? null : "a scheme of an app's own is a domain name reversed, like com.example.app:";
}

/** The URI with members added to its query, as a browser takes it. */
export function withQuery(uri: string, members: Readonly<Record<string, string | null>>): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(members)) if (value !== null) url.searchParams.append(name, value);
  return url.href;
}

/** The URI's place in a Content-Security-Policy, which cannot spell IPv6 addresses. */
export function formTargetOf(uri: string): string {
  const { protocol, hostname, host } = new URL(uri);
  return /^https?:$/.test(protocol) && !hostname.startsWith("[") ? `${protocol}//${host}` : protocol;
}

/** For a person: the host, or that it is this computer. */
export function recipientOf(uri: string): string {
  if (isLoopbackUri(uri)) return "a program on this computer";
  const { protocol, host } = new URL(uri);
  return /^https?:$/.test(protocol) ? host : `the program that opens ${protocol} links`;
}
