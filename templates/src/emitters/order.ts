/** Emits the order in which tables are safe to write, and the references it follows from. */
import { defineEmitter, type Reference, type Table } from "@synckit-gen/schemas/model";
import { tsHeader } from "../text/header.ts";
import { stringList, stringLiteral } from "../text/ts.ts";

export const emitter = defineEmitter({
  name: "order",
  summary: "Upsert order, delete order and foreign-key edges",
  emit: (model, context) => {
    const names = model.tables.map((table) => table.name);
    const edges = model.tables.flatMap((table) => table.references.map((reference) => edge(table, reference)));
    const text = `${tsHeader(context, "The order in which tables are safe to write.")}/** Parents before children. */
export const upsertOrder = ${list(names.map(stringLiteral))} as const;

/** Children before parents. */
export const deleteOrder = ${list(names.toReversed().map(stringLiteral))} as const;

/** Every reference. \`synced: false\`: the parent stays on its device. */
export const foreignKeys = ${list(edges)} as const;
`;
    return [{ path: "order.ts", text, ownership: "generated" }];
  },
});

const list = (items: readonly string[]): string => (items.length === 0 ? "[]" : `[\n${items.map((item) => `  ${item},\n`).join("")}]`);

const edge = (table: Table, reference: Reference): string =>
  `{ table: ${stringLiteral(table.name)}, columns: ${stringList(reference.columns)}, parent: ${stringLiteral(reference.table)}, ` +
  `parentColumns: ${stringList(reference.to)}, onDelete: ${stringLiteral(reference.onDelete)}, synced: ${reference.synced} }`;
