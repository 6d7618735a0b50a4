/** `schema`: the JSON Schema of the YAML, for editors, or of what `--format json` prints. */
import { languageJsonSchema } from "../parse/language.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { outputJsonSchema } from "./output-schema.ts";

export function runSchema(which: "schema" | "output", host: Host): ExitCode {
  host.stdout.write(`${JSON.stringify(which === "output" ? outputJsonSchema : languageJsonSchema, null, 2)}\n`);
  return EXIT.ok;
}
