/** `init`: a first schema, from scratch or from a database. */
import { basename, join, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { exists } from "../load/load-scaffold.ts";
import { SCHEMA_FILE } from "../load/load-schema.ts";
import { shownPath } from "../load/shown-path.ts";
import { starterYaml } from "../scaffold/starter-yaml.ts";
import { writeText } from "../write/write-text.ts";
import { askName } from "./ask-name.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";

export interface InitRequest extends CommonOptions {
  readonly command: "init";
  /** An SQLite file to draft the schema from. */
  readonly from: string | undefined;
  readonly app: string | undefined;
  readonly isYes: boolean;
}

export async function runInit(request: InitRequest, host: Host): Promise<ExitCode> {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const path = join(cwd, SCHEMA_FILE);
  const shown = shownPath(cwd, path);
  if (exists(path)) return finish(request, host, [report("output/exists", wholeFile(shown), { path: shown })]);
  if (request.from !== undefined) {
    const { runIntrospect } = await import("./introspect-command.ts");
    return runIntrospect(
      { ...request, command: "introspect", database: request.from, out: SCHEMA_FILE, tables: undefined, isForced: false },
      host,
    );
  }
  const app = request.app ?? (await askName(basename(cwd) || "app", request, host));
  if (app === null) return EXIT.interrupted;
  const refused = writeText(path, starterYaml(app), { shown, isForced: false });
  return finish(request, host, refused === null ? [] : [refused]);
}

function finish(request: InitRequest, host: Host, diagnostics: readonly Diagnostic[]): ExitCode {
  const exit = exitCodeFor(diagnostics);
  const files = diagnostics.length === 0 ? [{ path: SCHEMA_FILE, state: "missing" }] : [];
  const isDone = printReport(
    { command: "init", status: statusOf(exit), diagnostics, sources: new Map(), details: { files } },
    request,
    host,
  );
  if (!isDone && diagnostics.length === 0 && !request.isQuiet)
    host.stdout.write(`${SCHEMA_FILE}: written. Name your tables in it, then run \`synckit-gen generate\`.\n`);
  return exit;
}
