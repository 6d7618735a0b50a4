/** A database's schema in a form in which what means the same is the same: order of columns, quotes and hashes aside. */
import type { SyncModel } from "@synckit-gen/schemas/model";
import { quoteText } from "../../sqlite/database.ts";
import type { Database, Row } from "../../sqlite/database.ts";

/** Lines of text; each says one thing. */
export function readShape(database: Database, model: SyncModel): readonly string[] {
  const tables = [...model.tables.map(({ name }) => name), ...namesOf(database, "type = 'table' AND name LIKE 'sync\\_%' ESCAPE '\\'")];
  const strangers = namesOf(database, "type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").filter(
    (name) => !tables.includes(name),
  );
  return [
    ...strangers.map((name) => `table ${name}: is not in the model`),
    ...tables.flatMap((table) => tableLines(database, table)),
    ...database
      .rows("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
      .map((row) => `trigger ${String(row["name"])} on ${String(row["tbl_name"])}: ${normal(String(row["sql"]))}`),
  ].toSorted();
}

const namesOf = (database: Database, where: string): readonly string[] =>
  database.rows(`SELECT name FROM sqlite_master WHERE ${where}`).map((row) => String(row["name"]));

const normal = (sql: string): string => sql.replace(/\/\* synckit-gen [^*]* \*\//u, "").replaceAll(/\s+/gu, " ");

function tableLines(database: Database, table: string): readonly string[] {
  const name = quoteText(table);
  const columns = database
    .rows(`SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(${name})`)
    .map((row) => `column ${table}.${String(row["name"])}: ${text(row, "type", "notnull", "dflt_value", "pk", "hidden")}`);
  const keys = groupBy(database.rows(`SELECT * FROM pragma_foreign_key_list(${name}) ORDER BY id, seq`), "id").map(
    (rows) => `reference of ${table}: ${rows.map((row) => text(row, "from", "table", "to", "on_update", "on_delete", "match")).join("; ")}`,
  );
  const indexes = database.rows(`SELECT name, "unique", origin, partial FROM pragma_index_list(${name})`).map((index) => {
    const parts = database.rows(
      `SELECT name, "desc", coll FROM pragma_index_xinfo(${quoteText(String(index["name"]))}) WHERE key = 1 ORDER BY seqno`,
    );
    const shown = String(index["name"]).startsWith("sqlite_autoindex_") ? "" : String(index["name"]);
    return `index ${shown} of ${table}: ${text(index, "unique", "origin", "partial")} ${parts.map((part) => text(part, "name", "desc", "coll")).join("; ")}`;
  });
  return [`table ${table}`, ...columns, ...keys, ...indexes];
}

const text = (row: Row, ...names: readonly string[]): string => names.map((name) => JSON.stringify(row[name])).join(" ");

function groupBy(rows: readonly Row[], name: string): readonly (readonly Row[])[] {
  const groups = new Map<unknown, Row[]>();
  for (const row of rows) groups.set(row[name], [...(groups.get(row[name]) ?? []), row]);
  return [...groups.values()];
}
