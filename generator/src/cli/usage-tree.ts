/**
 * The command line as data. `usage.ts` describes it once, by calls; replayed here, the same calls give the tree
 * of commands and options that completion, suggestions, the quick reader and the tests of the documents need.
 */
import type { Argv, Found, Option } from "yargs";

export interface CommandShape {
  /** The name and its aliases. Empty for the program itself. */
  readonly names: readonly string[];
  readonly about: string;
  /** In order, as declared: `<code>`, `[schemas..]`. */
  readonly positionals: readonly Positional[];
  readonly options: ReadonlyMap<string, Option>;
  readonly commands: readonly CommandShape[];
  readonly examples: readonly (readonly [command: string, about: string])[];
  /** Options that exclude one another. */
  readonly exclusions: readonly (readonly [string, string])[];
  readonly run: (found: Found) => void;
}

export interface Positional {
  readonly name: string;
  readonly isRequired: boolean;
  readonly isList: boolean;
  readonly option: Option | undefined;
}

/** Options that yargs adds to every command. */
const BUILT_IN: ReadonlyMap<string, Option> = new Map([
  ["help", { alias: "h", type: "boolean", describe: "show help" }],
  ["version", { type: "boolean", describe: "show the version" }],
]);

/** Every option that a command takes, `--help` and `--version` included. */
export const allOptions = (command: CommandShape): ReadonlyMap<string, Option> => new Map([...command.options, ...BUILT_IN]);

/** Replays a description of the command line. */
export function readUsage(describe: (parser: Argv) => Argv): CommandShape {
  const recorder = new Recorder([], "", () => {});
  describe(recorder);
  return recorder.shape();
}

class Recorder implements Argv {
  readonly #names: readonly string[];
  readonly #about: string;
  readonly #positionals: readonly Omit<Positional, "option">[];
  readonly #run: (found: Found) => void;
  readonly #options = new Map<string, Option>();
  readonly #positionalOptions = new Map<string, Option>();
  readonly #commands: CommandShape[] = [];
  readonly #examples: (readonly [string, string])[] = [];
  readonly #exclusions: (readonly [string, string])[] = [];

  constructor(names: readonly string[], about: string, run: (found: Found) => void) {
    const [first = "", ...positionals] = names[0]?.split(" ") ?? [];
    this.#names = names.length === 0 ? [] : [first, ...names.slice(1)];
    this.#about = about;
    this.#run = run;
    this.#positionals = positionals.map((word) => ({
      name: word.replaceAll(/[<>[\].]/gu, ""),
      isRequired: word.startsWith("<"),
      isList: word.includes(".."),
    }));
  }

  shape(): CommandShape {
    return {
      names: this.#names,
      about: this.#about,
      positionals: this.#positionals.map((positional) => ({ ...positional, option: this.#positionalOptions.get(positional.name) })),
      options: this.#options,
      commands: this.#commands,
      examples: this.#examples,
      exclusions: this.#exclusions,
      run: this.#run,
    };
  }

  command(name: string | readonly string[], about: string, build: (command: Argv) => Argv, run: (found: Found) => void): Argv {
    const child = new Recorder(typeof name === "string" ? [name] : name, about, run);
    build(child);
    this.#commands.push(child.shape());
    return this;
  }

  option(name: string, option: Option): Argv {
    this.#options.set(name, option);
    return this;
  }

  positional(name: string, option: Option): Argv {
    this.#positionalOptions.set(name, option);
    return this;
  }

  conflicts(name: string, others: string | readonly string[]): Argv {
    for (const other of typeof others === "string" ? [others] : others) this.#exclusions.push([name, other]);
    return this;
  }

  example(command: string, about: string): Argv {
    this.#examples.push([command, about]);
    return this;
  }

  // What only shapes help or parsing says nothing about the tree.
  scriptName = (): Argv => this;
  locale = (): Argv => this;
  exitProcess = (): Argv => this;
  parserConfiguration = (): Argv => this;
  usage = (): Argv => this;
  demandCommand = (): Argv => this;
  strict = (): Argv => this;
  version = (): Argv => this;
  alias = (): Argv => this;
  epilogue = (): Argv => this;
  wrap = (): Argv => this;
  fail = (): Argv => this;
  getHelp = (): Promise<string> => Promise.resolve("");
  parseAsync = (): Promise<Found> => Promise.resolve({});
}
