/** What doctor looks at: an open database beside the schema that it is meant to follow. */
import { wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { SourceSpan } from "@synckit-gen/schemas/diagnostics";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { parseSchema } from "../parse/parse-schema.ts";
import type { SourceText } from "../parse/yaml-reader.ts";
import type { Database } from "../sqlite/database.ts";
import type { DatabaseShape } from "../sqlite/read-shape.ts";
import { viewSchema } from "../validate/schema-view.ts";

export interface Subject {
  readonly database: Database;
  readonly shape: DatabaseShape;
  /** What the migrations make of an empty database: sync tables, and the first values of `sync_state`. */
  readonly wanted: SyncObjects;
  readonly model: SyncModel;
  readonly modelHash: string;
  readonly places: Places;
}

export interface SyncObjects {
  readonly shape: DatabaseShape;
  /** Statements that make each table, by table name. */
  readonly statements: ReadonlyMap<string, string>;
  readonly seeds: ReadonlyMap<string, string>;
  /** The statement that writes the seeds. */
  readonly seedStatement: string;
}

/** Where the schema speaks of what is found. */
export interface Places {
  /** The database as a whole. */
  readonly database: SourceSpan;
  readonly table: (table: string) => SourceSpan;
  readonly column: (table: string, column: string) => SourceSpan;
  readonly reference: (table: string, columns: readonly string[]) => SourceSpan;
}

/** `shown` is the database as messages spell it. */
export function placesIn(source: SourceText, shown: string): Places {
  const { syntax } = parseSchema(source);
  if (syntax === null) throw new Error("placesIn: the schema does not parse, and nobody said so");
  const { tableByName } = viewSchema(syntax);
  const table = (name: string): SourceSpan => tableByName.get(name)?.syntax.name.at ?? wholeFile(source.file);
  return {
    database: wholeFile(shown),
    table,
    column: (name, column) => tableByName.get(name)?.columnByName.get(column)?.at ?? table(name),
    reference: (name, columns) => {
      const references = tableByName.get(name)?.syntax.references ?? [];
      return (
        references.find((reference) => reference.columns.map(({ text }) => text).join("\u0000") === columns.join("\u0000"))?.name.at ??
        table(name)
      );
    },
  };
}
