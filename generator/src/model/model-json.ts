/** A model as canonical JSON, and its hash. What a table says is remembered by the table, since most are the same in the next model. */
import { hash } from "node:crypto";
import { canonicalJson } from "@synckit-gen/schemas/model";
import type { SyncModel, Table } from "@synckit-gen/schemas/model";

const texts = new WeakMap<object, string>();

/** What is not frozen may still change. */
function remember<T extends object>(value: T, format: (value: T) => string): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = format(value);
  if (Object.isFrozen(value)) texts.set(value, text);
  return text;
}

export const tableJson = (table: Table): string => remember(table, canonicalJson);

/** What `canonicalJson` gives. */
export const modelJson = (model: SyncModel): string => remember(model, formatModel);

function formatModel({ tables, ...settings }: SyncModel): string {
  const members = [
    ...Object.entries(settings).map(([name, value]) => [name, canonicalJson(value)] as const),
    ["tables", `[${tables.map(tableJson).join(",")}]`] as const,
  ];
  const sorted = members.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

const hashes = new WeakMap<SyncModel, string>();

/** First 16 hex digits of SHA-256 over the canonical model. */
export function hashModel(model: SyncModel): string {
  const known = hashes.get(model);
  if (known !== undefined) return known;
  const found = hash("sha256", modelJson(model)).slice(0, 16);
  if (Object.isFrozen(model)) hashes.set(model, found);
  return found;
}
