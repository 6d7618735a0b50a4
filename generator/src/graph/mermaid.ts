/** The graph as a Mermaid flowchart, for README files and code hosts that draw it. */
import type { GraphEdge, GraphNode, TableGraph } from "./table-graph.ts";

export function mermaid(graph: TableGraph): string {
  const inCycle = graph.nodes.flatMap((node, place) => (node.isInCycle ? [id(place)] : []));
  return [
    `%% ${comment(graph.app)}: an arrow leads from the table that refers to the one that is referred to; the numbers are the upsert order.`,
    "flowchart LR",
    ...graph.nodes.map((node, place) => `  ${id(place)}["${label(node)}"]:::${node.kind}`),
    ...graph.edges.map((edge) => `  ${arrow(edge)}`),
    "  classDef synced fill:#e8f0fe,stroke:#3b6fd4,color:#16233f",
    "  classDef update fill:#fff4dc,stroke:#b97a10,color:#3d2a05",
    "  classDef unsynced fill:#f4f4f5,stroke:#8a8f98,color:#3c4048,stroke-dasharray:5 4",
    "  classDef cycle stroke:#c02a86,stroke-width:3px",
    ...(inCycle.length === 0 ? [] : [`  class ${inCycle.join(",")} cycle`]),
    "",
  ].join("\n");
}

const id = (place: number): string => `t${place}`;

const label = ({ name, order, facts }: GraphNode): string =>
  `${order === null ? "" : `${order}. `}<b>${escape(name)}</b><br/>${facts.map(escape).join(" · ")}`;

function arrow({ child, parent, onDelete, isSynced }: GraphEdge): string {
  return isSynced ? `${id(child)} -->|${onDelete}| ${id(parent)}` : `${id(child)} -.->|${onDelete}| ${id(parent)}`;
}

/** Mermaid reads quotes, HTML, Markdown and its own entities inside of quotes; every sign that could be one is spelled as a number. */
const escape = (text: string): string => text.replaceAll(/[^\p{L}\p{M}\p{N} _.+-]/gu, (letter) => `#${letter.codePointAt(0) ?? 0};`);

/** A comment ends with its line, and Mermaid takes braces after %% for a directive. */
const comment = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029{}]/gu, " ");
