/** Completion for bash 3.2 and later, which is what macOS still has. */
import type { CommandShape } from "../usage-tree.ts";
import { flagsOf, placesIn, quoted, stepsIn, wordsOf } from "./words.ts";

export function bashScript(program: CommandShape): string {
  const places = placesIn(program);
  const steps = stepsIn(places);
  const values = places.flatMap(({ path, command }) =>
    flagsOf(command)
      .filter(({ takesValue }) => takesValue)
      .map(({ spellings, choices }) => {
        const patterns = spellings.map((spelling) => quoted(`${path}/${spelling}`)).join("|");
        return `    ${patterns}) ${choices.length === 0 ? "return" : `words=${quoted(choices.join(" "))}`} ;;`;
      }),
  );
  const lists = places.map(({ path, command }) => {
    const flags = flagsOf(command).flatMap(({ spellings }) => spellings);
    return `      ${quoted(path)}) flags=${quoted(flags.join(" "))}; words=${quoted(wordsOf(command).join(" "))} ;;`;
  });
  return `# bash completion of synckit-gen. Where no word fits, file names are completed.
_synckit_gen() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" place='' words='' flags='' index
  # bash splits --format=json at the equals sign.
  if [ "$current" = '=' ]; then current=''; elif [ "$before" = '=' ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$place/\${COMP_WORDS[index]}" in
${steps.join("\n")}
    esac
  done
  COMPREPLY=()
  case "$place/$before" in
${values.join("\n")}
  esac
  if [ -z "$words" ]; then
    case "$place" in
${lists.join("\n")}
    esac
    case "$current" in -*) words="$flags" ;; esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _synckit_gen synckit-gen
`;
}
