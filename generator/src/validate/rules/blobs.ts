/** Tables whose rows stand for files: the describing columns travel, the flag of the device does not. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { ColumnType } from "@synckit-gen/schemas/model";
import { closest } from "../../closest.ts";
import type { Word } from "../../parse/node.ts";
import type { Rule, TableRule } from "../rule.ts";
import type { ColumnView, SchemaView, TableView } from "../schema-view.ts";
import { unsyncedColumns } from "./references.ts";

export const blobColumnsFit: TableRule = function* (tables) {
  for (const table of tables) {
    const { blob } = table.syntax;
    if (blob === undefined) continue;
    if (blob.hash !== undefined) yield* describing(table, "hash", blob.hash, ["text", "blob"]);
    if (blob.size !== undefined) yield* describing(table, "size", blob.size, ["integer", "bigint"]);
    const column = blob.cloudOnly === undefined ? undefined : table.columnByName.get(blob.cloudOnly.text);
    if (blob.cloudOnly === undefined || column === undefined) continue;
    if (column.kind === "synced") {
      const related = [{ at: column.at, message: "on the whitelist here" }];
      yield report("blob/cloud-only-synced", blob.cloudOnly.at, { table: table.name, column: column.name }, { related });
    } else yield* typed(table, "cloud_only", blob.cloudOnly, column, ["boolean"]);
  }
};

function* describing(table: TableView, role: string, word: Word, types: readonly ColumnType[]): Iterable<Diagnostic> {
  yield* unsyncedColumns(table, [word], `\`blob.${role}\``);
  const column = table.columnByName.get(word.text);
  if (column?.kind === "synced") yield* typed(table, role, word, column, types);
}

function* typed(table: TableView, role: string, word: Word, column: ColumnView, types: readonly ColumnType[]): Iterable<Diagnostic> {
  // An implied key column is a uuid unless the key says that it is a hash; either is text.
  const type = column.type === "uuid" ? "text" : column.type;
  if (type === null || types.includes(type)) return;
  const params = { table: table.name, column: column.name, role, type, expected: types.join(" or ") };
  yield report("blob/wrong-type", word.at, params, { related: [{ at: column.at, message: `${type} here` }] });
}

export const blobFlagsConnect: Rule = function* (schema) {
  for (const table of schema.tables) {
    const enabledBy = table.syntax.blob?.enabledBy;
    if (enabledBy === undefined) continue;
    const { through, flag } = enabledBy;
    const flagged = flag === undefined ? undefined : splitFlag(schema, flag);
    if (flag !== undefined && flagged !== undefined) yield* flagFits(schema, flag, flagged);
    if (through !== undefined) yield* throughConnects(schema, table, through, flagged?.table);
  }
};

interface Flag {
  readonly table: string;
  readonly column: string;
}

/** Names may hold dots, so the split that leads to a declared table wins; otherwise the last dot. */
export function splitFlag(schema: SchemaView, flag: Word): Flag {
  const dots = [...flag.text.matchAll(/\./gu)].map((match) => match.index);
  const at = dots.find((dot) => schema.tableByName.has(flag.text.slice(0, dot))) ?? dots.at(-1);
  return at === undefined ? { table: flag.text, column: "" } : { table: flag.text.slice(0, at), column: flag.text.slice(at + 1) };
}

function* flagFits(schema: SchemaView, word: Word, flag: Flag): Iterable<Diagnostic> {
  const table = schema.tableByName.get(flag.table);
  if (flag.column === "") {
    yield report("language/wrong-type", word.at, {
      key: "flag",
      expected: "a text of the form table.column",
      found: `the text "${word.text}"`,
    });
  } else if (table === undefined) {
    const suggestion = closest(flag.table, schema.tableByName.keys());
    yield report(
      "table/unknown",
      word.at,
      { name: flag.table, where: "`flag`" },
      { suggestion: suggestion === undefined ? undefined : `${suggestion}.${flag.column}` },
    );
  } else {
    const column = table.columnByName.get(flag.column);
    if (column !== undefined) yield* typed(table, "flag", word, column, ["boolean"]);
    else if (table.syntax.isWhole) {
      const suggestion = closest(flag.column, table.columnByName.keys());
      yield report(
        "column/unknown",
        word.at,
        { table: table.name, column: flag.column, where: "`flag`" },
        { suggestion: suggestion === undefined ? undefined : `${table.name}.${suggestion}` },
      );
    }
  }
}

function* throughConnects(schema: SchemaView, table: TableView, through: Word, flagTable: string | undefined): Iterable<Diagnostic> {
  const link = schema.tableByName.get(through.text);
  if (link === undefined) {
    yield report(
      "table/unknown",
      through.at,
      { name: through.text, where: "`through`" },
      { suggestion: closest(through.text, schema.tableByName.keys()) },
    );
    return;
  }
  const isFlagKnown = flagTable !== undefined && schema.tableByName.has(flagTable);
  for (const target of isFlagKnown ? [table.name, flagTable] : [table.name]) {
    const isLinked = target === link.name || link.syntax.references.some((reference) => reference.table?.text === target);
    if (!isLinked) yield report("blob/not-connected", through.at, { through: link.name, table: target });
  }
}
