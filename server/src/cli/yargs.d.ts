/** The part of yargs 18 that `main.ts` uses; the package carries no declarations of its own. */
declare module "yargs" {
  export interface OptionSpec {
    readonly describe: string;
    readonly type: "string" | "number" | "boolean";
    readonly default?: string | number | boolean;
    readonly defaultDescription?: string;
    readonly requiresArg?: boolean;
    readonly global?: boolean;
    readonly choices?: readonly string[];
  }
  export interface PositionalSpec {
    readonly describe: string;
    readonly type: "string";
    readonly demandOption: boolean;
  }
  export type Arguments = Readonly<Record<string, unknown>>;
  export interface Argv {
    scriptName(name: string): Argv;
    usage(text: string): Argv;
    version(text: string): Argv;
    help(): Argv;
    strict(): Argv;
    exitProcess(isOn: boolean): Argv;
    wrap(columns: number | null): Argv;
    fail(handler: (message: string | null, error: Error | undefined) => void): Argv;
    option(name: string, spec: OptionSpec): Argv;
    positional(name: string, spec: PositionalSpec): Argv;
    demandCommand(least: number, message: string): Argv;
    command(
      command: string | readonly string[],
      describe: string,
      build: (yargs: Argv) => Argv,
      handler?: (args: Arguments) => void | Promise<void>,
    ): Argv;
    parseAsync(): Promise<Arguments>;
  }
  const create: (args: readonly string[]) => Argv;
  export default create;
}
