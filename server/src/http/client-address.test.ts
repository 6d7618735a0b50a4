import { expect, test } from "vitest";
import { callerOf, createClientAddress, ProxyAddressError } from "./client-address.ts";

test("without trusted proxies the header is not read", () => {
  expect(createClientAddress([])("192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
});

test.each([
  ["198.51.100.7", "198.51.100.7"],
  ["203.0.113.9, 198.51.100.7", "198.51.100.7"],
  ["203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"],
  ["10.1.2.3, 10.4.5.6", "10.1.2.3"],
  ["2001:db8::1", "2001:db8::1"],
  ["nonsense, 10.4.5.6", "10.4.5.6"],
  ["unknown", "10.0.0.1"],
  ["", "10.0.0.1"],
  [undefined, "10.0.0.1"],
])("behind a proxy in 10.0.0.0/8, %j is %s", (header, address) => {
  expect(createClientAddress(["10.0.0.0/8"])("10.0.0.1", header)).toBe(address);
});

test("a caller that is no trusted proxy cannot choose its address", () => {
  expect(createClientAddress(["10.0.0.0/8"])("192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
});

test("an IPv4 peer of a socket for both families is an IPv4 address", () => {
  expect(createClientAddress(["127.0.0.1"])("::ffff:127.0.0.1", "198.51.100.7")).toBe("198.51.100.7");
  expect(createClientAddress([])("::ffff:192.0.2.1", undefined)).toBe("192.0.2.1");
});

test("a call without a socket has no address", () => {
  expect(createClientAddress([])(undefined, "198.51.100.7")).toBe("in-process");
});

test.each(["proxy.example.com", "10.0.0.0/33", "10.0.0.0/x", "", "::1/129"])("%j is refused as a proxy", (range) => {
  expect(() => createClientAddress([range])).toThrow(ProxyAddressError);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:DB8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["in-process", "in-process"],
])("%s counts as %s", (address, caller) => {
  expect(callerOf(address)).toBe(caller);
});
