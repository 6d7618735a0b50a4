/** Holds a run to what may leave the device: findings where a column begins to and nobody has accepted it by name. */
import { join } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { closest } from "../closest.ts";
import { LOCK_FILE } from "../emit/emit-files.ts";
import { decideEgress, subjectsOf } from "../evolve/egress-decision.ts";
import type { AcceptedEgress } from "../evolve/egress-decision.ts";
import { placesIn } from "../evolve/schema-places.ts";
import type { Generated } from "../generate.ts";
import { shownPath } from "../load/shown-path.ts";
import { parseSchema } from "../parse/parse-schema.ts";
import type { SourceText } from "../parse/yaml-reader.ts";

export interface EgressOptions {
  readonly cwd: string;
  readonly folder: string;
  /** Of the last run. One that cannot be read is reported by writing. */
  readonly lock: "none" | "readable" | "unreadable";
  readonly isForced: boolean;
  /** The model behind the last run; after a merge those of both sides. None where there was no run, or nothing of it can be read. */
  readonly deployed: readonly SyncModel[];
  /** From the lock. */
  readonly recorded: AcceptedEgress;
  /** What the user names: `table.column`. */
  readonly acceptEgress: readonly string[];
}

export interface EgressOutcome {
  /** Errors stop the run before anything is written. */
  readonly diagnostics: readonly Diagnostic[];
  /** What `--accept-egress` would have to name. */
  readonly undecided: readonly string[];
  /** For the lock. */
  readonly accepted: AcceptedEgress;
}

export function checkEgress({ model, modelHash }: Generated, source: SourceText, options: EgressOptions): EgressOutcome {
  const { deployed, recorded } = options;
  const { pending, unknown, accepted } = decideEgress({ deployed, model, modelHash, recorded, named: options.acceptEgress });
  const path = shownPath(options.cwd, join(options.folder, LOCK_FILE));
  const isBlind = deployed.length === 0 && options.lock !== "none";
  if (isBlind && options.lock === "readable" && !options.isForced) {
    const reason = "it holds no model that this synckit-gen knows";
    return { diagnostics: [report("output/lock-unreadable", wholeFile(path), { path, reason })], undecided: [], accepted };
  }
  const blind = isBlind && options.isForced ? [report("egress/unchecked", wholeFile(path), { path })] : [];
  const misnamed = unknown.map((subject) =>
    report("egress/unknown-column", wholeFile(source.file), { subject }, { suggestion: closest(subject, subjectsOf(model)) }),
  );
  if (pending.length === 0) return { diagnostics: [...blind, ...misnamed], undecided: [], accepted };

  const syntax = parseSchema(source).syntax;
  const unaccepted = pending.map(({ subject, table, column, reasons }) => {
    const at = syntax === null ? wholeFile(source.file) : placesIn(syntax)(table, column);
    return report("egress/not-accepted", at, { subject, reasons: reasons.map(({ words }) => words) });
  });
  return { diagnostics: [...blind, ...misnamed, ...unaccepted], undecided: pending.map(({ subject }) => subject), accepted };
}
