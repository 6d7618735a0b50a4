/** Runs the rules for breaking changes on what differs, and leaves out what the schema says to ignore. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { BreakingCode, Breach, BreakingRules, Comparison } from "./breaking-rule.ts";
import { breakingRules } from "./breaking-rules.ts";
import { ruleIdOf } from "../parse/rule-ids.ts";
import type { ModelChange } from "./model-change.ts";
import { pairByName } from "./pair-by-name.ts";
import type { PlaceOf } from "./schema-places.ts";

export interface BreakingFinding {
  /** `COLUMN_REMOVED`: stable, and what an ignore names. */
  readonly rule: string;
  /** What breaks it, as `diffModels` lists it. */
  readonly change: ModelChange;
  readonly table: string | null;
  readonly column: string | null;
  readonly diagnostic: Diagnostic;
}

/** What the schema says under `breaking.ignore`. */
export interface BreakingIgnore {
  readonly rule: string;
  /** `table` or `table.column`; "all": wherever it is broken. */
  readonly places: readonly string[] | "all";
}

export interface BreakingReport {
  readonly findings: readonly BreakingFinding[];
  readonly ignored: readonly BreakingFinding[];
}

const codes = Object.keys(breakingRules) as readonly (keyof BreakingRules)[];

/** By table and column, then in the order of the rules. `placeOf` finds the place in the later schema. */
export function findBreaking(
  before: SyncModel,
  after: SyncModel,
  changes: readonly ModelChange[],
  options: { readonly ignores: readonly BreakingIgnore[]; readonly placeOf: PlaceOf },
): BreakingReport {
  const comparison: Comparison = {
    before,
    after,
    changes,
    wasByTable: new Map(pairByName(before.tables, after.tables).kept.map((pair) => [pair.after.name, pair.before])),
    tableByName: new Map(after.tables.map((table) => [table.name, table])),
  };
  const all = codes
    .flatMap((code) => apply(code, comparison, options.placeOf))
    .toSorted((a, b) => compareText(a.table ?? "", b.table ?? "") || compareText(a.column ?? "", b.column ?? ""));
  return {
    findings: all.filter((finding) => !isIgnored(finding, options.ignores)),
    ignored: all.filter((finding) => isIgnored(finding, options.ignores)),
  };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it ties the rule's parameters to those of the message
function apply<Code extends BreakingCode>(code: Code, comparison: Comparison, placeOf: PlaceOf): readonly BreakingFinding[] {
  const breaches: readonly Breach<Code>[] = breakingRules[code](comparison);
  return breaches.map(({ change, params, ...more }) => {
    const table = "table" in change ? change.table : null;
    const column = "column" in change ? change.column : (more.column ?? null);
    return { rule: ruleIdOf(code), change, table, column, diagnostic: report(code, placeOf(table, column), params) };
  });
}

function isIgnored({ rule, table, column }: BreakingFinding, ignores: readonly BreakingIgnore[]): boolean {
  const isHere = (place: string): boolean => table !== null && (place === table || (column !== null && place === `${table}.${column}`));
  return ignores.some((ignore) => ignore.rule === rule && (ignore.places === "all" || ignore.places.some(isHere)));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
