/** A schema's text, split into the lines of each table, by indentation alone: nothing here knows what the lines mean. */

export interface TextBlock {
  /** Whole lines, with blank lines and comments that follow. */
  readonly text: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
}

export interface SplitTables {
  /** Up to the first table. */
  readonly head: string;
  readonly blocks: readonly TextBlock[];
  /** From the first line after the tables; empty where they come last. */
  readonly tail: string;
  readonly tailLine: number;
}

const NEW_LINE = 10;
const SPACE = 32;
const HASH = 35;

/** Null where the tables are not laid out as lines below `tables:`, each table's name indented by two spaces. */
export function splitTables(text: string): SplitTables | null {
  if (/[\t\r\u0085\u2028\u2029]/u.test(text)) return null;
  const key = /^tables: *(?:#.*)?\n/mu.exec(text);
  if (key === null) return null;
  const starts: { readonly at: number; readonly line: number }[] = [];
  let line = countLines(text, key.index) + 2;
  let at = key.index + key[0].length;
  for (; at < text.length; line++) {
    const end = endOfLine(text, at);
    const indent = indentOf(text, at, end);
    // Only spaces, or a comment: part of what stands above.
    const isContent = at + indent < end && text.charCodeAt(at + indent) !== HASH;
    if (isContent) {
      if (indent === 0) break;
      if (indent === 1 || (indent > 2 && starts.length === 0)) return null;
      if (indent === 2) starts.push({ at, line });
    }
    at = end + 1;
  }
  const [first] = starts;
  if (first === undefined) return null;
  const tailAt = Math.min(at, text.length);
  const blocks = starts.map((start, index) => ({ text: text.slice(start.at, starts[index + 1]?.at ?? tailAt), line: start.line }));
  return { head: text.slice(0, first.at), blocks, tail: text.slice(tailAt), tailLine: line };
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

function indentOf(text: string, at: number, end: number): number {
  let indent = 0;
  while (at + indent < end && text.charCodeAt(at + indent) === SPACE) indent++;
  return indent;
}

function countLines(text: string, end: number): number {
  let count = 0;
  for (let at = 0; at < end; at++) if (text.charCodeAt(at) === NEW_LINE) count++;
  return count;
}
