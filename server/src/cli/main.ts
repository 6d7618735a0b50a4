/** The command line of `synckit-server`: reads the arguments, runs one command, answers its exit code. */
import { readFileSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { AccountError } from "../accounts.ts";
import { BackupError } from "../backup/backup.ts";
import { OperatorTokenError, PublicUrlError } from "../create-server.ts";
import { codeOf } from "../error-code.ts";
import { CorsOriginError } from "../http/cors-origin.ts";
import { ProxyAddressError } from "../http/client-address.ts";
import { StorageUnavailableError } from "../storage/port.ts";
import { ForeignSchemaError } from "../storage/sql/schema.ts";
import { CliError, EXIT_BUG, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./cli-error.ts";
import { manageCommands } from "./manage-commands.ts";
import { dataCommands } from "./data-commands.ts";
import { describeSettings } from "./describe-settings.ts";
import { bytes, integer, logLevel, managed, optional, text, texts } from "./read-arguments.ts";
import { serve } from "./serve.ts";
import { managingOptions, servingOptions } from "./setting-options.ts";
import { resolveSettings, SETTING_NAMES, withSettings } from "./settings.ts";
import { suggest } from "./suggest.ts";

const COMMANDS =
  "serve config backup restore doctor usage app user device signing-key audit create list new-key redirect add remove password sign-out rotate".split(
    " ",
  );
const OPTIONS = [...SETTING_NAMES, ..."config no-rate-limits password-stdin drop-old yes limit replace help version".split(" ")];

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
  return dataCommands(manageCommands(globalOptions(yargs(args))))
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
  managingOptions(argv.scriptName("synckit-server").usage("$0 [command]\n\nA SyncKit server: it keeps changes that it cannot read."))
    .command(["$0", "serve"], "Serve until stopped", servingOptions, (given) => {
      const read = withSettings(given, process.env);
      return serve({
        ...managed(given),
        host: text(read, "host"),
        port: integer(read, "port", 0, 65_535),
        isLimited: read["rate-limits"] === true,
        blobQuotaBytes: bytes(read, "blob-quota"),
        changeQuotaBytes: bytes(read, "change-quota"),
        publicUrl: optional(read, "public-url"),
        trustedProxies: texts(read, "trusted-proxy"),
        corsOrigins: texts(read, "cors-origin"),
        logLevel: logLevel(read),
        metricsToken: optional(read, "metrics-token"),
        operatorToken: optional(read, "operator-token"),
      });
    })
    .command("config", "Say what the settings are, and where each was said", servingOptions, (given) => {
      const { isJson } = managed(given);
      process.stdout.write(`${describeSettings(resolveSettings(given, process.env), isJson)}\n`);
    });

/** yargs names what it does not know; this adds what was probably meant. */
function usageMessage(message: string): string {
  const unknown = /^Unknown (argument|command)s?: (.*)$/.exec(message)?.[2]?.split(", ") ?? [];
  const misspelt = unknown.filter((word) => !COMMANDS.includes(word));
  const meant = misspelt.flatMap((word) => suggest(word, COMMANDS) ?? suggest(word, OPTIONS)?.replace(/^/, "--") ?? []);
  const hint = meant.length === 0 ? "" : `\nDid you mean ${[...new Set(meant)].join(", ")}?`;
  return `${message}${hint}\nSee synckit-server --help.`;
}

/** Settings that cannot be. */
const USAGE_ERRORS = [PublicUrlError, OperatorTokenError, ProxyAddressError, CorsOriginError];

function explain(error: unknown): { readonly exitCode: number; readonly message: string } {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof AccountError || error instanceof BackupError)
    return { exitCode: EXIT_FAILED, message: `Refused: ${error.message}.` };
  if (error instanceof ForeignSchemaError) return { exitCode: EXIT_FAILED, message: `Cannot open the data: ${error.message}.` };
  if (error instanceof StorageUnavailableError) return { exitCode: EXIT_FAILED, message: `Cannot open the data: ${reasonOf(error)}.` };
  if (USAGE_ERRORS.some((kind) => error instanceof kind) && error instanceof Error)
    return { exitCode: EXIT_USAGE, message: `${error.message}.` };
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
