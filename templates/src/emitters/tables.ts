/** Emits the row types: whole rows for Kysely, and the synced part, in which a local column cannot be named. */
import { defineEmitter, localColumns, syncedColumns, type SyncModel, type Table } from "@synckit-gen/schemas/model";
import { identityType, rowType, valueType } from "../code/column-types.ts";
import { typeNamesByTable, type TypeNames } from "../code/names.ts";
import { tsHeader } from "../text/header.ts";
import { identityColumns } from "../text/row-id-sql.ts";
import { commentText } from "../text/sql.ts";
import { perTable } from "../text/per-table.ts";
import { memberKey, stringList } from "../text/ts.ts";

export const emitter = defineEmitter({
  name: "tables",
  summary: "Row types for Kysely, and the types of what may leave the device",
  emit: (model, context) => {
    const namesByTable = typeNamesByTable(model);
    const declarations = [...namesByTable].map(([table, names]) => tableDeclarations(table, JSON.stringify(names)));
    const header = tsHeader(context, "Rows as SQLite stores them: a boolean is 0 or 1, a bigint may need a bigint.");
    const imports = declarations.some((text) => text.includes("Generated<")) ? `import type { Generated } from "kysely";\n\n` : "";
    return [
      {
        path: "tables.ts",
        text: `${header}${imports}${declarations.join("\n")}\n${database(model, namesByTable)}`,
        ownership: "generated",
      },
    ];
  },
});

const tableDeclarations = perTable((table, key) => {
  const names = JSON.parse(key) as TypeNames;
  const synced = syncedColumns(table);
  const isIdentity = (name: string): boolean => table.identity.columns.includes(name);
  const about = commentText(table.name);
  const rowMembers = table.columns.map((column) => `  ${memberKey(column.name)}: ${rowType(column, table)};\n`);
  const syncedMembers = synced.map(
    (column) => `  readonly ${memberKey(column.name)}: ${isIdentity(column.name) ? identityType(column) : valueType(column)};\n`,
  );
  const identityMembers = identityColumns(table).map((column) => `  readonly ${memberKey(column.name)}: ${identityType(column)};\n`);
  return `/** A row of ${about}, local columns included. */
export interface ${names.row} {
${rowMembers.join("")}}

/** What may leave the device of a row of ${about}. */
export interface ${names.synced} {
${syncedMembers.join("")}}

/** What recognises a row of ${about} on every device. */
export interface ${names.identity} {
${identityMembers.join("")}}

export const ${table.code.value}SyncedColumns = ${stringList(synced.map((column) => column.name))} as const;
export const ${table.code.value}LocalColumns = ${stringList(localColumns(table).map((column) => column.name))} as const;
`;
});

function database(model: SyncModel, namesByTable: ReadonlyMap<Table, TypeNames>): string {
  const members = model.tables.map((table) => `  ${memberKey(table.name)}: ${namesByTable.get(table)?.row ?? ""};\n`);
  return `/** Every synced table, for \`Kysely<Database>\`. */\nexport interface Database {\n${members.join("")}}\n`;
}
