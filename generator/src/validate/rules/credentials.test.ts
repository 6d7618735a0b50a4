import { expect, test } from "vitest";
import { isCredentialName } from "./credentials.ts";

test.each([
  "password",
  "passwd",
  "smtp_pwd",
  "userPassword",
  "client_secret",
  "access_token",
  "apikey",
  "API-Key",
  "api key",
  "oauth",
  "oauth2_data",
  "credentials",
  "private_key",
  "refresh_token",
  "refresh",
  "pin",
])("%s looks like a credential", (name) => {
  expect(isCredentialName(name)).toBe(true);
});

test.each(["title", "author", "key", "passenger", "refresh_interval", "pinned", "spin", "auth_method", "keyboard", "opinion"])(
  "%s does not",
  (name) => {
    expect(isCredentialName(name)).toBe(false);
  },
);
