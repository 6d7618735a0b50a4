/** A model as a graph: tables, and the references between them, in the words that every picture uses. */
import { localColumns, syncedColumns } from "@synckit-gen/schemas/model";
import type { Reference, SyncModel, Table } from "@synckit-gen/schemas/model";

export interface TableGraph {
  readonly app: string;
  /** Unsynced parents by name, then tables in upsert order. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphNode {
  readonly name: string;
  /** `update`: sync changes rows and never inserts one. `unsynced`: stays on its device. */
  readonly kind: "synced" | "update" | "unsynced";
  /** Place in upsert order, from 1; null where the table is not written by sync. */
  readonly order: number | null;
  /** Refers, over other tables, to itself. */
  readonly isInCycle: boolean;
  /** A few words each. */
  readonly facts: readonly string[];
}

/** Places in `nodes`: `child` holds the reference, `parent` is what it refers to. */
export interface GraphEdge {
  readonly child: number;
  readonly parent: number;
  readonly columns: readonly string[];
  readonly onDelete: Reference["onDelete"];
  readonly isSynced: boolean;
  readonly isInCycle: boolean;
}

export function tableGraph(model: SyncModel): TableGraph {
  const members = new Map<number, number>();
  for (const { component } of model.tables) members.set(component, (members.get(component) ?? 0) + 1);
  const isCycle = (component: number): boolean => (members.get(component) ?? 0) > 1;
  const componentOf = new Map(model.tables.map((table) => [table.name, table.component]));

  const nodes: readonly GraphNode[] = [
    ...model.unsyncedParents.map((name): GraphNode => ({
      name,
      kind: "unsynced",
      order: null,
      isInCycle: false,
      facts: ["stays on its device"],
    })),
    ...model.tables.map((table, index): GraphNode => ({
      name: table.name,
      kind: table.apply === "update" ? "update" : "synced",
      order: index + 1,
      isInCycle: isCycle(table.component),
      facts: factsOf(table),
    })),
  ];
  const placeOf = new Map(nodes.map((node, place) => [`${node.kind === "unsynced"}:${node.name}`, place]));
  const edges = model.tables.flatMap((table) =>
    table.references.map((reference): GraphEdge => {
      const child = placeOf.get(`false:${table.name}`);
      const parent = placeOf.get(`${!reference.synced}:${reference.table}`);
      if (child === undefined || parent === undefined) throw new Error(`tableGraph: "${reference.table}" is no table of the model`);
      const isInCycle = child !== parent && componentOf.get(reference.table) === table.component && isCycle(table.component);
      return { child, parent, columns: reference.columns, onDelete: reference.onDelete, isSynced: reference.synced, isInCycle };
    }),
  );
  return { app: model.app, nodes, edges };
}

function factsOf(table: Table): readonly string[] {
  const local = localColumns(table).length;
  const facts = [`key ${table.key.join(" + ")}`, `${syncedColumns(table).length} synced`];
  if (local > 0) facts.push(`${local} local`);
  if (table.apply === "update") facts.push("update only");
  if (table.deletes === "ignore") facts.push("deletes ignored");
  if (table.blob !== null) facts.push("files");
  return facts;
}
