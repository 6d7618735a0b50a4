/**
 * Merges a file that was scaffolded and then edited with what the generator writes now: base is what it wrote last,
 * mine is the file, theirs the new text. Declarations, members and imports are compared as syntax, so that layout
 * does not count, and the result always parses. Text in, text out.
 */
import { withConflict } from "./conflict.ts";
import { isImport, mergeImports, usedNames } from "./merge-imports.ts";
import { mergeUnits, type Findings, type MergedUnit } from "./merge-units.ts";
import { commentNote } from "./note.ts";
import { renderList } from "./render-list.ts";
import { parseSource, splitFile, syntaxErrorLine, type Unit } from "./unit.ts";

export interface MergeRequest {
  /** For its extension. */
  readonly path: string;
  readonly base: string;
  readonly mine: string;
  readonly theirs: string;
}

export interface Merged {
  readonly kind: "merged";
  readonly text: string;
  /** Names of declarations and members, such as `syncNow` or `commands.sync_now`. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Gone from the generator's version, and kept because it was edited or is used. */
  readonly kept: readonly string[];
  readonly conflicts: readonly string[];
}

/** Mine cannot be read as TypeScript, and stays as it is. */
export interface Unmergeable {
  readonly kind: "unmergeable";
  readonly line: number;
}

export const canMerge = (path: string): boolean => /\.[cm]?[jt]sx?$/u.test(path);

/** The result's lines end as those of mine do, and a `#!` line stays the first. */
export function mergeSource({ path, base, mine, theirs }: MergeRequest): Merged | Unmergeable {
  if (theirs === base) return { kind: "merged", text: mine, ...NOTHING };
  const isCrlf = /^[^\n]*\r\n/u.test(mine);
  const split = (text: string): Program => splitProgram(isCrlf ? text.replaceAll("\r\n", "\n") : text);
  const [was, own, next] = [split(base), split(mine), split(theirs)];
  const merged = mergeBodies({ path, base: was.body, mine: own.body, theirs: next.body });
  if (merged.kind === "unmergeable") return { ...merged, line: merged.line + (own.interpreter === "" ? 0 : 1) };
  const text = (own.interpreter === was.interpreter ? next.interpreter : own.interpreter) + merged.text;
  return { ...merged, text: isCrlf ? text.replaceAll("\n", "\r\n") : text };
}

interface Program {
  /** The line that names the program to run it with; empty without one. */
  readonly interpreter: string;
  readonly body: string;
}

function splitProgram(text: string): Program {
  const interpreter = /^#![^\n]*\n/u.exec(text)?.[0] ?? "";
  return { interpreter, body: text.slice(interpreter.length) };
}

function mergeBodies({ path, base, mine, theirs }: MergeRequest): Merged | Unmergeable {
  if (mine === base || mine === theirs) return { kind: "merged", text: theirs, ...NOTHING };
  if (theirs === base) return { kind: "merged", text: mine, ...NOTHING };
  const line = syntaxErrorLine(path, mine);
  if (line !== null) return { kind: "unmergeable", line };

  const findings: Findings = { conflicts: [], removed: [], kept: [], added: [] };
  const [inBase, inMine, inTheirs] = [base, mine, theirs].map((text) => splitFile(parseSource(path, text))) as [Split, Split, Split];
  const own = ({ units }: Split): readonly Unit[] => units.filter((unit) => !isImport(unit));
  const candidates = mergeUnits(own(inBase), own(inMine), own(inTheirs), "", findings);
  const units = keepWhatIsUsed(path, candidates, findings);
  const imports = mergeImports(
    {
      base: inBase.units.filter(isImport),
      mine: inMine.units.filter(isImport),
      theirs: inTheirs.units.filter(isImport),
      used: usedNames(parseSource(path, renderStatements(units))),
      declared: new Set(units.flatMap(({ names }) => names.map(bareName))),
    },
    findings.conflicts,
  );
  const marked = units.map((unit) => markClash(unit, imports.clashes));

  const head = commentNote(inMine.head) === commentNote(inBase.head) ? inTheirs.head : inMine.head;
  const text = `${(head + renderStatements(placeImports(inMine, imports.units, marked), inMine.tail, head)).trimEnd()}\n`;
  if (syntaxErrorLine(path, text) !== null) throw new Error("mergeSource: the merged text does not parse");
  const { added, removed, kept, conflicts } = findings;
  return {
    kind: "merged",
    text,
    added: added.toSorted(),
    removed: removed.toSorted(),
    kept: kept.toSorted(),
    conflicts: conflicts.toSorted(),
  };
}

type Split = ReturnType<typeof splitFile>;
const NOTHING = { added: [], removed: [], kept: [], conflicts: [] };

/** Leaves out what theirs removed, unless what stays refers to it. */
function keepWhatIsUsed(path: string, candidates: readonly MergedUnit[], findings: Findings): readonly Unit[] {
  let staying = candidates.filter(({ isLeaving }) => !isLeaving);
  for (;;) {
    const used = usedNames(parseSource(path, renderStatements(staying)));
    const isWanted = (unit: MergedUnit): boolean => unit.names.some((name) => used.has(bareName(name)));
    const next = candidates.filter((unit) => staying.includes(unit) || isWanted(unit));
    if (next.length === staying.length) break;
    staying = next;
  }
  for (const unit of candidates) if (unit.isLeaving) (staying.includes(unit) ? findings.kept : findings.removed).push(bareName(unit.key));
  return staying;
}

/** Imports keep their place among mine's statements; new ones follow the last. */
function placeImports(mine: Split, imports: readonly Unit[], units: readonly Unit[]): readonly Unit[] {
  const firstOther = mine.units.findIndex((unit) => !isImport(unit));
  const lastImport = mine.units.findLastIndex(isImport);
  // Nearly always: imports, then the rest.
  if (firstOther === -1 || lastImport < firstOther) return [...imports, ...units];
  const early = mine.units.slice(0, lastImport).filter((unit) => !isImport(unit));
  const isEarly = (unit: Unit): boolean => early.some(({ key, codeNote }) => key === unit.key && codeNote === unit.codeNote);
  const head = units.filter(isEarly);
  return [...head, ...imports, ...units.filter((unit) => !isEarly(unit))];
}

/** Every statement begins on a line of its own, and a blank line keeps the file's head from being the first one's comment. */
function renderStatements(units: readonly Unit[], tail = "\n", head = ""): string {
  const spaced = units.map((unit, index) => {
    if (index === 0 && head === "") return { ...unit, lead: unit.lead.trimStart() };
    return /^[^\S\n]*\n/u.test(unit.lead) ? unit : { ...unit, lead: `\n${unit.lead}` };
  });
  return renderList({ units: spaced, tail, hasTrailingComma: false });
}

function markClash(unit: Unit, clashes: ReadonlyMap<string, string>): Unit {
  const name = unit.names.map(bareName).find((declared) => clashes.has(declared));
  return name === undefined ? unit : { ...unit, lead: withConflict(unit.lead, name, clashes.get(name) ?? "") };
}

/** `type A` and `A` are told apart where units are matched, and not by what uses them. */
const bareName = (name: string): string => name.replace(/^type /u, "");
