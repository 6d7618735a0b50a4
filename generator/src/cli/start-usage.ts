/** The commands that begin something: `init` and `new`. */
import type { Argv, Found } from "yargs";
import type { InitRequest } from "./init-command.ts";
import type { NewRequest } from "./new-command.ts";
import { commonOf, commonOptions, textOf } from "./options.ts";

export type StartRequest = InitRequest | NewRequest;

export const startCommands = (parser: Argv, accept: (request: StartRequest) => void): Argv =>
  parser
    .command(
      "init",
      "write a first synckit.yaml",
      (command) =>
        namedOptions(command)
          .option("from", { type: "string", requiresArg: true, describe: "an SQLite file to draft it from; it is only read" })
          .example("$0 init --yes", "a small schema with remarks, to be changed")
          .example("$0 init --from app.db", "the tables of an app that exists, with every doubt as a comment"),
      (found) => accept({ ...namedOf(found), command: "init", from: textOf(found["from"]) }),
    )
    .command(
      "new <folder>",
      "make an app that syncs, from a template",
      (command) =>
        namedOptions(command)
          .positional("folder", { type: "string", demandOption: true, describe: "the folder to make; it must be new or empty" })
          .option("template", {
            alias: "t",
            type: "string",
            requiresArg: true,
            default: "node",
            describe: "what to make; node: a command-line app",
          })
          .option("link", {
            type: "string",
            requiresArg: true,
            describe: "a checkout of synckit-gen to depend on instead of its published packages",
          })
          .example("$0 new todo --yes", "then: cd todo && npm install && npm test")
          .example("$0 new todo --template node --app 'My list'", "with a name of its own"),
      (found) =>
        accept({
          ...namedOf(found),
          command: "new",
          folder: String(found["folder"]),
          template: textOf(found["template"]) ?? "node",
          link: textOf(found["link"]),
        }),
    );

const namedOptions = (command: Argv): Argv =>
  commonOptions(command)
    .option("app", { type: "string", requiresArg: true, describe: "the app's name; default: that of the folder" })
    .option("yes", { alias: "y", type: "boolean", default: false, describe: "ask nothing" });

const namedOf = (found: Found) => ({ ...commonOf(found), app: textOf(found["app"]), isYes: found["yes"] === true });
