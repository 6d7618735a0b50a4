/**
 * Reads one schema again and again, while somebody edits it. Each table is a block of lines of its own; a block that has
 * not changed is not read again, its nodes only move with their lines. Wherever a block may mean something else than it
 * says by itself (an alias, an open quote, a directive), the whole text is read, so that the result never differs.
 */
import type { SourceSpan } from "@synckit-gen/schemas/diagnostics";
import type { MapNode, Node, Word } from "./node.ts";
import { splitTables } from "./split-tables.ts";
import type { TextBlock } from "./split-tables.ts";
import { readYaml } from "./yaml-reader.ts";
import type { ReadYaml, SourceText } from "./yaml-reader.ts";

type Entry = MapNode["entries"][number];

interface ReadBlock {
  readonly line: number;
  readonly entry: Entry;
}

/** Where a map ends depends on what follows, so the last block is known by itself. */
interface LastBlock {
  readonly text: string;
  readonly line: number;
  /** Of the map `tables`, and of the whole. */
  readonly ends: { readonly tables: SourceSpan; readonly root: SourceSpan };
}

/** What was read last, as far as it can be used again. */
interface Remembered {
  readonly file: string;
  readonly head: string;
  readonly tail: string;
  readonly tailLine: number;
  readonly root: MapNode;
  readonly blocks: ReadonlyMap<string, ReadBlock>;
  readonly last: LastBlock;
}

/** More blocks than these are read faster in one. */
const MAX_CHANGED = 50;

export class YamlMemory {
  #last: Remembered | null = null;

  /** What `readYaml` gives. */
  read(source: SourceText): ReadYaml {
    const blocks = splitTables(source.text);
    if (blocks !== null && this.#last !== null) {
      const next = readChanged(source.file, blocks, this.#last);
      if (next !== null) {
        this.#last = next;
        return { root: next.root, diagnostics: [], hasAliases: false };
      }
    }
    const read = readYaml(source);
    // Text that cannot be read leaves what is known as it is: the next edit may repair it.
    if (blocks !== null) this.#last = remember(source.file, blocks, read) ?? this.#last;
    return read;
  }
}

/** How nearly every table begins. What else YAML allows there depends on more than the line. */
const PLAIN_NAME = /^ {2}(?:[\p{L}\p{N}_-]+|"[^"\\\n]+"):(?: |$)/mu;

/** A directive, or where a document begins or ends. */
const MARKER = /^(?:%|---|\.\.\.)/mu;

type Blocks = NonNullable<ReturnType<typeof splitTables>>;

/** Null where the blocks are not exactly the entries of `tables`, or depend on one another. */
function remember(file: string, { head, blocks, tail, tailLine }: Blocks, { root, diagnostics, hasAliases }: ReadYaml): Remembered | null {
  if (root?.kind !== "map" || diagnostics.length > 0 || hasAliases || MARKER.test(head) || MARKER.test(tail)) return null;
  const tables = tablesIn(root);
  const last = blocks.at(-1);
  if (tables === null || last === undefined || tables.entries.length !== blocks.length) return null;
  const known = new Map<string, ReadBlock>();
  for (const [index, { text, line }] of blocks.entries()) {
    const entry = tables.entries[index];
    if (entry?.key.at.line !== line || entry.key.at.column !== 3) return null;
    known.set(text, { line, entry });
  }
  return {
    file,
    head,
    tail,
    tailLine,
    root,
    blocks: known,
    last: { text: last.text, line: last.line, ends: { tables: tables.at, root: root.at } },
  };
}

const tablesIn = (root: MapNode): MapNode | null => {
  const value = root.entries.find(({ key }) => key.text === "tables")?.value;
  return value?.kind === "map" ? value : null;
};

function readChanged(file: string, { head, blocks, tail, tailLine }: Blocks, before: Remembered): Remembered | null {
  const end = blocks.at(-1);
  if (end === undefined || file !== before.file || head !== before.head || tail !== before.tail) return null;
  const known = new Map<string, ReadBlock>();
  const names = new Set<string>();
  const entries: Entry[] = [];
  let changed = 0;
  let ends: LastBlock["ends"] | null = null;
  for (const block of blocks) {
    const isLast = block === end;
    const was = isLast && block.text !== before.last.text ? undefined : before.blocks.get(block.text);
    if (was === undefined && ++changed > MAX_CHANGED) return null;
    const alone = was === undefined ? readAlone(file, block, isLast, tail === "") : null;
    const entry = was === undefined ? alone?.entry : moveEntry(was.entry, block.line - was.line);
    if (entry === undefined || names.has(entry.key.text)) return null;
    if (isLast) ends = alone?.ends ?? moveEnds(before.last.ends, block.line - before.last.line);
    names.add(entry.key.text);
    known.set(block.text, { line: block.line, entry });
    entries.push(entry);
  }
  if (ends === null) return null;
  const root = rootWith(before, entries, ends, tailLine - before.tailLine);
  return { file, head, tail, tailLine, root, blocks: known, last: { text: end.text, line: end.line, ends } };
}

/** The table of this block, at its place in the text; null where it cannot be read by itself. */
function readAlone(
  file: string,
  { text, line }: TextBlock,
  isLast: boolean,
  isEnd: boolean,
): { readonly entry: Entry; readonly ends: LastBlock["ends"] } | null {
  if (!PLAIN_NAME.test(text)) return null;
  // What follows decides where a value ends.
  const following = !isLast ? "  synckit-next: 0\n" : isEnd ? "" : "synckit-next: 0\n";
  const { root, diagnostics, hasAliases } = readYaml({ file, text: `tables:\n${text}${following}` });
  if (root?.kind !== "map" || diagnostics.length > 0 || hasAliases) return null;
  const tables = tablesIn(root);
  const entry = tables?.entries[0];
  if (tables === null || entry === undefined || tables.entries.length !== (isLast ? 1 : 2)) return null;
  return { entry: moveEntry(entry, line - 2), ends: moveEnds({ tables: tables.at, root: root.at }, line - 2) };
}

/** The last root with other tables, and with what follows them moved along. */
function rootWith({ root, tail }: Remembered, tables: readonly Entry[], ends: LastBlock["ends"], by: number): MapNode {
  const at = root.entries.findIndex(({ key }) => key.text === "tables");
  const entries = root.entries.map((entry, index) => {
    if (index < at) return entry;
    if (index > at) return moveEntry(entry, by);
    const { at: was, owner, label } = entry.value;
    return { key: entry.key, value: { kind: "map", entries: tables, at: endingAt(was, ends.tables), owner, label } satisfies MapNode };
  });
  return { ...root, entries, at: endingAt(root.at, tail === "" ? ends.root : moveSpan(root.at, by)) };
}

const endingAt = (at: SourceSpan, { endLine, endColumn }: SourceSpan): SourceSpan => ({ ...at, endLine, endColumn });
const moveEnds = ({ tables, root }: LastBlock["ends"], by: number): LastBlock["ends"] => ({
  tables: moveSpan(tables, by),
  root: moveSpan(root, by),
});
const moveSpan = (at: SourceSpan, by: number): SourceSpan => ({ ...at, line: at.line + by, endLine: at.endLine + by });
const moveWord = ({ text, at }: Word, by: number): Word => ({ text, at: moveSpan(at, by) });
const moveEntry = (entry: Entry, by: number): Entry =>
  by === 0 ? entry : { key: moveWord(entry.key, by), value: moveNode(entry.value, by) };

function moveNode(node: Node, by: number): Node {
  const placed = { at: moveSpan(node.at, by), owner: moveSpan(node.owner, by) };
  if (node.kind === "map") return { ...node, ...placed, entries: node.entries.map((entry) => moveEntry(entry, by)) };
  return node.kind === "list" ? { ...node, ...placed, items: node.items.map((item) => moveNode(item, by)) } : { ...node, ...placed };
}
