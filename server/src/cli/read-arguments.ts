/** What yargs has read, as the commands want it. */
import { resolve } from "node:path";
import type { Arguments, Argv } from "yargs";
import { CliError, EXIT_USAGE } from "./cli-error.ts";
import { LOG_LEVELS, type LogLevel } from "./create-logger.ts";
import type { ManageOptions } from "./manage.ts";
import { withSettings } from "./settings.ts";

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

export const optional = (read: Arguments, name: string): string | null => (read[name] === undefined ? null : text(read, name));

/** Null: no limit. */
export const bytes = (read: Arguments, name: string): number | null =>
  read[name] === undefined ? null : integer(read, name, 0, Number.MAX_SAFE_INTEGER);

export function logLevel(read: Arguments): LogLevel {
  return LOG_LEVELS.find((level) => level === read["log-level"]) ?? "info";
}

/** `given`: the options; what they leave out is in the environment, the configuration file or standard. */
export function managed(given: Arguments): ManageOptions {
  const read = withSettings(given, process.env);
  return {
    data: resolve(text(read, "data")),
    database: optional(read, "database"),
    partitions: integer(read, "database-partitions", 0, 1024),
    blobs: optional(read, "blobs"),
    isJson: read["json"] === true,
  };
}

/** Adds positional arguments, each with its description. */
export const positionals = (descriptions: Readonly<Record<string, string>>) => (argv: Argv) =>
  Object.entries(descriptions).reduce(
    (all, [name, describe]) => all.positional(name, { describe, type: "string", demandOption: true }),
    argv,
  );
