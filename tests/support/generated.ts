/** A real database with what the emitters wrote for a model: application tables, sync tables, triggers. */
import { spawnSync } from "node:child_process";
import Database from "better-sqlite3";
import { migrationStatements } from "@synckit-gen/templates";
import { identityColumns, payloadSql, rowIdSql, SQL_TYPES } from "@synckit-gen/templates/emitter-kit";
import { syncedColumns, type EmitContext, type SyncModel, type Table } from "@synckit-gen/schemas/model";

export const testContext: EmitContext = { version: "0.0.0", modelHash: "0123456789abcdef", importSuffix: ".ts" };

/** Opens a database (in memory unless `path` says where) with the model's tables and migration applied. */
export function openGenerated(model: SyncModel, options: { readonly ddl?: string; readonly path?: string } = {}): Database.Database {
  return migrate(new Database(options.path ?? ":memory:"), model, options.ddl);
}

/** Which model a database was made for: what is captured by key is read from its rows. */
const models = new WeakMap<object, SyncModel>();

/** Gives an empty database of any driver the model's tables and migration. */
export function migrate<Handle extends { exec(sql: string): unknown }>(db: Handle, model: SyncModel, ddl?: string): Handle {
  db.exec("PRAGMA foreign_keys = ON");
  db.exec(ddl ?? (model.create ? unsyncedDdl(model) : ddlFor(model)));
  for (const statement of migrationStatements(model, testContext)) db.exec(statement);
  models.set(db, model);
  return db;
}

/** Plain application tables, as an author might have written them before synckit-gen came. */
export const ddlFor = (model: SyncModel): string => [unsyncedDdl(model), ...model.tables.map(tableDdl)].join("\n");

const unsyncedDdl = (model: SyncModel): string =>
  model.unsyncedParents.map((name) => `CREATE TABLE IF NOT EXISTS ${quoted(name)} ("id" TEXT PRIMARY KEY);`).join("\n");

function tableDdl(table: Table): string {
  const columns = table.columns.map(
    (column) =>
      `${quoted(column.name)} ${column.type === null ? "" : SQL_TYPES[column.type]}${column.nullable ? "" : " NOT NULL"}` +
      (column.default === null ? "" : ` DEFAULT (${column.default})`),
  );
  const isMatched = table.identity.columns.join("\0") !== table.key.join("\0");
  const unique = [...table.unique, ...(isMatched ? [table.identity.columns] : [])].map((list) => `UNIQUE (${list.map(quoted).join(", ")})`);
  const references = table.references.map(
    (reference) =>
      `FOREIGN KEY (${reference.columns.map(quoted).join(", ")}) REFERENCES ${quoted(reference.table)} (${reference.to.map(quoted).join(", ")}) ` +
      `ON DELETE ${reference.onDelete}`,
  );
  const parts = [...columns, `PRIMARY KEY (${table.key.map(quoted).join(", ")})`, ...unique, ...references];
  return `CREATE TABLE IF NOT EXISTS ${quoted(table.name)} (${parts.join(", ")});`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** One changelog entry, as a test likes to read it. */
export interface CapturedEntry {
  readonly table: string;
  readonly op: string;
  readonly rowId: string;
  readonly data: unknown;
  readonly old: unknown;
  readonly mask: number | null;
}

/** Everything captured so far, in order; with `capture: keys`, what a push would read for it now. */
export const captured = (db: Database.Database, model = models.get(db)): readonly CapturedEntry[] =>
  db
    .prepare(`SELECT table_name AS "table", op, row_id AS rowId, data, old, mask FROM sync_changelog ORDER BY id`)
    .all()
    .map((row) => {
      const entry = row as { table: string; op: string; rowId: string; data: string | null; old: string | null; mask: number | null };
      const table = model?.tables.find(({ name, capture }) => name === entry.table && capture === "keys");
      const data = entry.data ?? (table === undefined || entry.op === "DELETE" ? null : rowAsPayload(db, table, entry.rowId));
      return { ...entry, data: parsed(data), old: parsed(entry.old) };
    });

/** The row as it is now; null: it is gone. */
function rowAsPayload(db: Database.Database, table: Table, rowId: string): string | null {
  const payload = payloadSql(syncedColumns(table), quoted);
  const sql = `SELECT ${payload} AS data FROM ${quoted(table.name)} WHERE ${rowIdSql(identityColumns(table), quoted)} = ?`;
  return (db.prepare(sql).get(rowId) as { readonly data: string } | undefined)?.data ?? null;
}

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

/** The same in short: `tasks INSERT t1`. */
export const capturedOps = (db: Database.Database): readonly string[] =>
  captured(db).map((entry) => `${entry.table} ${entry.op} ${entry.rowId}`);

export const forget = (db: Database.Database): void => {
  db.exec("DELETE FROM sync_changelog");
};

/** The sqlite3 shell's version, or null where it is not installed. */
export function sqliteShellVersion(): string | null {
  const run = spawnSync("sqlite3", ["--version"], { encoding: "utf8" });
  return run.status === 0 ? (run.stdout.split(" ")[0] ?? null) : null;
}

/** Why a test that needs the shell did not run. */
export const SHELL_MISSING = "the sqlite3 shell is missing: install it with `apt-get install sqlite3` (or `brew install sqlite`)";

/** Runs SQL in the sqlite3 shell and returns what it printed. Any error fails. */
export function runInShell(sql: string, path = ":memory:"): string {
  const run = spawnSync("sqlite3", ["-batch", "-bail", path], { input: sql, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0 || run.stderr !== "") throw new Error(`sqlite3 shell: ${run.stderr}`);
  return run.stdout;
}
