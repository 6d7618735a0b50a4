/**
 * Emits the typed statements of each table and the spec that the runtime reads. Statements see one
 * table at a time: a Kysely over all of them takes the type-checker superlinear time.
 */
import { defineEmitter, syncedColumns, type EmitContext, type SyncModel, type Table } from "@synckit-gen/schemas/model";
import { typeNamesByTable, type TypeNames } from "../code/names.ts";
import { removeStatement, updateStatement, upsertStatement, usesBuilder, usesSqlTag } from "../code/statements.ts";
import { tsHeader } from "../text/header.ts";
import { commentText, quoteName } from "../text/sql.ts";
import { stringList, stringLiteral, templateLiteral } from "../text/ts.ts";
import { identityColumns, rowIdSql } from "../text/row-id-sql.ts";
import { payloadSql } from "../text/value-sql.ts";

export const emitter = defineEmitter({
  name: "apply",
  summary: "Typed upserts, updates and deletes per table, and the spec for the runtime",
  emit: (model, context) => {
    const namesByTable = typeNamesByTable(model);
    const entries = [...namesByTable];
    const text = `${tsHeader(context, "Applying remote changes: statements that Kysely compiles, and what the runtime knows of each table.")}${imports(model, entries, context)}
${entries.map(([table, names]) => functions(table, names)).join("\n")}
/** The statements above, for an application that runs them with its own driver. */
export const applyFunctions = {${entries.length === 0 ? "" : "\n"}${entries.flatMap(([{ code }]) => ["upsert", "update", "delete"].map((verb) => `  ${verb}${code.type},\n`)).join("")}};

${specText(model, context)}`;
    return [{ path: "apply.ts", text, ownership: "generated" }];
  },
});

/** Only what the file uses: unused imports are errors under strict flags. */
function imports(model: SyncModel, entries: readonly (readonly [Table, TypeNames])[], context: EmitContext): string {
  if (entries.length === 0) return `import type { AppSpec } from "@synckit-gen/runtime/generated-v1";\n`;
  const types = entries.flatMap(([table, names]) => [...(usesBuilder(table) ? [names.row] : []), names.synced, names.identity]).toSorted();
  const kysely = model.tables.some(usesSqlTag)
    ? `import { type Compilable, sql } from "kysely";`
    : `import type { Compilable } from "kysely";`;
  return `${kysely}
import { type AppSpec, builder } from "@synckit-gen/runtime/generated-v1";
import type {
${types.map((name) => `  ${name},\n`).join("")}} from "./tables${context.importSuffix}";
`;
}

function functions(table: Table, names: TypeNames): string {
  const about = commentText(table.name);
  const type = table.code.type;
  const upsertAbout =
    table.apply === "update"
      ? `Changes the row of ${about} with this identity. Never inserts one.`
      : `Inserts a row of ${about}, or updates its synced columns where it exists. Local columns keep their values.`;
  const hasChanges = syncedColumns(table).some((column) => !table.identity.columns.includes(column.name));
  // Without a column to change there is nothing to name in \`changes\`.
  const changes = hasChanges
    ? `changes: Partial<Omit<${names.synced}, keyof ${names.identity}>>`
    : `_changes: Readonly<Record<string, never>> = {}`;
  return `/** ${upsertAbout} */
export const upsert${type} = (values: ${names.synced}): Compilable =>
  ${upsertStatement(table, names)};

/** Changes some synced columns of the row of ${about} with this identity. */
export const update${type} = (identity: ${names.identity}, ${changes}): Compilable =>
  ${updateStatement(table, names)};

/** Deletes the row of ${about} with this identity. */
export const delete${type} = (identity: ${names.identity}): Compilable =>
  ${removeStatement(table, names)};
`;
}

function specText(model: SyncModel, context: EmitContext): string {
  const { retainDays, maxEntries } = model.changelog;
  return `/** What the runtime knows of this application. */
export const spec: AppSpec = {
  contract: 1,
  app: ${stringLiteral(model.app)},
  modelHash: ${stringLiteral(context.modelHash)},
  compat: ${stringLiteral(model.compat)},
  changelog: { retainDays: ${retainDays}, maxEntries: ${maxEntries} },
  tables: [
${model.tables.map(tableSpec).join("")}  ],
};
`;
}

function tableSpec(table: Table): string {
  const synced = syncedColumns(table);
  const columns = synced.map(
    ({ name, type, nullable, bit }) =>
      `        { name: ${stringLiteral(name)}, type: ${stringLiteral(type)}, nullable: ${nullable}, bit: ${bit} },\n`,
  );
  const references = table.references.map(
    (reference) =>
      `        { columns: ${stringList(reference.columns)}, table: ${stringLiteral(reference.table)}, to: ${stringList(reference.to)}, ` +
      `onDelete: ${stringLiteral(reference.onDelete)}, synced: ${reference.synced} },\n`,
  );
  const members = [
    `name: ${stringLiteral(table.name)}`,
    `identity: ${stringList(table.identity.columns)}`,
    `rowIds: ${stringLiteral(table.rowIds)}`,
    `conflicts: ${stringLiteral(table.conflicts)}`,
    `apply: ${stringLiteral(table.apply)}`,
    `deletes: ${stringLiteral(table.deletes)}`,
    `columns: [\n${columns.join("")}      ]`,
    `references: [${references.length === 0 ? "" : `\n${references.join("")}      `}]`,
    `unique: [${table.unique.map(stringList).join(", ")}]`,
    `sql: {
        rowId: ${templateLiteral(rowIdSql(identityColumns(table), quoteName))},
        payload: ${templateLiteral(payloadSql(synced, quoteName))},
      }`,
    `statements: { upsert: upsert${table.code.type}, update: update${table.code.type}, remove: delete${table.code.type} }`,
  ];
  return `    {\n${members.map((member) => `      ${member},\n`).join("")}    },\n`;
}
