/** What there is to complete, in a form that is easy to print as a shell's `case`. */
import { allOptions } from "../usage-tree.ts";
import type { CommandShape } from "../usage-tree.ts";

export interface Place {
  /** Names of the commands on the way here, without aliases: `migrate new`. Empty: the program itself. */
  readonly path: string;
  readonly command: CommandShape;
}

/** The program and every command in it, outermost first. */
export const placesIn = (command: CommandShape, path = ""): readonly Place[] => [
  { path, command },
  ...command.commands.flatMap((child) => placesIn(child, `${path} ${child.names[0] ?? ""}`.trim())),
];

export interface Flag {
  /** With dashes: `--out`, `-o`. */
  readonly spellings: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  /** Empty: a file, where it takes a value at all. */
  readonly choices: readonly string[];
}

/** Options of a command as they are typed, with the negative form of those that are on unless they are switched off. */
export const flagsOf = (command: CommandShape): readonly Flag[] =>
  [...allOptions(command)].flatMap(([name, option]): readonly Flag[] => {
    if (option.hidden === true) return [];
    const isSwitch = option.type === "boolean";
    const spellings = [`--${name}`, ...(option.alias === undefined ? [] : [`-${option.alias}`])];
    const positive: Flag = {
      spellings,
      about: option.describe,
      takesValue: !isSwitch,
      choices: (option.choices ?? []).filter((choice) => choice !== ""),
    };
    const negative: Flag = { spellings: [`--no-${name}`], about: option.describe, takesValue: false, choices: [] };
    if (isSwitch && option.default === true) return [negative];
    return isSwitch && option.default === undefined && name !== "help" && name !== "version" ? [positive, negative] : [positive];
  });

/** Words that may stand where no option does: commands, or the choices of a positional. */
export const wordsOf = (command: CommandShape): readonly string[] => [
  ...command.commands.flatMap(({ names }) => names),
  ...command.positionals.flatMap(({ option }) => option?.choices ?? []),
];

/** A text that a POSIX shell takes as one word. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** From one place to the next, by the word that is typed: the branches of a `case`, which bash and zsh spell alike. */
export const stepsIn = (places: ReturnType<typeof placesIn>): readonly string[] =>
  places.flatMap(({ path, command }) =>
    command.commands.map((child) => {
      const patterns = child.names.map((name) => quoted(`${path}/${name}`)).join("|");
      return `      ${patterns}) place=${quoted(`${path} ${child.names[0] ?? ""}`.trim())} ;;`;
    }),
  );
