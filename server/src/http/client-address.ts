/** Whose request it is, as far as an address tells: behind a proxy the address stands in a header, which anybody can write. */
import { BlockList, isIP } from "node:net";

/** `peer`: the other end of the socket. `forwardedFor`: the header as it came. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string;

/** What there is instead of an address when a program calls the server without a socket. */
const IN_PROCESS = "in-process";

/** A trusted proxy that is neither an address nor a range of them. */
export class ProxyAddressError extends Error {
  override readonly name = "ProxyAddressError";
}

/**
 * Reads the header from its end, and only as far as addresses of trusted proxies go: the first other one was written by a
 * trusted proxy itself, everything before it by whoever liked to. `trustedProxies`: addresses or ranges (`10.0.0.0/8`).
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = blockListOf(trustedProxies);
  const isTrusted = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (peer, forwardedFor = "") => {
    if (peer === undefined) return IN_PROCESS;
    let address = plain(peer);
    if (trustedProxies.length === 0) return address;
    for (const hop of forwardedFor.split(",").toReversed()) {
      const next = plain(hop.trim());
      if (!isTrusted(address) || isIP(next) === 0) break;
      address = next;
    }
    return address;
  };
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/", 2);
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    try {
      if (isIP(address) === 0) throw new RangeError("no address");
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, /^\d+$/.test(bits) ? Number(bits) : Number.NaN, family);
    } catch (cause) {
      throw new ProxyAddressError(`"${range}" is no address and no range like 10.0.0.0/8`, { cause });
    }
  }
  return list;
}

/** A socket that takes both families names IPv4 peers in IPv6. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");

/** What counts as one caller: an IPv6 customer has a network of 64 bits, and all of its addresses. */
export function callerOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::", 2);
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...rest];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
