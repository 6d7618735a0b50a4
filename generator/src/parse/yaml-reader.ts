/**
 * The only module that knows the yaml library. Text in; a tree of values with positions out, or every
 * syntax error that the library found.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node as YamlNode } from "yaml";
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, SourceSpan } from "@synckit-gen/schemas/diagnostics";
import type { Node, Word } from "./node.ts";

export interface SourceText {
  /** As messages should show it. */
  readonly file: string;
  readonly text: string;
}

/** An alias may repeat what repeats aliases; ten lines can then stand for billions of values. */
const MAX_ALIASED_VALUES = 50_000;

export interface ReadYaml {
  /** Null exactly when the text is not YAML. */
  readonly root: Node | null;
  /** Duplicate keys are among them; the first of each is kept. */
  readonly diagnostics: readonly Diagnostic[];
  /** True where a value stands for one from elsewhere in the text. */
  readonly hasAliases: boolean;
}

export function readYaml(source: SourceText): ReadYaml {
  const broken = (...diagnostics: readonly Diagnostic[]): ReadYaml => ({ root: null, diagnostics, hasAliases: false });
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: "error" });
  } catch (error) {
    // Only nesting deep enough to exhaust the stack gets here.
    return broken(report("yaml/syntax", pointAt(source.file, 1, 1), { reason: sentence(error) }));
  }

  const reader = new TreeReader(source, lines, document);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const marker = source.text.search(/^<{7} /mu);
    if (marker >= 0) return broken(report("yaml/syntax", reader.span(marker, marker + 7), { reason: "it holds an unresolved merge" }));
    return broken(...faults.map((fault) => report("yaml/syntax", reader.span(fault.pos[0], fault.pos[1]), { reason: sentence(fault) })));
  }

  try {
    const root = reader.read(document.contents, pointAt(source.file, 1, 1), source.file);
    return { root, diagnostics: reader.findings, hasAliases: reader.hasAliases };
  } catch (error) {
    if (!(error instanceof UnreadableTree)) throw error;
    return broken(report("yaml/syntax", error.at, { reason: error.message }));
  }
}

/** A tree that is valid YAML and cannot be walked: an alias inside itself, or too many of them. */
class UnreadableTree extends Error {
  readonly at: SourceSpan;
  constructor(message: string, at: SourceSpan) {
    super(message);
    this.at = at;
  }
}

class TreeReader {
  readonly findings: Diagnostic[] = [];
  hasAliases = false;
  readonly #source: SourceText;
  readonly #lines: LineCounter;
  readonly #document: Document.Parsed;
  readonly #open = new Set<YamlNode>();
  /** Aliases that are being read, one inside the other. */
  #aliases = 0;
  #aliased = 0;

  constructor(source: SourceText, lines: LineCounter, document: Document.Parsed) {
    this.#source = source;
    this.#lines = lines;
    this.#document = document;
  }

  span(start: number, end: number): SourceSpan {
    // The library reports the end of a file one past its text.
    const last = this.#source.text.length;
    const from = this.#lines.linePos(Math.min(start, last));
    const to = this.#lines.linePos(Math.min(Math.max(end, start), last));
    return {
      file: this.#source.file,
      line: Math.max(1, from.line),
      column: Math.max(1, from.col),
      endLine: Math.max(1, to.line),
      endColumn: Math.max(1, to.col),
    };
  }

  read(node: unknown, owner: SourceSpan, label: string, aliasAt?: SourceSpan): Node {
    if (this.#aliases > 0 && ++this.#aliased > MAX_ALIASED_VALUES) {
      throw new UnreadableTree(`its aliases stand for more than ${MAX_ALIASED_VALUES} values`, aliasAt ?? owner);
    }
    if (isAlias(node)) {
      this.hasAliases = true;
      const at = this.#spanOf(node, owner);
      const target = node.resolve(this.#document);
      if (target === undefined) throw new UnreadableTree(`no anchor is named "${node.source}"`, at);
      this.#aliases++;
      const read = this.read(target, owner, label, at);
      this.#aliases--;
      return read;
    }
    if (isScalar(node)) return this.#readScalar(node.value, node.source, aliasAt ?? this.#spanOf(node, owner), owner, label);
    if (!isMap(node) && !isSeq(node)) return { kind: "scalar", value: null, source: "", at: owner, owner, label };

    const at = aliasAt ?? this.#spanOf(node, owner);
    if (this.#open.has(node)) throw new UnreadableTree("an alias stands inside the value that it repeats", at);
    this.#open.add(node);
    const read: Node = isMap(node)
      ? { kind: "map", entries: this.#readEntries(node.items, owner), at, owner, label }
      : { kind: "list", items: node.items.map((item) => this.read(item, this.#spanOf(item, owner), label)), at, owner, label };
    this.#open.delete(node);
    return read;
  }

  #readScalar(value: unknown, source: string | undefined, at: SourceSpan, owner: SourceSpan, label: string): Node {
    const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
    return {
      kind: "scalar",
      value: plain,
      source: source ?? (plain === null ? "" : String(plain)),
      at: isEmpty(at) ? owner : at,
      owner,
      label,
    };
  }

  #readEntries(items: readonly { readonly key: unknown; readonly value: unknown }[], owner: SourceSpan) {
    const entries = new Map<string, { readonly key: Word; readonly value: Node }>();
    for (const item of items) {
      const key = this.#readKey(item.key, owner);
      if (key === null) continue;
      const first = entries.get(key.text);
      if (first === undefined) {
        entries.set(key.text, { key, value: this.read(item.value, key.at, key.text) });
        continue;
      }
      const related = [{ at: first.key.at, message: "first given here" }];
      this.findings.push(report("yaml/duplicate-key", key.at, { key: key.text }, { related }));
    }
    return [...entries.values()];
  }

  /** A key is taken as it is written, so that tables may be named `null`, `true` or `2024`. */
  #readKey(key: unknown, owner: SourceSpan): Word | null {
    const at = this.#spanOf(key, owner);
    if (isAlias(key)) this.hasAliases = true;
    const resolved = isAlias(key) ? key.resolve(this.#document) : key;
    if (resolved === null || resolved === undefined) return { text: "", at };
    if (isScalar(resolved)) return { text: typeof resolved.value === "string" ? resolved.value : (resolved.source ?? ""), at };
    this.findings.push(
      report("language/wrong-type", at, { key: "a key", expected: "a name", found: isMap(resolved) ? "a map" : "a list" }),
    );
    return null;
  }

  #spanOf(node: unknown, otherwise: SourceSpan): SourceSpan {
    const range = (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range;
    return range ? this.span(range[0], range[1]) : otherwise;
  }
}

const isEmpty = (at: SourceSpan): boolean => at.line === at.endLine && at.column === at.endColumn;

const pointAt = (file: string, line: number, column: number): SourceSpan => ({ file, line, column, endLine: line, endColumn: column });

/** The library's message as the middle of a sentence: no full stop, and no advice meant for programmers. */
function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError) return "it is nested too deeply";
  if (text.startsWith("Source contains multiple documents")) return "a schema is one document, and a second one begins here";
  return (text.charAt(0).toLowerCase() + text.slice(1)).replace(/[.\s]+$/u, "");
}
