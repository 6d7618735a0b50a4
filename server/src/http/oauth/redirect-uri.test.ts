import { expect, test } from "vitest";
import { formTargetOf, isLoopbackUri, recipientOf, whyNotRegistrable, withQuery } from "./redirect-uri.ts";

test.each(["http://127.0.0.1:8765/callback", "http://localhost:1/", "http://localhost/a/b?c=d", "http://[::1]:9/x"])(
  "%s is loopback",
  (uri) => {
    expect(isLoopbackUri(uri)).toBe(true);
    expect(recipientOf(uri)).toBe("a program on this computer");
  },
);

test.each([
  "http://127.0.0.1.example.com/",
  "http://localhost.example.com/",
  "http://example.com/127.0.0.1",
  "http://127.0.0.1@example.com/",
  "http://user@127.0.0.1/",
  "http://127.0.0.1/#fragment",
  "http://127.0.0.1/#",
  "http://127.0.0.2/",
  "http://0.0.0.0/",
  "https://127.0.0.1/",
  "ftp://localhost/",
  "//localhost/",
  "localhost:1",
  "",
  `http://localhost/${"x".repeat(2000)}`,
])("%s is not loopback", (uri) => {
  expect(isLoopbackUri(uri)).toBe(false);
});

test.each(["https://app.example.com/callback", "com.example.app:/callback", "com.example.app://callback"])(
  "%s can be registered",
  (uri) => {
    expect(whyNotRegistrable(uri)).toBe(null);
  },
);

test.each([
  ["http://app.example.com/", "http would send"],
  ["http://localhost:1/", "need no registration"],
  ["javascript:alert(1)", "reversed"],
  ["data:text/html,x", "reversed"],
  ["/callback", "no absolute URI"],
  ["https://app.example.com/#x", "fragment"],
  ["https://me@app.example.com/", "user name"],
])("%s cannot be registered", (uri, why) => {
  expect(whyNotRegistrable(uri)).toContain(why);
});

test("members are added to what the query holds", () => {
  expect(withQuery("http://localhost:1/cb?a=1", { code: "x y", state: "&", error: null })).toBe(
    "http://localhost:1/cb?a=1&code=x+y&state=%26",
  );
  expect(withQuery("com.example.app:/cb", { code: "x" })).toBe("com.example.app:/cb?code=x");
});

test.each([
  ["http://127.0.0.1:8765/callback", "http://127.0.0.1:8765"],
  ["http://[::1]:8765/callback", "http:"],
  ["https://app.example.com/x?y", "https://app.example.com"],
  ["com.example.app:/cb", "com.example.app:"],
])("a policy names %s as %s", (uri, target) => {
  expect(formTargetOf(uri)).toBe(target);
});

test("a person is told the host, or the scheme", () => {
  expect(recipientOf("https://app.example.com/x")).toBe("app.example.com");
  expect(recipientOf("com.example.app:/x")).toContain("com.example.app: links");
});
