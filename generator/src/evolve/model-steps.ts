/** The way from one model to the next, as emitters get it. */
import type { ModelSteps, SyncModel } from "@synckit-gen/schemas/model";
import { pairByName } from "./pair-by-name.ts";

export function stepsBetween(before: SyncModel, after: SyncModel): ModelSteps {
  const tables = pairByName(before.tables, after.tables);
  const kept = tables.kept.map((pair) => {
    const { added, removed, kept: columns } = pairByName(pair.before.columns, pair.after.columns);
    return { ...pair, columns: { added, removed, kept: columns } };
  });
  return { before, after, added: tables.added, removed: tables.removed, kept };
}
