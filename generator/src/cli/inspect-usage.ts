/** The commands that look at what is there: `introspect`, `doctor` and `graph`. */
import type { Argv, Found } from "yargs";
import type { DoctorRequest } from "./doctor-command.ts";
import type { GraphRequest, Picture } from "./graph-command.ts";
import type { IntrospectRequest } from "./introspect-command.ts";
import { commonOf, commonOptions, textOf, textsOf } from "./options.ts";

export type InspectRequest = IntrospectRequest | DoctorRequest | GraphRequest;

const PICTURES: readonly Picture[] = ["mermaid", "dot", "svg"];

export const inspectCommands = (parser: Argv, accept: (request: InspectRequest) => void): Argv =>
  parser
    .command(
      "introspect <database>",
      "draft a schema from an SQLite file",
      (command) =>
        commonOptions(command)
          .positional("database", { type: "string", demandOption: true, describe: "the SQLite file; it is only read" })
          .option("out", { alias: "o", type: "string", requiresArg: true, describe: "the file to write; default: stdout" })
          .option("tables", { type: "string", array: true, requiresArg: true, describe: "only these tables, separated by commas" })
          .option("app", { type: "string", requiresArg: true, describe: "the app's name; default: that of the file" })
          .option("force", { alias: "f", type: "boolean", default: false, describe: "overwrite the file that --out names" })
          .example("$0 introspect app.db --out synckit.yaml", "a draft with every doubt as a comment")
          .example("$0 introspect app.db --tables notes,tags", "two tables, on stdout"),
      (found) => accept(introspectRequest(found)),
    )
    .command(
      "doctor <database> [schema]",
      "compare a database with its schema, and print the SQL that repairs it",
      (command) =>
        commonOptions(command)
          .positional("database", {
            type: "string",
            demandOption: true,
            describe: "the SQLite file; it is only read, unless --fix is given",
          })
          .positional("schema", { type: "string", describe: "the schema; default: synckit.yaml, here or in a folder above" })
          .option("config", { alias: "c", type: "string", requiresArg: true, describe: "the schema, as an option" })
          .option("out", {
            alias: "o",
            type: "string",
            requiresArg: true,
            describe: "the folder of the generated files; default: src/sync beside the schema",
          })
          .option("fix", { type: "boolean", default: false, describe: "run the SQL that touches sync's own objects, after a backup" })
          .example("$0 doctor app.db", "what differs, how much waits; exit 1 where something is found")
          .example("$0 doctor app.db > repair.sql", "the repairs as a script, to read first")
          .example("$0 doctor app.db --fix", "back up, repair, look again"),
      (found) => accept(doctorRequest(found)),
    )
    .command(
      "graph [schema]",
      "draw the tables and their references",
      (command) =>
        command
          .positional("schema", { type: "string", describe: "the schema; default: synckit.yaml, here or in a folder above" })
          .option("config", { alias: "c", type: "string", requiresArg: true, describe: "the schema, as an option" })
          .option("format", {
            choices: PICTURES,
            default: "mermaid",
            describe: "what to draw: svg stands alone, the others need a program",
          })
          .option("out", { alias: "o", type: "string", requiresArg: true, describe: "the file to write; default: stdout" })
          .option("force", { alias: "f", type: "boolean", default: false, describe: "overwrite a file that is no picture" })
          .option("cwd", { type: "string", requiresArg: true, describe: "the folder that paths are relative to" })
          .option("quiet", { alias: "q", type: "boolean", default: false, describe: "print nothing but the picture and findings" })
          .option("verbose", { alias: "v", type: "boolean", default: false, describe: "stack traces of our bugs" })
          .option("color", { type: "boolean", describe: "colour findings; default: on a terminal" })
          .option("input", { type: "boolean", default: true, describe: "this command asks nothing" })
          .example("$0 graph --format svg --out docs/tables.svg", "a picture that any browser shows, light and dark")
          .example("$0 graph >> README.md", "Mermaid text, for code hosts that draw it")
          .example("$0 graph --format dot | dot -Tpdf > tables.pdf", "with Graphviz"),
      (found) => accept(graphRequest(found)),
    );

const introspectRequest = (found: Found): IntrospectRequest => ({
  ...commonOf(found),
  command: "introspect",
  database: String(found["database"]),
  out: textOf(found["out"]),
  app: textOf(found["app"]),
  tables: found["tables"] === undefined ? undefined : textsOf(found["tables"]).flatMap(splitNames),
  isForced: found["force"] === true,
});

const splitNames = (text: string): readonly string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

const doctorRequest = (found: Found): DoctorRequest => ({
  ...commonOf(found),
  command: "doctor",
  database: String(found["database"]),
  schema: textOf(found["schema"]) ?? textOf(found["config"]),
  out: textOf(found["out"]),
  isFixing: found["fix"] === true,
});

function graphRequest(found: Found): GraphRequest {
  const { cwd, isQuiet, isVerbose, color } = commonOf(found);
  return {
    command: "graph",
    schema: textOf(found["schema"]) ?? textOf(found["config"]),
    format: PICTURES.find((picture) => picture === found["format"]) ?? "mermaid",
    out: textOf(found["out"]),
    isForced: found["force"] === true,
    cwd,
    isQuiet,
    isVerbose,
    color,
  };
}
