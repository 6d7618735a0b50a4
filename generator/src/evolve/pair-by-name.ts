/** Which table or column of one model is which of the other: by name, and through the renames that the later model records. */

export interface NamedThing {
  readonly name: string;
}

export interface Pairs<T> {
  /** In the order of the later model. */
  readonly kept: readonly { readonly before: T; readonly after: T }[];
  readonly added: readonly T[];
  readonly removed: readonly T[];
  /** Names now, by name before. Holds every kept thing. */
  readonly nameAfter: ReadonlyMap<string, string>;
}

/**
 * A rename counts where its old name is known and free to be taken: a record that was followed in an earlier version stays in
 * the schema, and the old name may since belong to something new. Of two that claim one old name, the first by name has it.
 */
export function pairByName<T extends NamedThing>(before: readonly T[], after: readonly T[]): Pairs<T> {
  return before === after ? unchanged(before) : pairChanged(before, after);
}

const unchangedPairs = new WeakMap<readonly NamedThing[], Pairs<NamedThing>>();

/** Where nothing has moved, no recorded rename counts: every name is taken. */
function unchanged<T extends NamedThing>(things: readonly T[]): Pairs<T> {
  const known = unchangedPairs.get(things) as Pairs<T> | undefined;
  if (known !== undefined) return known;
  const kept = things.map((thing) => ({ before: thing, after: thing }));
  const pairs = { kept, added: [], removed: [], nameAfter: new Map(things.map(({ name }) => [name, name])) };
  if (Object.isFrozen(things)) unchangedPairs.set(things, pairs);
  return pairs;
}

function pairChanged<T extends NamedThing>(before: readonly T[], after: readonly T[]): Pairs<T> {
  const beforeByName = new Map(before.map((thing) => [thing.name, thing]));
  const recorded = after.filter((thing) => renamedFrom(thing) !== null).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const claimedBy = new Map<string, string>();
  // A rename may free the name that another one takes (a to b while b goes to c), so this runs until nothing moves.
  for (let isMoving = true; isMoving;) {
    isMoving = false;
    for (const thing of recorded) {
      const from = renamedFrom(thing);
      const ownName = claimedBy.get(thing.name);
      const isTaken = beforeByName.has(thing.name) && (ownName === undefined || ownName === thing.name);
      if (from === null || isTaken || claimedBy.has(from) || !beforeByName.has(from)) continue;
      claimedBy.set(from, thing.name);
      isMoving = true;
    }
  }
  const nameBefore = new Map([...claimedBy].map(([from, to]) => [to, from]));
  const origin = (thing: T): T | undefined => {
    const from = nameBefore.get(thing.name);
    if (from !== undefined) return beforeByName.get(from);
    return claimedBy.has(thing.name) ? undefined : beforeByName.get(thing.name);
  };

  const kept: { readonly before: T; readonly after: T }[] = [];
  const added: T[] = [];
  for (const thing of after) {
    const from = origin(thing);
    if (from === undefined) added.push(thing);
    else kept.push({ before: from, after: thing });
  }
  const nameAfter = new Map(kept.map((pair) => [pair.before.name, pair.after.name]));
  return { kept, added, removed: before.filter(({ name }) => !nameAfter.has(name)), nameAfter };
}

/** A model from a lock of an earlier generator has no such member. */
const renamedFrom = (thing: NamedThing): string | null =>
  "renamedFrom" in thing && typeof thing.renamedFrom === "string" ? thing.renamedFrom : null;
