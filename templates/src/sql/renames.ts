/** Renames in an order in which no name is taken twice: a to b while b goes to c, or a and b change places. */

/** Pairs of names; equal ones are left out. What is in the way moves aside first. SQLite compares names without case. */
export function planRenames(pairs: readonly (readonly [from: string, to: string])[]): readonly (readonly [from: string, to: string])[] {
  const moves = pairs.filter(([from, to]) => from !== to);
  const occupied = new Set(moves.map(([from]) => foldName(from)));
  const blocked = moves.filter(([, to]) => occupied.has(foldName(to)));
  const free = moves.filter(([, to]) => !occupied.has(foldName(to)));
  const asideName = (i: number): string => `sync_rename_${i}`;
  return [
    ...blocked.map(([from], i) => [from, asideName(i)] as const),
    ...free,
    ...blocked.map(([, to], i) => [asideName(i), to] as const),
  ];
}

const foldName = (name: string): string => name.replace(/[A-Z]/gu, (letter) => letter.toLowerCase());
