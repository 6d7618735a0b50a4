/**
 * What the server can be told, and by whom: an option, else a variable of the environment, else the configuration file, else
 * what is standard. One list serves all four, the help and `synckit-server config`.
 */
import { readFileSync } from "node:fs";
import { codeOf } from "../error-code.ts";
import { CliError, EXIT_FAILED, EXIT_USAGE } from "./cli-error.ts";
import { LOG_LEVELS } from "./create-logger.ts";
import { suggest } from "./suggest.ts";

export interface Setting {
  /** The option, without dashes in front, and the file's member. */
  readonly name: string;
  readonly kind: "text" | "count" | "flag" | "list";
  readonly describe: string;
  readonly standard: string | number | boolean | null;
  /** Has no option: other users of the machine can list arguments. */
  readonly isSecret?: true;
  readonly choices?: readonly string[];
}

/** Of every command. */
export const MANAGING: readonly Setting[] = [
  { name: "data", kind: "text", describe: "Directory of the database and the blobs", standard: "./synckit-data" },
  {
    name: "database",
    kind: "text",
    describe: "postgres://user@host:port/name in place of the directory's database; a password belongs into SYNCKIT_DATABASE",
    standard: null,
  },
  {
    name: "database-partitions",
    kind: "count",
    describe: "Partitions of each large table when PostgreSQL's are made; 0: plain tables",
    standard: 16,
  },
  { name: "blobs", kind: "text", describe: "Folder, or s3://bucket/prefix?endpoint=https://host&region=name", standard: null },
  { name: "json", kind: "flag", describe: "Write JSON, one document a line", standard: false },
];

/** Of `serve` and `config`. */
export const SERVING: readonly Setting[] = [
  { name: "host", kind: "text", describe: "Address to listen on", standard: "127.0.0.1" },
  { name: "port", kind: "count", describe: "Port to listen on; 0: any free one", standard: 8787 },
  { name: "blob-quota", kind: "count", describe: "Bytes that one account's blobs may have together", standard: null },
  { name: "change-quota", kind: "count", describe: "Bytes that one account's changes may have together", standard: null },
  { name: "rate-limits", kind: "flag", describe: "Limit requests per address (--no-rate-limits: do not)", standard: true },
  {
    name: "public-url",
    kind: "text",
    describe: "Address by which browsers and devices reach the server through a proxy, like https://sync.example.com",
    standard: null,
  },
  {
    name: "trusted-proxy",
    kind: "list",
    describe: "Address or range of a proxy whose X-Forwarded-For is believed; may be repeated",
    standard: null,
  },
  {
    name: "cors-origin",
    kind: "list",
    describe: "Origin whose pages may call the server from a browser, like https://app.example.com; may be repeated",
    standard: null,
  },
  { name: "log-level", kind: "text", describe: "Which lines are logged", standard: "info", choices: LOG_LEVELS },
  { name: "operator-token", kind: "text", describe: "Token that the pages under /admin ask for", standard: null, isSecret: true },
  { name: "metrics-token", kind: "text", describe: "Token that GET /metrics asks for", standard: null, isSecret: true },
];

const SETTINGS: readonly Setting[] = [...MANAGING, ...SERVING];
export const SETTING_NAMES: readonly string[] = SETTINGS.filter(({ isSecret }) => isSecret !== true).map(({ name }) => name);

const variableOf = (name: string): string => `SYNCKIT_${name.toUpperCase().replaceAll("-", "_")}`;

type Value = string | number | boolean | readonly string[] | null;

export interface Resolved {
  readonly setting: Setting;
  readonly value: Value;
  /** Where it was said. */
  readonly source: string;
}

/** What yargs has read, which has no defaults. */
type Given = Readonly<Record<string, unknown>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export function resolveSettings(given: Given, environment: Environment): readonly Resolved[] {
  const path = typeof given["config"] === "string" ? given["config"] : (environment[variableOf("config")] ?? "");
  const file = path === "" ? {} : readFile(path);
  return SETTINGS.map((setting) => {
    const { name, standard } = setting;
    const variable = variableOf(name);
    const said = environment[variable] ?? "";
    if (given[name] !== undefined && setting.isSecret !== true) return { setting, value: given[name] as Value, source: `--${name}` };
    if (said !== "") return { setting, value: fromText(setting, said, variable), source: variable };
    if (file[name] !== undefined && file[name] !== null) return { setting, value: fromJson(setting, file[name], path), source: path };
    return { setting, value: standard, source: "standard" };
  });
}

/** The same as yargs would have read them, had all been options. */
export function withSettings(given: Given, environment: Environment): Given {
  const resolved = resolveSettings(given, environment).filter(({ value }) => value !== null);
  return { ...given, ...Object.fromEntries(resolved.map(({ setting, value }) => [setting.name, value])) };
}

/** A value as a person may see it: never a secret, nor the password of a URL. */
export function shown({ setting, value }: Resolved): Value {
  if (value === null) return null;
  if (setting.isSecret === true) return "<secret>";
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || url.password === "") return value;
  return String(value).replace(/^([^:]+:\/\/[^:@/]*):.*@/u, "$1:<secret>@");
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CliError(EXIT_USAGE, `${path}: not JSON: ${error.message}`);
    throw new CliError(EXIT_FAILED, `${path}: cannot be read (${codeOf(error) ?? "unknown reason"}).`);
  }
  if (content === null || typeof content !== "object" || Array.isArray(content))
    throw new CliError(EXIT_USAGE, `${path}: expected a JSON object.`);
  const names = SETTINGS.map(({ name }) => name);
  for (const name of Object.keys(content)) {
    if (names.includes(name)) continue;
    const meant = suggest(name, names);
    throw new CliError(EXIT_USAGE, `${path}: there is no setting "${name}".${meant === null ? "" : `\nDid you mean ${meant}?`}`);
  }
  return content as Readonly<Record<string, unknown>>;
}

function fromText(setting: Setting, said: string, where: string): Value {
  switch (setting.kind) {
    case "text":
      return fromJson(setting, said, where);
    case "list":
      return said.split(",").map((part) => part.trim());
    case "count":
      return fromJson(setting, /^\d+$/u.test(said) ? Number(said) : said, where);
    case "flag":
      return fromJson(setting, { true: true, false: false, 1: true, 0: false }[said] ?? said, where);
  }
}

function fromJson({ name, kind, choices }: Setting, value: unknown, where: string): Value {
  const isList = Array.isArray(value) && value.every((part) => typeof part === "string");
  if (kind === "text" && typeof value === "string" && choices?.includes(value) !== false) return value;
  if (kind === "count" && typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  if (kind === "flag" && typeof value === "boolean") return value;
  if (kind === "list" && isList) return value;
  const expected = { text: "a text", count: "a whole number", flag: "true or false", list: "a list of texts" }[kind];
  throw new CliError(EXIT_USAGE, `${where}: ${name}: expected ${choices === undefined ? expected : `one of ${choices.join(", ")}`}.`);
}
