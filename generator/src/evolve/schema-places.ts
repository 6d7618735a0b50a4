/** Where the tables and columns of a schema stand in its text, for findings about a model. */
import { wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { SourceSpan } from "@synckit-gen/schemas/diagnostics";
import type { SchemaSyntax } from "../parse/syntax.ts";

/** The place of a column, or of what is nearest to it where it is not declared or no longer there. */
export type PlaceOf = (table: string | null, column: string | null) => SourceSpan;

export function placesIn(syntax: SchemaSyntax): PlaceOf {
  const tables = new Map(syntax.tables.map((table) => [table.name.text, table]));
  const otherwise = syntax.tablesAt ?? wholeFile(syntax.file);
  return (tableName, columnName) => {
    const table = tableName === null ? undefined : tables.get(tableName);
    if (table === undefined) return otherwise;
    const words = [...table.columns, ...table.local].map(({ name }) => name);
    return [...words, ...(table.key ?? []), ...(table.match ?? [])].find(({ text }) => text === columnName)?.at ?? table.name.at;
  };
}
