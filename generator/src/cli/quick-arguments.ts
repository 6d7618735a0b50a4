/**
 * Reads plain arguments without yargs, which takes longer to load than `check` takes to run. Whatever is not
 * plain (help, a mistake, a value that begins with a dash) is left to yargs; a test holds the two to one another.
 */
import type { Found, Option } from "yargs";
import type { CommandShape } from "./usage-tree.ts";

export interface QuickReading {
  readonly command: CommandShape;
  readonly found: Found;
}

/** Null: ask yargs. */
export function readQuickly(args: readonly string[], program: CommandShape): QuickReading | null {
  const [name, ...rest] = args;
  const command = program.commands.find(({ names }) => name !== undefined && names.includes(name));
  if (command === undefined || command.commands.length > 0) return null;

  const found = new Map<string, unknown>();
  const words: string[] = [];
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? "";
    if (!word.startsWith("-")) {
      words.push(word);
      continue;
    }
    const read = readOption(word, rest[index + 1], command.options);
    if (read === null) return null;
    if (read.tookNext) index++;
    const { name: option, value } = read;
    if (command.options.get(option)?.array === true) found.set(option, [...((found.get(option) ?? []) as unknown[]), value]);
    else found.set(option, value);
  }
  if (command.exclusions.some(([one, other]) => found.has(one) && found.has(other))) return null;
  if (!placeWords(words, command, found)) return null;
  for (const [option, { default: value, demandOption }] of command.options) {
    if (found.has(option)) continue;
    if (demandOption === true) return null;
    if (value !== undefined) found.set(option, value);
  }
  return { command, found: Object.fromEntries(found) };
}

interface OptionReading {
  readonly name: string;
  readonly value: string | boolean;
  readonly tookNext: boolean;
}

function readOption(word: string, next: string | undefined, options: ReadonlyMap<string, Option>): OptionReading | null {
  const [, dashes = "", spelled = "", , inline] = /^(--?)([^=]+)(=(.*))?$/su.exec(word) ?? [];
  const name = dashes === "--" ? spelled : [...options].find(([, { alias }]) => alias === spelled)?.[0];
  if (name?.startsWith("no-") === true && options.get(name.slice(3))?.type === "boolean" && inline === undefined)
    return { name: name.slice(3), value: false, tookNext: false };
  const option = name === undefined ? undefined : options.get(name);
  if (name === undefined || option === undefined || option.type === "number") return null;
  if (option.type === "boolean")
    return inline === undefined && next !== "true" && next !== "false" ? { name, value: true, tookNext: false } : null;
  const value = inline ?? next;
  if (value === undefined || value.startsWith("-") || /^["']/u.test(value)) return null;
  // yargs takes an empty value in one spelling and refuses it in another; it may decide.
  if (value === "" || (option.choices !== undefined && !option.choices.includes(value))) return null;
  return { name, value, tookNext: inline === undefined };
}

/** Gives positionals their words; false where there are too few or too many. */
function placeWords(words: readonly string[], { positionals }: CommandShape, found: Map<string, unknown>): boolean {
  let left = words;
  for (const { name, isRequired, isList, option } of positionals) {
    const taken = isList ? left : left.slice(0, 1);
    if (isRequired && taken.length === 0) return false;
    if (option?.choices !== undefined && !taken.every((word) => option.choices?.includes(word))) return false;
    if (isList) found.set(name, taken);
    else if (taken[0] !== undefined || option?.default !== undefined) found.set(name, taken[0] ?? option?.default);
    left = left.slice(taken.length);
  }
  return left.length === 0;
}
