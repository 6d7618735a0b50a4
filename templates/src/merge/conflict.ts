/**
 * A conflict in the text of a file: the user's declaration stays, and the generator's stands above it in a comment,
 * between two lines that tools and people can find. The file parses as before.
 */
import { CONFLICT_MARK } from "@synckit-gen/schemas/model";

const CLOSING = "// synckit-gen: end of the generator's version. Take what you need, then delete this comment.";

const BLOCK = new RegExp(
  `[ \\t]*// ${CONFLICT_MARK}[^\\n]*\\n(?:[ \\t]*//[^\\n]*\\n)*?[ \\t]*${CLOSING.replaceAll(/\./gu, "\\.")}\\n?`,
  "gu",
);

/** `lead`, which stands before the user's version of `name`, with the generator's version in it; null: the generator has none any more. */
export function withConflict(lead: string, name: string, theirs: string): string {
  const clean = withoutConflict(lead);
  const space = /^\s*/u.exec(clean)?.[0] ?? "";
  const indentation = space.includes("\n") ? space.slice(space.lastIndexOf("\n") + 1) : "";
  const opening = space === "" || space.includes("\n") ? space : `${space.trimEnd()}\n`;
  const lines = [
    `// ${CONFLICT_MARK} \`${oneLine(name)}\` was changed here and by the generator. Yours is below; the generator's is:`,
    ...theirs.split("\n").map((line) => `//   ${oneLine(line)}`.trimEnd()),
    CLOSING,
  ];
  return `${opening}${lines.join(`\n${indentation}`)}\n${indentation}${clean.slice(space.length)}`;
}

export const withoutConflict = (lead: string): string => lead.replace(BLOCK, "");

/** What ends a line comment besides a line feed. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n\u2028\u2029]/gu, " ");

/** One-based lines of a text on which a conflict begins. */
export const conflictLines = (text: string): readonly number[] =>
  text.split("\n").flatMap((line, index) => (line.trimStart().startsWith(`// ${CONFLICT_MARK}`) ? [index + 1] : []));
