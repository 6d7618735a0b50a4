/** The difference between two texts, line by line, in the unified format that `git apply` and people read. */

/** Lines around a change that are shown with it. */
const CONTEXT = 3;
/** Edits beyond which a shortest script is not worth its time, which grows with their square; the middle is then replaced whole. */
const MAX_EDITS = 1_000;

/** Empty where the texts are equal. `null`: the file does not exist on that side. */
export function unifiedDiff(path: string, before: string | null, after: string | null): string {
  if (before === after) return "";
  const [old, now] = [linesOf(before), linesOf(after)];
  const edits = editScript(old, now);
  const heads = `--- ${before === null ? "/dev/null" : `a/${path}`}\n+++ ${after === null ? "/dev/null" : `b/${path}`}\n`;
  return heads + hunksOf(edits).map(printHunk).join("");
}

/** A line keeps its newline, so that one without shows. */
const linesOf = (text: string | null): readonly string[] => text?.match(/[^\n]*\n|[^\n]+$/gu) ?? [];

interface Edit {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

function editScript(old: readonly string[], now: readonly string[]): readonly Edit[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const same = (lines: readonly string[]): readonly Edit[] => lines.map((line) => ({ sign: " ", line }));
  return [
    ...same(old.slice(0, start)),
    ...shortestScript(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...same(old.slice(old.length - end)),
  ];
}

/** Myers' greedy algorithm: the furthest point on each diagonal, for a growing number of edits. */
function shortestScript(old: readonly string[], now: readonly string[]): readonly Edit[] {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: ReadonlyMap<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(old.length + now.length, MAX_EDITS); edits++) {
    trace.push(new Map(furthest));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = stepsDown(furthest, diagonal, edits) ? (furthest.get(diagonal + 1) ?? 0) : (furthest.get(diagonal - 1) ?? 0) + 1;
      let y = x - diagonal;
      while (x < old.length && y < now.length && old[x] === now[y]) [x, y] = [x + 1, y + 1];
      furthest.set(diagonal, x);
      if (x >= old.length && y >= now.length) return backtrack(trace, old, now);
    }
  }
  return [...old.map((line): Edit => ({ sign: "-", line })), ...now.map((line): Edit => ({ sign: "+", line }))];
}

const stepsDown = (furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean =>
  diagonal === -edits || (diagonal !== edits && (furthest.get(diagonal - 1) ?? 0) < (furthest.get(diagonal + 1) ?? 0));

function backtrack(trace: readonly ReadonlyMap<number, number>[], old: readonly string[], now: readonly string[]): readonly Edit[] {
  const reversed: Edit[] = [];
  let [x, y] = [old.length, now.length];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const from = stepsDown(furthest, diagonal, edits) ? diagonal + 1 : diagonal - 1;
    const fromX = furthest.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      [x, y] = [x - 1, y - 1];
      reversed.push({ sign: " ", line: old[x] ?? "" });
    }
    if (edits === 0) break;
    reversed.push(x === fromX ? { sign: "+", line: now[fromY] ?? "" } : { sign: "-", line: old[fromX] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return reversed.toReversed();
}

interface Hunk {
  /** Lines before the hunk on each side. */
  readonly oldStart: number;
  readonly nowStart: number;
  readonly edits: readonly Edit[];
}

function hunksOf(edits: readonly Edit[]): readonly Hunk[] {
  // Changes whose surroundings touch are shown together.
  const groups: { first: number; last: number }[] = [];
  for (const [index, { sign }] of edits.entries()) {
    const group = groups.at(-1);
    if (sign === " ") continue;
    if (group === undefined || index > group.last + 2 * CONTEXT) groups.push({ first: index, last: index });
    else group.last = index;
  }
  let [at, oldStart, nowStart] = [0, 0, 0];
  return groups.map(({ first, last }) => {
    const start = Math.max(0, first - CONTEXT);
    for (; at < start; at++) {
      if (edits[at]?.sign !== "+") oldStart++;
      if (edits[at]?.sign !== "-") nowStart++;
    }
    return { oldStart, nowStart, edits: edits.slice(start, last + CONTEXT + 1) };
  });
}

function printHunk({ oldStart, nowStart, edits }: Hunk): string {
  const range = (start: number, count: number): string => `${count === 0 ? start : start + 1}${count === 1 ? "" : `,${count}`}`;
  const count = (other: Edit["sign"]): number => edits.filter(({ sign }) => sign !== other).length;
  const lines = edits.map(({ sign, line }) => (line.endsWith("\n") ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`));
  return `@@ -${range(oldStart, count("+"))} +${range(nowStart, count("-"))} @@\n${lines.join("")}`;
}
