/** Everything that there is to say about two versions of a schema, sorted by what it means for devices and their users. */
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { SchemaSyntax } from "../parse/syntax.ts";
import { findBreaking } from "./breaking.ts";
import type { BreakingFinding } from "./breaking.ts";
import { lossOf } from "./dangers.ts";
import { diffEgress } from "./egress.ts";
import type { EgressChange, EgressWay } from "./egress.ts";
import type { ChangeKind, ModelChange } from "./model-change.ts";
import { diffModels } from "./model-diff.ts";
import { placesIn } from "./schema-places.ts";

export interface Destruction {
  readonly change: ModelChange;
  /** What is lost on each device. */
  readonly words: string;
}

/** A change may stand in several groups; `harmless` are those that stand in no other. */
export interface SchemaDiff {
  readonly changes: readonly ModelChange[];
  readonly begins: readonly EgressChange[];
  readonly ceases: readonly EgressChange[];
  readonly destructive: readonly Destruction[];
  readonly breaking: readonly BreakingFinding[];
  /** Breaking, and the schema says that it may be. */
  readonly ignored: readonly BreakingFinding[];
  readonly harmless: readonly ModelChange[];
}

/** `syntax` is that of the later schema: it knows the places, and what is to be ignored. */
export function diffSchemas(before: SyncModel, after: SyncModel, syntax: SchemaSyntax): SchemaDiff {
  // Places in the mask stay inside a device, and migrations keep them as they were.
  const changes = diffModels(before, after).filter(({ kind }) => kind !== "mask-changed");
  const egress = diffEgress(before, after, changes);
  const { findings, ignored } = findBreaking(before, after, changes, { ignores: syntax.breakingIgnores, placeOf: placesIn(syntax) });
  // Where the application owns its tables, what it deletes is its own decision.
  const isOurs = before.create && after.create;
  const destructive = changes.flatMap((change) => {
    const words = isOurs ? lossOf(change) : null;
    return words === null ? [] : [{ change, words }];
  });
  const spoken = new Set([...findings, ...destructive].map(({ change }) => change));
  return {
    changes,
    begins: egress.filter(({ direction }) => direction === "begins"),
    ceases: egress.filter(({ direction }) => direction === "ceases"),
    destructive,
    breaking: findings,
    ignored,
    harmless: changes.filter((change) => !spoken.has(change) && !egress.some((leaving) => isCauseOf(change, leaving))),
  };
}

/** Which change lets columns leave in which way. */
const WAY_OF: Readonly<Partial<Record<ChangeKind, EgressWay>>> = {
  "compat-changed": "compat",
  "table-added": "table",
  "table-removed": "table",
  "column-added": "column",
  "column-removed": "column",
  "column-became-synced": "local",
  "column-became-local": "local",
  "identity-changed": "row-id",
  "row-ids-changed": "row-id",
  "apply-changed": "inserts",
  "deletes-changed": "deletes",
  "blob-changed": "files",
  "reference-added": "reference",
  "reference-changed": "reference",
};

function isCauseOf(change: ModelChange, { table, column, reasons }: EgressChange): boolean {
  if ("table" in change && change.table !== table) return false;
  if ("column" in change && change.column !== column) return false;
  const way = WAY_OF[change.kind];
  return reasons.some((reason) => reason.way === way);
}
