/** The command line of `synckit-server`: reads the arguments, runs one command, answers its exit code. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import yargs, { type Arguments, type Argv } from "yargs";
import { AccountError } from "../accounts.ts";
import { StorageUnavailableError } from "../storage/port.ts";
import { ForeignSchemaError } from "../storage/sql/schema.ts";
import { CliError, EXIT_BUG, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./cli-error.ts";
import { codeOf } from "../error-code.ts";
import { appCreate, appList, userCreate, userList, type ManageOptions } from "./manage.ts";
import { serve } from "./serve.ts";
import { suggest } from "./suggest.ts";

const COMMANDS = ["serve", "app", "user", "create", "list"];
const OPTIONS = [
  "data",
  "database",
  "database-partitions",
  "blobs",
  "blob-quota",
  "port",
  "host",
  "json",
  "rate-limits",
  "no-rate-limits",
  "password-stdin",
  "help",
  "version",
];

/** Never rejects: what went wrong is on standard error. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await commands(args).parseAsync();
    return EXIT_OK;
  } catch (error) {
    const { exitCode, message } = explain(error);
    process.stderr.write(`${message}\n`);
    return exitCode;
  }
}

function commands(args: readonly string[]): Argv {
  return yargs(args)
    .scriptName("synckit-server")
    .usage("$0 [command]\n\nA SyncKit server: it keeps changes that it cannot read.")
    .option("data", {
      describe: "Directory of the database and the blobs",
      type: "string",
      default: "./synckit-data",
      requiresArg: true,
    })
    .option("database", {
      describe: "postgres://user@host:port/name in place of the directory's database; or SYNCKIT_DATABASE in the environment",
      type: "string",
      requiresArg: true,
    })
    .option("database-partitions", {
      describe: "Partitions of each large table when PostgreSQL's are made; 0: plain tables",
      type: "number",
      default: 16,
      requiresArg: true,
    })
    .option("json", { describe: "Write JSON, one document a line", type: "boolean", default: false })
    .command(["$0", "serve"], "Serve until stopped", serveOptions, (read) =>
      serve({
        ...managed(read),
        host: text(read, "host"),
        port: whole(read, "port", 65_535),
        isLimited: read["rate-limits"] === true,
        blobQuotaBytes: read["blob-quota"] === undefined ? null : whole(read, "blob-quota", Number.MAX_SAFE_INTEGER),
      }),
    )
    .command("app", "Make and list apps", (app) =>
      app
        .command("create <name>", "Make an app and print its API key, once", named("name", "Name of the app"), (read) =>
          appCreate(managed(read), text(read, "name")),
        )
        .command(
          "list",
          "List the apps",
          (list) => list,
          (read) => appList(managed(read)),
        )
        .demandCommand(1, "Say what to do: app create NAME, or app list."),
    )
    .command("user", "Make and list users", (user) =>
      user
        .command("create <email>", "Make a user; asks for the password", userOptions, (read) =>
          userCreate(managed(read), text(read, "email"), read["password-stdin"] === true),
        )
        .command(
          "list",
          "List the users",
          (list) => list,
          (read) => userList(managed(read)),
        )
        .demandCommand(1, "Say what to do: user create EMAIL, or user list."),
    )
    .strict()
    .help()
    .version(readVersion())
    .wrap(null)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new CliError(EXIT_USAGE, usageMessage(message ?? "wrong usage"));
    });
}

const serveOptions = (argv: Argv): Argv =>
  argv
    .option("host", { describe: "Address to listen on", type: "string", default: "127.0.0.1", requiresArg: true })
    .option("port", { describe: "Port to listen on; 0: any free one", type: "number", default: 8787, requiresArg: true })
    .option("blobs", {
      describe: "Folder, or s3://bucket/prefix?endpoint=https://host&region=name; or SYNCKIT_BLOBS in the environment",
      type: "string",
      requiresArg: true,
    })
    .option("blob-quota", {
      describe: "Bytes that one account's blobs may have together; unlimited unless given",
      type: "number",
      requiresArg: true,
    })
    .option("rate-limits", { describe: "Limit requests per address (--no-rate-limits: do not)", type: "boolean", default: true });

const named = (name: string, describe: string) => (argv: Argv) => argv.positional(name, { describe, type: "string", demandOption: true });

const userOptions = (argv: Argv): Argv =>
  named(
    "email",
    "Address that the user signs in with",
  )(argv).option("password-stdin", {
    describe: "Read the password from standard input",
    type: "boolean",
    default: false,
  });

const managed = (read: Arguments): ManageOptions => ({
  data: resolve(text(read, "data")),
  database: optionOrVariable(read, "database", "SYNCKIT_DATABASE"),
  partitions: whole(read, "database-partitions", 1024),
  blobs: optionOrVariable(read, "blobs", "SYNCKIT_BLOBS"),
  isJson: read["json"] === true,
});

/** The option, else the environment's variable, which other users of the machine cannot read. */
function optionOrVariable(read: Arguments, option: string, variable: string): string | null {
  if (read[option] !== undefined) return text(read, option);
  const value = process.env[variable] ?? "";
  return value === "" ? null : value;
}

function text(read: Arguments, name: string): string {
  const value = read[name];
  if (typeof value !== "string" || value === "") throw new CliError(EXIT_USAGE, `${name}: give one value.`);
  return value;
}

function whole(read: Arguments, name: string, most: number): number {
  const value = read[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > most)
    throw new CliError(EXIT_USAGE, `${name}: give one whole number from 0 to ${most}.`);
  return value;
}

/** yargs names what it does not know; this adds what was probably meant. */
function usageMessage(message: string): string {
  const unknown = /^Unknown (argument|command)s?: (.*)$/.exec(message)?.[2]?.split(", ") ?? [];
  const misspelt = unknown.filter((word) => !COMMANDS.includes(word));
  const meant = misspelt.flatMap((word) => suggest(word, COMMANDS) ?? suggest(word, OPTIONS)?.replace(/^/, "--") ?? []);
  const hint = meant.length === 0 ? "" : `\nDid you mean ${[...new Set(meant)].join(", ")}?`;
  return `${message}${hint}\nSee synckit-server --help.`;
}

function explain(error: unknown): { readonly exitCode: number; readonly message: string } {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof AccountError) return { exitCode: EXIT_FAILED, message: `Refused: ${error.message}.` };
  if (error instanceof ForeignSchemaError) return { exitCode: EXIT_FAILED, message: `Cannot open the data: ${error.message}.` };
  if (error instanceof StorageUnavailableError) return { exitCode: EXIT_FAILED, message: `Cannot open the data: ${reasonOf(error)}.` };
  const code = codeOf(error);
  if (error instanceof Error && code !== null && (code.startsWith("SQLITE_") || SQLSTATE.test(code)))
    return { exitCode: EXIT_FAILED, message: `The database cannot be used: ${error.message} (${code}).` };
  // yargs has its own error class for wrong usage that it notices late.
  if (error instanceof Error && error.name === "YError") return { exitCode: EXIT_USAGE, message: usageMessage(error.message) };
  return { exitCode: EXIT_BUG, message: `This is a bug in synckit-server.\n${error instanceof Error ? error.stack : String(error)}` };
}

/** PostgreSQL's codes, such as 28P01 for a wrong password; Node's have no digit. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/u;

/** The driver's words: host, port and user, never a password. */
const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (manifest as { readonly version: string }).version;
}
