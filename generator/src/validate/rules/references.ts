/** References: their two ends exist, travel, fit each other, and allow what happens when a parent goes. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { ColumnType } from "@synckit-gen/schemas/model";
import { closest } from "../../closest.ts";
import type { Word } from "../../parse/node.ts";
import type { ReferenceSyntax } from "../../parse/syntax.ts";
import type { Rule } from "../rule.ts";
import { isSameSet, textsOf } from "../schema-view.ts";
import type { SchemaView, TableView } from "../schema-view.ts";

/** A reference whose parent is declared, with the columns that it points to. */
interface Edge {
  readonly table: TableView;
  readonly reference: ReferenceSyntax;
  readonly parent: TableView;
  readonly to: readonly Word[];
  /** Where the parent is named. */
  readonly word: Word;
}

const known = new WeakMap<SchemaView, readonly Edge[]>();

/** Several rules ask. */
function edges(schema: SchemaView): readonly Edge[] {
  let found = known.get(schema);
  if (found === undefined) known.set(schema, (found = [...findEdges(schema)]));
  return found;
}

function* findEdges(schema: SchemaView): Iterable<Edge> {
  for (const table of schema.tables) {
    for (const reference of table.syntax.references) {
      const parent = reference.table === undefined ? undefined : schema.tableByName.get(reference.table.text);
      if (parent === undefined || reference.table === undefined || reference.synced?.value === false) continue;
      yield { table, reference, parent, to: reference.to ?? parent.key, word: reference.table };
    }
  }
}

export const parentsExist: Rule = function* (schema) {
  const names = [...schema.tableByName.keys()];
  for (const table of schema.tables) {
    for (const { table: parent, synced } of table.syntax.references) {
      if (parent === undefined) continue;
      const params = { table: table.name, parent: parent.text };
      if (synced?.value !== false) {
        if (!schema.tableByName.has(parent.text))
          yield report("reference/unknown-parent", parent.at, params, { suggestion: closest(parent.text, names) });
        continue;
      }
      const declared = schema.tables.find((other) => other.name.toLowerCase() === parent.text.toLowerCase());
      if (declared === undefined) continue;
      const related = [{ at: declared.syntax.name.at, message: "declared here" }];
      yield report("reference/parent-is-synced", synced.at, params, { related });
    }
  }
};

export const referenceColumnsAreSynced: Rule = function* (schema) {
  for (const table of schema.tables) {
    for (const reference of table.syntax.references) {
      yield* unsyncedColumns(table, reference.columns, `The reference "${reference.name.text}"`);
    }
  }
  for (const { reference, parent } of edges(schema)) {
    yield* unsyncedColumns(parent, reference.to ?? [], `The reference "${reference.name.text}"`);
  }
};

/** Columns that are missing or local where they must be known on every device. */
export function* unsyncedColumns(table: TableView, words: readonly Word[], where: string): Iterable<Diagnostic> {
  for (const word of words) {
    const column = table.columnByName.get(word.text);
    const params = { table: table.name, column: word.text, where };
    if (column === undefined) {
      if (table.syntax.isWhole)
        yield report("column/unknown", word.at, params, { suggestion: closest(word.text, table.columnByName.keys()) });
    } else if (column.kind === "local") {
      const isDeclared = table.syntax.local.some((local) => local.name.text === word.text);
      yield report("column/not-synced", word.at, params, isDeclared ? { related: [{ at: column.at, message: "local here" }] } : {});
    }
  }
}

export const targetsAreUnique: Rule = function* (schema) {
  for (const { table, reference, parent, to, word } of edges(schema)) {
    const at = reference.to?.[0]?.at ?? word.at;
    if (parent.isMatched && isSameSet(to, parent.key)) {
      const match = parent.syntax.match?.[0];
      const params = { table: table.name, parent: parent.name, identity: textsOf(parent.identity) };
      yield report("reference/parent-id-differs", at, params, {
        related: match === undefined ? [] : [{ at: match.at, message: "recognised by this" }],
      });
      continue;
    }
    if (!parent.syntax.isWhole || to.length !== reference.columns.length || to.some((column) => !parent.columnByName.has(column.text)))
      continue;
    const isUnique = [parent.key, parent.identity, ...parent.syntax.unique].some((columns) => isSameSet(columns, to));
    if (!isUnique) yield report("reference/target-not-unique", at, { table: table.name, parent: parent.name, to: textsOf(to) });
  }
};

export const columnsFitTheirTargets: Rule = function* (schema) {
  for (const { table, reference, parent, to, word } of edges(schema)) {
    const { columns } = reference;
    if (columns.length !== to.length) {
      if (!parent.syntax.isWhole) continue;
      const at = reference.to?.[0]?.at ?? word.at;
      yield report("reference/column-count", at, { table: table.name, parent: parent.name, columns: textsOf(columns), to: textsOf(to) });
      continue;
    }
    for (const [index, column] of columns.entries()) {
      const from = table.columnByName.get(column.text);
      const target = parent.columnByName.get(to[index]?.text ?? "");
      if (from?.type == null || target?.type == null || storageOf(from.type) === storageOf(target.type)) continue;
      const params = { table: table.name, column: from.name, type: from.type, parent: parent.name, to: target.name, toType: target.type };
      yield report("reference/type-mismatch", column.at, params, { related: [{ at: target.at, message: `${target.type} here` }] });
    }
  }
};

/** What SQLite compares: a uuid and a text may be equal, a text and an integer are not. */
function storageOf(type: ColumnType): "integer" | "real" | "blob" | "text" {
  if (type === "integer" || type === "bigint" || type === "boolean") return "integer";
  return type === "real" || type === "blob" ? type : "text";
}

export const setNullIsPossible: Rule = function* (schema) {
  for (const table of schema.tables) {
    for (const { columns, table: parent, onDelete } of table.syntax.references) {
      if (onDelete?.value !== "set null" || parent === undefined) continue;
      for (const column of requiredColumns(table, columns)) {
        const related = [{ at: column.at, message: "NOT NULL here" }];
        yield report(
          "reference/set-null-not-null",
          onDelete.at,
          { table: table.name, column: column.name, parent: parent.text },
          { related },
        );
      }
    }
  }
};

export const unsyncedParentsMayBeMissing: Rule = function* (schema) {
  for (const table of schema.tables) {
    for (const { columns, table: parent, onDelete, synced } of table.syntax.references) {
      if (synced?.value !== false || parent === undefined || onDelete?.value === "set null" || schema.tableByName.has(parent.text))
        continue;
      for (const column of requiredColumns(table, columns)) {
        yield report("reference/unsynced-not-null", synced.at, { table: table.name, column: column.name, parent: parent.text });
      }
    }
  }
};

const requiredColumns = (table: TableView, words: readonly Word[]) =>
  words.flatMap((word) => {
    const column = table.columnByName.get(word.text);
    return column !== undefined && column.kind === "synced" && column.type !== null && !column.isNullable ? [column] : [];
  });

export const parentsAreInserted: Rule = function* (schema) {
  for (const { table, parent, word } of edges(schema)) {
    const apply = parent.syntax.apply;
    if (apply?.value !== "update" || parent === table || table.syntax.apply?.value === "update") continue;
    yield report(
      "reference/parent-update-only",
      word.at,
      { table: table.name, parent: parent.name },
      { related: [{ at: apply.at, message: "never inserted" }] },
    );
  }
};
