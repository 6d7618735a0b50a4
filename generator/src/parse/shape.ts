/**
 * Shapes: what may stand in a place of the schema. One shape both reads a value (and reports what does not
 * fit) and describes itself as JSON Schema, so that editors and the parser cannot disagree.
 */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic, SourceSpan } from "@synckit-gen/schemas/diagnostics";
import { closest } from "../closest.ts";
import { describeNode } from "./node.ts";
import type { Located, MapNode, Node, ScalarNode, Word } from "./node.ts";

/** JSON Schema, as far as shapes write it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** Where a reader puts what it finds. */
export type Findings = Diagnostic[];

export interface Shape<T> {
  /** Ends the sentence "must be …". */
  readonly expected: string;
  readonly json: JsonSchema;
  /** Undefined where the value does not fit; the reason is then among the findings. */
  readonly read: (node: Node, findings: Findings) => T | undefined;
}

const wrongType = (node: Node, expected: string): Diagnostic =>
  report("language/wrong-type", node.at, { key: node.label, expected, found: describeNode(node) });

function scalar<T>(expected: string, json: JsonSchema, accept: (node: ScalarNode) => T | undefined): Shape<T> {
  return {
    expected,
    json,
    read: (node, findings) => {
      const value = node.kind === "scalar" ? accept(node) : undefined;
      if (value === undefined) findings.push(wrongType(node, expected));
      return value;
    },
  };
}

/** Text that YAML reads as text. */
export const text = (expected: string): Shape<Word> =>
  scalar(expected, { type: "string" }, (node) => (typeof node.value === "string" ? { text: node.value, at: node.at } : undefined));

export const flag: Shape<Located<boolean>> = scalar("true or false", { type: "boolean" }, (node) =>
  typeof node.value === "boolean" ? { value: node.value, at: node.at } : undefined,
);

/** A scalar taken as written: `0`, `false`, `NULL` and `'draft'` are all SQL. */
export const expression: Shape<Word> = scalar("an SQL expression", { type: ["string", "number", "boolean", "null"] }, (node) =>
  node.source === "" && node.value === null ? undefined : { text: typeof node.value === "string" ? node.value : node.source, at: node.at },
);

export function wholeNumber(minimum: number, maximum: number): Shape<Located<number>> {
  const expected = "a whole number";
  return {
    expected,
    json: { type: "integer", minimum, maximum },
    read: (node, findings) => {
      if (node.kind !== "scalar" || typeof node.value !== "number" || !Number.isInteger(node.value)) {
        findings.push(wrongType(node, expected));
        return undefined;
      }
      if (node.value < minimum || node.value > maximum) {
        findings.push(report("language/out-of-range", node.at, { key: node.label, value: node.source, minimum, maximum }));
        return undefined;
      }
      return { value: node.value, at: node.at };
    },
  };
}

/** One of some fixed words. */
export function choice<const Value extends string>(values: readonly Value[]): Shape<Located<Value>> {
  const expected = `one of ${values.join(", ")}`;
  return {
    expected,
    json: { enum: values },
    read: (node, findings) => {
      if (node.kind !== "scalar" || node.value === null) {
        findings.push(wrongType(node, expected));
        return undefined;
      }
      const found = values.find((value) => value === node.value);
      if (found !== undefined) return { value: found, at: node.at };
      const params = { key: node.label, value: node.source, known: values };
      findings.push(report("language/unknown-value", node.at, params, { suggestion: closest(node.source, values) }));
      return undefined;
    },
  };
}

/** A list that is read as a whole: one unreadable item makes it unreadable. */
export function list<T>(of: Shape<T>, expected: string): Shape<readonly T[]> {
  return {
    expected,
    json: { type: "array", items: of.json, minItems: 1 },
    read: (node, findings) => {
      if (node.kind !== "list") {
        findings.push(wrongType(node, expected));
        return undefined;
      }
      if (node.items.length === 0) {
        findings.push(report("language/empty-list", node.at, { key: node.label }));
        return undefined;
      }
      const items = node.items.map((item) => of.read(item, findings));
      return items.some((item) => item === undefined) ? undefined : items.filter((item) => item !== undefined);
    },
  };
}

/** An entry of a map of names; `value` is undefined where it could not be read, so that the name is still known. */
export interface Named<T> {
  readonly name: Word;
  readonly value: T | undefined;
}

/** A map whose keys are names of the author's. */
export function mapOf<T>(of: Shape<T>, expected: string): Shape<readonly Named<T>[]> {
  return {
    expected,
    json: { type: "object", additionalProperties: of.json },
    read: (node, findings) => {
      if (node.kind === "map") return node.entries.map(({ key, value }) => ({ name: key, value: of.read(value, findings) }));
      findings.push(wrongType(node, expected));
      return undefined;
    },
  };
}

/** A key of the language. */
export interface Key<T> {
  readonly shape: Shape<T>;
  /** One sentence for editors and the reference page. */
  readonly about: string;
  readonly isRequired?: true;
  /** The words that authors who know other tools try first. */
  readonly aliases?: readonly string[];
}

type Values<Keys> = { readonly [Name in keyof Keys]: Keys[Name] extends Key<infer T> ? T | undefined : never };

export interface Fields<Keys> {
  readonly values: Values<Keys>;
  /** Keys that are given and could not be read. */
  readonly unreadable: ReadonlySet<string>;
  /** One of them may be a known key misspelt, so nothing can be said about what is missing. */
  readonly hasUnknownKeys: boolean;
  readonly at: SourceSpan;
  readonly owner: SourceSpan;
}

/** A map whose keys belong to the language. Keys that begin with `x-` pass. */
export function fields<const Keys extends Record<string, Key<unknown>>>(where: string, keys: Keys): Shape<Fields<Keys>> {
  const expected = `a map with the keys of ${where}`;
  const required = Object.keys(keys).filter((name) => keys[name]?.isRequired === true);
  const properties = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, { description: key.about, ...key.shape.json }]));
  return {
    expected,
    json: {
      type: "object",
      properties,
      ...(required.length === 0 ? {} : { required }),
      patternProperties: { "^x-": true },
      additionalProperties: false,
    },
    read: (node, findings) => {
      if (node.kind !== "map") {
        findings.push(wrongType(node, expected));
        return undefined;
      }
      return readFields(node, where, keys, required, findings);
    },
  };
}

function readFields<Keys extends Record<string, Key<unknown>>>(
  node: MapNode,
  where: string,
  keys: Keys,
  required: readonly string[],
  findings: Findings,
): Fields<Keys> {
  const values: Record<string, unknown> = {};
  const unreadable = new Set<string>();
  const given = new Set<string>();
  let hasUnknownKeys = false;
  for (const { key, value } of node.entries) {
    const known = Object.hasOwn(keys, key.text) ? keys[key.text] : undefined;
    if (known === undefined) {
      if (key.text.startsWith("x-")) continue;
      hasUnknownKeys = true;
      findings.push(unknownKey(key, where, keys));
      continue;
    }
    given.add(key.text);
    const read = known.shape.read(value, findings);
    if (read === undefined) unreadable.add(key.text);
    values[key.text] = read;
  }
  for (const name of required) {
    if (!given.has(name)) findings.push(report("language/missing-key", node.owner, { key: name, where }));
  }
  return { values: values as Values<Keys>, unreadable, hasUnknownKeys, at: node.at, owner: node.owner };
}

function unknownKey(key: Word, where: string, keys: Record<string, Key<unknown>>): Diagnostic {
  const known = Object.keys(keys);
  const meant = known.find((name) => keys[name]?.aliases?.includes(key.text.toLowerCase()));
  return report("language/unknown-key", key.at, { key: key.text, where, known }, { suggestion: meant ?? closest(key.text, known) });
}

/** Different shapes for different kinds of YAML value: the short and the long form of one thing. */
export function byKind<T>(
  expected: string,
  forms: { readonly scalar?: Shape<T>; readonly list?: Shape<T>; readonly map?: Shape<T>; readonly nothing?: () => T },
): Shape<T> {
  const schemas = [forms.scalar, forms.list, forms.map].flatMap((form) => (form === undefined ? [] : [form.json]));
  return {
    expected,
    json: { anyOf: forms.nothing === undefined ? schemas : [...schemas, { type: "null" }] },
    read: (node, findings) => {
      if (forms.nothing !== undefined && node.kind === "scalar" && node.value === null) return forms.nothing();
      const form = forms[node.kind];
      // A scalar of the wrong type should hear of all the forms, not of the scalar one.
      const isPlain = node.kind !== "scalar" || typeof node.value === "string";
      if (form !== undefined && isPlain) return form.read(node, findings);
      findings.push(wrongType(node, expected));
      return undefined;
    },
  };
}

/** The same shape with its value turned into something else. */
export const convert = <From, To>(
  shape: Shape<From>,
  to: (value: From, findings: Findings) => To | undefined,
  json: JsonSchema = shape.json,
): Shape<To> => ({
  expected: shape.expected,
  json,
  read: (node, findings) => {
    const value = shape.read(node, findings);
    return value === undefined ? undefined : to(value, findings);
  },
});

/** The same shape, which keeps what it has read: a node never changes, and reading one gives the same each time. */
export function remembered<T>(shape: Shape<T>): Shape<T> {
  const known = new WeakMap<Node, { readonly value: T | undefined; readonly findings: Findings }>();
  return {
    ...shape,
    read: (node, findings) => {
      let reading = known.get(node);
      if (reading === undefined) {
        const found: Findings = [];
        reading = { value: shape.read(node, found), findings: found };
        known.set(node, reading);
      }
      findings.push(...reading.findings);
      return reading.value;
    },
  };
}
