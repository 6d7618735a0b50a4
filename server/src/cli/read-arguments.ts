/** What yargs has read, as the commands want it. */
import { resolve } from "node:path";
import type { Arguments, Argv } from "yargs";
import { CliError, EXIT_USAGE } from "./cli-error.ts";
import type { ManageOptions } from "./manage.ts";

export function text(read: Arguments, name: string): string {
  const value = read[name];
  if (typeof value !== "string" || value === "") throw new CliError(EXIT_USAGE, `${name}: give one value.`);
  return value;
}

/** An option that may come several times. */
export function texts(read: Arguments, name: string): readonly string[] {
  return [read[name] ?? []].flat().map(String);
}

export function integer(read: Arguments, name: string, least: number, most: number): number {
  const value = read[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw new CliError(EXIT_USAGE, `${name}: give one whole number from ${least} to ${most}.`);
  return value;
}

export const managed = (read: Arguments): ManageOptions => ({
  data: resolve(text(read, "data")),
  database: optionOrVariable(read, "database", "SYNCKIT_DATABASE"),
  partitions: integer(read, "database-partitions", 0, 1024),
  blobs: optionOrVariable(read, "blobs", "SYNCKIT_BLOBS"),
  isJson: read["json"] === true,
});

/** The option, else the environment's variable, which other users of the machine cannot read. */
function optionOrVariable(read: Arguments, option: string, variable: string): string | null {
  if (read[option] !== undefined) return text(read, option);
  const value = process.env[variable] ?? "";
  return value === "" ? null : value;
}

/** Adds positional arguments, each with its description. */
export const positionals = (descriptions: Readonly<Record<string, string>>) => (argv: Argv) =>
  Object.entries(descriptions).reduce(
    (all, [name, describe]) => all.positional(name, { describe, type: "string", demandOption: true }),
    argv,
  );
