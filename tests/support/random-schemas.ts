/** Schemas as plain data, which is YAML too, and edits of them: what authors do from one version to the next. */
import { COLUMN_TYPES, CONSTANT_DEFAULTS } from "./column-types.ts";
import fc from "fast-check";

export interface RandomColumn {
  readonly type: string;
  readonly nullable?: boolean;
  readonly default?: string;
  readonly renamed_from?: string;
}

export interface RandomTable {
  readonly renamed_from?: string;
  readonly key?: string | readonly string[];
  readonly key_kind?: string;
  readonly match?: string;
  readonly apply?: string;
  readonly deletes?: string;
  readonly conflicts?: string;
  readonly columns: Readonly<Record<string, RandomColumn>>;
  readonly local?: Readonly<Record<string, RandomColumn>>;
  readonly references?: Readonly<Record<string, { readonly table: string; readonly on_delete?: string }>>;
  readonly unique?: readonly (readonly string[])[];
}

export interface RandomSchema {
  readonly synckit: 1;
  readonly app: string;
  readonly create: boolean;
  readonly tables: Readonly<Record<string, RandomTable>>;
}

export const schemaText = (schema: RandomSchema): string => JSON.stringify(schema, null, 1);

const TABLES = ["projects", "tasks", 'odd "name"', "select", "émoji 😀"];
const COLUMNS = ["title", "old", 'a"b', "back\\slash", "$text", "group", "x.y", "é"];
const COMPUTED: Readonly<Record<string, string>> = { text: "'a' || 'b'", integer: "abs(-3)", bigint: "2 + 2", real: "0.5 * 3" };

const anyColumn = fc
  .record({ type: fc.constantFrom(...COLUMN_TYPES), nullable: fc.boolean(), default: fc.constantFrom("none", "constant", "computed") })
  .map(({ type, nullable, default: kind }) => columnOf(type, nullable, kind));

function columnOf(type: string, nullable: boolean, kind: string): RandomColumn {
  const value = kind === "none" ? undefined : kind === "computed" ? (COMPUTED[type] ?? CONSTANT_DEFAULTS[type]) : CONSTANT_DEFAULTS[type];
  return { type, nullable, ...(value === undefined ? {} : { default: value }) };
}

const anyTable = fc
  .record({
    columns: fc.dictionary(fc.constantFrom(...COLUMNS), anyColumn, { minKeys: 1, maxKeys: 4 }),
    local: fc.dictionary(fc.constantFrom("draft", "secret"), anyColumn, { maxKeys: 2 }),
    isUnique: fc.boolean(),
    parent: fc.option(fc.constantFrom(...TABLES), { nil: undefined }),
    onDelete: fc.constantFrom("cascade", "set null", "restrict", "no action"),
    key: fc.constantFrom("uuid", "uuid", "composite"),
  })
  .map(({ columns, local, isUnique, parent, onDelete, key }): RandomTable => {
    const locals = Object.fromEntries(Object.entries(local).map(([name, entry]) => [name, { ...entry, nullable: true }]));
    const [first = ""] = Object.keys(columns);
    const base: RandomTable = {
      columns: {
        ...columns,
        ...(key === "composite" ? { k1: { type: "text" }, k2: { type: "integer" } } : {}),
        ...(parent === undefined ? {} : { parent_id: { type: "uuid", nullable: true } }),
      },
      ...(key === "composite" ? { key: ["k1", "k2"], key_kind: "natural", acknowledge_integer_key: true } : {}),
      ...(Object.keys(locals).length === 0 ? {} : { local: locals }),
      ...(isUnique ? { unique: [[first]] } : {}),
    };
    return parent === undefined ? base : { ...base, references: { parent_id: { table: parent, on_delete: onDelete } } };
  });

export const schemaArbitrary: fc.Arbitrary<RandomSchema> = fc
  .record({
    create: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    tables: fc.dictionary(fc.constantFrom(...TABLES), anyTable, { minKeys: 1, maxKeys: 4 }),
  })
  .map(({ create, tables }) => settled({ synckit: 1, app: "random", create, tables }));

/** References only go to tables that exist and have a key of one column. */
function settled(schema: RandomSchema): RandomSchema {
  const canBeParent = (name: string): boolean => schema.tables[name] !== undefined && schema.tables[name].key === undefined;
  const tables = Object.entries(schema.tables).map(([name, entry]) => {
    const kept = Object.entries(entry.references ?? {}).filter(
      ([column, { table: parent }]) => canBeParent(parent) && entry.columns[column] !== undefined,
    );
    const unique = (entry.unique ?? []).filter((list) => list.every((column) => entry.columns[column] !== undefined));
    const { references: _references, unique: _unique, ...rest } = entry;
    return [
      name,
      { ...rest, ...(kept.length === 0 ? {} : { references: Object.fromEntries(kept) }), ...(unique.length === 0 ? {} : { unique }) },
    ] as const;
  });
  return { ...schema, tables: Object.fromEntries(tables) };
}

/** One edit, chosen by a number: what to do, where, and with what. */
export function editSchema(schema: RandomSchema, choice: number): RandomSchema {
  let rest = choice;
  const below = (count: number): number => {
    const found = rest % Math.max(1, count);
    rest = Math.floor(rest / Math.max(1, count));
    return found;
  };
  const pick = <T>(from: readonly T[]): T | undefined => from[below(from.length)];
  const kind = pick(EDITS) ?? "add-column";
  const name = pick(Object.keys(schema.tables)) ?? "";
  const entry = schema.tables[name];
  if (entry === undefined) return schema;
  const withTable = (changed: RandomTable): RandomSchema => settled({ ...schema, tables: { ...schema.tables, [name]: changed } });
  const free = Object.keys(entry.columns).filter((column) => !["k1", "k2", "parent_id"].includes(column));
  const columnName = pick(free);
  const type = pick(COLUMN_TYPES) ?? "text";
  const given = columnName === undefined ? undefined : entry.columns[columnName];
  switch (kind) {
    case "add-table": {
      const added = TABLES.find((candidate) => schema.tables[candidate] === undefined);
      return added === undefined
        ? schema
        : settled({ ...schema, tables: { ...schema.tables, [added]: { columns: { title: columnOf(type, true, "none") } } } });
    }
    case "remove-table":
      return Object.keys(schema.tables).length === 1 ? schema : settled({ ...schema, tables: without(schema.tables, name) });
    case "rename-table": {
      const to = TABLES.find((candidate) => schema.tables[candidate] === undefined);
      if (to === undefined || entry.renamed_from !== undefined) return schema;
      const tables = Object.entries(schema.tables).map(([other, table]): readonly [string, RandomTable] => [
        other === name ? to : other,
        other === name ? { ...followParent(table, name, to), renamed_from: name } : followParent(table, name, to),
      ]);
      return settled({ ...schema, tables: Object.fromEntries(tables) });
    }
    case "add-column": {
      const added = COLUMNS.find((candidate) => entry.columns[candidate] === undefined);
      const value = columnOf(type, below(2) === 0, below(2) === 0 ? "constant" : "computed");
      return added === undefined ? schema : withTable({ ...entry, columns: { ...entry.columns, [added]: value } });
    }
    case "remove-column":
      return columnName === undefined || free.length === 1 ? schema : withTable({ ...entry, columns: without(entry.columns, columnName) });
    case "rename-column": {
      const to = COLUMNS.find((candidate) => entry.columns[candidate] === undefined);
      if (to === undefined || columnName === undefined || given === undefined || given.renamed_from !== undefined) return schema;
      const columns = Object.entries(entry.columns).map(([other, value]): readonly [string, RandomColumn] =>
        other === columnName ? [to, { ...value, renamed_from: columnName }] : [other, value],
      );
      const unique = (entry.unique ?? []).map((list) => list.map((column) => (column === columnName ? to : column)));
      return withTable({ ...entry, columns: Object.fromEntries(columns), unique });
    }
    case "shift-columns": {
      // Only names that have never synced are free for others.
      const [[first, a] = [], [second, b] = []] = Object.entries(entry.local ?? {});
      if (first === undefined || a === undefined || second === undefined || b === undefined) return schema;
      if (a.renamed_from !== undefined || b.renamed_from !== undefined) return schema;
      const others = without(entry.local ?? {}, first);
      return withTable({
        ...entry,
        local: { ...others, [second]: { ...a, renamed_from: first }, shifted: { ...b, renamed_from: second } },
      });
    }
    case "retype":
      return columnName === undefined || given === undefined
        ? schema
        : withTable({ ...entry, columns: { ...entry.columns, [columnName]: { ...given, ...retyped(given, type) } } });
    case "nullable":
      return columnName === undefined || given === undefined
        ? schema
        : withTable({ ...entry, columns: { ...entry.columns, [columnName]: { ...given, nullable: given.nullable !== true } } });
    case "unique":
      return columnName === undefined ? schema : withTable({ ...entry, unique: entry.unique === undefined ? [[columnName]] : [] });
    case "reference": {
      const parent = pick(Object.keys(schema.tables));
      if (entry.references !== undefined || parent === undefined) return withTable(withoutReferences(entry));
      const columns = { ...entry.columns, parent_id: { type: "uuid", nullable: true } };
      return withTable({ ...entry, columns, references: { parent_id: { table: parent, on_delete: "cascade" } } });
    }
    case "sync-local": {
      const [local, value] = Object.entries(entry.local ?? {})[0] ?? [];
      if (local === undefined || value === undefined) return schema;
      return withTable({ ...entry, local: without(entry.local ?? {}, local), columns: { ...entry.columns, [local]: value } });
    }
    case "make-local": {
      if (columnName === undefined || given === undefined || free.length === 1) return schema;
      return withTable({
        ...entry,
        columns: without(entry.columns, columnName),
        local: { ...entry.local, [columnName]: { ...given, nullable: true } },
      });
    }
    case "modes":
      return withTable({
        ...entry,
        deletes: entry.deletes === "ignore" ? "apply" : "ignore",
        conflicts: entry.conflicts === "row" ? "column" : "row",
      });
    case "match": {
      const text = Object.keys(entry.columns).find((candidate) => candidate === "m");
      const columns = { ...entry.columns, m: { type: "text", default: "'m'" } };
      return text === undefined && entry.key === undefined ? withTable({ ...entry, columns, match: "m" }) : schema;
    }
  }
}

const EDITS = [
  "add-table",
  "remove-table",
  "rename-table",
  "add-column",
  "remove-column",
  "rename-column",
  "shift-columns",
  "retype",
  "nullable",
  "unique",
  "reference",
  "sync-local",
  "make-local",
  "modes",
  "match",
] as const;

const retyped = (given: RandomColumn, type: string): RandomColumn =>
  columnOf(type, given.nullable === true, given.default === undefined ? "none" : "constant");

function followParent(table: RandomTable, from: string, to: string): RandomTable {
  const references = Object.entries(table.references ?? {}).map(([column, reference]): readonly [string, { readonly table: string }] => [
    column,
    reference.table === from ? { ...reference, table: to } : reference,
  ]);
  return references.length === 0 ? table : { ...table, references: Object.fromEntries(references) };
}

function withoutReferences({ references: _references, ...table }: RandomTable): RandomTable {
  return table;
}

const without = <T>(members: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(members).filter(([member]) => member !== name));
