/** `generate` and `check`: load, generate, then write or compare, and report. */
import { dirname, join, resolve } from "node:path";
import type { Diagnostic, DiagnosticCode } from "@synckit-gen/schemas/diagnostics";
import { generate } from "../generate.ts";
import { loadSchema } from "../load/load-schema.ts";
import { shownPath } from "../load/shown-path.ts";
import { VERSION } from "../version.ts";
import type { Drift } from "../write/compare.ts";
import { compareOutput, writeOutput } from "../write/sync-output.ts";
import { choosePalette } from "./color.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import { plural, renderDiagnostics } from "./render.ts";
import type { GenerateRequest } from "./usage.ts";

/** With these, the question could not be asked; with any other error, it was answered. */
const UNUSABLE: readonly string[] = [
  "schema/not-found",
  "schema/unreadable",
  "yaml/syntax",
  "output/unwritable",
  "output/lock-unreadable",
] satisfies DiagnosticCode[];

interface Outcome {
  readonly diagnostics: readonly Diagnostic[];
  /** Relative to the output folder; empty where the run did not get that far. */
  readonly drift: readonly Drift[];
  /** As it is shown. */
  readonly folder: string;
  readonly sources: ReadonlyMap<string, string>;
}

export function runGenerate(request: GenerateRequest, host: Host): ExitCode {
  const outcome = runStages(request, host);
  const exit = exitCodeOf(request, outcome);
  if (request.format === "json") host.stdout.write(formatJson(request, outcome, exit));
  else printText(request, outcome, host);
  return exit;
}

function runStages(request: GenerateRequest, host: Host): Outcome {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const nothing = { drift: [], folder: "", sources: new Map<string, string>() };
  const loaded = loadSchema(cwd, request.schema);
  if (!loaded.ok) return { ...nothing, diagnostics: loaded.diagnostics };

  const { source, path } = loaded.value;
  const sources = new Map([[source.file, source.text]]);
  const generated = generate(source, host.emitters, { importSuffix: request.importSuffix });
  if (!generated.ok) return { ...nothing, sources, diagnostics: generated.diagnostics };

  const folder = request.out === undefined ? join(dirname(path), "src", "sync") : resolve(cwd, request.out);
  const isReadOnly = request.command === "check" || request.isDryRun;
  const output = (isReadOnly ? compareOutput : writeOutput)(generated.value, { cwd, folder, isForced: request.isForced });
  const diagnostics = [...generated.diagnostics, ...output.diagnostics];
  return { diagnostics, drift: output.ok ? output.value : [], folder: shownPath(cwd, folder), sources };
}

function exitCodeOf(request: GenerateRequest, { diagnostics, drift }: Outcome): ExitCode {
  if (diagnostics.some(({ code }) => UNUSABLE.includes(code))) return EXIT.unusable;
  if (diagnostics.some(({ severity }) => severity === "error")) return EXIT.findings;
  return request.command === "check" && drift.some(({ state }) => state !== "current") ? EXIT.findings : EXIT.ok;
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

function printText(request: GenerateRequest, outcome: Outcome, host: Host): void {
  const palette = choosePalette(request.color, host.env, host.stderr.isTTY === true);
  const shown = request.isQuiet ? outcome.diagnostics.filter(({ severity }) => severity === "error") : outcome.diagnostics;
  if (shown.length > 0) host.stderr.write(renderDiagnostics(shown, outcome.sources, palette));
  if (outcome.drift.length === 0) return;

  const isCheck = request.command === "check";
  if (request.isQuiet && !isCheck) return;
  const listed = outcome.drift.filter(({ state }) => request.isVerbose || state !== "current");
  const words = listed.map(({ state }) => stateWord(state, request));
  const width = Math.max(0, ...words.map((word) => word.length));
  const lines = listed.map(({ path }, index) => `  ${(words[index] ?? "").padEnd(width)}  ${outcome.folder}/${path}`);
  const summary = request.isQuiet ? [] : [summarise(request, outcome)];
  if (lines.length + summary.length > 0) host.stdout.write(`${[...lines, ...summary].join("\n")}\n`);
}

function summarise(request: GenerateRequest, { drift, folder }: Outcome): string {
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

function formatJson(request: GenerateRequest, { diagnostics, drift, folder }: Outcome, exit: ExitCode): string {
  const hasErrors = diagnostics.some(({ severity }) => severity === "error");
  const status = exit === EXIT.ok ? "ok" : exit === EXIT.unusable ? "unusable" : hasErrors ? "findings" : "stale";
  const report = {
    version: VERSION,
    command: request.command,
    status,
    files: drift.map(({ path, state }) => ({ path: `${folder}/${path}`, state })),
    diagnostics: diagnostics.map(({ at, related, ...rest }) => ({
      ...rest,
      ...at,
      ...(related === undefined ? {} : { related: related.map(({ at: place, message }) => ({ message, ...place })) }),
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
