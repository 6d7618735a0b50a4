/** Whether what begins to leave the device has been accepted, by name, and what the lock is to remember of it. */
import { syncedColumns } from "@synckit-gen/schemas/model";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { diffEgress, subjectOf } from "./egress.ts";
import type { EgressChange, EgressReason } from "./egress.ts";
import { diffModels } from "./model-diff.ts";
import { pairByName } from "./pair-by-name.ts";

/** `table.column way` to the hash of the model with which it was accepted. A column may begin to leave in a second way later. */
export type AcceptedEgress = ReadonlyMap<string, string>;

export interface EgressDecision {
  /** Begins to leave, and nobody has accepted it. */
  readonly pending: readonly EgressChange[];
  /** What was named to be accepted and cannot leave the device at all. */
  readonly unknown: readonly string[];
  /** For the lock, once nothing is pending. */
  readonly accepted: AcceptedEgress;
}

export interface EgressQuestion {
  /** The model behind the last run; after a merge those of both sides. None: nothing could begin. */
  readonly deployed: readonly SyncModel[];
  readonly model: SyncModel;
  readonly modelHash: string;
  /** From the lock. */
  readonly recorded: AcceptedEgress;
  /** From the command line. */
  readonly named: readonly string[];
}

export function decideEgress({ deployed, model, modelHash, recorded, named }: EgressQuestion): EgressDecision {
  // Most runs ask of nothing, and there may be ten thousand of them.
  const known: ReadonlySet<string> = named.length === 0 && recorded.size === 0 ? new Set() : subjectsOf(model);
  const unknown = named.filter((subject) => !known.has(subject));
  if (deployed.length === 0) return { pending: [], unknown, accepted: recorded };

  const changes = changesSinceAll(deployed, model);
  const begins = changes.filter(({ direction }) => direction === "begins");
  const ceased = new Set(changes.filter(({ direction }) => direction === "ceases").flatMap(recordsOf));
  const carried = deployed.reduce((records, before) => followRenames(records, before, model), recorded);
  const accepted = new Map([...carried].filter(([record]) => !ceased.has(record) && known.has(subjectIn(record))));
  const pending = begins.flatMap((change) => {
    if (named.includes(change.subject)) {
      for (const record of recordsOf(change)) accepted.set(record, modelHash);
      return [];
    }
    const reasons = change.reasons.filter(({ way }) => !accepted.has(recordOf(change.subject, way)));
    return reasons.length === 0 ? [] : [{ ...change, reasons }];
  });
  return { pending, unknown, accepted };
}

/** What begins or ceases to leave compared with every one of them: what one side of a merge has accepted is no news. */
function changesSinceAll(deployed: readonly SyncModel[], model: SyncModel): readonly EgressChange[] {
  const [first = [], ...others] = deployed.map((before) => diffEgress(before, model, diffModels(before, model)));
  const idsOf = (changes: readonly EgressChange[]): ReadonlySet<string> =>
    new Set(changes.flatMap((change) => recordsOf(change).map((record) => `${change.direction} ${record}`)));
  const alsoIn = others.map(idsOf);
  return first.flatMap((change) => {
    const reasons = change.reasons.filter(({ way }) =>
      alsoIn.every((ids) => ids.has(`${change.direction} ${recordOf(change.subject, way)}`)),
    );
    return reasons.length === 0 ? [] : [{ ...change, reasons }];
  });
}

/** What `--accept-egress` can name: the synced columns of a model, and `compat`. */
export const subjectsOf = (model: SyncModel): ReadonlySet<string> =>
  new Set(["compat", ...model.tables.flatMap((table) => syncedColumns(table).map(({ name }) => subjectOf(table.name, name)))]);

const recordOf = (subject: string, way: EgressReason["way"]): string => `${subject} ${way}`;
const recordsOf = ({ subject, reasons }: EgressChange): readonly string[] => reasons.map(({ way }) => recordOf(subject, way));
/** A way is one word; a name may hold spaces. */
const subjectIn = (record: string): string => record.slice(0, record.lastIndexOf(" "));

function followRenames(recorded: AcceptedEgress, before: SyncModel, after: SyncModel): AcceptedEgress {
  if (recorded.size === 0) return recorded;
  const subjectNow = new Map<string, string>();
  for (const table of pairByName(before.tables, after.tables).kept) {
    for (const column of pairByName(table.before.columns, table.after.columns).kept)
      subjectNow.set(subjectOf(table.before.name, column.before.name), subjectOf(table.after.name, column.after.name));
  }
  return new Map(
    [...recorded].map(([record, hash]) => {
      const subject = subjectIn(record);
      return [`${subjectNow.get(subject) ?? subject}${record.slice(subject.length)}`, hash];
    }),
  );
}
