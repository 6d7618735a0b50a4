/** `generate` and `check`: run each schema, and report. */
import { resolve } from "node:path";
import { findSchemas } from "../load/find-schemas.ts";
import { runProject } from "../project/run-project.ts";
import { staleFindings } from "../project/stale-findings.ts";
import type { ProjectOptions, ProjectOutcome } from "../project/run-project.ts";
import type { Drift } from "../write/compare.ts";
import { acceptWords, askEgress, mayAsk } from "./ask.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { plural } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";
import type { Report } from "./report.ts";

export interface GenerateRequest extends CommonOptions {
  readonly command: "generate" | "check";
  /** As given; empty: found upwards. */
  readonly schemas: readonly string[];
  readonly isRecursive: boolean;
  readonly out: string | undefined;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly isWatching: boolean;
  readonly isFull: boolean;
  readonly showsDiff: boolean;
  readonly importSuffix: ProjectOptions["importSuffix"];
  readonly emitters: readonly string[] | undefined;
  readonly with: readonly string[] | undefined;
  readonly migrationName: string | undefined;
  readonly allowsDestructive: boolean;
  /** What may begin to leave the device: `table.column`. */
  readonly acceptEgress: readonly string[];
}

export async function runGenerate(request: GenerateRequest, host: Host): Promise<ExitCode> {
  const projects = projectsOf(request, host);
  if (typeof projects === "string") {
    host.stderr.write(`${projects}\nRun \`synckit-gen --help\` to see what there is.\n`);
    return EXIT.unusable;
  }
  if (request.isWatching) return (await import("./watch-command.ts")).runWatch(request, projects, host);

  const outcomes: ProjectOutcome[] = [];
  for (const project of projects) outcomes.push(await runAsking(project, request, host));
  return printOutcomes(request, outcomes, host);
}

/** Where columns begin to leave the device and there is somebody to ask, asks, and goes on with what was accepted. */
async function runAsking(project: ProjectOptions, request: GenerateRequest, host: Host): Promise<ProjectOutcome> {
  const outcome = await runProject(project);
  const undecided = outcome.undecided ?? [];
  if (undecided.length === 0 || project.mode === "compare" || !mayAsk(request, host)) return outcome;
  const accepted = await askEgress(outcome.diagnostics, host);
  return accepted ? runProject({ ...project, acceptEgress: [...(project.acceptEgress ?? []), ...undecided] }) : outcome;
}

/** What `--with` takes: emitters that only run when asked for. */
const EXTRAS: readonly string[] = ["tests", "electron", "http"];

/** One for each schema; or what is wrong with the request. */
function projectsOf(request: GenerateRequest, host: Host): readonly ProjectOptions[] | string {
  const unknown = request.with?.find((name) => !EXTRAS.includes(name));
  if (unknown !== undefined) return `There is nothing called "${unknown}" to generate as well. \`--with\` takes: ${EXTRAS.join(", ")}.`;
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const found = request.isRecursive ? findSchemas(cwd) : [];
  if (request.isRecursive && found.length === 0) return "There is no synckit.yaml in this folder or below.";
  const named = new Map([...request.schemas, ...found].map((path) => [resolve(cwd, path), path]));
  if (named.size > 1 && request.out !== undefined)
    return "`--out` names one folder, and there are several schemas: leave it out (each has `src/sync` beside it), or run once for each.";
  if (named.size > 1 && request.acceptEgress.length > 0)
    return "`--accept-egress` names columns of one schema, and there are several: run once for that one.";
  return (named.size === 0 ? [undefined] : [...named.values()]).map((schema) => ({
    cwd,
    schema,
    out: request.out,
    mode: request.command === "check" || request.isDryRun ? "compare" : "write",
    isForced: request.isForced,
    // A person who says "generate" may have changed what hashes do not know: the generator itself.
    isFull: request.isFull || request.command === "generate",
    showsDiff: request.showsDiff,
    importSuffix: request.importSuffix,
    emitters: request.emitters,
    with: request.with,
    acceptEgress: request.acceptEgress,
    loadEmitters: host.loadEmitters,
    migration: { name: request.migrationName, allowsDestructive: request.allowsDestructive },
  }));
}

/** Prints what the runs found and did; gives the exit code for all of them. */
export function printOutcomes(request: GenerateRequest, outcomes: readonly ProjectOutcome[], host: Host): ExitCode {
  const exit = outcomes.map((outcome) => exitCodeOf(request, outcome)).reduce(worse, EXIT.ok);
  if (printReport(reportOf(request, outcomes, exit), request, host)) return exit;
  for (const outcome of outcomes) {
    host.stderr.write(acceptWords(outcome.undecided ?? []));
    host.stdout.write(textOf(request, outcome));
  }
  return exit;
}

const worse = (a: ExitCode, b: ExitCode): ExitCode => (a > b ? a : b);

function exitCodeOf(request: GenerateRequest, { diagnostics, drift }: ProjectOutcome): ExitCode {
  const exit = exitCodeFor(diagnostics);
  if (exit !== EXIT.ok) return exit;
  return request.command === "check" && drift.some(({ state }) => state !== "current") ? EXIT.findings : EXIT.ok;
}

/** The runs as one report. */
export function reportOf(request: GenerateRequest, outcomes: readonly ProjectOutcome[], exit: ExitCode): Report {
  const diagnostics = outcomes.flatMap((outcome) => outcome.diagnostics);
  // These two formats know nothing but findings.
  const isFindingsOnly = request.command === "check" && (request.format === "github" || request.format === "sarif");
  const stale = isFindingsOnly ? outcomes.flatMap(staleFindings) : [];
  const isStale = exit === EXIT.findings && diagnostics.every(({ severity }) => severity !== "error");
  const files = outcomes.flatMap(({ drift, folder, diffs }) =>
    drift.map(({ path, state }) => ({ path: `${folder}/${path}`, state, ...(diffs.has(path) ? { diff: diffs.get(path) } : {}) })),
  );
  const decisions = outcomes.flatMap(({ undecided = [] }) => undecided.map((subject) => ({ option: "--accept-egress", value: subject })));
  return {
    command: request.command,
    status: isStale ? "stale" : statusOf(exit),
    diagnostics: [...diagnostics, ...stale],
    sources: new Map(outcomes.flatMap(({ sources }) => [...sources])),
    details: { files, ...(decisions.length === 0 ? {} : { decisions }) },
  };
}

/** What a state means to the reader of the list: what is wrong when checking, what was done when writing. */
function stateWord(state: Drift["state"], request: GenerateRequest): string {
  if (request.command === "check") return state;
  if (state === "missing") return "new";
  if (state === "stale") return "changed";
  if (state === "edited") return request.isForced ? "overwritten" : "edited by hand";
  if (state === "orphaned") return "removed";
  return state === "edited-orphan" ? "kept" : "unchanged";
}

function textOf(request: GenerateRequest, outcome: ProjectOutcome): string {
  if (outcome.drift.length === 0) return "";
  const diffs = [...outcome.diffs.values()].join("");
  if (request.isQuiet && request.command !== "check") return diffs;
  const listed = outcome.drift.filter(({ state }) => request.isVerbose || state !== "current");
  const words = listed.map(({ state }) => stateWord(state, request));
  const width = Math.max(0, ...words.map((word) => word.length));
  const lines = listed.map(({ path }, index) => `  ${(words[index] ?? "").padEnd(width)}  ${outcome.folder}/${path}\n`);
  return `${diffs}${lines.join("")}${request.isQuiet ? "" : `${summaryOf(request, outcome)}\n`}`;
}

/** The line that closes the report of one schema. */
export function summaryOf(request: GenerateRequest, { drift, folder }: ProjectOutcome): string {
  const count = (...states: Drift["state"][]): number => drift.filter(({ state }) => states.includes(state)).length;
  if (request.command === "check") {
    const differing = drift.length - count("current");
    return differing === 0
      ? `${folder}: ${plural(drift.length, "file")} current.`
      : `${folder}: ${differing} of ${plural(drift.length, "file")} not current; run \`synckit-gen generate\`.`;
  }
  const done = request.isDryRun ? "would be " : "";
  return `${folder}: ${plural(count("missing", "stale", "edited"), "file")} ${done}written, ${count("current")} unchanged, ${count("orphaned")} ${done}removed.`;
}
