/** A rule of validation: one concern, as a function of the whole schema. */
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { SchemaView } from "./schema-view.ts";

/** Reads the schema and yields what it finds; the runner sorts by position and decides nothing else. */
export type Rule = (schema: SchemaView) => Iterable<Diagnostic>;
