/** Options that every command has, with one meaning everywhere, and how a request carries them. */
import type { Argv, Found } from "yargs";

export const FORMATS = ["text", "json", "github", "sarif"] as const;
export type Format = (typeof FORMATS)[number];

/** How a command reports, whatever it does. */
export interface ReportOptions {
  readonly format: Format;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly color: boolean | undefined;
}

/** What every command's request carries. */
export interface CommonOptions extends ReportOptions {
  readonly cwd: string | undefined;
  /** True where nobody can be asked: `--no-input`. */
  readonly isNoInput: boolean;
}

/** Adds `--cwd`, `--format`, `-q`, `-v`, `--color` and `--no-input` to a command. */
export const commonOptions = (command: Argv): Argv =>
  command
    .option("cwd", { type: "string", requiresArg: true, describe: "the folder that paths are relative to" })
    .option("format", { choices: FORMATS, default: "text", describe: "how to report; all but text on stdout" })
    .option("quiet", { alias: "q", type: "boolean", default: false, describe: "print nothing but findings" })
    .option("verbose", { alias: "v", type: "boolean", default: false, describe: "list everything; stack traces of our bugs" })
    .option("color", { type: "boolean", describe: "colour the report; default: on a terminal" })
    .option("input", { type: "boolean", default: true, describe: "ask questions on a terminal; --no-input never does" });

/** What yargs found of `commonOptions`. */
export const commonOf = (found: Found): CommonOptions => ({
  cwd: textOf(found["cwd"]),
  format: FORMATS.find((format) => format === textOf(found["format"])) ?? "text",
  isQuiet: found["quiet"] === true,
  isVerbose: found["verbose"] === true,
  color: typeof found["color"] === "boolean" ? found["color"] : undefined,
  isNoInput: found["input"] === false,
});

/** The value of an option that takes one: where it was given twice, the last. */
export const textOf = (value: unknown): string | undefined => textsOf(value).at(-1);

/** The values of an option or positional that may be given more than once. */
export const textsOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter((text): text is string => typeof text === "string");
