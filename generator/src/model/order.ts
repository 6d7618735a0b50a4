/**
 * Parents before children. Tables of one reference cycle form a component, and components are ordered; ties, and
 * the tables inside a component, go by name, so that the order depends on what the schema means and not on how it was typed.
 */

export interface Ordered {
  readonly name: string;
  readonly component: number;
}

/** `parents` maps every table to the tables it refers to; itself and unknown ones are ignored. */
export function parentsFirst(parents: ReadonlyMap<string, readonly string[]>): readonly Ordered[] {
  const components = cycles(parents);
  const componentOf = new Map(components.flatMap((members, index) => members.map((name) => [name, index] as const)));
  const waitingFor = components.map(
    (members, index) =>
      new Set(members.flatMap((name) => parents.get(name) ?? []).flatMap((parent) => others(componentOf.get(parent), index))),
  );
  const children = components.map((): number[] => []);
  for (const [index, waiting] of waitingFor.entries()) for (const parent of waiting) children[parent]?.push(index);

  const byName = (a: number, b: number): number => ((components[a]?.[0] ?? "") < (components[b]?.[0] ?? "") ? -1 : 1);
  const ready = [...components.keys()].filter((index) => waitingFor[index]?.size === 0).toSorted(byName);
  const ordered: Ordered[] = [];
  for (let component = 0; component < components.length; component++) {
    const index = ready.shift();
    if (index === undefined) throw new Error("parentsFirst: components form a cycle");
    for (const name of components[index] ?? []) ordered.push({ name, component });
    for (const child of children[index] ?? []) {
      waitingFor[child]?.delete(index);
      if (waitingFor[child]?.size === 0) insertSorted(ready, child, byName);
    }
  }
  return ordered;
}

const others = (component: number | undefined, self: number): readonly number[] =>
  component === undefined || component === self ? [] : [component];

function insertSorted(list: number[], item: number, compare: (a: number, b: number) => number): void {
  const at = list.findIndex((other) => compare(item, other) < 0);
  list.splice(at === -1 ? list.length : at, 0, item);
}

/**
 * Strongly connected components, members by name. Tarjan's algorithm with its own stack: a chain of ten thousand
 * tables must not exhaust the call stack.
 */
function cycles(parents: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: string[][] = [];
  const indexOf = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const low = (name: string): number => lowest.get(name) ?? Infinity;

  for (const root of parents.keys()) {
    if (indexOf.has(root)) continue;
    const calls: { readonly name: string; readonly left: string[] }[] = [];
    const enter = (name: string): void => {
      indexOf.set(name, indexOf.size);
      lowest.set(name, indexOf.size - 1);
      open.push(name);
      isOpen.add(name);
      calls.push({ name, left: (parents.get(name) ?? []).filter((parent) => parents.has(parent)) });
    };
    enter(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { name, left } = call;
      const parent = left.pop();
      if (parent === undefined) {
        calls.pop();
        const caller = calls.at(-1);
        if (caller !== undefined) lowest.set(caller.name, Math.min(low(caller.name), low(name)));
        if (low(name) === indexOf.get(name)) found.push(close(name));
      } else if (!indexOf.has(parent)) enter(parent);
      else if (isOpen.has(parent)) lowest.set(name, Math.min(low(name), indexOf.get(parent) ?? Infinity));
    }
  }
  return found;

  function close(root: string): string[] {
    const members = open.splice(open.lastIndexOf(root));
    for (const member of members) isOpen.delete(member);
    return members.toSorted((a, b) => (a < b ? -1 : 1));
  }
}
