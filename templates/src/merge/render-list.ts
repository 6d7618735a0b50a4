/** Writes a list of units again, so that whatever now stands side by side is still read as it was. */
import type { Unit, UnitList } from "./unit.ts";

export function renderList({ units, tail, hasTrailingComma }: UnitList): string {
  let text = "";
  units.forEach(({ lead, code, trail, end }, index) => {
    const next = units[index + 1];
    text += `${needsNewLine(text, lead) ? "\n" : ""}${lead}${code}`;
    if (end === "," ? next !== undefined || hasTrailingComma : end === ";" && next !== undefined && runsInto(code, next)) text += end;
    text += trail;
  });
  return `${text}${needsNewLine(text, tail) ? "\n" : ""}${tail}`;
}

/** Without a semicolon, the next code would be read as a part of this one. */
const runsInto = (code: string, next: Unit): boolean =>
  !/[;,]$/u.test(code) && (!next.lead.includes("\n") || /^[([`+\-/*.,]/u.test(next.code));

/** A line comment would swallow what follows on its line. */
const needsNewLine = (before: string, after: string): boolean => /\/\/[^\n]*$/u.test(before) && !/^[^\S\n]*\n/u.test(after);
