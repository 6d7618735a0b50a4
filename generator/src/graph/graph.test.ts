import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { dot } from "./dot.ts";
import { mermaid } from "./mermaid.ts";
import { svg } from "./svg.ts";
import { tableGraph } from "./table-graph.ts";
import type { TableGraph } from "./table-graph.ts";

const ODD = [
  `a "quoted" <b>table</b>`,
  "back\\slash\\n",
  "#35; & `x` | {y} [z]",
  "it's; end",
  "名前",
  "%%{init: {}}%%",
  "</style><script>",
  "\\",
];

function graphOf(tables: string, app = "demo"): TableGraph {
  const model = readModel({ file: "schema.yaml", text: `synckit: 1\napp: ${JSON.stringify(app)}\ntables:\n${tables}` });
  if (!model.ok) throw new Error(model.diagnostics.map(({ message }) => message).join("\n"));
  return tableGraph(model.value);
}

const ODD_GRAPH = graphOf(
  ODD.map(
    (name, place) =>
      `  ${JSON.stringify(name)}:\n    columns: { up: uuid?, far: uuid? }\n    references:\n      up: { table: ${JSON.stringify(ODD[Math.max(0, place - 1)])}, on_delete: cascade }\n      far: { table: ${JSON.stringify(`un"synced" ${name}`)}, synced: false }\n`,
  ).join(""),
  ODD.join(" "),
);

const CYCLE = graphOf(`  people:
    columns: { team: uuid?, boss: uuid? }
    references: { team: { table: teams, on_delete: set null }, boss: people }
  teams:
    columns: { lead: uuid? }
    references: { lead: { table: people, on_delete: restrict } }
  feed:
    apply: update
    deletes: ignore
    columns: { is_read: boolean, person: uuid? }
    references: { person: people }
`);

/** Element names in the order in which they open; throws where the text is not well-formed. */
function elementsOf(xml: string): readonly string[] {
  const open: string[] = [];
  const seen: string[] = [];
  let rest = xml;
  while (rest !== "") {
    const [whole, close, name, , empty, text] = /^(?:<(\/?)([a-z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>|([^<>]+))/u.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`not well-formed at: ${rest.slice(0, 60)}`);
    if (text !== undefined && /&(?!amp;|lt;|gt;|quot;|#39;)/u.test(text)) throw new Error(`a bare ampersand: ${text}`);
    if (name !== undefined && close === "/" && open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    if (name !== undefined && close === "") {
      seen.push(name);
      if (empty === "") open.push(name);
    }
    rest = rest.slice(whole.length);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join()}`);
  return seen;
}

test("the graph says of each table what it is, and of each reference where it leads", () => {
  expect(CYCLE.nodes).toEqual([
    { name: "people", kind: "synced", order: 1, isInCycle: true, facts: ["key id", "3 synced"] },
    { name: "teams", kind: "synced", order: 2, isInCycle: true, facts: ["key id", "2 synced"] },
    { name: "feed", kind: "update", order: 3, isInCycle: false, facts: ["key id", "3 synced", "update only", "deletes ignored"] },
  ]);
  expect(CYCLE.edges.map(({ child, parent, onDelete, isInCycle }) => [child, parent, onDelete, isInCycle])).toEqual([
    [0, 1, "set null", true],
    [0, 0, "no action", false],
    [1, 0, "restrict", true],
    [2, 0, "no action", false],
  ]);
});

test("an unsynced parent is a node of its own, even where a table has its name", () => {
  const { nodes, edges } = graphOf(`  notes:\n    columns: { mail: uuid? }\n    references: { mail: { table: emails, synced: false } }\n`);

  expect(nodes.map(({ name, kind, order }) => [name, kind, order])).toEqual([
    ["emails", "unsynced", null],
    ["notes", "synced", 1],
  ]);
  expect(edges).toMatchObject([{ child: 1, parent: 0, isSynced: false }]);
});

test("the SVG is well-formed, has every table and every reference, and nothing from elsewhere", () => {
  const text = svg(ODD_GRAPH);

  const elements = elementsOf(text);
  expect(text.match(/<g class="table [^"]*"><title>/gu)).toHaveLength(ODD_GRAPH.nodes.length);
  expect(text.match(/<path class="edge [^"]*" marker/gu)).toHaveLength(ODD_GRAPH.edges.length);
  expect(new Set(elements)).toEqual(new Set(["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text", "g"]));
  expect(text.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|@import|url\((?!#)|<script|on[a-z]+="|href/u);
});

test("the SVG marks cycles, loops, update-only tables and unsynced parents, and has both colour schemes", () => {
  const text = svg(CYCLE);

  expect(text).toContain('<g class="table synced cycle"><title>people');
  expect(text.match(/class="edge in-cycle"/gu)).toHaveLength(2);
  expect(text).toMatch(/<path class="edge no-action" marker-end="url\(#to-no-action\)" d="M[\d.]+,[\d.]+ C/u);
  expect(text).toContain('<g class="table update"><title>feed');
  expect(svg(ODD_GRAPH)).toContain('<g class="table unsynced"><title>un');
  expect(text).toContain("@media(prefers-color-scheme:dark)");
});

test("a table without references stands below the others, a schema of one table is a picture too", () => {
  const text = svg(graphOf("  notes:\n    columns: { title: text }\n"));

  elementsOf(text);
  expect(text).toContain(">notes</text>");
});

test("in Mermaid every line is a node, an arrow or a style, and names can mean nothing else", () => {
  const [comment = "", kind, ...lines] = mermaid(ODD_GRAPH).trimEnd().split("\n");

  expect(comment).toMatch(/^%% [^{}]*$/u);
  expect(kind).toBe("flowchart LR");
  for (const line of lines)
    expect(line).toMatch(
      /^ {2}(?:t\d+\["(?:\d+\. )?<b>[\p{L}\p{N} _.+#;-]*<\/b><br\/>[^"`<>]*"\]:::(?:synced|update|unsynced)|t\d+ (?:-->|-\.->)\|[a-z ]+\| t\d+|classDef [a-z]+ [\w:#,. -]+|class t\d+(?:,t\d+)* cycle)$/u,
    );
  expect(lines.filter((line) => line.includes("<b>"))).toHaveLength(ODD_GRAPH.nodes.length);
  expect(lines.filter((line) => /> ?\|/u.test(line))).toHaveLength(ODD_GRAPH.edges.length);
  expect(mermaid(CYCLE)).toContain("  class t0,t1 cycle\n");
});

const hasGraphviz = spawnSync("dot", ["-V"]).status === 0;

test("in DOT every string is closed", () => {
  for (const line of dot(ODD_GRAPH).split("\n")) expect(line.replaceAll(/"(?:[^"\\]|\\.)*"/gu, "S")).not.toContain('"');
});

test.runIf(hasGraphviz)("Graphviz reads the DOT, and finds every table and reference with its name", () => {
  const ran = spawnSync("dot", ["-Tjson0"], { input: dot(ODD_GRAPH), encoding: "utf8" });

  expect(ran.stderr).toBe("");
  const drawn = JSON.parse(ran.stdout) as { readonly objects: readonly { readonly label: string }[]; readonly edges: readonly unknown[] };
  expect(drawn.objects).toHaveLength(ODD_GRAPH.nodes.length);
  expect(drawn.edges).toHaveLength(ODD_GRAPH.edges.length);
});

test("equal models give equal bytes", () => {
  for (const draw of [svg, dot, mermaid]) expect(draw(structuredClone(ODD_GRAPH))).toBe(draw(ODD_GRAPH));
});

test("a thousand tables are drawn in seconds", () => {
  const tables = Array.from({ length: 1000 }, (_, i) => {
    const references = i === 0 ? "" : `\n    references: { a: t${Math.floor(i / 3)}, b: t${Math.max(0, i - 7)} }`;
    return `  t${i}:\n    columns: { a: uuid?, b: uuid? }${references}\n`;
  });
  const before = process.cpuUsage();

  const text = svg(graphOf(tables.join("")));

  expect(text.match(/<g class="table synced"><title>/gu)).toHaveLength(1000);
  // Twenty times what it takes: this is about being linear, not about this machine.
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000_000).toBeLessThan(20);
});
