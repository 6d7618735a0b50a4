/**
 * Imports are merged by what they bring in. Mine stay as long as mine or the merged code uses them; theirs come
 * when the merged code needs them. The same name from two places is a conflict.
 */
import { ts } from "ts-morph";
import { withConflict } from "./conflict.ts";
import { walkTokens } from "./note.ts";
import { renderList } from "./render-list.ts";
import { splitElements, type Unit } from "./unit.ts";

interface Binding {
  readonly module: string;
  /** `default`, `*`, or the name it has there. */
  readonly imported: string;
  readonly local: string;
  readonly isType: boolean;
}

export const isImport = (unit: Unit): unit is Unit & { readonly node: ts.ImportDeclaration } =>
  unit.node !== null && ts.isImportDeclaration(unit.node);

export interface ImportMerge {
  readonly base: readonly Unit[];
  readonly mine: readonly Unit[];
  readonly theirs: readonly Unit[];
  /** Names that the merged code uses, and names that it declares. */
  readonly used: ReadonlySet<string>;
  readonly declared: ReadonlySet<string>;
}

export interface MergedImports {
  /** A unit without code is a comment that lost its import. */
  readonly units: readonly Unit[];
  /** Names that mine declares and theirs imports, with the import. */
  readonly clashes: ReadonlyMap<string, string>;
}

export function mergeImports({ base, mine, theirs, used, declared }: ImportMerge, conflicts: string[]): MergedImports {
  const [inBase, inMine, inTheirs] = [bindingsOf(base), bindingsOf(mine), bindingsOf(theirs)];
  const drop = new Set<string>();
  const add: Binding[] = [];
  const fights: { readonly local: string; readonly theirs: Binding }[] = [];
  const clashes = new Map<string, string>();
  for (const local of new Set([...inMine.keys(), ...inTheirs.keys()])) {
    const [b, m, t] = [inBase.get(local), inMine.get(local), inTheirs.get(local)];
    if (t === undefined) {
      if (isSame(m, b) && !used.has(local)) drop.add(local);
    } else if (m === undefined) {
      if (declared.has(local) && b === undefined) clashes.set(local, declarationOf(t));
      else if (used.has(local) && !declared.has(local)) add.push(t);
    } else if (!isSame(m, t) && !isSame(t, b)) {
      if (isSame(m, b) || isSame({ ...m, isType: false }, t)) {
        drop.add(local);
        add.push(t);
      } else if (!isSame({ ...t, isType: false }, m)) fights.push({ local, theirs: t });
    }
  }
  const leadNotes = new Set(base.map(({ leadNote }) => leadNote));
  const kept = mine.flatMap((unit) => withoutBindings(unit, drop, leadNotes));
  const withAdditions = add.reduce(addBinding, kept);
  for (const local of [...fights.map((fight) => fight.local), ...clashes.keys()]) conflicts.push(`import ${local}`);
  const units = withAdditions.map((unit) => {
    const here = fights.filter(({ local }) => isImport(unit) && bindingsOf([unit]).has(local));
    return here.reduce(
      (marked, fight) => ({ ...marked, lead: withConflict(marked.lead, `import ${fight.local}`, declarationOf(fight.theirs)) }),
      unit,
    );
  });
  const effects = theirs.filter((unit) => isSideEffect(unit) && !hasKey(base, unit) && !hasKey(mine, unit));
  const gone = new Set(
    base
      .filter((unit) => isSideEffect(unit) && !theirs.some((other) => isSideEffect(other) && other.key === unit.key))
      .map(({ key }) => key),
  );
  return { units: [...units.filter((unit) => !(isSideEffect(unit) && gone.has(unit.key))), ...effects], clashes };
}

const isSideEffect = (unit: Unit): boolean => isImport(unit) && unit.node.importClause === undefined;
const hasKey = (units: readonly Unit[], { key }: Unit): boolean => units.some((unit) => isSideEffect(unit) && unit.key === key);

const isSame = (a: Binding | undefined, b: Binding | undefined): boolean =>
  a !== undefined && b !== undefined && a.module === b.module && a.imported === b.imported && a.isType === b.isType;

/** By the name they have here. */
function bindingsOf(units: readonly Unit[]): ReadonlyMap<string, Binding> {
  const bindings = units.filter(isImport).flatMap(({ node, source }) => {
    const clause = node.importClause;
    if (clause === undefined) return [];
    const module = node.moduleSpecifier.getText(source).slice(1, -1);
    const isType = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
    const found: Binding[] = [];
    if (clause.name !== undefined) found.push({ module, imported: "default", local: clause.name.text, isType });
    const named = clause.namedBindings;
    if (named !== undefined && ts.isNamespaceImport(named)) found.push({ module, imported: "*", local: named.name.text, isType });
    if (named !== undefined && ts.isNamedImports(named))
      for (const { name, propertyName, isTypeOnly } of named.elements)
        found.push({ module, imported: (propertyName ?? name).text, local: name.text, isType: isType || isTypeOnly });
    return found;
  });
  return new Map(bindings.map((binding) => [binding.local, binding]));
}

function withoutBindings(unit: Unit, drop: ReadonlySet<string>, leadNotes: ReadonlySet<string>): readonly Unit[] {
  const bindings = [...bindingsOf([unit]).keys()];
  if (!isImport(unit) || !bindings.some((local) => drop.has(local))) return [unit];
  if (bindings.every((local) => drop.has(local))) {
    const isOwnComment = unit.leadNote !== "" && !leadNotes.has(unit.leadNote);
    return isOwnComment ? [{ ...unit, code: "", trail: "", node: null }] : [];
  }
  return [rewritten(unit, (local) => !drop.has(local), [])];
}

function addBinding(units: readonly Unit[], binding: Binding): readonly Unit[] {
  const index = units.findIndex((unit) => canTake(unit, binding));
  const target = units[index];
  if (target !== undefined)
    return units.with(
      index,
      rewritten(target, () => true, [binding]),
    );
  const last = units.findLast(isImport) ?? units.at(-1);
  const at = last === undefined ? 0 : units.indexOf(last) + 1;
  return units.toSpliced(at, 0, unitOf(declarationOf(binding)));
}

/** An import with braces, of the same module and of a kind that the name can stand in. */
function canTake(unit: Unit, { module, imported, isType }: Binding): boolean {
  if (imported === "default" || imported === "*" || !isImport(unit)) return false;
  const clause = unit.node.importClause;
  if (clause?.namedBindings === undefined || !ts.isNamedImports(clause.namedBindings)) return false;
  const isTypeClause = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  return unit.node.moduleSpecifier.getText(unit.source).slice(1, -1) === module && (isType || !isTypeClause);
}

function declarationOf({ module, imported, local, isType }: Binding): string {
  const what = imported === "default" ? local : imported === "*" ? `* as ${local}` : `{ ${specifier(imported, local)} }`;
  return `import ${isType ? "type " : ""}${what} from ${JSON.stringify(module)};`;
}

const specifier = (imported: string, local: string): string => (imported === local ? local : `${imported} as ${local}`);

/** An import with some of its names, and more names inside its braces. */
function rewritten(unit: Unit, stays: (local: string) => boolean, more: readonly Binding[]): Unit {
  const clause = isImport(unit) ? unit.node.importClause : undefined;
  if (!isImport(unit) || clause === undefined) throw new Error("rewritten: not an import with names");
  const isType = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const parts: string[] = [];
  if (clause.name !== undefined && stays(clause.name.text)) parts.push(clause.name.text);
  const named = clause.namedBindings;
  if (named !== undefined && ts.isNamespaceImport(named) && stays(named.name.text)) parts.push(`* as ${named.name.text}`);
  if (named !== undefined && ts.isNamedImports(named)) {
    const list = splitElements(unit.source, named);
    const staying = list.units.filter((_, index) => stays(named.elements[index]?.name.text ?? ""));
    const lead = staying.at(-1)?.lead ?? " ";
    const added = more.map((binding) => ({
      ...unitOf(`${binding.isType && !isType ? "type " : ""}${specifier(binding.imported, binding.local)}`),
      lead: commentless(lead),
      end: "," as const,
    }));
    if (staying.length + added.length > 0) parts.push(`{${renderList({ ...list, units: [...staying, ...added] })}}`);
  }
  const { text } = unit.source;
  const rest = text.slice(unit.node.moduleSpecifier.getStart(unit.source), unit.node.end);
  const code = `import ${isType ? "type " : ""}${parts.join(", ")} from ${rest}`;
  return { ...unitOf(code), lead: unit.lead, trail: unit.trail, leadNote: unit.leadNote };
}

const commentless = (lead: string): string => (lead.trim() === "" ? lead : (/\n[ \t]*$/u.exec(lead)?.[0] ?? " "));

function unitOf(code: string): Unit {
  const source = ts.createSourceFile("import.ts", code, ts.ScriptTarget.Latest, true);
  const node = source.statements[0] ?? null;
  return { key: "", names: [], lead: "\n", code, trail: "", leadNote: "", codeNote: "", node, source, end: "" };
}

/** Names that code refers to: identifiers, but no names of members. */
export function usedNames(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of source.statements)
    if (!ts.isImportDeclaration(statement))
      walkTokens(statement, source, (token) => {
        if (ts.isIdentifier(token) && !isMemberName(token)) names.add(token.text);
      });
  return names;
}

function isMemberName(token: ts.Identifier): boolean {
  const { parent } = token;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === token;
  if (ts.isQualifiedName(parent)) return parent.right === token;
  if (ts.isBindingElement(parent)) return parent.propertyName === token;
  if (ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent)) return parent.name === token;
  return false;
}
