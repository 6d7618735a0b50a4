/** Diagnostics as text for people: place, message, the line itself, the way out. */
import type { Diagnostic, SourceSpan } from "@synckit-gen/schemas/diagnostics";
import { NO_COLOR } from "./color.ts";
import type { Palette } from "./color.ts";

/** Texts by file name, for code frames. */
export type Sources = ReadonlyMap<string, string>;

/** A line in one-line flow style can be very long; this much of it is shown around the fault. */
const MAX_FRAME_WIDTH = 120;

export function renderDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources, color: Palette = NO_COLOR): string {
  if (diagnostics.length === 0) return "";
  const linesByFile = new Map([...sources].map(([file, text]) => [file, text.split(/\r\n|\n|\r/u)]));
  const findings = diagnostics.map((diagnostic) => renderOne(diagnostic, linesByFile, color));
  return `${findings.join("\n\n")}\n\n${countFindings(diagnostics)}\n`;
}

/** The line that closes a report. */
function countFindings(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const counts = [plural(errors, "error"), plural(diagnostics.length - errors, "warning")];
  return counts.filter((count) => !count.startsWith("0 ")).join(", ");
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function renderOne(diagnostic: Diagnostic, linesByFile: ReadonlyMap<string, readonly string[]>, color: Palette): string {
  const severity = diagnostic.severity === "error" ? color.red("error") : color.yellow("warning");
  const lines = [
    `${color.bold(place(diagnostic.at))}  ${severity}  ${diagnostic.code}`,
    `  ${printable(diagnostic.message)}`,
    ...frame(diagnostic.at, linesByFile, 1, color),
    `  Fix: ${diagnostic.fix}`,
  ];
  if (diagnostic.suggestion !== undefined) lines.push(`  Did you mean "${color.green(printable(diagnostic.suggestion))}"?`);
  for (const { at, message } of diagnostic.related ?? []) {
    lines.push(`  ${place(at)}  ${printable(message)}`, ...frame(at, linesByFile, 0, color));
  }
  return lines.join("\n");
}

const place = (at: SourceSpan): string => printable(at.line === 0 ? at.file : `${at.file}:${at.line}:${at.column}`);

/** The line with carets under the fault, and so many lines around it. */
function frame(at: SourceSpan, linesByFile: ReadonlyMap<string, readonly string[]>, around: number, color: Palette): readonly string[] {
  const lines = linesByFile.get(at.file);
  if (lines === undefined || at.line === 0 || at.line > lines.length) return [];
  const first = Math.max(1, at.line - around);
  const last = Math.min(lines.length, at.line + around);
  const gutter = String(last).length;
  const shown: string[] = [""];
  for (let number = first; number <= last; number++) {
    const { text, before, marked } = clip(lines[number - 1] ?? "", number === at.line ? at : undefined);
    if (number === last && number !== at.line && text.trim() === "") break;
    shown.push(`${color.dim(`  ${String(number).padStart(gutter)} |`)} ${printable(text)}`.trimEnd());
    if (number === at.line)
      shown.push(`${color.dim(`  ${" ".repeat(gutter)} |`)} ${blank(before)}${color.red("^".repeat(Math.max(1, width(marked))))}`);
  }
  return [...shown, ""];
}

interface Clipped {
  readonly text: string;
  readonly before: string;
  readonly marked: string;
}

function clip(line: string, at: SourceSpan | undefined): Clipped {
  const from = at === undefined ? 0 : Math.min(at.column - 1, line.length);
  const to = at === undefined ? 0 : Math.max(from, at.endLine > at.line ? line.trimEnd().length : Math.min(at.endColumn - 1, line.length));
  if (line.length <= MAX_FRAME_WIDTH) return { text: line, before: line.slice(0, from), marked: line.slice(from, to) };
  const start = Math.max(0, Math.min(from - MAX_FRAME_WIDTH / 3, line.length - MAX_FRAME_WIDTH));
  const end = start + MAX_FRAME_WIDTH;
  const lead = start > 0 ? "… " : "";
  return {
    text: `${lead}${line.slice(start, end)}${end < line.length ? " …" : ""}`,
    before: lead + line.slice(start, from),
    marked: line.slice(from, Math.min(to, end)),
  };
}

// oxlint-disable-next-line no-control-regex -- escape sequences in a schema must not reach the terminal
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/gu;
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Without what a terminal would obey. */
export const printable = (text: string): string => text.replace(CONTROL, "\u{fffd}");

const cells = (letter: string): number => (/\p{Mark}/u.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1);
const width = (text: string): number => [...text].reduce((sum, letter) => sum + cells(letter), 0);
/** As wide as the text, so that carets stand under what they point to. */
const blank = (text: string): string => [...text].map((letter) => (letter === "\t" ? "\t" : " ".repeat(cells(letter)))).join("");
