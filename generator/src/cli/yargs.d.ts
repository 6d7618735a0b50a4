/** The part of yargs that the command line uses: yargs 18 ships without types. */
declare module "yargs" {
  export interface Option {
    readonly alias?: string;
    readonly type?: "string" | "boolean" | "number";
    /** May be given more than once; one value each time. */
    readonly array?: boolean;
    readonly nargs?: number;
    readonly choices?: readonly string[];
    readonly default?: string | boolean | number;
    readonly describe: string;
    readonly requiresArg?: boolean;
    readonly demandOption?: boolean;
    readonly hidden?: boolean;
  }

  export type Found = Readonly<Record<string, unknown>>;

  export interface Argv {
    scriptName(name: string): Argv;
    locale(name: string): Argv;
    exitProcess(exits: boolean): Argv;
    parserConfiguration(settings: Readonly<Record<string, boolean>>): Argv;
    usage(text: string): Argv;
    command(name: string | readonly string[], about: string, build: (command: Argv) => Argv, run: (found: Found) => void): Argv;
    demandCommand(least: number, message: string): Argv;
    option(name: string, option: Option): Argv;
    positional(name: string, option: Option): Argv;
    conflicts(name: string, others: string | readonly string[]): Argv;
    example(command: string, about: string): Argv;
    strict(): Argv;
    version(text: string): Argv;
    alias(name: string, other: string): Argv;
    epilogue(text: string): Argv;
    wrap(columns: number): Argv;
    fail(report: (message: string | null, error: Error | undefined) => void): Argv;
    getHelp(): Promise<string>;
    parseAsync(
      args: readonly string[],
      context: object,
      done: (error: Error | undefined, found: Found, output: string) => void,
    ): Promise<Found>;
  }

  export default function yargs(args: readonly string[]): Argv;
}
