/**
 * What a piece of source says, without how it is laid out: its tokens and comments in one line of text. Equal notes
 * mean that only a formatter has been here.
 */
import { ts } from "ts-morph";

/** Comments and code of the node, from its first token to its last, or of those tokens that begin in a range. */
export function codeNote(node: ts.Node, source: ts.SourceFile, from = node.getStart(source), to = node.end): string {
  const parts: string[] = [];
  walkTokens(node, source, (token) => {
    const start = token.getStart(source);
    if (start < from || start >= to) return;
    if (start > from) parts.push(...commentNotes(source.text.slice(token.pos, start)));
    parts.push(tokenText(token, source));
  });
  return parts.filter((part, index) => !isOptional(part, parts[index + 1])).join(" ");
}

/** The comments in what stands between two tokens. */
export const commentNote = (trivia: string): string => trivia.replaceAll(/\s+/gu, " ").trim();

const commentNotes = (trivia: string): readonly string[] => {
  const note = commentNote(trivia);
  return note === "" ? [] : [note];
};

/** Formatters add and remove a comma before a closing bracket and a semicolon at an end. */
const isOptional = (part: string, next: string | undefined): boolean =>
  (part === "," && next !== undefined && /^[)\]}]$/u.test(next)) || (part === ";" && (next === undefined || next === "}"));

/** Formatters change quotes. */
const tokenText = (token: ts.Node, source: ts.SourceFile): string =>
  ts.isStringLiteral(token) ? JSON.stringify(token.text) : token.getText(source);

/** Calls `visit` for each token in order. Comments are no tokens, those of JSDoc included. */
export function walkTokens(node: ts.Node, source: ts.SourceFile, visit: (token: ts.Node) => void): void {
  const children = node.getChildren(source).filter((child) => child.kind !== ts.SyntaxKind.JSDoc);
  if (children.length === 0) {
    if (node.end > node.getStart(source)) visit(node);
    return;
  }
  for (const child of children) walkTokens(child, source, visit);
}
