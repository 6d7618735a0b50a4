/**
 * YAML as the rest of the parser sees it: scalars, lists and maps, each with its place in the text.
 * Nothing here knows the yaml library.
 */
import type { SourceSpan } from "@synckit-gen/schemas/diagnostics";

/** A piece of schema text and where it stands. */
export interface Word {
  readonly text: string;
  readonly at: SourceSpan;
}

/** A value that is not text, and where it stands. */
export interface Located<T> {
  readonly value: T;
  readonly at: SourceSpan;
}

interface Placed {
  /** The value itself. */
  readonly at: SourceSpan;
  /** The key that holds the value, or the value's first character: the place to say that something is missing in it. */
  readonly owner: SourceSpan;
  /** The nearest key, for messages. */
  readonly label: string;
}

export interface ScalarNode extends Placed {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, without quotes. Empty where nothing is written. */
  readonly source: string;
}

export interface ListNode extends Placed {
  readonly kind: "list";
  readonly items: readonly Node[];
}

export interface MapNode extends Placed {
  readonly kind: "map";
  readonly entries: readonly { readonly key: Word; readonly value: Node }[];
}

export type Node = ScalarNode | ListNode | MapNode;

/** What a value is, in the words of a message. */
export function describeNode(node: Node): string {
  if (node.kind !== "scalar") return node.kind === "list" ? "a list" : "a map";
  if (node.value === null) return "nothing";
  if (typeof node.value === "string") return node.value === "" ? "an empty text" : `the text "${node.value}"`;
  return typeof node.value === "number" ? `the number ${node.source}` : node.source;
}
