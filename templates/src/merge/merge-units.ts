/**
 * Three-way merge of one list of units, and of the lists inside them. Mine decides the order; what theirs adds
 * stands after what precedes it there. Pure: lists in, lists and findings out.
 */
import { withConflict, withoutConflict } from "./conflict.ts";
import { matchUnits, type Slot } from "./match.ts";
import { commentNote } from "./note.ts";
import { containerOf, type Container, type Unit, type UnitList } from "./unit.ts";
import { renderList } from "./render-list.ts";

export interface Findings {
  /** Both sides changed it: mine stands, theirs is in a comment above. */
  readonly conflicts: string[];
  /** Gone from theirs and untouched in mine. */
  readonly removed: string[];
  /** Gone from theirs and kept, because mine changed it or uses it. */
  readonly kept: string[];
  readonly added: string[];
}

export interface MergedUnit extends Unit {
  /** Untouched in mine and gone from theirs: to be left out unless something still uses it. */
  readonly isLeaving: boolean;
}

/** `path` names the list: empty for a file, `commands` for an object of that name. */
export function mergeUnits(
  base: readonly Unit[],
  mine: readonly Unit[],
  theirs: readonly Unit[],
  path: string,
  findings: Findings,
): readonly MergedUnit[] {
  const slots = matchUnits(base, mine, theirs);
  const slotByMine = new Map(slots.flatMap((slot) => (slot.mine === null ? [] : [[slot.mine, slot] as const])));
  const merged = new Map<Unit, MergedUnit>();
  for (const unit of mine) merged.set(unit, mergeSlot(slotByMine.get(unit) as Slot, path, findings));

  const output: MergedUnit[] = [...merged.values()];
  const placeOf = new Map<Unit, MergedUnit>();
  for (const slot of slots) if (slot.mine !== null && slot.theirs !== null) placeOf.set(slot.theirs, merged.get(slot.mine) as MergedUnit);
  const arrivals = new Set(
    slots.flatMap((slot) => (slot.mine === null && slot.base === null && slot.theirs !== null ? [slot.theirs] : [])),
  );
  theirs.forEach((unit, index) => {
    if (!arrivals.has(unit)) return;
    const name = named(path, unit);
    const rivalIndex = output.findIndex((other) => !other.isLeaving && other.names.some((declared) => unit.names.includes(declared)));
    const rival = output[rivalIndex];
    if (rival !== undefined) {
      findings.conflicts.push(name);
      output[rivalIndex] = { ...rival, lead: withConflict(rival.lead, name, unit.code) };
      return;
    }
    const before = theirs.slice(0, index).findLast((other) => placeOf.has(other));
    const anchor = before === undefined ? undefined : placeOf.get(before);
    const arrival: MergedUnit = { ...unit, isLeaving: false };
    output.splice(anchor === undefined ? 0 : output.indexOf(anchor) + 1, 0, arrival);
    placeOf.set(unit, arrival);
    findings.added.push(name);
  });
  return output;
}

const named = (path: string, { key }: Unit): string => {
  const name = key.replace(/^type /u, "");
  return path === "" ? name : `${path}.${name}`;
};

/** A unit that mine has. */
function mergeSlot({ base, mine, theirs }: Slot, path: string, findings: Findings): MergedUnit {
  if (mine === null) throw new Error("mergeSlot: a unit that mine does not have");
  const name = named(path, mine);
  const stays = { ...mine, isLeaving: false };
  if (theirs === null) {
    if (base === null) return stays;
    const isEdited = mine.codeNote !== base.codeNote || mine.leadNote !== base.leadNote;
    if (isEdited) findings.kept.push(name);
    return { ...mine, isLeaving: !isEdited };
  }
  const lead = mergeLead(base, mine, theirs);
  if (mine.codeNote === theirs.codeNote || theirs.codeNote === base?.codeNote) return { ...stays, lead };
  if (mine.codeNote === base?.codeNote) return { ...theirs, lead, isLeaving: false };
  const inside = base === null ? null : mergeInside(base, mine, theirs, name, findings);
  if (inside !== null) return { ...stays, lead, code: inside };
  findings.conflicts.push(name);
  return { ...stays, lead: withConflict(lead, name, theirs.code) };
}

/** Comments are the user's as soon as they are touched. */
function mergeLead(base: Unit | null, mine: Unit, theirs: Unit): string {
  const untouched = base !== null && commentNote(withoutConflict(mine.lead)) === base.leadNote;
  return untouched && theirs.leadNote !== base.leadNote ? theirs.lead : mine.lead;
}

/** Code of a unit whose members were merged one by one; null: it has none, or its outline changed on both sides. */
function mergeInside(base: Unit, mine: Unit, theirs: Unit, name: string, findings: Findings): string | null {
  const [inBase, inMine, inTheirs] = [containerOf(base), containerOf(mine), containerOf(theirs)];
  if (inBase === null || inMine === null || inTheirs === null) return null;
  if (inMine.kind !== inBase.kind || inTheirs.kind !== inBase.kind) return null;
  const before = pick(inBase, inMine, inTheirs, "beforeNote");
  const after = pick(inBase, inMine, inTheirs, "afterNote");
  if (before === null || after === null) return null;
  const units = mergeUnits(inBase.units, inMine.units, inTheirs.units, name, findings);
  findings.removed.push(...units.filter(({ isLeaving }) => isLeaving).map((unit) => named(name, unit)));
  const list: UnitList = {
    units: units.filter(({ isLeaving }) => !isLeaving),
    tail: inMine.tail,
    hasTrailingComma: inMine.units.length === 0 ? inTheirs.hasTrailingComma : inMine.hasTrailingComma,
  };
  return `${before.before}${renderList(list)}${after.after}`;
}

/** The version whose note changed; null: both did, in different ways. */
function pick(base: Container, mine: Container, theirs: Container, note: "beforeNote" | "afterNote"): Container | null {
  if (mine[note] === theirs[note] || theirs[note] === base[note]) return mine;
  return mine[note] === base[note] ? theirs : null;
}
