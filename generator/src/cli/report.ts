/** How every command that reports diagnostics does so: as text for people, or as JSON, GitHub annotations or SARIF. */
import { catalog, isDiagnosticCode } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, DiagnosticCode, SourceSpan } from "@synckit-gen/schemas/diagnostics";
import { VERSION } from "../version.ts";
import { choosePalette } from "./color.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { ReportOptions } from "./options.ts";
import { renderDiagnostics } from "./render.ts";
import type { Sources } from "./render.ts";

/** With these, the question could not be asked; with any other error, it was answered. */
const UNUSABLE: readonly string[] = [
  "schema/not-found",
  "schema/unreadable",
  "yaml/syntax",
  "output/unwritable",
  "output/exists",
  "output/lock-unreadable",
  "emitter/not-found",
  "emitter/outside",
  "emitter/unloadable",
  "emitter/wrong-shape",
  "database/not-found",
  "database/unreadable",
  "database/locked",
  "database/unknown-table",
  "egress/unknown-column",
  "against/no-lock",
  "against/not-found",
  "against/no-repository",
  "against/not-in-ref",
  "against/unreadable",
  "against/broken-schema",
] satisfies DiagnosticCode[];

/** With these, somebody must say what is meant before anything is done. */
const UNDECIDED: readonly string[] = ["egress/not-accepted", "migration/destructive"] satisfies DiagnosticCode[];

/** The exit code that findings alone call for. */
export function exitCodeFor(diagnostics: readonly Diagnostic[]): ExitCode {
  if (diagnostics.some(({ code }) => UNUSABLE.includes(code))) return EXIT.unusable;
  if (diagnostics.some(({ code }) => UNDECIDED.includes(code))) return EXIT.undecided;
  return diagnostics.some(({ severity }) => severity === "error") ? EXIT.findings : EXIT.ok;
}

/** What the JSON says about a run as a whole; each belongs to an exit code. */
export type Status = "ok" | "findings" | "stale" | "unusable" | "undecided" | "interrupted";

export interface Report {
  readonly command: string;
  readonly status: Status;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** What the run is about besides: files with their state, changes, counts. Members of the JSON object. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export const statusOf = (exit: ExitCode): Status => {
  if (exit === EXIT.ok) return "ok";
  if (exit === EXIT.undecided) return "undecided";
  return exit === EXIT.findings ? "findings" : exit === EXIT.interrupted ? "interrupted" : "unusable";
};

/**
 * Prints the findings of a report; with a format for machines, on stdout and all there is to print. False where the command
 * goes on to print its own result as text.
 */
export function printReport(report: Report, options: ReportOptions, host: Host): boolean {
  const shown = options.isQuiet ? report.diagnostics.filter(({ severity }) => severity === "error") : report.diagnostics;
  switch (options.format) {
    case "text": {
      const palette = choosePalette(options.color, host.env, host.stderr.isTTY === true);
      if (shown.length > 0) host.stderr.write(renderDiagnostics(shown, report.sources, palette));
      return false;
    }
    case "json":
      host.stdout.write(`${JSON.stringify(jsonOf(report), null, 2)}\n`);
      return true;
    case "github":
      host.stdout.write(shown.map(annotation).join(""));
      return true;
    case "sarif":
      host.stdout.write(`${JSON.stringify(sarifOf(report.diagnostics), null, 2)}\n`);
      return true;
  }
}

/** The object that `--format json` prints; `schemas/json/output.schema.json` describes it. */
export const jsonOf = ({ command, status, diagnostics, details }: Report): Readonly<Record<string, unknown>> => ({
  version: VERSION,
  command,
  status,
  files: [],
  ...details,
  diagnostics: diagnostics.map(({ at, related, ...rest }) => ({
    ...rest,
    ...at,
    ...(related === undefined ? {} : { related: related.map(({ at: place, message }) => ({ message, ...place })) }),
  })),
});

/** A workflow command that GitHub shows beside the line. */
function annotation({ severity, code, message, fix, suggestion, at }: Diagnostic): string {
  const place =
    at.line === 0 ? {} : { line: at.line, col: at.column, endLine: at.endLine, endColumn: Math.max(at.column, at.endColumn - 1) };
  const properties = Object.entries({ file: at.file, ...place, title: code });
  const meant = suggestion === undefined ? "" : ` Did you mean "${suggestion}"?`;
  return `::${severity} ${properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(",")}::${escapeData(`${message} ${fix}${meant}`)}\n`;
}

const escapeData = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** SARIF 2.1.0, as code scanning takes it: one run, with a rule for each code that occurs. */
function sarifOf(diagnostics: readonly Diagnostic[]): object {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "synckit-gen", semanticVersion: VERSION, rules: codes.map(sarifRule) } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((diagnostic) => ({
          ruleId: diagnostic.code,
          ruleIndex: codes.indexOf(diagnostic.code),
          level: diagnostic.severity,
          message: { text: `${diagnostic.message} ${diagnostic.fix}` },
          locations: [{ physicalLocation: physicalLocation(diagnostic.at) }],
          ...(diagnostic.related === undefined ? {} : { relatedLocations: diagnostic.related.map(relatedLocation) }),
        })),
      },
    ],
  };
}

function sarifRule(code: string): object {
  const entry = isDiagnosticCode(code) ? catalog[code] : undefined;
  return {
    id: code,
    ...(entry === undefined ? {} : { help: { text: entry.fix }, defaultConfiguration: { level: entry.severity } }),
  };
}

const relatedLocation = ({ at, message }: { readonly at: SourceSpan; readonly message: string }, index: number): object => ({
  id: index,
  message: { text: message },
  physicalLocation: physicalLocation(at),
});

const physicalLocation = (at: SourceSpan): object => ({
  artifactLocation: { uri: at.file.split("/").map(encodeURIComponent).join("/") },
  ...(at.line === 0 ? {} : { region: { startLine: at.line, startColumn: at.column, endLine: at.endLine, endColumn: at.endColumn } }),
});
