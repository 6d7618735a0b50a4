/**
 * What a migration's file is called: a number for people and for tools that run files by name, what it does, and a hash
 * of where it stands and what it leads to, so that two branches never give one name to different things.
 */
import { createHash } from "node:crypto";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { modelJson } from "../model/model-json.ts";
import type { ModelChange } from "./model-diff.ts";

interface NameQuestion {
  readonly parents: readonly string[];
  readonly before: SyncModel | null;
  readonly model: SyncModel;
  readonly changes: readonly ModelChange[];
  /** In the author's words. */
  readonly wanted: string | undefined;
}

export const INIT_NAME = "0001_init";
/** As much as a terminal shows of a list of files. */
const MAX_SLUG = 40;

export function migrationName({ parents, before, model, changes, wanted }: NameQuestion): string {
  if (before === null) return INIT_NAME;
  const number = 1 + Math.max(0, ...parents.map((name) => Number(/^\d+/u.exec(name)?.[0] ?? 0)));
  const hash = createHash("sha256")
    .update(`[${JSON.stringify(parents)},`)
    .update(modelJson(before))
    .update(",")
    .update(modelJson(model))
    .update("]")
    .digest("hex")
    .slice(0, 6);
  const slug = slugOf(wanted ?? "") || slugOf(describe(changes)) || "change";
  return `${String(number).padStart(4, "0")}_${slug}_${hash}`;
}

const slugOf = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "_")
    .replaceAll(/^_+|_+$/gu, "")
    .slice(0, MAX_SLUG)
    .replace(/_+$/u, "");

const VERBS: Readonly<Partial<Record<ModelChange["kind"], string>>> = {
  "table-added": "add",
  "table-removed": "drop",
  "table-renamed": "rename",
  "column-added": "add",
  "column-removed": "drop",
  "column-renamed": "rename",
  "column-became-synced": "sync",
  "column-became-local": "keep",
};

/** The first change that has a verb; a table that is changed in another way otherwise. */
function describe(changes: readonly ModelChange[]): string {
  const first = changes.find(({ kind }) => VERBS[kind] !== undefined) ?? changes.find((change) => "table" in change);
  if (first === undefined || !("table" in first)) return "capture";
  const what = "column" in first ? `${first.table} ${first.column}` : first.table;
  return `${VERBS[first.kind] ?? "change"} ${what}`;
}
