/** What a rule for breaking changes is: a code of the catalogue, and a search for what breaks it. */
import type { DiagnosticCode, DiagnosticParams } from "@synckit-gen/schemas/diagnostics";
import type { SyncModel, Table } from "@synckit-gen/schemas/model";
import type { ModelChange } from "./model-change.ts";

export type BreakingCode = Extract<DiagnosticCode, `breaking/${string}`>;

/** Both models and what differs. */
export interface Comparison {
  readonly before: SyncModel;
  readonly after: SyncModel;
  readonly changes: readonly ModelChange[];
  /** Tables of the later model that the earlier one has, and what they were. */
  readonly wasByTable: ReadonlyMap<string, Table>;
  readonly tableByName: ReadonlyMap<string, Table>;
}

/** One way in which a rule is broken. */
export interface Breach<Code extends BreakingCode = BreakingCode> {
  /** What breaks it. Its table and column are the place, by which it can be ignored. */
  readonly change: ModelChange;
  /** Of a change that is about a whole table: the column to point at. */
  readonly column?: string | undefined;
  readonly params: DiagnosticParams<Code>;
}

/** Each rule under its own code, so that a code without a rule, or a rule without a page, does not compile. */
export type BreakingRules = { readonly [Code in BreakingCode]: (comparison: Comparison) => readonly Breach<Code>[] };
