import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeSettings } from "./describe-settings.ts";
import { resolveSettings } from "./settings.ts";

let directory: string;
let config: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synckit-settings-"));
  config = join(directory, "server.json");
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (content: unknown): void => writeFileSync(config, JSON.stringify(content));
const find = (name: string, ...[given, environment]: Parameters<typeof resolveSettings>) => {
  const { value, source } = resolveSettings(given, environment).find(({ setting }) => setting.name === name) ?? expect.fail(name);
  return { value, source };
};

test("an option goes before the environment, that before the file, that before what is standard", () => {
  const at = (given: object, environment: Record<string, string>) => find("port", { ...given, config }, environment);

  write({ port: 3 });
  expect(at({ port: 1 }, { SYNCKIT_PORT: "2" })).toEqual({ value: 1, source: "--port" });
  expect(at({}, { SYNCKIT_PORT: "2" })).toEqual({ value: 2, source: "SYNCKIT_PORT" });
  expect(at({}, { SYNCKIT_PORT: "" })).toEqual({ value: 3, source: config });
  write({});
  expect(at({}, {})).toEqual({ value: 8787, source: "standard" });
});

test("the environment may name the file, and every kind of value is read from both", () => {
  write({ "trusted-proxy": ["10.0.0.1", "10.0.0.2"], "rate-limits": false, "log-level": "warn", "blob-quota": 5 });
  const environment = { SYNCKIT_CONFIG: config };
  expect(find("trusted-proxy", {}, environment).value).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(find("rate-limits", {}, environment).value).toBe(false);
  expect(find("log-level", {}, environment).value).toBe("warn");
  expect(find("blob-quota", {}, environment).value).toBe(5);

  expect(find("trusted-proxy", {}, { SYNCKIT_TRUSTED_PROXY: "10.0.0.1, ::1" }).value).toEqual(["10.0.0.1", "::1"]);
  expect(find("rate-limits", {}, { SYNCKIT_RATE_LIMITS: "0" }).value).toBe(false);
});

test.each([
  ["a port that is a word", {}, { SYNCKIT_PORT: "http" }, "SYNCKIT_PORT: port: expected a whole number."],
  ["a flag that is neither", {}, { SYNCKIT_RATE_LIMITS: "maybe" }, "SYNCKIT_RATE_LIMITS: rate-limits: expected true or false."],
  ["a level that there is not", {}, { SYNCKIT_LOG_LEVEL: "loud" }, "log-level: expected one of silent, error, warn, info."],
  ["a member of another type", { port: "8787" }, {}, "port: expected a whole number."],
  ["a member that is misspelt", { prot: 1 }, {}, 'there is no setting "prot".\nDid you mean port?'],
  ["a list", [], {}, "expected a JSON object."],
])("%s is refused", (_, content, environment, message) => {
  write(content);

  expect(() => resolveSettings({ config }, environment)).toThrow(message);
});

test("a file that is missing or no JSON is refused", () => {
  expect(() => resolveSettings({ config }, {})).toThrow(`${config}: cannot be read (ENOENT).`);
  writeFileSync(config, "port = 1");
  expect(() => resolveSettings({ config }, {})).toThrow(`${config}: not JSON`);
});

test("what is printed holds no secret", () => {
  write({ "metrics-token": "hush-1" });
  const environment = { SYNCKIT_DATABASE: "postgres://ada:hush-2@db.example.com/x" };
  const resolved = resolveSettings({ config, "metrics-token": "an option that there is not" }, environment);

  for (const isJson of [false, true]) {
    const text = describeSettings(resolved, isJson);
    expect(text).not.toContain("hush");
    expect(text).toContain("postgres://ada:<secret>@db.example.com/x");
    expect(text).toContain("SYNCKIT_DATABASE");
  }
  expect(describeSettings(resolved, false)).toMatch(/^metrics-token +<secret> +\//m);
});
