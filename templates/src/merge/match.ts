/** Pairs the units of three versions: what is the same thing in base, mine and theirs. */
import type { Unit } from "./unit.ts";

export interface Slot {
  readonly base: Unit | null;
  readonly mine: Unit | null;
  readonly theirs: Unit | null;
}

/** Slots of every unit. Of several units with one key, equal ones are paired first, then the rest in order. */
export function matchUnits(base: readonly Unit[], mine: readonly Unit[], theirs: readonly Unit[]): readonly Slot[] {
  const inMine = pair(base, mine);
  const inTheirs = pair(base, theirs);
  const taken = new Set([...inMine.values(), ...inTheirs.values()]);
  const addedMine = mine.filter((unit) => !taken.has(unit));
  const addedTheirs = theirs.filter((unit) => !taken.has(unit));
  const both = pair(addedMine, addedTheirs);
  const bothTheirs = new Set(both.values());
  return [
    ...base.map((unit) => ({ base: unit, mine: inMine.get(unit) ?? null, theirs: inTheirs.get(unit) ?? null })),
    ...addedMine.map((unit) => ({ base: null, mine: unit, theirs: both.get(unit) ?? null })),
    ...addedTheirs.filter((unit) => !bothTheirs.has(unit)).map((unit) => ({ base: null, mine: null, theirs: unit })),
  ];
}

function pair(left: readonly Unit[], right: readonly Unit[]): ReadonlyMap<Unit, Unit> {
  const pairs = new Map<Unit, Unit>();
  const free = Map.groupBy(right, ({ key }) => key);
  const take = (unit: Unit, isMatch: (candidate: Unit) => boolean): void => {
    const candidates = free.get(unit.key) ?? [];
    const index = candidates.findIndex(isMatch);
    const [match] = index === -1 ? [] : candidates.splice(index, 1);
    if (match !== undefined) pairs.set(unit, match);
  };
  for (const unit of left) take(unit, (candidate) => candidate.codeNote === unit.codeNote);
  for (const unit of left) if (!pairs.has(unit)) take(unit, () => true);
  return pairs;
}
