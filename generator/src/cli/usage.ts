/** What the command line takes: arguments in, a request out, or what is wrong with the arguments. */
import type { Argv, Found } from "yargs";
import { closest } from "../closest.ts";
import { VERSION } from "../version.ts";
import type { GenerateRequest } from "./generate-command.ts";
import type { DiffRequest } from "./diff-command.ts";
import { inspectCommands } from "./inspect-usage.ts";
import type { InspectRequest } from "./inspect-usage.ts";
import { commonOf, commonOptions, textOf, textsOf } from "./options.ts";
import { readQuickly } from "./quick-arguments.ts";
import { SHELLS } from "./shells.ts";
import type { Shell } from "./shells.ts";
import { startCommands } from "./start-usage.ts";
import type { StartRequest } from "./start-usage.ts";
import type { MigrateRequest } from "./migrate-command.ts";
import type { TemplatesRequest } from "./templates-command.ts";
import { allOptions, readUsage } from "./usage-tree.ts";
import type { CommandShape } from "./usage-tree.ts";

export type Request =
  | GenerateRequest
  | DiffRequest
  | MigrateRequest
  | TemplatesRequest
  | StartRequest
  | InspectRequest
  | { readonly command: "explain"; readonly code: string }
  | { readonly command: "schema"; readonly which: "schema" | "output" }
  | { readonly command: "completion"; readonly shell: Shell }
  | { readonly command: "print"; readonly text: string }
  /** `help` is set where the author should see what there is. */
  | { readonly command: "wrong-usage"; readonly message: string; readonly help?: string };

const EPILOGUE = `Exit codes: 0 fine; 1 findings: the schema has errors, files are not current, a database differs; 2 wrong usage, or a file that cannot be read, parsed or written; 3 a decision is needed and nobody can be asked; 70 a bug of ours; 130 interrupted.

Environment: NO_COLOR and FORCE_COLOR switch colour off and on, TERM=dumb switches it off, CI means that nobody can be asked. Results go to stdout, all else to stderr. Nothing is ever sent anywhere.`;

/** The tree of commands and options; each `run` is a no-op. */
export const usageTree = (): CommandShape => readUsage((parser) => describe(parser, () => {}));

export async function parseArguments(args: readonly string[]): Promise<Request> {
  let request: Request | null = null;
  const accept = (found: Request): void => {
    request = found;
  };
  const quick = readQuickly(
    args,
    readUsage((parser) => describe(parser, accept)),
  );
  if (quick === null) return parseWithYargs(args);
  quick.command.run(quick.found);
  return request ?? parseWithYargs(args);
}

/** The whole of the command line, with help and with words for every mistake. */
export async function parseWithYargs(args: readonly string[]): Promise<Request> {
  const { default: yargs } = await import("yargs");
  let request: Request | null = null;
  let fault: string | null = null;
  const accept = (found: Request): void => {
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
  const described = parser
    .scriptName("synckit-gen")
    .locale("en")
    .exitProcess(false)
    .parserConfiguration({
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "camel-case-expansion": false,
    })
    .usage("$0 <command>\n\nGenerates an end-to-end-encrypted sync layer for an SQLite schema.")
    .command(
      ["generate [schemas..]", "gen", "g"],
      "write the files of the sync layer",
      (command) =>
        outputOptions(command)
          .option("check", { type: "boolean", describe: "change nothing; exit 1 if a file is not current" })
          .option("dry-run", { alias: "n", type: "boolean", describe: "change nothing; list what would change" })
          .option("force", { alias: "f", type: "boolean", default: false, describe: "overwrite generated files that were edited by hand" })
          .option("accept-egress", {
            type: "string",
            array: true,
            requiresArg: true,
            describe: "table.column, which may begin to leave the device; may be repeated",
          })
          .option("name", { type: "string", requiresArg: true, describe: "what to call the migration, should one be needed" })
          .option("allow-destructive", {
            type: "boolean",
            default: false,
            describe: "a migration may delete columns and tables with their data",
          })
          .option("watch", { alias: "w", type: "boolean", describe: "generate again whenever a schema changes" })
          // With a default, yargs takes an option for given.
          .conflicts("watch", ["check", "dry-run"])
          .example("$0 generate", "read synckit.yaml, write src/sync")
          .example("$0 generate app.yaml -o lib/sync --diff", "other places, and what changes line by line")
          .example("$0 generate packages/*/synckit.yaml --watch", "several schemas, kept current"),
      (found) => accept(generateRequest(found, found["check"] === true ? "check" : "generate")),
    )
    .command(
      "check [schemas..]",
      "say whether the files are current (generate --check)",
      (command) =>
        outputOptions(command)
          .option("full", { type: "boolean", default: false, describe: "compare the files themselves where equal hashes would do" })
          .example("$0 check", "exit 1 where a file is missing, stale, edited or orphaned")
          .example("$0 check --diff --format github", "for a pull request: annotations, and the difference"),
      (found) => accept(generateRequest(found, "check")),
    )
    .command(
      "diff [schema]",
      "say in words what changed since an earlier version, and what that means for devices",
      (command) =>
        commonOptions(command)
          .positional("schema", { type: "string", describe: "the schema; default: synckit.yaml, here or in a folder above" })
          .option("against", {
            type: "string",
            requiresArg: true,
            describe: "a git ref, a schema, a lock; default: the lock in the output folder",
          })
          .option("out", {
            alias: "o",
            type: "string",
            requiresArg: true,
            describe: "the output folder; default: src/sync beside the schema",
          })
          .option("breaking", {
            type: "boolean",
            default: false,
            describe: "exit 1 where a device on the old version would lose something",
          })
          .example("$0 diff", "what the next generate would change")
          .example("$0 diff --against origin/main --breaking --format github", "for a pull request: annotations, and exit 1"),
      (found) =>
        accept({
          ...commonOf(found),
          command: "diff",
          schema: textOf(found["schema"]),
          out: textOf(found["out"]),
          against: textOf(found["against"]),
          isBreaking: found["breaking"] === true,
        }),
    )
    .command(
      "migrate <action> [schema]",
      "say what the migrations are, seal or squash them, or prove them",
      (command) =>
        commonOptions(command)
          .positional("action", {
            choices: MIGRATE_ACTIONS,
            demandOption: true,
            describe:
              "status; new: seal what is written, and write what is pending; squash: one migration for all that is not sealed; verify: run them on random rows",
          })
          .positional("schema", { type: "string", describe: "the schema; default: synckit.yaml, here or in a folder above" })
          .option("out", {
            alias: "o",
            type: "string",
            requiresArg: true,
            describe: "the output folder; default: src/sync beside the schema",
          })
          .option("name", { type: "string", requiresArg: true, describe: "new, squash: what to call the migration" })
          .option("allow-destructive", {
            type: "boolean",
            default: false,
            describe: "new, squash: it may delete columns and tables with their data",
          })
          .option("accept-egress", {
            type: "string",
            array: true,
            requiresArg: true,
            describe: "new, squash: table.column, which may begin to leave the device; may be repeated",
          })
          .option("seed", { type: "string", requiresArg: true, describe: "verify: repeat a run; default: another one each time" })
          .option("rows", { type: "string", requiresArg: true, describe: "verify: rows of a table, at most; default: 12" })
          .option("rounds", { type: "string", requiresArg: true, describe: "verify: how often each way is tried; default: 5" })
          .example("$0 migrate status", "what is sealed, and what the next migration would do")
          .example("$0 migrate new --name add_priority", "before a release: seal what is written, write what is pending")
          .example("$0 migrate squash", "one migration for all that no device has run")
          .example("$0 migrate verify --seed 42", "prove each migration, and the way from every version to the newest"),
      (found) =>
        accept({
          ...commonOf(found),
          command: "migrate",
          action: MIGRATE_ACTIONS.find((action) => action === found["action"]) ?? "status",
          schema: textOf(found["schema"]),
          out: textOf(found["out"]),
          migrationName: textOf(found["name"]),
          allowsDestructive: found["allow-destructive"] === true,
          acceptEgress: textsOf(found["accept-egress"]),
          seed: found["seed"] === undefined ? null : countOf(found["seed"], 0),
          rows: countOf(found["rows"], DEFAULT_ROWS),
          rounds: countOf(found["rounds"], DEFAULT_ROUNDS),
        }),
    )
    .command(
      "explain <code>",
      "print the page of a diagnostic code",
      (command) =>
        command
          .positional("code", { type: "string", demandOption: true, describe: "for example reference/unknown-parent" })
          .example("$0 explain reference/unknown-parent", "what it means, with a wrong and a right schema")
          .example("$0 explain column/credential", "why a column name causes a warning"),
      (found) => accept({ command: "explain", code: String(found["code"]) }),
    )
    .command(
      "schema [which]",
      "print a JSON Schema: of the YAML, for editors, or of --format json",
      (command) =>
        command
          .positional("which", { choices: ["schema", "output"], default: "schema", describe: "schema: the YAML; output: --format json" })
          .example("$0 schema > synckit.schema.json", "for an editor that wants it as a file")
          .example("$0 schema output", "what --format json prints"),
      (found) => accept({ command: "schema", which: found["which"] === "output" ? "output" : "schema" }),
    )
    .command(
      "templates <action> [emitter]",
      "list the emitters, or copy one as a start for your own",
      (command) =>
        commonOptions(command)
          .positional("action", { choices: ["list", "eject"], demandOption: true, describe: "list them, or eject one" })
          .positional("emitter", { type: "string", describe: "the emitter to eject" })
          .option("out", { alias: "o", type: "string", requiresArg: true, describe: "the file to write; default: <emitter>-emitter.js" })
          .option("force", { alias: "f", type: "boolean", default: false, describe: "overwrite that file" })
          .example("$0 templates list", "names and what they write")
          .example("$0 templates eject tables -o emitters/tables.js", "then: generate --emitter emitters/tables.js"),
      (found) =>
        accept({
          ...commonOf(found),
          command: "templates",
          action: found["action"] === "eject" ? "eject" : "list",
          emitter: textOf(found["emitter"]),
          out: textOf(found["out"]),
          isForced: found["force"] === true,
        }),
    )
    .command(
      "completion <shell>",
      "print a script that completes commands and options",
      (command) =>
        command
          .positional("shell", { choices: SHELLS, demandOption: true, describe: "the shell that will read it" })
          .example("source <($0 completion bash)", "for this bash; put the line into ~/.bashrc for every one")
          .example("$0 completion fish > ~/.config/fish/completions/$0.fish", "for every fish"),
      (found) => accept({ command: "completion", shell: SHELLS.find((shell) => shell === found["shell"]) ?? "bash" }),
    );
  return startCommands(inspectCommands(described, accept), accept)
    .strict()
    .version(VERSION)
    .alias("help", "h")
    .epilogue(EPILOGUE)
    .wrap(120);
}

const MIGRATE_ACTIONS = ["status", "new", "squash", "verify"] as const;
/** Enough for every kind of value to meet every kind of column in a few rounds, and a second's work for a hundred tables. */
const DEFAULT_ROWS = 12;
const DEFAULT_ROUNDS = 5;

const countOf = (value: unknown, otherwise: number): number => (/^\d{1,10}$/u.test(textOf(value) ?? "") ? Number(value) : otherwise);

const outputOptions = (command: Argv): Argv =>
  commonOptions(command)
    .positional("schemas", { type: "string", describe: "the schemas; default: synckit.yaml, here or in a folder above" })
    .option("config", { alias: "c", type: "string", array: true, requiresArg: true, describe: "a schema, as an option" })
    .option("recursive", { alias: "r", type: "boolean", default: false, describe: "every synckit.yaml in this folder and below" })
    .option("out", { alias: "o", type: "string", requiresArg: true, describe: "the output folder; default: src/sync beside the schema" })
    .option("import-suffix", {
      choices: [".js", ".ts", ""],
      describe: "suffix of relative imports in generated TypeScript; default: as last time, else .js",
    })
    .option("emitter", {
      type: "string",
      array: true,
      requiresArg: true,
      describe: "a module with an emitter of your own; default: as last time; --no-emitter: none",
    })
    .option("with", {
      type: "string",
      array: true,
      requiresArg: true,
      describe: "what to write as well, with commas between: tests (for Vitest), electron, http; default: as last time; --no-with: none",
    })
    .option("diff", { type: "boolean", default: false, describe: "show what changes, line by line" });

function generateRequest(found: Found, command: "generate" | "check"): GenerateRequest {
  const suffix = textOf(found["import-suffix"]);
  return {
    ...commonOf(found),
    command,
    schemas: [...textsOf(found["schemas"]), ...textsOf(found["config"])],
    isRecursive: found["recursive"] === true,
    out: textOf(found["out"]),
    isDryRun: found["dry-run"] === true,
    isForced: found["force"] === true,
    isWatching: found["watch"] === true,
    isFull: found["full"] === true,
    showsDiff: found["diff"] === true,
    acceptEgress: textsOf(found["accept-egress"]),
    migrationName: textOf(found["name"]),
    allowsDestructive: found["allow-destructive"] === true,
    importSuffix: suffix === ".js" || suffix === ".ts" || suffix === "" ? suffix : undefined,
    emitters: found["emitter"] === undefined ? undefined : textsOf(found["emitter"]),
    with: found["with"] === undefined ? undefined : textsOf(found["with"]).flatMap((texts) => texts.split(",")),
  };
}

/** yargs says which arguments it does not know; this says what they were probably meant to be. */
function explainFault(message: string, args: readonly string[]): string {
  const unknown = /^Unknown (?:argument|command)s?: (?<names>.*)$/su.exec(message)?.groups?.["names"];
  if (unknown === undefined) return message.replaceAll("\n", " ");
  const program = usageTree();
  const command = program.commands.find(({ names }) => names.includes(args.find((arg) => !arg.startsWith("-")) ?? ""));
  const lines = unknown.split(", ").map((name) => {
    const flag = args.find(
      (arg) => arg === `--${name}` || arg.startsWith(`--${name}=`) || arg === `--no-${name}` || (name.length === 1 && /^-[^-]/u.test(arg)),
    );
    if (flag === undefined) {
      const words = (command?.commands.length ? command : program).commands.flatMap(({ names }) => names);
      return `"${name}" is not a command or an argument here.${didYouMean(command?.commands.length === 0 ? undefined : closest(name, words))}`;
    }
    const meant = closest(name, allOptions(command ?? program).keys());
    return `There is no option "${flag.replace(/=.*/su, "")}".${didYouMean(meant === undefined ? undefined : `--${meant}`)}`;
  });
  return lines.join("\n");
}

export const didYouMean = (word: string | undefined): string => (word === undefined ? "" : ` Did you mean "${word}"?`);
