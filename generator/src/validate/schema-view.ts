/**
 * The schema with what it implies: undeclared key columns, the identity of each table, defaults of a column.
 * Rules and the model read tables through this view, so that they cannot disagree about what a table has.
 */
import type { SourceSpan } from "@synckit-gen/schemas/diagnostics";
import type { ColumnType, Identity } from "@synckit-gen/schemas/model";
import type { Word } from "../parse/node.ts";
import type { ColumnSyntax, LocalSyntax, SchemaSyntax, TableSyntax } from "../parse/syntax.ts";

export interface SchemaView {
  readonly syntax: SchemaSyntax;
  readonly tables: readonly TableView[];
  readonly tableByName: ReadonlyMap<string, TableView>;
}

export interface TableView {
  readonly name: string;
  readonly syntax: TableSyntax;
  readonly key: readonly Word[];
  readonly identity: readonly Word[];
  readonly identityKind: Identity["kind"];
  /** True where `match` recognises rows by something other than the key. */
  readonly isMatched: boolean;
  /** Identity columns, other synced columns, local columns. */
  readonly columns: readonly ColumnView[];
  readonly columnByName: ReadonlyMap<string, ColumnView>;
}

export interface ColumnView {
  readonly name: string;
  /** The declaration, or the word that implies the column. */
  readonly at: SourceSpan;
  readonly kind: "synced" | "local";
  /** Null where the schema gives no type, or an unknown one. */
  readonly type: ColumnType | null;
  readonly isNullable: boolean;
  readonly default: string | null;
  readonly onInsert: string | null;
  readonly renamedFrom: Word | undefined;
}

export function viewSchema(syntax: SchemaSyntax): SchemaView {
  const tables = syntax.tables.map(viewOnce);
  return { syntax, tables, tableByName: new Map(tables.map((table) => [table.name, table])) };
}

/** What rules and the model call a list of columns. */
export const textsOf = (words: readonly Word[]): readonly string[] => words.map((word) => word.text);

export const isSameSet = (a: readonly Word[], b: readonly Word[]): boolean => {
  const names = new Set(textsOf(a));
  return names.size === new Set(textsOf(b)).size && b.every((word) => names.has(word.text));
};

/** Columns of the identity have no place in the changed-column mask. */
export const isIdentityColumn = (table: TableView, column: ColumnView): boolean => table.identity.some((word) => word.text === column.name);

const views = new WeakMap<TableSyntax, TableView>();

/** The same syntax has the same view, so that what is known of one need not be found out again. */
function viewOnce(syntax: TableSyntax): TableView {
  let view = views.get(syntax);
  if (view === undefined) views.set(syntax, (view = viewTable(syntax)));
  return view;
}

function viewTable(syntax: TableSyntax): TableView {
  const key = syntax.key ?? [{ text: "id", at: syntax.name.at }];
  const isMatched = syntax.match !== undefined && !isSameSet(syntax.match, key);
  const identity = isMatched && syntax.match !== undefined ? syntax.match : key;
  const keyKind = syntax.keyKind?.value ?? "uuid";
  const identityKind = isMatched ? "natural" : keyKind;

  const columns = new Map<string, ColumnView>();
  const add = (column: ColumnView): void => {
    if (!columns.has(column.name)) columns.set(column.name, column);
  };
  const synced = new Map(syntax.columns.map((column) => [column.name.text, column]));
  const local = new Map(syntax.local.map((column) => [column.name.text, column]));
  for (const word of identity) {
    const declared = synced.get(word.text);
    if (declared !== undefined) add(syncedView(declared));
    else if (!local.has(word.text)) add(impliedSynced(word, identityKind === "uuid" ? "uuid" : "text"));
  }
  for (const column of syntax.columns) add(syncedView(column));
  for (const word of key) {
    if (isMatched && !local.has(word.text))
      add({ ...impliedSynced(word, keyKind === "uuid" ? "uuid" : "text"), kind: "local", isNullable: true });
  }
  const cloudOnly = syntax.blob?.cloudOnly;
  for (const column of syntax.local) add(localView(column, column.name.text === cloudOnly?.text));
  if (cloudOnly !== undefined) {
    add({
      name: cloudOnly.text,
      at: cloudOnly.at,
      kind: "local",
      type: "boolean",
      isNullable: false,
      default: "0",
      onInsert: "1",
      renamedFrom: undefined,
    });
  }
  return { name: syntax.name.text, syntax, key, identity, identityKind, isMatched, columns: [...columns.values()], columnByName: columns };
}

const syncedView = (column: ColumnSyntax): ColumnView => ({
  name: column.name.text,
  at: column.name.at,
  kind: "synced",
  type: column.type?.type ?? null,
  isNullable: column.type?.isNullable === true || column.nullable?.value === true,
  default: column.default?.text.trim() ?? null,
  onInsert: null,
  renamedFrom: column.renamedFrom,
});

const impliedSynced = (word: Word, type: ColumnType): ColumnView => ({
  name: word.text,
  at: word.at,
  kind: "synced",
  type,
  isNullable: false,
  default: null,
  onInsert: null,
  renamedFrom: undefined,
});

/** A local column that is only named may be anything, so it counts as nullable: nothing can be said about it. */
const localView = (column: LocalSyntax, isCloudOnly: boolean): ColumnView => ({
  name: column.name.text,
  at: column.name.at,
  kind: "local",
  type: column.type?.type ?? (isCloudOnly && column.type === undefined ? "boolean" : null),
  isNullable: column.type === undefined ? column.nullable?.value !== false : column.type.isNullable || column.nullable?.value === true,
  default: column.default?.text.trim() ?? null,
  onInsert: column.onInsert?.text.trim() ?? (isCloudOnly ? "1" : null),
  renamedFrom: column.renamedFrom,
});
