/**
 * Places a graph in layers: parents to the left of what refers to them, lines that cross seldom and bend little.
 * The usual four steps: layers by longest path, stand-ins where a line passes a layer, order by the mean of the
 * neighbours, heights by least squares. Deterministic: ties go by place.
 */

export interface Box {
  readonly width: number;
  readonly height: number;
  /** Room at the top, within the height, where no line ends. */
  readonly top: number;
}

/** From the left layer to the right one; `left` and `right` are places of boxes. */
export interface Line {
  readonly left: number;
  readonly right: number;
}

export interface Placed {
  readonly x: number;
  readonly y: number;
}

export interface Route {
  /** Where the line leaves the left box, passes other layers, and enters the right box: straight stretches, to be joined by curves. */
  readonly stretches: readonly { readonly from: Placed; readonly to: Placed }[];
}

export interface Layout {
  readonly boxes: readonly Placed[];
  /** In the order of the lines. */
  readonly routes: readonly Route[];
  readonly width: number;
  readonly height: number;
}

export interface Spacing {
  /** Between layers. */
  readonly across: number;
  /** Between boxes of one layer. */
  readonly down: number;
  /** A layer with more boxes is cut in two. */
  readonly maxRows: number;
}

/** Where a box or a passing line stands in a layer. */
interface Slot {
  /** Null for a line that passes. */
  readonly box: number | null;
  readonly height: number;
  readonly layer: number;
  readonly before: Slot[];
  readonly after: Slot[];
  y: number;
  rank: number;
}

/** Rounds of ordering: more of them change nothing on schemas of a thousand tables. */
const ORDER_ROUNDS = 12;
/** Rounds of pulling neighbours level. */
const LEVEL_ROUNDS = 24;
/** A line that passes is as thin as this, and held straight by this much. */
const PASSING = { height: 8, weight: 6 } as const;

export function layeredLayout(boxes: readonly Box[], lines: readonly Line[], spacing: Spacing): Layout {
  const layerOf = splitLayers(layersOf(boxes.length, lines), spacing.maxRows);
  const slots = boxes.map((box, place): Slot => slot(place, box.height, layerOf[place] ?? 0));
  const chains = lines.map((line) => chainOf(line, slots));
  const layers = layersFrom([...slots, ...chains.flatMap((chain) => chain.slice(1, -1))]);
  orderLayers(layers);
  levelLayers(layers, spacing.down);

  const top = Math.min(0, ...layers.flat().map((each) => each.y - each.height / 2));
  for (const each of layers.flat()) each.y -= top;
  const columns = columnsOf(layers, boxes, spacing.across);
  const ports = portsOf(chains, boxes);
  return {
    boxes: slots.map((each, place) => ({ x: columns[each.layer]?.x ?? 0, y: each.y - (boxes[place]?.height ?? 0) / 2 })),
    routes: chains.map((chain, index) => routeOf(chain, index, columns, boxes, ports)),
    width: Math.max(0, ...columns.map(({ x, width }) => x + width)),
    height: Math.max(0, ...layers.flat().map((each) => each.y + each.height / 2)),
  };
}

const slot = (box: number | null, height: number, layer: number): Slot => ({ box, height, layer, before: [], after: [], y: 0, rank: 0 });

/** By the longest way from the left; what has nothing on its left then moves next to its nearest neighbour. */
function layersOf(count: number, lines: readonly Line[]): number[] {
  const layer = Array.from({ length: count }, () => 0);
  // Lines lead from lower to higher places, or the caller has turned them, so that one pass in order is enough.
  const sorted = lines.toSorted((a, b) => a.right - b.right || a.left - b.left);
  for (const { left, right } of sorted) layer[right] = Math.max(layer[right] ?? 0, (layer[left] ?? 0) + 1);
  const hasLeft = new Set(lines.map(({ right }) => right));
  const nearest = new Map<number, number>();
  for (const { left, right } of lines) nearest.set(left, Math.min(nearest.get(left) ?? Infinity, layer[right] ?? 0));
  for (const [place, next] of nearest) if (!hasLeft.has(place)) layer[place] = next - 1;
  return layer;
}

/** Cuts a layer that is too tall into several, side by side. */
function splitLayers(layer: readonly number[], maxRows: number): number[] {
  const depth = Math.max(-1, ...layer) + 1;
  const members = Array.from({ length: depth }, (_, at) => layer.flatMap((own, place) => (own === at ? [place] : [])));
  const split = [...layer];
  let next = 0;
  for (const places of members) {
    const parts = Math.max(1, Math.ceil(places.length / maxRows));
    const rows = Math.ceil(places.length / parts);
    for (const [index, place] of places.entries()) split[place] = next + Math.floor(index / rows);
    next += parts;
  }
  return split;
}

/** The slots that a line leads through, its two ends included. */
function chainOf({ left, right }: Line, slots: readonly Slot[]): readonly Slot[] {
  const [from, to] = [slots[left], slots[right]];
  if (from === undefined || to === undefined) throw new Error("layeredLayout: a line ends nowhere");
  const passing = Array.from({ length: Math.max(0, to.layer - from.layer - 1) }, (_, index) =>
    slot(null, PASSING.height, from.layer + 1 + index),
  );
  const chain = [from, ...passing, to];
  for (const [index, each] of chain.entries()) {
    const next = chain[index + 1];
    if (next === undefined) continue;
    each.after.push(next);
    next.before.push(each);
  }
  return chain;
}

function layersFrom(slots: readonly Slot[]): Slot[][] {
  const layers: Slot[][] = Array.from({ length: Math.max(-1, ...slots.map((each) => each.layer)) + 1 }, () => []);
  for (const each of slots) layers[each.layer]?.push(each);
  for (const layer of layers) rank(layer);
  return layers;
}

function rank(layer: readonly Slot[]): void {
  for (const [index, each] of layer.entries()) each.rank = index;
}

/** Sorts each layer by the mean rank of its neighbours, to and fro, and keeps the order with the fewest crossings. */
function orderLayers(layers: Slot[][]): void {
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let round = 0; round < ORDER_ROUNDS && fewest > 0; round++) {
    const isForward = round % 2 === 0;
    for (const layer of isForward ? layers : layers.toReversed()) {
      const mean = new Map(layer.map((each) => [each, meanRank(isForward ? each.before : each.after) ?? each.rank]));
      layer.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0) || a.rank - b.rank);
      rank(layer);
    }
    const now = crossings(layers);
    if (now >= fewest) continue;
    fewest = now;
    best = layers.map((layer) => [...layer]);
  }
  for (const [index, layer] of best.entries()) {
    layers[index] = layer;
    rank(layer);
  }
}

const meanRank = (slots: readonly Slot[]): number | null =>
  slots.length === 0 ? null : slots.reduce((sum, each) => sum + each.rank, 0) / slots.length;

/** Pairs of lines between neighbouring layers that cross: inversions, counted with a Fenwick tree. */
function crossings(layers: readonly (readonly Slot[])[]): number {
  let total = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((each) => each.after.map((next) => next.rank).toSorted((a, b) => a - b));
    const size = Math.max(0, ...ends) + 2;
    const tree = Array.from({ length: size + 1 }, () => 0);
    for (const [seen, end] of ends.entries()) {
      let notAbove = 0;
      for (let at = end + 1; at > 0; at -= at & -at) notAbove += tree[at] ?? 0;
      total += seen - notAbove;
      for (let at = end + 1; at <= size; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
    }
  }
  return total;
}

/** Heights: each slot as near to the mean of its neighbours as the order and the gaps allow. */
function levelLayers(layers: readonly (readonly Slot[])[], gap: number): void {
  for (const layer of layers) {
    let y = 0;
    for (const each of layer) {
      each.y = y + each.height / 2;
      y += each.height + gap;
    }
  }
  for (let round = 0; round < LEVEL_ROUNDS; round++) {
    for (const layer of round % 2 === 0 ? layers : layers.toReversed()) {
      const isSettling = round > LEVEL_ROUNDS - 3;
      const wanted = layer.map((each) => {
        const near = isSettling ? [...each.before, ...each.after] : round % 2 === 0 ? each.before : each.after;
        return near.length === 0 ? each.y : near.reduce((sum, other) => sum + other.y, 0) / near.length;
      });
      settle(layer, wanted, gap);
    }
  }
}

/** Least squares under an order: neighbours that would overlap are pooled and share their mean. */
function settle(layer: readonly Slot[], wanted: readonly number[], gap: number): void {
  const pools: { sum: number; weight: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const [index, each] of layer.entries()) {
    const previous = layer[index - 1];
    if (previous !== undefined) offset += (previous.height + each.height) / 2 + gap;
    offsets.push(offset);
    const weight = each.box === null ? PASSING.weight : 1;
    pools.push({ sum: ((wanted[index] ?? 0) - offset) * weight, weight, count: 1 });
    for (
      let last = pools.at(-1), prior = pools.at(-2);
      last !== undefined && prior !== undefined && prior.sum / prior.weight > last.sum / last.weight;
    ) {
      pools.pop();
      prior.sum += last.sum;
      prior.weight += last.weight;
      prior.count += last.count;
      last = prior;
      prior = pools.at(-2);
    }
  }
  let index = 0;
  for (const pool of pools) {
    for (let left = pool.count; left > 0; left--, index++) {
      const each = layer[index];
      if (each !== undefined) each.y = pool.sum / pool.weight + (offsets[index] ?? 0);
    }
  }
}

interface Column {
  readonly x: number;
  readonly width: number;
}

function columnsOf(layers: readonly (readonly Slot[])[], boxes: readonly Box[], across: number): readonly Column[] {
  let x = 0;
  return layers.map((layer) => {
    const width = Math.max(0, ...layer.map((each) => (each.box === null ? 0 : (boxes[each.box]?.width ?? 0))));
    const column = { x, width };
    x += width + across;
    return column;
  });
}

/** Where each line meets its two boxes, from the box's middle: spread over the side, in the order of the other ends. */
function portsOf(chains: readonly (readonly Slot[])[], boxes: readonly Box[]): ReadonlyMap<string, number> {
  const sides = new Map<string, { readonly key: string; readonly y: number }[]>();
  for (const [index, chain] of chains.entries()) {
    const [first, second] = chain;
    const [last, beforeLast] = [chain.at(-1), chain.at(-2)];
    if (first === undefined || second === undefined || last === undefined || beforeLast === undefined) continue;
    push(sides, `out:${first.box}`, { key: `out:${index}`, y: second.y });
    push(sides, `in:${last.box}`, { key: `in:${index}`, y: beforeLast.y });
  }
  const ports = new Map<string, number>();
  for (const [side, ends] of sides) {
    const { height, top } = boxes[Number(side.slice(side.indexOf(":") + 1))] ?? { height: 0, top: 0 };
    const step = Math.min(15, (height - top - 18) / Math.max(1, ends.length - 1));
    const sorted = ends.toSorted((a, b) => a.y - b.y);
    for (const [index, { key }] of sorted.entries()) ports.set(key, top / 2 + (index - (sorted.length - 1) / 2) * step);
  }
  return ports;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function routeOf(
  chain: readonly Slot[],
  index: number,
  columns: readonly Column[],
  boxes: readonly Box[],
  ports: ReadonlyMap<string, number>,
): Route {
  const stretches = chain.map((each, place) => {
    const column = columns[each.layer] ?? { x: 0, width: 0 };
    if (each.box === null) return { from: { x: column.x, y: each.y }, to: { x: column.x + column.width, y: each.y } };
    const isFirst = place === 0;
    const y = each.y + (ports.get(`${isFirst ? "out" : "in"}:${index}`) ?? 0);
    const edge = { x: isFirst ? column.x + (boxes[each.box]?.width ?? 0) : column.x, y };
    // A box narrower than its layer: the line is straight to the layer's edge.
    return isFirst ? { from: edge, to: { x: column.x + column.width, y } } : { from: edge, to: edge };
  });
  return { stretches };
}
