/**
 * The graph as one SVG file: no scripts, no fonts, nothing from elsewhere, and both light and dark. Tables stand in
 * layers from left to right, as sync writes them; lines lead to the parent.
 */
import { layeredLayout } from "./layered-layout.ts";
import type { Box, Layout, Placed, Route } from "./layered-layout.ts";
import type { GraphEdge, GraphNode, TableGraph } from "./table-graph.ts";
import { svgStyle } from "./svg-style.ts";

const MARGIN = 28;
/** Title above, legend below. */
const HEAD = 62;
const FOOT = 74;
const ACROSS = 128;
const DOWN = 20;
const BOX_HEIGHT = 52;
/** Room that one more line on a side needs: a word's height where words stand, and little where lines meet. */
const PORT = { word: 15, bare: 7 } as const;
/** Above a table that refers to itself. */
const LOOP = 14;
/** Of an arrow. */
const TIP = 7;
/** A line runs straight where its word stands. */
const WORD = 52;
/** In pixels; the whole of a name is in its tooltip. */
const MAX_NAME = 260;
const MAX_FACTS = 330;
/** Of one letter, on the generous side: the reader's font is not known here. */
const LETTER = { name: 8.2, facts: 6.3 } as const;
/** Wide enough for the legend. */
const MIN_WIDTH = 720;

/** A table in the picture, with the place of its box. */
interface Shown extends Placed, Box {
  readonly node: GraphNode;
  readonly hasLoop: boolean;
}

export function svg(graph: TableGraph): string {
  const linked = new Set(graph.edges.flatMap((edge) => (edge.child === edge.parent ? [] : [edge.child, edge.parent])));
  const among = [...graph.nodes.keys()].filter((place) => linked.has(place));
  const alone = [...graph.nodes.keys()].filter((place) => !linked.has(place));
  const edges = graph.edges.filter((edge) => edge.child !== edge.parent);
  const layout = layOut(graph, among, edges);
  const grid = gridOf(graph, alone, Math.max(layout.width, MIN_WIDTH - 2 * MARGIN));

  const left = MARGIN;
  const top = HEAD + MARGIN / 2;
  const gridTop = top + layout.height + (among.length > 0 && alone.length > 0 ? 2.5 * DOWN : 0);
  const shown = [
    ...among.map((place, index) => shownAt(graph, place, layout.boxes[index], left, top)),
    ...grid.places.map((at, index) => shownAt(graph, alone[index] ?? 0, at, left, gridTop)),
  ];
  const width = Math.max(MIN_WIDTH, Math.ceil(Math.max(layout.width, grid.width) + 2 * MARGIN));
  const height = Math.ceil(gridTop + grid.height + FOOT);
  const lines = edges.map((edge, index) => lineOf(edge, layout.routes[index], left, top, graph));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(graph.app)}: tables and their references</title>`,
    `<desc id="description">${escape(describe(graph))}</desc>`,
    `<style>${svgStyle}</style>`,
    markers,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="title" x="${left}" y="34">${escape(clip(graph.app, MIN_WIDTH - 2 * MARGIN, 12))}</text>`,
    `<text class="note" x="${left}" y="53">${escape(countsOf(graph))}. Written from left to right, parents first; deleted from right to left.</text>`,
    ...lines.map(({ path }) => path),
    ...shown.map((each) => boxOf(each, loopOf(graph, each))),
    // Over the boxes' edges, so that no line runs through a word.
    ...lines.map(({ label }) => label),
    legend(left, height - FOOT + 30),
    "</svg>",
    "",
  ].join("\n");
}

/** Lines lead from lower places to higher ones; a reference the other way, which closes a cycle, is turned for the layout. */
function layOut(graph: TableGraph, among: readonly number[], edges: readonly GraphEdge[]): Layout {
  const indexOf = new Map(among.map((place, index) => [place, index]));
  const boxes = among.map((place) => boxFor(graph, place));
  const lines = edges.map(({ child, parent }) => {
    const [from, to] = [indexOf.get(parent) ?? 0, indexOf.get(child) ?? 0];
    return { left: Math.min(from, to), right: Math.max(from, to) };
  });
  // A picture about one and a half times as wide as high is read without turning the head.
  const maxRows = Math.max(7, Math.ceil(Math.sqrt(among.length) * 1.5));
  return layeredLayout(boxes, lines, { across: ACROSS, down: DOWN, maxRows });
}

function boxFor(graph: TableGraph, place: number): Box {
  const node = graph.nodes[place];
  if (node === undefined) throw new Error("svg: no such table");
  const others = graph.edges.filter((edge) => edge.child !== edge.parent);
  // On the left, lines to parents and, in a cycle, turned ones from children; on the right, the reverse.
  const before = others.filter((edge) => Math.max(edge.child, edge.parent) === place).length;
  const after = others.filter((edge) => Math.min(edge.child, edge.parent) === place);
  const words = after.filter((edge) => edge.child === place).length;
  const sides = [before * PORT.word, after.length * (words > 0 ? PORT.word : PORT.bare)];
  const name = textWidth(clip(node.name, MAX_NAME, LETTER.name), LETTER.name);
  const facts = textWidth(clip(node.facts.join(" · "), MAX_FACTS, LETTER.facts), LETTER.facts);
  const loop = isLooped(graph, place) ? LOOP : 0;
  return {
    width: Math.ceil(Math.max(112, name + 58, facts + 26)),
    height: Math.max(BOX_HEIGHT, 20 + Math.max(...sides)) + loop,
    top: loop,
  };
}

const isLooped = (graph: TableGraph, place: number): boolean => graph.edges.some((edge) => edge.child === place && edge.parent === place);

/** Tables without references, in rows below the others. */
function gridOf(
  graph: TableGraph,
  alone: readonly number[],
  width: number,
): { readonly places: readonly Placed[]; readonly width: number; readonly height: number } {
  const places: Placed[] = [];
  let [x, y, rowHeight, widest] = [0, 0, 0, 0];
  for (const place of alone) {
    const box = boxFor(graph, place);
    if (x > 0 && x + box.width > width) {
      x = 0;
      y += rowHeight + DOWN;
      rowHeight = 0;
    }
    places.push({ x, y });
    x += box.width + 24;
    rowHeight = Math.max(rowHeight, box.height);
    widest = Math.max(widest, x - 24);
  }
  return { places, width: widest, height: y + rowHeight };
}

function shownAt(graph: TableGraph, place: number, at: Placed | undefined, left: number, top: number): Shown {
  const node = graph.nodes[place];
  if (node === undefined || at === undefined) throw new Error("svg: a table has no place");
  const box = boxFor(graph, place);
  return {
    node,
    hasLoop: box.top > 0,
    x: at.x + left,
    y: at.y + top + box.top,
    width: box.width,
    height: box.height - box.top,
    top: box.top,
  };
}

function boxOf({ node, x, y, width, height }: Shown, loop: string): string {
  const middle = y + height / 2;
  const facts = clip(node.facts.join(" · "), MAX_FACTS, LETTER.facts);
  const classes = `${node.kind}${node.isInCycle ? " cycle" : ""}`;
  const order = node.order === null ? "" : `<text class="order" x="${n(x + width - 10)}" y="${n(middle - 5)}">${node.order}</text>`;
  return (
    `<g class="table ${classes}"><title>${escape(`${node.name}: ${node.facts.join(", ")}`)}</title>` +
    `<rect x="${n(x)}" y="${n(y)}" width="${width}" height="${n(height)}" rx="9"/>` +
    `<text class="name" x="${n(x + 13)}" y="${n(middle - 4)}">${escape(clip(node.name, MAX_NAME, LETTER.name))}</text>${order}` +
    `<text class="facts" x="${n(x + 13)}" y="${n(middle + 14)}">${escape(facts)}</text>${loop}</g>`
  );
}

function loopOf(graph: TableGraph, { node, hasLoop, x, y, width }: Shown): string {
  if (!hasLoop) return "";
  const own = graph.edges.filter((edge) => edge.child === edge.parent && graph.nodes[edge.child] === node);
  const words = [...new Set(own.map((edge) => edge.onDelete))];
  const kind = own.some((edge) => edge.onDelete === "cascade") ? "cascade" : (own[0]?.onDelete ?? "no action").replace(" ", "-");
  const right = x + width;
  return (
    `<path class="edge ${kind}" marker-end="url(#to-${kind})" d="M${n(right - 42)},${n(y)} C${n(right - 46)},${n(y - 19)} ${n(right - 14)},${n(y - 19)} ${n(right - 18)},${n(y - 1)}"/>` +
    `<text class="label ${kind}" text-anchor="end" x="${n(right - 50)}" y="${n(y - 6)}">${escape(words.join(", "))}</text>`
  );
}

interface DrawnLine {
  readonly path: string;
  readonly label: string;
}

function lineOf(edge: GraphEdge, route: Route | undefined, left: number, top: number, graph: TableGraph): DrawnLine {
  if (route === undefined) throw new Error("svg: a reference has no route");
  const stretches = route.stretches.map(({ from, to }) => ({ from: moved(from, left, top), to: moved(to, left, top) }));
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (first === undefined || last === undefined) throw new Error("svg: a route is empty");
  const isTurned = edge.child < edge.parent;
  // The arrow's tip needs its length before the box, and the word beside the child a straight line under it.
  const [atStart, atEnd] = isTurned ? [WORD, TIP] : [TIP, WORD];
  const points = stretches.map((stretch, index) => {
    if (index === 0) {
      const from = isTurned ? stretch.from : { ...stretch.from, x: stretch.from.x + TIP };
      return { from, to: { ...stretch.to, x: Math.max(stretch.to.x, stretch.from.x + atStart) } };
    }
    if (index < stretches.length - 1) return stretch;
    const to = isTurned ? { ...stretch.to, x: stretch.to.x - TIP } : stretch.to;
    return { from: { ...to, x: stretch.to.x - atEnd }, to };
  });

  let d = "";
  for (const [index, { from, to }] of points.entries()) {
    const previous = points[index - 1]?.to;
    if (previous === undefined) d += `M${n(from.x)},${n(from.y)}`;
    else {
      const bend = (from.x - previous.x) / 2;
      d += ` C${n(previous.x + bend)},${n(previous.y)} ${n(from.x - bend)},${n(from.y)} ${n(from.x)},${n(from.y)}`;
    }
    if (to.x !== from.x) d += ` H${n(to.x)}`;
  }
  const kind = edge.isInCycle ? "in-cycle" : edge.onDelete.replace(" ", "-");
  const classes = `edge ${kind}${edge.isSynced ? "" : " loose"}`;
  const [child, parent] = [graph.nodes[edge.child]?.name ?? "", graph.nodes[edge.parent]?.name ?? ""];
  const about = `${child} (${edge.columns.join(", ")}) refers to ${parent}; on delete: ${edge.onDelete}`;
  const marker = isTurned ? `marker-end="url(#to-${kind})"` : `marker-start="url(#to-${kind})"`;
  // Beside the table that holds the reference: lines part there, and meet at the parent.
  const beside = isTurned
    ? { x: first.from.x + 6, y: first.from.y - 3.5, anchor: "start" }
    : { x: last.from.x - 5, y: last.from.y - 3.5, anchor: "end" };
  return {
    path: `<path class="${classes}" ${marker} d="${d}"><title>${escape(about)}</title></path>`,
    label: `<text class="label ${kind}" text-anchor="${beside.anchor}" x="${n(beside.x)}" y="${n(beside.y)}">${edge.onDelete}</text>`,
  };
}

const moved = ({ x, y }: Placed, left: number, top: number): Placed => ({ x: x + left, y: y + top });

const KINDS = ["cascade", "set-null", "restrict", "no-action", "in-cycle"] as const;

/** One arrow head for each colour: SVG of today cannot take it from the line. */
const markers = `<defs>${KINDS.map(
  (kind) =>
    `<marker id="to-${kind}" class="head ${kind}" viewBox="0 0 10 10" refX="2" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0,1 L9,5 L0,9 z"/></marker>`,
).join("")}</defs>`;

function legend(left: number, top: number): string {
  const boxes: readonly (readonly [string, string])[] = [
    ["synced", "synced"],
    ["update", "update only: never inserted"],
    ["unsynced", "stays on its device"],
    ["synced cycle", "in a cycle"],
  ];
  const lines: readonly (readonly [string, string])[] = [
    ["cascade", "on delete: cascade"],
    ["set-null", "set null"],
    ["restrict", "restrict"],
    ["no-action", "no action"],
    ["no-action loose", "parent not synced"],
  ];
  let x = left;
  const swatches = boxes.map(([kind, words]) => {
    const at = x;
    x += 26 + textWidth(words, LETTER.facts) + 18;
    return `<g class="table ${kind}"><rect x="${n(at)}" y="${top - 10}" width="20" height="13" rx="4"/><text class="facts" x="${n(at + 26)}" y="${top + 1}">${escape(words)}</text></g>`;
  });
  x = left;
  const strokes = lines.map(([kind, words]) => {
    const at = x;
    x += 34 + textWidth(words, LETTER.facts) + 18;
    return `<path class="edge ${kind}" d="M${n(at)},${top + 21} H${n(at + 26)}"/><text class="facts" x="${n(at + 34)}" y="${top + 25}">${escape(words)}</text>`;
  });
  return `<g class="legend">${[...swatches, ...strokes].join("")}</g>`;
}

function countsOf({ nodes, edges }: TableGraph): string {
  const unsynced = nodes.filter((node) => node.kind === "unsynced").length;
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return `${count(nodes.length - unsynced, "table")}, ${count(edges.length, "reference")}${unsynced === 0 ? "" : `, ${count(unsynced, "parent")} not synced`}`;
}

const describe = (graph: TableGraph): string =>
  `${countsOf(graph)}. In upsert order: ${graph.nodes
    .filter((node) => node.order !== null)
    .map((node) => node.name)
    .join(", ")}.`;

/** A tenth of a pixel is nothing to the eye, and much to a diff. */
const n = (value: number): string => String(Math.round(value * 10) / 10);

/** As many letters as fit. */
function clip(text: string, width: number, perLetter: number): string {
  if (textWidth(text, perLetter) <= width) return text;
  let cut = "";
  for (const letter of text) {
    if (textWidth(cut + letter, perLetter) > width - perLetter) break;
    cut += letter;
  }
  return `${cut}…`;
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

const textWidth = (text: string, perLetter: number): number =>
  [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? 2 : 1) * perLetter, 0);

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escape = (text: string): string => text.replaceAll(/[&<>"']/gu, (letter) => ENTITIES[letter] ?? letter);
