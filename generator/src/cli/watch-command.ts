/** `generate --watch`: every schema kept current until the user ends it. */
import { dirname, join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { findSchema, SCHEMA_FILE } from "../load/load-schema.ts";
import type { History } from "../evolve/history.ts";
import { shownPath } from "../load/shown-path.ts";
import { ProjectMemory } from "../project/project-memory.ts";
import { runProject } from "../project/run-project.ts";
import type { ProjectOptions, ProjectOutcome } from "../project/run-project.ts";
import { watchProject } from "../watch/watch-project.ts";
import { reportOf, summaryOf } from "./generate-command.ts";
import type { GenerateRequest } from "./generate-command.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { plural } from "./render.ts";
import { exitCodeFor, jsonOf, printReport } from "./report.ts";

/** Resolves with 130 when the user ends it. A bug of ours ends it, too. */
export async function runWatch(request: GenerateRequest, projects: readonly ProjectOptions[], host: Host): Promise<ExitCode> {
  // What saves memory in one run costs time in every one of many: main.ts sets it.
  setFlagsFromString("--heap-growing-percent=40");
  setFlagsFromString("--semi-space-growth-factor=2");
  const ended = Promise.withResolvers<ExitCode>();
  host.onInterrupt(() => ended.resolve(EXIT.interrupted));
  const watches = [];
  for (const project of projects) {
    const schema =
      project.schema === undefined ? (findSchema(project.cwd) ?? join(project.cwd, SCHEMA_FILE)) : resolve(project.cwd, project.schema);
    watches.push(
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that their lines do not mix
      await watchProject({
        schema,
        run: fromTheStart({ ...project, schema }),
        onOutcome: (outcome, durationMs) => printRun(request, project, schema, outcome, durationMs, host),
        onBug: ended.reject,
      }),
    );
  }
  if (!request.isQuiet && request.format === "text") host.stderr.write(`Watching ${plural(projects.length, "schema")}. Ctrl-C ends it.\n`);
  try {
    return await ended.promise;
  } finally {
    await Promise.all(watches.map((watch) => watch.close()));
  }
}

/**
 * Every run plans from the history that was there when watching began, so that an hour of edits is one migration in the end. What
 * another process adds meanwhile, takes away or declares deployed is a new beginning.
 */
function fromTheStart(project: ProjectOptions): () => Promise<ProjectOutcome> {
  const own = new Set<string>();
  const memory = new ProjectMemory();
  let start: History | null = null;
  const revise = (found: History): History => {
    if (start === null || !isContinued(start, found, own)) start = found;
    return start;
  };
  return async () => {
    const outcome = await runProject({ ...project, memory, migration: { ...project.migration, revise } });
    if (outcome.addedMigration != null) own.add(outcome.addedMigration);
    return outcome;
  };
}

/** True where `found` is `start` with nothing but what this process has added. */
function isContinued(start: History, found: History, own: ReadonlySet<string>): boolean {
  const foundByName = new Map(found.migrations.map((record) => [record.name, record]));
  const isAsItWas = start.migrations.every(({ name, sha256, isDeployed }) => {
    const now = foundByName.get(name);
    return now?.sha256 === sha256 && now.isDeployed === isDeployed;
  });
  const known = new Set(start.migrations.map(({ name }) => name));
  return isAsItWas && found.migrations.every(({ name, isDeployed }) => known.has(name) || (own.has(name) && !isDeployed));
}

/** One line for each run; one object on a line with `--format json`. */
function printRun(
  request: GenerateRequest,
  project: ProjectOptions,
  schema: string,
  outcome: ProjectOutcome,
  durationMs: number,
  host: Host,
): void {
  const exit = exitCodeFor(outcome.diagnostics);
  const report = reportOf(request, [outcome], exit);
  if (request.format === "json") {
    host.stdout.write(`${JSON.stringify({ ...jsonOf(report), durationMs: Math.round(durationMs) })}\n`);
    return;
  }
  if (printReport(report, request, host)) return;
  for (const diff of outcome.diffs.values()) host.stdout.write(diff);
  if (exit !== EXIT.ok) {
    const errors = outcome.diagnostics.filter(({ severity }) => severity === "error").length;
    const folder = outcome.folder === "" ? shownPath(project.cwd, dirname(schema)) : outcome.folder;
    host.stdout.write(`${shownPath(project.cwd, schema)}: ${plural(errors, "error")}; ${folder} is left as it is.\n`);
  } else if (!request.isQuiet) host.stdout.write(`${summaryOf(request, outcome)} ${Math.round(durationMs)} ms.\n`);
}
