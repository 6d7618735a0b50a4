/** The command line of `synckit-server`: reads the arguments, runs one command, answers its exit code. */
import { readFileSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { AccountError } from "../accounts.ts";
import { PublicUrlError } from "../create-server.ts";
import { codeOf } from "../error-code.ts";
import { ProxyAddressError } from "../http/client-address.ts";
import { StorageUnavailableError } from "../storage/port.ts";
import { ForeignSchemaError } from "../storage/sql/schema.ts";
import { CliError, EXIT_BUG, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./cli-error.ts";
import { manageCommands } from "./manage-commands.ts";
import { integer, managed, text, texts } from "./read-arguments.ts";
import { serve } from "./serve.ts";
import { suggest } from "./suggest.ts";

const COMMANDS = "serve app user device signing-key audit create list new-key redirect add remove password sign-out rotate".split(" ");
const OPTIONS = [
  ..."data database database-partitions blobs blob-quota port host json rate-limits no-rate-limits".split(" "),
  ..."public-url trusted-proxy password-stdin drop-old limit help version".split(" "),
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
  return manageCommands(globalOptions(yargs(args)))
    .strict()
    .help()
    .version(readVersion())
    .wrap(null)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new CliError(EXIT_USAGE, usageMessage(message ?? "wrong usage"));
    });
}

const globalOptions = (argv: Argv): Argv =>
  argv
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
        port: integer(read, "port", 0, 65_535),
        isLimited: read["rate-limits"] === true,
        blobQuotaBytes: read["blob-quota"] === undefined ? null : integer(read, "blob-quota", 0, Number.MAX_SAFE_INTEGER),
        publicUrl: read["public-url"] === undefined ? null : text(read, "public-url"),
        trustedProxies: texts(read, "trusted-proxy"),
      }),
    );

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
    .option("rate-limits", { describe: "Limit requests per address (--no-rate-limits: do not)", type: "boolean", default: true })
    .option("public-url", {
      describe: "Address by which browsers and devices reach the server through a proxy, like https://sync.example.com",
      type: "string",
      requiresArg: true,
    })
    .option("trusted-proxy", {
      describe: "Address or range of a proxy whose X-Forwarded-For is believed; may be repeated",
      type: "string",
      requiresArg: true,
    });

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
  if (error instanceof PublicUrlError || error instanceof ProxyAddressError) return { exitCode: EXIT_USAGE, message: `${error.message}.` };
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
