/** Completion for zsh, by its completion system's own functions. */
import type { CommandShape } from "../usage-tree.ts";
import { flagsOf, placesIn, quoted, stepsIn, wordsOf } from "./words.ts";

export function zshScript(program: CommandShape): string {
  const places = placesIn(program);
  const steps = stepsIn(places);
  const values = places.flatMap(({ path, command }) =>
    flagsOf(command)
      .filter(({ takesValue }) => takesValue)
      .map(({ spellings, choices }) => {
        const patterns = spellings.map((spelling) => quoted(`${path}/${spelling}`)).join("|");
        return `    ${patterns}) ${choices.length === 0 ? "_files" : `compadd -- ${choices.map(quoted).join(" ")}`}; return ;;`;
      }),
  );
  const described = (name: string, about: string): string => quoted(`${name.replaceAll(":", String.raw`\:`)}:${about}`);
  const lists = places.map(({ path, command }) => {
    const flags = flagsOf(command).flatMap(({ spellings, about }) => spellings.map((spelling) => described(spelling, about)));
    const commands = command.commands.flatMap(({ names, about }) => names.map((name) => described(name, about)));
    const words = commands.length > 0 ? commands : wordsOf(command).map((word) => described(word, ""));
    return `    ${quoted(path)}) flags=(${flags.join(" ")}); words_here=(${words.join(" ")}) ;;`;
  });
  return `#compdef synckit-gen
# zsh completion of synckit-gen.
_synckit_gen() {
  local place='' before="\${words[CURRENT-1]}" index
  local -a flags words_here
  for ((index = 2; index < CURRENT; index++)); do
    case "$place/\${words[index]}" in
${steps.join("\n")}
    esac
  done
  case "$place/$before" in
${values.join("\n")}
  esac
  case "$place" in
${lists.join("\n")}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o option flags
  elif (( \${#words_here} )); then
    _describe command words_here
  else
    _files
  fi
}
if [ "$funcstack[1]" = _synckit_gen ]; then _synckit_gen "$@"; else compdef _synckit_gen synckit-gen; fi
`;
}
