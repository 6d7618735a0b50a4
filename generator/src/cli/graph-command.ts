/** `graph`: the tables of a schema and their references, as a picture. */
import { resolve } from "node:path";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { readModel } from "../generate.ts";
import { dot } from "../graph/dot.ts";
import { mermaid } from "../graph/mermaid.ts";
import { svg } from "../graph/svg.ts";
import { tableGraph } from "../graph/table-graph.ts";
import type { TableGraph } from "../graph/table-graph.ts";
import { loadSchema } from "../load/load-schema.ts";
import { shownPath } from "../load/shown-path.ts";
import { writeText } from "../write/write-text.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { plural } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";

export type Picture = "mermaid" | "dot" | "svg";

export interface GraphRequest {
  readonly command: "graph";
  /** Undefined: found upwards. */
  readonly schema: string | undefined;
  readonly format: Picture;
  /** Undefined: stdout. */
  readonly out: string | undefined;
  readonly cwd: string | undefined;
  readonly isForced: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly color: boolean | undefined;
}

const DRAW: Readonly<Record<Picture, (graph: TableGraph) => string>> = { mermaid, dot, svg };

export function runGraph(request: GraphRequest, host: Host): ExitCode {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const loaded = loadSchema(cwd, request.schema);
  if (!loaded.ok) return finish(request, host, loaded.diagnostics);
  const { source } = loaded.value;
  const sources = new Map([[source.file, source.text]]);
  const model = readModel(source);
  if (!model.ok) return finish(request, host, model.diagnostics, sources);

  const picture = DRAW[request.format](tableGraph(model.value));
  if (request.out === undefined) {
    host.stdout.write(picture);
    return EXIT.ok;
  }
  const path = resolve(cwd, request.out);
  const shown = shownPath(cwd, path);
  // A picture is drawn again whenever the schema changes, and drawn again it is the same: nothing of it is anyone's work.
  const refused = writeText(path, picture, { shown, isForced: request.isForced || isPicture(shown) });
  if (refused !== null) return finish(request, host, [refused]);
  if (!request.isQuiet) host.stdout.write(`${shown}: ${plural(model.value.tables.length, "table")} drawn.\n`);
  return EXIT.ok;
}

const isPicture = (path: string): boolean => /\.(?:svg|dot|gv|mmd|mermaid)$/iu.test(path);

function finish(
  request: GraphRequest,
  host: Host,
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string> = new Map(),
): ExitCode {
  const exit = exitCodeFor(diagnostics);
  printReport({ command: "graph", status: statusOf(exit), diagnostics, sources }, { ...request, format: "text" }, host);
  return exit;
}
