/** A rule of validation: one concern, as a function of the whole schema. */
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { SchemaView, TableView } from "./schema-view.ts";

/** Reads the schema and yields what it finds; the runner sorts by position and decides nothing else. */
export type Rule = (schema: SchemaView) => Iterable<Diagnostic>;

/** Looks at one table after the other and at nothing else, so that a table that stays as it is need not be looked at again. */
export type TableRule = (tables: Iterable<TableView>) => Iterable<Diagnostic>;
