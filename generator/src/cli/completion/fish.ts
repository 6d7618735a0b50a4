/** Completion for fish: one line for each word. */
import type { CommandShape } from "../usage-tree.ts";
import { flagsOf, placesIn, wordsOf } from "./words.ts";

export function fishScript(program: CommandShape): string {
  const lines = placesIn(program).flatMap(({ path, command }) => {
    const condition = quotedForFish(path === "" ? "__fish_use_subcommand" : seen(path.split(" "), program, command));
    const commands = command.commands.flatMap(({ names, about }) =>
      names.map((name) => `complete -c synckit-gen -f -n ${condition} -a ${quotedForFish(name)} -d ${quotedForFish(about)}`),
    );
    const words = command.commands.length > 0 ? [] : wordsOf(command);
    const choices = words.length === 0 ? [] : [`complete -c synckit-gen -f -n ${condition} -a ${quotedForFish(words.join(" "))}`];
    const flags = flagsOf(command).map(({ spellings, about, takesValue, choices: values }) => {
      const names = spellings.map((spelling) => (spelling.startsWith("--") ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`));
      const value = !takesValue ? "-f" : values.length === 0 ? "-r -F" : `-x -a ${quotedForFish(values.join(" "))}`;
      return `complete -c synckit-gen -n ${condition} ${names.join(" ")} ${value} -d ${quotedForFish(about)}`;
    });
    return [...commands, ...choices, ...flags];
  });
  return `# fish completion of synckit-gen.\n${lines.join("\n")}\n`;
}

/** True for fish where each command of the path was typed, by whichever name, and none of its own commands yet. */
function seen(path: readonly string[], program: CommandShape, here: CommandShape): string {
  let command: CommandShape | undefined = program;
  const conditions = path.map((name) => {
    command = command?.commands.find(({ names }) => names[0] === name);
    return `__fish_seen_subcommand_from ${command?.names.join(" ") ?? name}`;
  });
  const inner = here.commands.flatMap(({ names }) => names);
  return [...conditions, ...(inner.length === 0 ? [] : [`not __fish_seen_subcommand_from ${inner.join(" ")}`])].join("; and ");
}

const quotedForFish = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", String.raw`\'`)}'`;
