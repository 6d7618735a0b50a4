/** Checked schema to model: every default applied, every name decided, tables in order. Total, because validation has spoken. */
import { IR_VERSION } from "@synckit-gen/schemas/model";
import type { Blob, Column, Reference, SyncModel, Table, TableCode } from "@synckit-gen/schemas/model";
import { limits } from "@synckit-gen/schemas/protocol";
import type { ReferenceSyntax } from "../parse/syntax.ts";
import { splitFlag } from "../validate/rules/blobs.ts";
import { isIdentityColumn, textsOf } from "../validate/schema-view.ts";
import type { ColumnView, SchemaView, TableView } from "../validate/schema-view.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { codeNames } from "./names.ts";
import { parentsFirst } from "./order.ts";

export function buildModel(schema: SchemaView): SyncModel {
  const { syntax } = schema;
  const codes = codeNames(schema.tables.map((table) => table.name));
  const parents = new Map(schema.tables.map((table) => [table.name, syncedParents(table)]));
  const tables = parentsFirst(parents).map(({ name, component }) => {
    const table = schema.tableByName.get(name);
    const code = codes.get(name);
    if (table === undefined || code === undefined) throw new Error(`buildModel: the order names "${name}", which is no table`);
    return tableOf(schema, table, code, component);
  });
  return {
    irVersion: IR_VERSION,
    app: required(syntax.app, "app").text,
    compat: syntax.compat?.value ?? "full",
    create: syntax.create?.value ?? false,
    changelog: {
      retainDays: syntax.retainDays?.value ?? limits.DEFAULT_RETAIN_DAYS,
      maxEntries: syntax.maxEntries?.value ?? null,
      maxAwayDays: syntax.maxAwayDays?.value ?? limits.DEFAULT_MAX_AWAY_DAYS,
    },
    tables,
    unsyncedParents: unsyncedParents(schema),
  };
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`buildModel: ${what} is missing and validation did not say so`);
  return value;
}

const syncedParents = (table: TableView): readonly string[] =>
  table.syntax.references.flatMap((reference) =>
    reference.synced?.value === false || reference.table === undefined ? [] : [reference.table.text],
  );

function unsyncedParents(schema: SchemaView): readonly string[] {
  const all = schema.tables.flatMap((table) => table.syntax.references);
  const names = all.flatMap((reference) =>
    reference.synced?.value === false && reference.table !== undefined ? [reference.table.text] : [],
  );
  return [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1));
}

/** What a table of the model says besides its own view. */
interface Surroundings {
  readonly settings: string;
  readonly parents: readonly (TableView | undefined)[];
}

const built = new WeakMap<TableView, Surroundings & { readonly table: Table }>();

/** The same view in the same surroundings is the same table, so that what is known of it need not be found out again. */
function tableOf(schema: SchemaView, view: TableView, code: TableCode, component: number): Table {
  // Whether the rows of a blob are enabled is looked up in tables further away.
  if (view.syntax.blob !== undefined) return buildTable(schema, view, code, component);
  const { compat, conflicts, capture } = schema.syntax;
  const settings = [compat?.value, conflicts?.value, capture?.value, code.type, code.value, component].join(" ");
  const parents = view.syntax.references.map((reference) => schema.tableByName.get(reference.table?.text ?? ""));
  const known = built.get(view);
  if (known?.settings === settings && known.parents.every((parent, index) => parent === parents[index])) return known.table;
  const table = deepFreeze(buildTable(schema, view, code, component));
  built.set(view, { settings, parents, table });
  return table;
}

function buildTable(schema: SchemaView, table: TableView, code: TableCode, component: number): Table {
  const { syntax } = table;
  const rowWise = schema.syntax.compat?.value === "synckit" ? "row" : undefined;
  return {
    name: table.name,
    ...formerly(syntax.renamedFrom),
    code,
    identity: { kind: table.identityKind, columns: textsOf(table.identity) },
    key: textsOf(table.key),
    rowIds: syntax.rowIds?.value ?? "plain",
    conflicts: rowWise ?? syntax.conflicts?.value ?? schema.syntax.conflicts?.value ?? "column",
    apply: syntax.apply?.value ?? "upsert",
    deletes: syntax.deletes?.value ?? "apply",
    capture:
      syntax.apply?.value === "update" || syntax.deletes?.value === "ignore" ? "payload" : (schema.syntax.capture?.value ?? "payload"),
    columns: buildColumns(table),
    references: syntax.references.map((reference) => buildReference(schema, reference)),
    unique: syntax.unique.map(textsOf),
    blob: buildBlob(schema, table),
    component,
  };
}

function buildColumns(table: TableView): readonly Column[] {
  const synced = table.columns.filter((column) => column.kind === "synced");
  const others = synced.filter((column) => !isIdentityColumn(table, column));
  const identity = table.identity.map((word) => required(table.columnByName.get(word.text), `the column "${word.text}"`));
  return [
    ...identity.map((column) => buildSynced(column, null)),
    ...others.map((column, bit) => buildSynced(column, bit)),
    ...table.columns.filter((column) => column.kind === "local").map(buildLocal),
  ];
}

function buildSynced(column: ColumnView, bit: number | null): Column {
  if (column.type === null) throw new Error(`buildModel: the column "${column.name}" has no type and validation did not say so`);
  return {
    kind: "synced",
    name: column.name,
    ...formerly(column.renamedFrom),
    type: column.type,
    nullable: column.isNullable,
    default: column.default,
    bit,
  };
}

const formerly = (word: { readonly text: string } | undefined): { readonly renamedFrom?: string } =>
  word === undefined ? {} : { renamedFrom: word.text };

const buildLocal = (column: ColumnView): Column => ({
  kind: "local",
  name: column.name,
  ...formerly(column.renamedFrom),
  type: column.type,
  nullable: column.isNullable,
  default: column.default,
  onInsert: column.onInsert,
});

function buildReference(schema: SchemaView, reference: ReferenceSyntax): Reference {
  const table = required(reference.table, `the table of the reference "${reference.name.text}"`).text;
  // The key of a table that stays on its device is not declared; `id` is what it is called nearly everywhere.
  const key = textsOf(schema.tableByName.get(table)?.key ?? [{ text: "id", at: reference.name.at }]);
  return {
    columns: textsOf(reference.columns),
    table,
    to: reference.to === undefined ? key : textsOf(reference.to),
    onDelete: reference.onDelete?.value ?? "no action",
    synced: reference.synced?.value ?? true,
  };
}

function buildBlob(schema: SchemaView, table: TableView): Blob | null {
  const { blob } = table.syntax;
  if (blob === undefined) return null;
  const through = blob.enabledBy?.through;
  const flag = blob.enabledBy?.flag === undefined ? undefined : splitFlag(schema, blob.enabledBy.flag);
  return {
    hash: required(blob.hash, "the blob's hash").text,
    size: required(blob.size, "the blob's size").text,
    cloudOnly: blob.cloudOnly?.text ?? null,
    enabledBy: through === undefined || flag === undefined ? null : { through: through.text, flagTable: flag.table, flag: flag.column },
  };
}
