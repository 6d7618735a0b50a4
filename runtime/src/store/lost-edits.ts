/** Which of what a merge takes away is a conflict, and so is kept for its author to look at. */
import { type Clock, compareClocks, hasOwnBaseline } from "./clock.ts";
import type { MergeOutcome, Values } from "./registers.ts";
import type { RowWork } from "./row-works.ts";
import type { RemoteChange } from "./remote-change.ts";
import type { SessionScope } from "./session-scope.ts";
import { pick } from "./values.ts";

/**
 * A conflict is a loss between two devices that could not have known of each other's edit. The log has one order, so
 * both kinds can be told from succession: a change that comes later in it with an earlier clock did not know what beats
 * it; and a change says how far its author had read, so it is known whether that included this device's own edit.
 */
export function recordConflicts(
  scope: SessionScope,
  work: RowWork,
  change: RemoteChange,
  { lost, overwritten, turnedOver, lostLife }: MergeOutcome,
): void {
  const { device } = scope.mode;
  const { registers } = work;
  const isLoss = lost.length > 0 || overwritten.length > 0 || turnedOver !== null || lostLife;
  // What was there before its device joined fills gaps. Only where two such rows compete as a whole is one of them lost.
  const isBaseline = change.clock.stamp === 0;
  if (!isLoss || (isBaseline && change.clock.device === "")) return;
  const { changelog } = scope.parts;
  // With its row: after a backup, an edit of another one may have got the same stamp.
  const isRemembered = (clock: Clock): boolean => changelog.has(clock.stamp, work.rowId);
  const isOwn = change.clock.device === device;
  if (isOwn && (change.clock.stamp <= changelog.prunedStamp() || isRemembered(change.clock))) return;
  // From here on, an own change is one of before this database was restored from a backup: what was edited here since did not know of it.
  const isOfThisLife = (clock: Clock): boolean => !isOwn || isRemembered(clock);
  const isPeer = (clock: Clock): boolean => (clock.stamp === 0) === isBaseline;
  // A column that has just begun to sync is at the plain baseline until what this device tells of it has come back.
  const isToBeTold = (clock: Clock): boolean => clock.stamp === 0 && clock.device === "" && hasOwnBaseline(work.rows.spec);
  const isUnseen = (clock: Clock): boolean =>
    (clock.device === device || isToBeTold(clock)) && isPeer(clock) && isOfThisLife(clock) && !wasSeen(scope, clock.stamp, change.seen);
  const add = (kind: "overwritten" | "deleted", values: Values, loser: Clock, winner: Clock): void =>
    scope.parts.conflicts.add({
      table: work.rows.spec.name,
      rowId: work.rowId,
      kind,
      values,
      loser,
      winner,
      noticedMs: scope.parts.nowMs(),
    });

  // What comes late was surely unknown to this device alone.
  const isUnaware = (winner: Clock): boolean => (winner.device === device ? isOfThisLife(winner) : change.isLate !== true);
  const unaware = lost.filter((column) => {
    const winner = registers.overrides.get(column) ?? registers.base;
    return isPeer(winner) && isUnaware(winner);
  });
  // What loses again when the log is read once more is known; what takes something away was passed over until now.
  const isNews = change.isFresh && change.values !== null && !change.isRule;
  if (isNews && lostLife && !isBaseline) {
    if (isUnaware(registers.life)) add("deleted", pick(change.values, [...change.written]), change.clock, registers.life);
  } else if (isNews && !lostLife && unaware.length > 0) {
    const winner = registers.overrides.get(unaware[0] as string) ?? registers.base;
    add("overwritten", pick(change.values, unaware), change.clock, winner);
  }
  // Nobody wanted a unique value to be given up; a reference that is cleared is what the schema says.
  const isGivenUp = (column: string): boolean =>
    change.isRule &&
    work.rows.spec.unique.some((columns) => columns.includes(column)) &&
    !work.rows.spec.references.some(({ columns }) => columns.includes(column));
  const mine = overwritten.filter(
    ({ clock, column }) => isUnseen(clock) || (clock.device === device && (isGivenUp(column) || change.unread?.has(column) === true)),
  );
  const [first] = mine;
  if (first !== undefined)
    add("overwritten", Object.fromEntries(mine.map(({ column, value }) => [column, value])), first.clock, change.clock);
  if (change.op !== "DELETE" || turnedOver === null) return;
  const gone = scope.works.fullValues(work);
  if (change.isRule) return add("deleted", pick(gone, work.rows.columns), turnedOver, change.clock); // nobody wanted it to go
  const clockOf = (column: string): Clock => registers.overrides.get(column) ?? registers.base;
  const edited = work.rows.columns.filter((column) => isUnseen(clockOf(column)));
  // The row may live by a later edit of the deleter's own: what it wrote had no room for columns that its version does not have.
  const loser = isUnseen(turnedOver) ? turnedOver : latest(edited.map(clockOf));
  if (loser !== null) add("deleted", pick(gone, edited), loser, change.clock);
}

const latest = (clocks: readonly Clock[]): Clock | null =>
  clocks.reduce<Clock | null>((last, clock) => (last === null || compareClocks(clock, last) > 0 ? clock : last), null);

/** Whether an author who had read up to `cursor` had seen this device's own edit of that stamp. Edits before the first mark are long known. */
function wasSeen({ mode }: SessionScope, stamp: number, cursor: number | null): boolean {
  const mark = mode.pushMarks.find(([marked]) => marked >= stamp);
  return mark !== undefined && (cursor === null || cursor >= mark[1]);
}
