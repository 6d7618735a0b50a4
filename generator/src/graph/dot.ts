/** The graph in the DOT language of Graphviz. */
import type { GraphEdge, GraphNode, TableGraph } from "./table-graph.ts";

const STYLE: Readonly<Record<GraphNode["kind"], string>> = {
  synced: 'fillcolor="#e8f0fe", color="#3b6fd4"',
  update: 'fillcolor="#fff4dc", color="#b97a10"',
  unsynced: 'fillcolor="#f4f4f5", color="#8a8f98", style="rounded,filled,dashed"',
};

export function dot(graph: TableGraph): string {
  return [
    `digraph ${quoted(graph.app)} {`,
    "  // An arrow leads from the table that refers to the one that is referred to; the numbers are the upsert order.",
    "  rankdir=RL;",
    '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, margin="0.15,0.08"];',
    '  edge [fontname="Helvetica", fontsize=9];',
    ...graph.nodes.map(
      (node, place) => `  t${place} [label=${label(node)}, ${STYLE[node.kind]}${node.isInCycle ? ', color="#c02a86", penwidth=2' : ""}];`,
    ),
    ...graph.edges.map((edge) => `  t${edge.child} -> t${edge.parent} [label=${quoted(edge.onDelete)}${edgeStyle(edge)}];`),
    "}",
    "",
  ].join("\n");
}

const label = ({ name, order, facts }: GraphNode): string => quoted(`${order === null ? "" : `${order}. `}${name}\n${facts.join(" · ")}`);

const edgeStyle = ({ isSynced, isInCycle }: GraphEdge): string =>
  `${isSynced ? "" : ", style=dashed"}${isInCycle ? ', color="#c02a86"' : ""}`;

/** In a label, DOT reads backslashes once more than in a name; doubled, they are one again. Entities are read as in HTML. */
const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("&", "&amp;").replaceAll("\n", "\\n")}"`;
