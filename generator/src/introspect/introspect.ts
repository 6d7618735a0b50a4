/** `introspect` as a function: an open database in, the text of a schema out. */
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Staged } from "@synckit-gen/schemas/diagnostics";
import { closest } from "../closest.ts";
import { readModel } from "../generate.ts";
import { isSameName } from "../sqlite/database.ts";
import type { Database } from "../sqlite/database.ts";
import { readShape } from "../sqlite/read-shape.ts";
import type { DatabaseShape } from "../sqlite/read-shape.ts";
import { draftSchema } from "./draft-schema.ts";
import { readEvidence, SAMPLED_ROWS } from "./read-evidence.ts";
import { schemaYaml } from "./schema-yaml.ts";

export interface IntrospectOptions {
  readonly app: string;
  /** The file's name, for the first line. */
  readonly origin: string;
  /** As messages should show the database. */
  readonly shown: string;
  readonly tables: readonly string[] | null;
}

export interface Introspected {
  readonly text: string;
  readonly tables: readonly string[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

export function introspect(database: Database, options: IntrospectOptions): Staged<Introspected> {
  const shape = readShape(database);
  const unknown = (options.tables ?? []).filter((name) => !namesOf(shape).some((other) => isSameName(name, other)));
  if (unknown.length > 0) return { ok: false, diagnostics: unknown.map((table) => unknownTable(table, shape, options)) };

  const draft = draftSchema(shape, (table) => readEvidence(database, table), options);
  if (draft.tables.length === 0) {
    const [first] = draft.leftOut;
    const reason =
      first === undefined
        ? "it has no tables"
        : `"${first.name}" is left out (${first.reason})${draft.leftOut.length > 1 ? ", and so are the others" : ""}`;
    return { ok: false, diagnostics: [report("database/nothing-to-sync", wholeFile(options.shown), { path: options.shown, reason })] };
  }
  const text = schemaYaml(
    draft,
    `Drafted by synckit-gen introspect from ${options.origin}; types are judged by declarations and the first ${SAMPLED_ROWS} rows.`,
  );
  const model = readModel({ file: "synckit.yaml", text });
  if (!model.ok) {
    const what = model.diagnostics.map(({ code, at, message }) => `${code} in line ${at.line}: ${message}`);
    throw new Error(`introspect: the draft is not a valid schema: ${what.join("; ")}`);
  }
  return { ok: true, value: { text, tables: draft.tables.map(({ name }) => name), leftOut: draft.leftOut }, diagnostics: [] };
}

const namesOf = (shape: DatabaseShape): readonly string[] => [...shape.tables.map(({ name }) => name), ...shape.views];

function unknownTable(table: string, shape: DatabaseShape, { shown }: IntrospectOptions) {
  return report("database/unknown-table", wholeFile(shown), { table }, { suggestion: closest(table, namesOf(shape)) });
}
