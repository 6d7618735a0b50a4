/**
 * Emits what each table's statements are made of, the typed functions that make them, and the spec that the runtime
 * reads. Data only: the runtime builds the SQL, since a chain of Kysely calls per table takes the type-checker long.
 */
import { defineEmitter, localColumns, syncedColumns, type EmitContext, type SyncModel, type Table } from "@synckit-gen/schemas/model";
import { typeNamesByTable, type TypeNames } from "../code/names.ts";
import { tsHeader } from "../text/header.ts";
import { commentText, quoteName } from "../text/sql.ts";
import { perTable } from "../text/per-table.ts";
import { propertyKey, stringList, stringLiteral, templateLiteral, templateText } from "../text/ts.ts";
import { identityColumns, namedRowIdSql } from "../text/row-id-sql.ts";
import { payloadList, payloadOf } from "../text/value-sql.ts";

export const emitter = defineEmitter({
  name: "apply",
  summary: "Typed upserts, updates and deletes per table, and the spec for the runtime",
  emit: (model, context) => {
    const namesByTable = typeNamesByTable(model);
    const entries = [...namesByTable];
    const text = `${tsHeader(context, "Applying remote changes: each table's statements, which Kysely compiles, and what the runtime knows of it.")}${imports(entries, context)}
${entries.map(([table, { synced, identity }]) => functions(table, `${synced}, ${identity}`)).join("\n")}
/** The statements above, for an application that runs them with its own driver. */
export const applyFunctions = {${entries.length === 0 ? "" : "\n"}${entries.flatMap(([{ code }]) => ["upsert", "update", "delete"].map((verb) => `  ${verb}${code.type},\n`)).join("")}};

${specText(model, context)}`;
    return [{ path: "apply.ts", text, ownership: "generated" }];
  },
});

function imports(entries: readonly (readonly [Table, TypeNames])[], context: EmitContext): string {
  if (entries.length === 0) return `import type { AppSpec } from "@synckit-gen/runtime/generated-v1";\n`;
  const types = entries.flatMap(([, names]) => [names.synced, names.identity]).toSorted();
  const noChanges = entries.some(([table]) => !hasChanges(table)) ? "type NoChanges, " : "";
  return `import { type AppSpec, ${noChanges}tableStatements } from "@synckit-gen/runtime/generated-v1";
import type {
${types.map((name) => `  ${name},\n`).join("")}} from "./tables${context.importSuffix}";
`;
}

/** Without a column outside the identity there is nothing to name in an update. */
const hasChanges = (table: Table): boolean => syncedColumns(table).some((column) => !table.identity.columns.includes(column.name));

/** `types` are the arguments of `tableStatements`. */
const functions = perTable((table, types) => {
  const about = commentText(table.name);
  const { type } = table.code;
  const statements = statementsName(table);
  const noChanges = hasChanges(table) ? "" : ", NoChanges";
  const upsertAbout =
    table.apply === "update"
      ? `Changes the row of ${about} with this identity. Never inserts one.`
      : `Inserts a row of ${about}, or updates its synced columns where it exists. Local columns keep their values.`;
  return `const ${statements} = tableStatements<${types}${noChanges}>({
${statementParts(table)
  .map((part) => `  ${part},\n`)
  .join("")}});
/** ${upsertAbout} */
export const upsert${type} = ${statements}.upsert;
/** Changes some synced columns of the row of ${about} with this identity. */
export const update${type} = ${statements}.update;
/** Deletes the row of ${about} with this identity. */
export const delete${type} = ${statements}.remove;
`;
});

/** The table's name comes last, as in the functions' names: in front, a table called "table" would declare `tableStatements`. */
const statementsName = (table: Table): string => `statementsOf${table.code.type}`;

function statementParts(table: Table): readonly string[] {
  const fills = localColumns(table).flatMap(({ name, onInsert }) =>
    onInsert === null ? [] : [`${propertyKey(name)}: ${stringLiteral(onInsert)}`],
  );
  const parts = [
    `table: ${stringLiteral(table.name)}`,
    `identity: ${stringList(table.identity.columns)}`,
    `columns: ${stringList(syncedColumns(table).map(({ name }) => name))}`,
  ];
  if (table.apply === "update") return [...parts, `apply: "update"`];
  return fills.length === 0 ? parts : [...parts, `fill: { ${fills.join(", ")} }`];
}

/** Most of a payload's text is the same in every table, so the file holds it once. NUL marks the place of the list. */
const PAYLOAD = `/** A row's synced columns as one JSON object, from a list of their names, types and values. */
const payloadOf = (list: string): string => \`${payloadOf("\0").split("\0").map(templateText).join("${list}")}\`;

`;

function specText(model: SyncModel, context: EmitContext): string {
  const { retainDays, maxEntries, maxAwayDays } = model.changelog;
  return `${model.tables.length === 0 ? "" : PAYLOAD}/** What the runtime knows of this application. */
export const spec: AppSpec = {
  contract: 1,
  app: ${stringLiteral(model.app)},
  modelHash: ${stringLiteral(context.modelHash)},
  compat: ${stringLiteral(model.compat)},
  changelog: { retainDays: ${retainDays}, maxEntries: ${maxEntries}, maxAwayDays: ${maxAwayDays} },
  tables: [
${model.tables.map((table) => tableSpec(table)).join("")}  ],
};
`;
}

const earlier = (names: readonly string[] | undefined): string => (names === undefined ? "" : `, earlierNames: ${stringList(names)}`);

const tableSpec = perTable((table) => {
  const synced = syncedColumns(table);
  const columns = synced.map(
    ({ name, type, nullable, bit, earlierNames }) =>
      `        { name: ${stringLiteral(name)}, type: ${stringLiteral(type)}, nullable: ${nullable}, bit: ${bit}${earlier(earlierNames)} },\n`,
  );
  const references = table.references.map(
    (reference) =>
      `        { columns: ${stringList(reference.columns)}, table: ${stringLiteral(reference.table)}, to: ${stringList(reference.to)}, ` +
      `onDelete: ${stringLiteral(reference.onDelete)}, synced: ${reference.synced} },\n`,
  );
  const members = [
    `name: ${stringLiteral(table.name)}`,
    ...(table.earlierNames === undefined ? [] : [`earlierNames: ${stringList(table.earlierNames)}`]),
    ...(table.epoch === undefined ? [] : [`epoch: ${table.epoch}`]),
    `identity: ${stringList(table.identity.columns)}`,
    `rowIds: ${stringLiteral(table.rowIds)}`,
    `conflicts: ${stringLiteral(table.conflicts)}`,
    `apply: ${stringLiteral(table.apply)}`,
    `deletes: ${stringLiteral(table.deletes)}`,
    `capture: ${stringLiteral(table.capture)}`,
    `columns: [\n${columns.join("")}      ]`,
    `references: [${references.length === 0 ? "" : `\n${references.join("")}      `}]`,
    `unique: [${table.unique.map(stringList).join(", ")}]`,
    ...(table.blob === null ? [] : [`blob: ${blobSpec(table.blob)}`]),
    `sql: {
        rowId: ${templateLiteral(namedRowIdSql(identityColumns(table)))},
        payload: payloadOf(${templateLiteral(payloadList(synced, quoteName))}),
      }`,
    `statements: ${statementsName(table)}`,
  ];
  return `    {\n${members.map((member) => `      ${member},\n`).join("")}    },\n`;
});

function blobSpec({ hash, size, cloudOnly, enabledBy }: NonNullable<Table["blob"]>): string {
  const flag =
    enabledBy &&
    `{ through: ${stringLiteral(enabledBy.through)}, flagTable: ${stringLiteral(enabledBy.flagTable)}, flag: ${stringLiteral(enabledBy.flag)} }`;
  return `{ hash: ${stringLiteral(hash)}, size: ${stringLiteral(size)}, cloudOnly: ${cloudOnly && stringLiteral(cloudOnly)}, enabledBy: ${flag} }`;
}
