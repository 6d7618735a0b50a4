/**
 * Source as lists of units: the statements of a file, the members of a class, an interface or an object, the
 * specifiers of an export. Each unit has a key that says what it declares, and its own text with the comments around it,
 * so that a list can be written again with other units in it.
 */
import { ts } from "ts-morph";
import { codeNote, commentNote } from "./note.ts";

export interface Unit {
  /** Equal keys in two versions: the same thing, perhaps changed. */
  readonly key: string;
  /** Names that the unit declares in the list's scope, for statements. */
  readonly names: readonly string[];
  /** White space and comments before the code. */
  readonly lead: string;
  readonly code: string;
  /** Comments after the code, on its line. */
  readonly trail: string;
  readonly leadNote: string;
  readonly codeNote: string;
  /** Null where more than one node is one unit: the overloads of a function. */
  readonly node: ts.Node | null;
  readonly source: ts.SourceFile;
  /** What must stand between this unit and the next: nothing where the code ends by itself. */
  readonly end: "," | ";" | "";
}

export interface UnitList {
  readonly units: readonly Unit[];
  /** What stands after the last unit and before the list's end. */
  readonly tail: string;
  /** Object literals and specifiers: whether a comma follows the last. */
  readonly hasTrailingComma: boolean;
}

/** A unit's own list, between two braces. */
export interface Container extends UnitList {
  /** What it is a list of: members of a class and of an object do not mix. */
  readonly kind: string;
  /** From the start of the unit's code to the brace, and what follows the list. */
  readonly before: string;
  readonly after: string;
  readonly beforeNote: string;
  readonly afterNote: string;
}

export function parseSource(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** One-based line of the first syntax error, or null. */
export function syntaxErrorLine(path: string, text: string): number | null {
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.Latest, jsx: ts.JsxEmit.Preserve },
  });
  const [first] = diagnostics;
  if (first === undefined) return null;
  return parseSource(path, text).getLineAndCharacterOfPosition(first.start ?? 0).line + 1;
}

/** The statements of a file; `head` is the comment block that belongs to the file rather than to its first statement. */
export function splitFile(source: ts.SourceFile): UnitList & { readonly head: string } {
  const { text, statements } = source;
  const first = statements[0];
  const opening = text.slice(0, first === undefined ? text.length : first.getStart(source));
  const blank = [...opening.matchAll(/\n[ \t]*\n/gu)].at(-1);
  const end =
    first === undefined ? opening.length : blank === undefined || opening.slice(0, blank.index).trim() === "" ? 0 : blank.index + 1;
  return { head: text.slice(0, end), ...splitNodes(source, statements, end, text.length, statementEnd) };
}

const statementEnd = (node: ts.Node): Unit["end"] =>
  ts.isVariableStatement(node) || ts.isExpressionStatement(node) || ts.isExportAssignment(node) || ts.isTypeAliasDeclaration(node)
    ? ";"
    : "";

/** The list inside a unit, if it has one that can be merged member by member. */
export function containerOf({ node, source }: Unit): Container | null {
  const body = node === null ? null : bodyOf(node);
  if (node === null || body === null) return null;
  const { members, block } = body;
  const close = block.end - 1;
  const start = node.getStart(source);
  const { hasTrailingComma } = members;
  const isComma =
    ts.isObjectLiteralExpression(block) || ts.isEnumDeclaration(block) || ts.isNamedExports(block) || ts.isNamedImports(block);
  const endOf = (member: ts.Node): Unit["end"] => (isComma ? "," : ts.isTypeElement(member) || ts.isPropertyDeclaration(member) ? ";" : "");
  const before = source.text.slice(start, members.pos);
  const after = source.text.slice(close, node.end);
  return {
    ...splitNodes(source, members, members.pos, close, endOf),
    hasTrailingComma,
    kind: `${ts.SyntaxKind[node.kind]} ${ts.SyntaxKind[block.kind]}`,
    before,
    after,
    beforeNote: codeNote(node, source, start, members.pos),
    afterNote: codeNote(node, source, close, node.end),
  };
}

interface Body {
  readonly block: ts.Node;
  readonly members: ts.NodeArray<ts.Node>;
}

function bodyOf(node: ts.Node): Body | null {
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isEnumDeclaration(node))
    return { block: node, members: node.members };
  if (ts.isTypeAliasDeclaration(node) || ts.isPropertySignature(node))
    return node.type !== undefined && ts.isTypeLiteralNode(node.type) ? { block: node.type, members: node.type.members } : null;
  if (ts.isExportDeclaration(node))
    return node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
      ? { block: node.exportClause, members: node.exportClause.elements }
      : null;
  if (ts.isVariableStatement(node)) {
    const [declaration, ...more] = node.declarationList.declarations;
    return more.length === 0 ? literalIn(declaration?.initializer) : null;
  }
  if (ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node)) return literalIn(node.initializer);
  return ts.isExportAssignment(node) ? literalIn(node.expression) : null;
}

/** An object literal, also behind `as const`, `satisfies T`, brackets. */
function literalIn(expression: ts.Expression | undefined): Body | null {
  let found = expression;
  while (found !== undefined && (ts.isAsExpression(found) || ts.isSatisfiesExpression(found) || ts.isParenthesizedExpression(found)))
    found = found.expression;
  return found !== undefined && ts.isObjectLiteralExpression(found) ? { block: found, members: found.properties } : null;
}

/** Elements of a specifier list, for imports. */
export const splitElements = (source: ts.SourceFile, block: ts.NamedImports): UnitList => ({
  ...splitNodes(source, block.elements, block.elements.pos, block.end - 1, () => ","),
  hasTrailingComma: block.elements.hasTrailingComma,
});

function splitNodes(
  source: ts.SourceFile,
  nodes: readonly ts.Node[],
  from: number,
  to: number,
  endOf: (node: ts.Node) => Unit["end"],
): UnitList {
  const { text } = source;
  const units: Unit[] = [];
  let at = from;
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index] as ts.Node;
    const key = keyOf(node, source);
    let last = node;
    while (isOverload(last) && nodes[index + 1] !== undefined && keyOf(nodes[index + 1] as ts.Node, source) === key) {
      index += 1;
      last = nodes[index] as ts.Node;
    }
    const start = node.getStart(source);
    const comma = endOf(node) === "," ? commaAfter(text, last.end, nodes[index + 1]?.getStart(source) ?? to) : null;
    const codeEnd = comma ?? last.end;
    const afterCode = comma === null ? last.end : comma + 1;
    const end = ts.getTrailingCommentRanges(text, afterCode)?.at(-1)?.end ?? afterCode;
    const lead = text.slice(at, start);
    const trail = text.slice(afterCode, end);
    const group = nodes.slice(nodes.indexOf(node), index + 1);
    const notes = group.map((member) => codeNote(member, source));
    units.push({
      key,
      names: namesOf(node),
      lead,
      code: text.slice(start, codeEnd),
      trail,
      leadNote: commentNote(lead),
      codeNote: `${notes.join("\n")} ${commentNote(text.slice(last.end, codeEnd))}${commentNote(trail)}`.trim(),
      node: last === node ? node : null,
      source,
      end: endOf(node),
    });
    at = end;
  }
  return { units, tail: text.slice(at, to), hasTrailingComma: false };
}

/** A comma outside of comments between two members. */
function commaAfter(text: string, from: number, to: number): number | null {
  const between = text.slice(from, to).replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gsu, (comment) => " ".repeat(comment.length));
  const index = between.indexOf(",");
  return index === -1 ? null : from + index;
}

const isOverload = (node: ts.Node): boolean =>
  (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node)) && node.body === undefined;

function keyOf(node: ts.Node, source: ts.SourceFile): string {
  if (ts.isImportDeclaration(node)) return `import ${node.moduleSpecifier.getText(source).slice(1, -1)}`;
  if (ts.isExportDeclaration(node)) {
    const what = node.exportClause === undefined ? "*" : ts.isNamedExports(node.exportClause) ? "{}" : "* as";
    return `export ${node.isTypeOnly ? "type " : ""}${what} ${node.moduleSpecifier?.getText(source).slice(1, -1) ?? ""}`;
  }
  if (ts.isExportAssignment(node)) return "export default";
  if (ts.isExpressionStatement(node)) return expressionKey(node.expression, source);
  const names = namesOf(node);
  if (names.length > 0) return names.join(", ");
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (ts.isSpreadAssignment(node)) return `...${codeNote(node.expression, source)}`;
  if (ts.isIndexSignatureDeclaration(node)) return "[]";
  if (ts.isCallSignatureDeclaration(node)) return "()";
  if (ts.isConstructSignatureDeclaration(node)) return "new ()";
  if (isNamed(node)) return memberKey(node, source);
  return `kind ${ts.SyntaxKind[node.kind]}`;
}

const isNamed = (node: ts.Node): node is ts.Node & { readonly name: ts.Node } =>
  "name" in node && node.name !== undefined && typeof node.name === "object";

function memberKey(node: ts.Node & { readonly name: ts.Node }, source: ts.SourceFile): string {
  const { name } = node;
  const text = ts.isStringLiteral(name) || ts.isIdentifier(name) || ts.isNumericLiteral(name) ? name.text : codeNote(name, source);
  const isStatic = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true;
  const accessor = ts.isGetAccessor(node) ? "get " : ts.isSetAccessor(node) ? "set " : "";
  return `${isStatic ? "static " : ""}${accessor}${text}`;
}

/** `test("a name", …)` is known by its name, `a.b = …` by what it sets. */
function expressionKey(expression: ts.Expression, source: ts.SourceFile): string {
  const inner = ts.isAwaitExpression(expression) ? expression.expression : expression;
  if (ts.isBinaryExpression(inner)) return `set ${codeNote(inner.left, source)}`;
  if (!ts.isCallExpression(inner)) return `kind ${ts.SyntaxKind[inner.kind]}`;
  const [first] = inner.arguments;
  const name = first !== undefined && ts.isStringLiteralLike(first) ? ` ${JSON.stringify(first.text)}` : "";
  return `call ${codeNote(inner.expression, source)}${name}`;
}

/** Values and types have names of their own: an interface may be called like a constant. */
function namesOf(node: ts.Node): readonly string[] {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return [node.name?.text ?? "export default"];
  if (ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node) || ts.isImportEqualsDeclaration(node)) return [node.name.text];
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ? [`type ${node.name.text}`] : [];
}

const boundNames = (name: ts.BindingName): readonly string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)));
