/** YAML text to schema syntax. Whatever can be read is read, so that one run reports every mistake. */
import type { Diagnostic, SourceSpan } from "@synckit-gen/schemas/diagnostics";
import { schemaFields, tableFields } from "./language.ts";
import type { Node } from "./node.ts";
import type { Findings, Named, Shape } from "./shape.ts";
import type { SchemaSyntax, TableSyntax } from "./syntax.ts";
import type { YamlMemory } from "./yaml-memory.ts";
import { readYaml } from "./yaml-reader.ts";
import type { SourceText } from "./yaml-reader.ts";

type ReadBy<S> = S extends Shape<infer T> ? T : never;
type SchemaFields = ReadBy<typeof schemaFields>;
type TableFields = ReadBy<typeof tableFields>;

export interface ParsedSchema {
  /** Null where the text is not YAML, or not a map. */
  readonly syntax: SchemaSyntax | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** With a memory, tables that have not changed are the same objects as before, unless their lines have moved. */
export function parseSchema(source: SourceText, memory?: YamlMemory): ParsedSchema {
  const { root, diagnostics } = memory === undefined ? readYaml(source) : memory.read(source);
  if (root === null) return { syntax: null, diagnostics };

  const findings: Findings = [...diagnostics];
  const read = schemaFields.read(emptyAsMap(root), findings);
  if (read === undefined) return { syntax: null, diagnostics: findings };
  return { syntax: schemaSyntax(read, source.file, tablesKey(root)), diagnostics: findings };
}

/** An empty file lacks every required key, which says more than "a map was expected". */
const emptyAsMap = (root: Node): Node =>
  root.kind === "scalar" && root.value === null ? { kind: "map", entries: [], at: root.at, owner: root.owner, label: root.label } : root;

const tablesKey = (root: Node): SourceSpan | undefined =>
  root.kind === "map" ? root.entries.find(({ key }) => key.text === "tables")?.key.at : undefined;

function schemaSyntax({ values, at }: SchemaFields, file: string, tablesAt: SourceSpan | undefined): SchemaSyntax {
  return {
    file,
    at,
    app: values.app,
    conflicts: values.conflicts,
    compat: values.compat,
    create: values.create,
    retainDays: values.changelog?.values.retain_days,
    maxEntries: values.changelog?.values.max_entries,
    capture: values.changelog?.values.capture,
    maxAwayDays: values.changelog?.values.max_away_days,
    breakingIgnores: values.breaking?.values.ignore ?? [],
    tables: (values.tables ?? []).map(tableSyntax),
    tablesAt: values.tables === undefined ? undefined : tablesAt,
  };
}

const syntaxByFields = new WeakMap<TableFields, TableSyntax>();

/** A table whose fields are the same object is the same table: its name stands beside them. */
function tableSyntax(table: Named<TableFields>): TableSyntax {
  const known = table.value && syntaxByFields.get(table.value);
  if (known !== undefined && known.name === table.name) return known;
  const syntax = toSyntax(table);
  if (table.value !== undefined) syntaxByFields.set(table.value, syntax);
  return syntax;
}

function toSyntax({ name, value }: Named<TableFields>): TableSyntax {
  const values: Partial<TableFields["values"]> = value?.values ?? {};
  const unreadable = value?.unreadable;
  return {
    name,
    renamedFrom: values.renamed_from,
    isWhole:
      unreadable !== undefined &&
      value?.hasUnknownKeys !== true &&
      !["key", "match", "columns", "local", "blob"].some((key) => unreadable.has(key)),
    key: values.key,
    keyKind: values.key_kind,
    acknowledgeIntegerKey: values.acknowledge_integer_key,
    columns: (values.columns ?? []).map((column) => ({ name: column.name, ...(column.value ?? noColumn) })),
    local: values.local ?? [],
    references: values.references ?? [],
    unique: values.unique ?? [],
    apply: values.apply,
    deletes: values.deletes,
    match: values.match,
    blob: values.blob,
    rowIds: values.row_ids,
    conflicts: values.conflicts,
  };
}

/** A column whose type cannot be read is declared all the same. */
const noColumn = { type: undefined, nullable: undefined, default: undefined, acknowledge: undefined, renamedFrom: undefined };
