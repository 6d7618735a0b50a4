/** The settings as options of yargs. They have no defaults there: what was not given may stand elsewhere. */
import type { Argv } from "yargs";
import { MANAGING, SERVING, type Setting } from "./settings.ts";

const optionsOf =
  (settings: readonly Setting[]) =>
  (argv: Argv): Argv =>
    settings
      .filter(({ isSecret }) => isSecret !== true)
      .reduce((all, { name, kind, describe, standard, choices }) => {
        const type = kind === "count" ? "number" : kind === "flag" ? "boolean" : "string";
        return all.option(name, {
          describe,
          type,
          requiresArg: kind !== "flag",
          ...(standard === null ? {} : { defaultDescription: String(standard) }),
          ...(choices === undefined ? {} : { choices }),
        });
      }, argv);

/** Of every command. */
export const managingOptions = (argv: Argv): Argv =>
  optionsOf(MANAGING)(argv).option("config", {
    describe: "File of settings: JSON, an object whose members are named as these options; or SYNCKIT_CONFIG",
    type: "string",
    requiresArg: true,
  });
/** Of `serve` and `config`. */
export const servingOptions = optionsOf(SERVING);
