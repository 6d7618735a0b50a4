/** `diff`: what differs from an earlier version of the schema, in words, sorted by what it means. */
import { resolve } from "node:path";
import type { Diagnostic, Staged } from "@synckit-gen/schemas/diagnostics";
import { diffSchemas } from "../evolve/diff-schemas.ts";
import type { SchemaDiff } from "../evolve/diff-schemas.ts";
import { readEarlierModel } from "../evolve/earlier-model.ts";
import { readModel } from "../generate.ts";
import { loadAgainst } from "../load/load-against.ts";
import { loadSchema, outputFolder } from "../load/load-schema.ts";
import { parseSchema } from "../parse/parse-schema.ts";
import { acceptWords } from "./ask.ts";
import { choosePalette } from "./color.ts";
import type { Palette } from "./color.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { plural, printable } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";

export interface DiffRequest extends CommonOptions {
  readonly command: "diff";
  readonly schema: string | undefined;
  readonly out: string | undefined;
  readonly against: string | undefined;
  /** Breaking changes are findings: exit code 1. */
  readonly isBreaking: boolean;
}

interface Compared {
  readonly schema: string;
  /** What it is compared with, as it is shown. */
  readonly against: string;
  readonly kind: "lock" | "file" | "git";
  readonly diff: SchemaDiff;
}

interface Outcome {
  readonly staged: Staged<Compared>;
  readonly sources: ReadonlyMap<string, string>;
  /** True where the earlier version is at fault: the question could not be asked. */
  readonly isUnusable: boolean;
}

export function runDiff(request: DiffRequest, host: Host): ExitCode {
  const { staged, sources, isUnusable } = compareVersions(request, host);
  const breaking = staged.ok && request.isBreaking ? staged.value.diff.breaking.map(({ diagnostic }) => diagnostic) : [];
  const diagnostics: readonly Diagnostic[] = [...staged.diagnostics, ...breaking];
  const exit = isUnusable ? EXIT.unusable : exitCodeFor(diagnostics);
  const details = staged.ok ? jsonOf(staged.value) : {};
  if (printReport({ command: "diff", status: statusOf(exit), diagnostics, sources, details }, request, host) || !staged.ok) return exit;

  const palette = choosePalette(request.color, host.env, host.stdout.isTTY === true);
  if (!request.isQuiet) host.stdout.write(renderDiff(staged.value, request, palette));
  return exit;
}

function compareVersions(request: DiffRequest, host: Host): Outcome {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const loaded = loadSchema(cwd, request.schema);
  if (!loaded.ok) return { staged: loaded, sources: new Map(), isUnusable: false };

  const { path, source } = loaded.value;
  const sources = new Map([[source.file, source.text]]);
  const model = readModel(source);
  const { syntax } = parseSchema(source);
  if (!model.ok || syntax === null) return { staged: { ok: false, diagnostics: model.diagnostics }, sources, isUnusable: false };

  const folder = outputFolder(path, cwd, request.out);
  const against = loadAgainst({ cwd, schema: path, folder, against: request.against });
  if (!against.ok) return { staged: against, sources, isUnusable: true };
  const { name, kind, text } = against.value;
  const earlier = readEarlierModel(against.value);
  if (!earlier.ok) return { staged: earlier, sources: new Map([...sources, [name, text]]), isUnusable: true };

  const diff = diffSchemas(earlier.value, model.value, syntax);
  return { staged: { ok: true, value: { schema: source.file, against: name, kind, diff }, diagnostics: [] }, sources, isUnusable: false };
}

/** Members of the object that `--format json` prints. */
function jsonOf({ schema, against, kind, diff }: Compared): Readonly<Record<string, unknown>> {
  const finding = ({ rule, table, column, diagnostic }: SchemaDiff["breaking"][number]): object => ({
    rule,
    table,
    column,
    message: diagnostic.message,
    fix: diagnostic.fix,
  });
  const leaving = ({ subject, table, column, reasons }: SchemaDiff["begins"][number]): object => ({ subject, table, column, reasons });
  return {
    schema,
    against: { kind, name: against },
    changes: diff.changes,
    egress: { begins: diff.begins.map(leaving), ceases: diff.ceases.map(leaving) },
    destructive: diff.destructive.map(({ change, words }) => ({ kind: change.kind, words })),
    breaking: diff.breaking.map(finding),
    ignored: diff.ignored.map(finding),
    harmless: diff.harmless.map(({ kind: change, words }) => ({ kind: change, words })),
  };
}

function renderDiff({ schema, against, kind, diff }: Compared, request: DiffRequest, color: Palette): string {
  if (diff.changes.length === 0) return `${printable(schema)} says the same as ${printable(against)}.\n`;
  const leaving = (changes: SchemaDiff["begins"]): readonly string[] =>
    changes.map(({ subject, reasons }) => `${color.bold(printable(subject))}: ${printable(reasons.map(({ words }) => words).join("; "))}`);
  const groups = [
    groupOf("Leaves the device", leaving(diff.begins), color.red),
    groupOf("Stops leaving the device", leaving(diff.ceases), color.green),
    groupOf(
      "Destructive",
      diff.destructive.map(({ words }) => printable(words)),
      color.red,
    ),
    // With `--breaking` they are findings, with their places.
    request.isBreaking
      ? ""
      : groupOf(
          "Devices must upgrade",
          diff.breaking.flatMap(({ rule, diagnostic }) => [
            `${color.bold(rule)}  ${printable(diagnostic.message)}`,
            `  Instead: ${diagnostic.fix}`,
          ]),
          color.yellow,
        ),
    groupOf(
      "Harmless",
      diff.harmless.map(({ words }) => printable(words)),
      color.dim,
    ),
  ].filter((group) => group !== "");
  return `${printable(schema)} against ${printable(against)}\n\n${[...groups, summaryOf(diff, kind)].join("\n")}`;
}

function groupOf(title: string, lines: readonly string[], paint: (text: string) => string): string {
  return lines.length === 0 ? "" : `${paint(title)}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** Accepting is about the lock; what has left since some commit may long be accepted. */
function summaryOf({ changes, begins, breaking, ignored }: SchemaDiff, kind: Compared["kind"]): string {
  const counts = [
    plural(changes.length, "change"),
    ...(breaking.length === 0 ? [] : [plural(breaking.length, "breaking one")]),
    ...(ignored.length === 0 ? [] : [`${ignored.length} ignored by the schema`]),
  ];
  return `${counts.join(", ")}.\n${kind === "lock" ? acceptWords(begins.map(({ subject }) => subject)) : ""}`;
}
