import { expect, test } from "vitest";
import { SyncError } from "./errors.ts";
import { readServerUrl } from "./server-url.ts";

function outcomeOf(address: string): string {
  try {
    return readServerUrl(address);
  } catch (error) {
    if (error instanceof SyncError) return error.code;
    throw error;
  }
}

test("https is taken anywhere, and a path in front of the endpoints is kept", () => {
  expect(outcomeOf("https://makenot.work")).toBe("https://makenot.work");
  expect(outcomeOf("https://example.org:8443/sync/")).toBe("https://example.org:8443/sync");
});

test("http is taken for this computer only", () => {
  expect(outcomeOf("http://127.0.0.1:3000")).toBe("http://127.0.0.1:3000");
  expect(outcomeOf("http://localhost:3000")).toBe("http://localhost:3000");
  expect(outcomeOf("http://[::1]:3000")).toBe("http://[::1]:3000");

  expect(outcomeOf("http://makenot.work")).toBe("config/insecure-url");
  expect(outcomeOf("http://127.0.0.1.example.org")).toBe("config/insecure-url");
  expect(outcomeOf("http://localhost.example.org")).toBe("config/insecure-url");
  expect(outcomeOf("http://192.168.1.5")).toBe("config/insecure-url");
});

test("what is not an address of a server is refused", () => {
  for (const address of [
    "",
    "makenot.work",
    "ftp://makenot.work",
    "file:///etc",
    "https://user:pw@makenot.work",
    "https://makenot.work?a=1",
  ])
    expect(outcomeOf(address)).toBe("config/invalid-url");
});
