/**
 * The three statements of a table as TypeScript expressions. Kysely's own builder wherever its strings
 * can spell the names; it reads a dot as a separator and " as " as an alias and trims what is between,
 * so tables with such names use its sql tag instead.
 */
import { isLocal, syncedColumns, type LocalColumn, type SyncedColumn, type Table } from "@synckit-gen/schemas/model";
import { identityColumns } from "../text/row-id-sql.ts";
import { quoteName, quoteNames } from "../text/sql.ts";
import { memberAccess, memberKey, propertyKey, stringList, stringLiteral, templateText } from "../text/ts.ts";
import { valueType } from "./column-types.ts";
import type { TypeNames } from "./names.ts";

const othersOf = (table: Table): readonly SyncedColumn[] =>
  syncedColumns(table).filter((column) => !table.identity.columns.includes(column.name));

/** Local columns whose value, for a row that arrives from elsewhere, the schema names. */
type Filled = LocalColumn & { readonly onInsert: string };
const filledOf = (table: Table): readonly Filled[] =>
  table.columns.filter((column): column is Filled => isLocal(column) && column.onInsert !== null);

/** Whether Kysely's strings can spell the table's names, so that its builder writes the statements. */
export const usesBuilder = (table: Table): boolean => [table.name, ...table.columns.map((column) => column.name)].every(isSpellable);

const isSpellable = (name: string): boolean => name === name.trim() && !name.includes(".") && !name.includes(" as ");

/** Whether the table's statements need Kysely's sql tag. */
export const usesSqlTag = (table: Table): boolean => !usesBuilder(table) || (table.apply === "upsert" && filledOf(table).length > 0);

/** INSERT … ON CONFLICT (identity) DO UPDATE of synced columns. Never REPLACE: it deletes children and resets local columns. */
export function upsertStatement(table: Table, names: TypeNames): string {
  const identity = identityColumns(table);
  const others = othersOf(table);
  if (table.apply === "update")
    return usesBuilder(table) ? updateBuilder(table, names, "values", "values") : updateSql(table, "values", "values");
  if (!usesBuilder(table)) return upsertSql(table);
  const values = [
    ...syncedColumns(table).map((column) => `${propertyKey(column.name)}: ${memberAccess("values", column.name)}`),
    ...filledOf(table).map((column) => `${propertyKey(column.name)}: sql<${valueType(column)}>\`(${templateText(column.onInsert)})\``),
  ];
  const conflict = `oc.columns(${stringList(identity.map((column) => column.name))})`;
  const sets = others.map((column) => `        ${propertyKey(column.name)}: eb.ref(${stringLiteral(`excluded.${column.name}`)}),\n`);
  const action = others.length === 0 ? ".doNothing()" : `.doUpdateSet((eb) => ({\n${sets.join("")}      }))`;
  return `${view(table, names)}
    .insertInto(${stringLiteral(table.name)})
    .values({
${values.map((value) => `      ${value},\n`).join("")}    })
    .onConflict((oc) =>
      ${conflict}${action},
    )`;
}

/** UPDATE of some synced columns. What the caller leaves out stays as it is; what the schema does not list cannot be named. */
export function updateStatement(table: Table, names: TypeNames): string {
  const changes = othersOf(table).length === 0 ? null : "changes";
  return usesBuilder(table) ? updateBuilder(table, names, "identity", changes) : updateSql(table, "identity", changes);
}

/** DELETE by identity. */
export function removeStatement(table: Table, names: TypeNames): string {
  if (!usesBuilder(table)) return compilable(`DELETE FROM ${templateText(quoteName(table.name))} WHERE ${whereSql(table, "identity")}`);
  return `${view(table, names)}
    .deleteFrom(${stringLiteral(table.name)})${where(table, "identity")}`;
}

const view = (table: Table, names: TypeNames): string => `builder<{ ${memberKey(table.name)}: ${names.row} }>()`;

/** With no column to change, the identity is set to itself: a statement that finds the row and changes nothing. */
function updateBuilder(table: Table, names: TypeNames, identity: string, changes: string | null): string {
  const set =
    changes === null || othersOf(table).length === 0
      ? identityColumns(table).map((column) => `${propertyKey(column.name)}: ${memberAccess(identity, column.name)}`)
      : othersOf(table).map((column) => `${propertyKey(column.name)}: ${memberAccess(changes, column.name)}`);
  return `${view(table, names)}
    .updateTable(${stringLiteral(table.name)})
    .set({
${set.map((value) => `      ${value},\n`).join("")}    })${where(table, identity)}`;
}

const where = (table: Table, from: string): string =>
  identityColumns(table)
    .map((column) => `\n    .where(${stringLiteral(column.name)}, "=", ${memberAccess(from, column.name)})`)
    .join("");

// Names that Kysely's strings cannot spell ---------------------------------------------------------

const slot = (from: string, column: SyncedColumn): string => `\${${memberAccess(from, column.name)}}`;

/** `parts` is the inside of a template literal: SQL text already escaped, with its slots. */
const compilable = (parts: string): string => `({ compile: () => sql\`${parts}\`.compile(builder<object>()) })`;

const whereSql = (table: Table, from: string): string =>
  identityColumns(table)
    .map((column) => `${templateText(quoteName(column.name))} = ${slot(from, column)}`)
    .join(" AND ");

function updateSql(table: Table, from: string, changes: string | null): string {
  const source = changes ?? from;
  const others = othersOf(table);
  if (changes === "values" || others.length === 0) {
    const set = (others.length === 0 ? identityColumns(table) : others).map(
      (column) => `${templateText(quoteName(column.name))} = ${slot(source, column)}`,
    );
    return compilable(`UPDATE ${templateText(quoteName(table.name))} SET ${set.join(", ")} WHERE ${whereSql(table, from)}`);
  }
  // Only what the caller names may be set, so the list is built when the statement is.
  const pairs = others.map((column) => `[${stringLiteral(column.name)}, ${memberAccess(source, column.name)}]`).join(", ");
  const list = `sql.join([${pairs}].flatMap(([name, value]) => (value === undefined ? [] : [sql\`\${sql.id(String(name))} = \${value}\`])))`;
  return compilable(`UPDATE ${templateText(quoteName(table.name))} SET \${${list}} WHERE ${whereSql(table, from)}`);
}

function upsertSql(table: Table): string {
  const columns = [...syncedColumns(table), ...filledOf(table)].map((column) => column.name);
  const values = [
    ...syncedColumns(table).map((column) => slot("values", column)),
    ...filledOf(table).map((column) => `(${templateText(column.onInsert)})`),
  ];
  const sets = othersOf(table).map(({ name }) => templateText(`${quoteName(name)} = excluded.${quoteName(name)}`));
  const action = sets.length === 0 ? "DO NOTHING" : `DO UPDATE SET ${sets.join(", ")}`;
  return compilable(
    `INSERT INTO ${templateText(quoteName(table.name))} (${templateText(quoteNames(columns))}) VALUES (${values.join(", ")}) ` +
      `ON CONFLICT (${templateText(quoteNames(table.identity.columns))}) ${action}`,
  );
}
