/** The only module that knows yargs: arguments in, a request out, or what is wrong with the arguments. */
import type { Argv } from "yargs";
import { closest } from "../closest.ts";
import { VERSION } from "../version.ts";

export interface GenerateRequest {
  readonly command: "generate" | "check";
  readonly schema: string | undefined;
  readonly out: string | undefined;
  readonly cwd: string | undefined;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly importSuffix: ".js" | ".ts" | "";
  readonly format: "text" | "json";
  readonly color: boolean | undefined;
}

export type Request =
  | GenerateRequest
  | { readonly command: "explain"; readonly code: string }
  | { readonly command: "print"; readonly text: string }
  /** `help` is set where the author should see what there is. */
  | { readonly command: "wrong-usage"; readonly message: string; readonly help?: string };

const COMMANDS = ["generate", "check", "explain"];
const OPTIONS = [
  "out",
  "cwd",
  "check",
  "dry-run",
  "force",
  "import-suffix",
  "format",
  "quiet",
  "verbose",
  "color",
  "no-color",
  "help",
  "version",
];

const EPILOGUE =
  "Exit codes: 0 fine; 1 the schema has errors, or files are not current; 2 wrong usage, or a file that cannot be read, parsed or written; 70 a bug of ours.";

export async function parseArguments(args: readonly string[]): Promise<Request> {
  const { default: yargs } = await import("yargs");
  let request: Request | null = null;
  let fault: string | null = null;
  const accept = (found: Request) => {
    request = found;
  };

  const parser = describe(yargs([...args]), accept).fail((message: string | null, error: Error | undefined) => {
    // yargs reports our own exceptions here as well; those are not the user's fault.
    if (error !== undefined && message === null) throw error;
    fault ??= message;
  });
  let output = "";
  await parser.parseAsync([...args], {}, (_error: Error | undefined, _argv: unknown, text: string) => {
    output = text;
  });

  if (fault !== null) return { command: "wrong-usage", message: explainFault(fault, args) };
  if (request !== null) return request;
  if (output !== "") return { command: "print", text: output };
  return { command: "wrong-usage", message: "Name a command.", help: await parser.getHelp() };
}

function describe(parser: Argv, accept: (request: Request) => void): Argv {
  return parser
    .scriptName("synckit-gen")
    .locale("en")
    .exitProcess(false)
    .parserConfiguration({
      "dot-notation": false,
      "duplicate-arguments-array": false,
      "parse-numbers": false,
      "camel-case-expansion": false,
    })
    .usage("$0 <command>\n\nGenerates an end-to-end-encrypted sync layer for an SQLite schema.")
    .command(
      ["generate [schema]", "gen", "g"],
      "write the files of the sync layer",
      (command) =>
        outputOptions(command)
          .option("check", { type: "boolean", default: false, describe: "change nothing; exit 1 if a file is not current" })
          .option("dry-run", { alias: "n", type: "boolean", default: false, describe: "change nothing; list what would change" })
          .option("force", { alias: "f", type: "boolean", default: false, describe: "overwrite generated files that were edited by hand" }),
      (found) => accept(requestOf(found, found["check"] ? "check" : "generate")),
    )
    .command("check [schema]", "say whether the files are current (generate --check)", outputOptions, (found) =>
      accept(requestOf(found, "check")),
    )
    .command(
      "explain <code>",
      "print the page of a diagnostic code",
      (command) => command.positional("code", { type: "string", demandOption: true, describe: "for example reference/unknown-parent" }),
      (found) => accept({ command: "explain", code: String(found["code"]) }),
    )
    .strict()
    .version(VERSION)
    .alias("help", "h")
    .epilogue(EPILOGUE)
    .wrap(120);
}

const outputOptions = (command: Argv) =>
  command
    .positional("schema", { type: "string", describe: "the schema; default: synckit.yaml, here or in a folder above" })
    .option("out", { alias: "o", type: "string", requiresArg: true, describe: "the output folder; default: src/sync beside the schema" })
    .option("cwd", { type: "string", requiresArg: true, describe: "the folder that paths are relative to" })
    .option("import-suffix", {
      choices: [".js", ".ts", ""],
      default: ".js",
      describe: "suffix of relative imports in generated TypeScript",
    })
    .option("format", { choices: ["text", "json"], default: "text", describe: "json: one object on stdout" })
    .option("quiet", { alias: "q", type: "boolean", default: false, describe: "print nothing but findings" })
    .option("verbose", { alias: "v", type: "boolean", default: false, describe: "list every file; stack traces of our bugs" })
    .option("color", { type: "boolean", describe: "colour the report; default: on a terminal" });

function requestOf(found: Readonly<Record<string, unknown>>, command: "generate" | "check"): GenerateRequest {
  const suffix = found["import-suffix"];
  return {
    command,
    schema: textOf(found["schema"]),
    out: textOf(found["out"]),
    cwd: textOf(found["cwd"]),
    isDryRun: found["dry-run"] === true,
    isForced: found["force"] === true,
    isQuiet: found["quiet"] === true,
    isVerbose: found["verbose"] === true,
    importSuffix: suffix === ".ts" || suffix === "" ? suffix : ".js",
    format: found["format"] === "json" ? "json" : "text",
    color: typeof found["color"] === "boolean" ? found["color"] : undefined,
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** yargs says which arguments it does not know; this says what they were probably meant to be. */
function explainFault(message: string, args: readonly string[]): string {
  const unknown = /^Unknown (?:argument|command)s?: (?<names>.*)$/su.exec(message)?.groups?.["names"];
  if (unknown === undefined) return message.replaceAll("\n", " ");
  const lines = unknown.split(", ").map((name) => {
    const flag = args.find(
      (arg) => arg === `--${name}` || arg.startsWith(`--${name}=`) || arg === `--no-${name}` || (name.length === 1 && /^-[^-]/u.test(arg)),
    );
    if (flag === undefined) return `"${name}" is not a command or an argument here.${didYouMean(closest(name, COMMANDS))}`;
    const meant = closest(name, OPTIONS);
    return `There is no option "${flag.replace(/=.*/su, "")}".${didYouMean(meant === undefined ? undefined : `--${meant}`)}`;
  });
  return lines.join("\n");
}

export const didYouMean = (word: string | undefined): string => (word === undefined ? "" : ` Did you mean "${word}"?`);
