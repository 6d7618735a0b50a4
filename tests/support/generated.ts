/** A real database with what the emitters wrote for a model: application tables, sync tables, triggers. */
import { spawnSync } from "node:child_process";
import Database from "better-sqlite3";
import { migrationStatements } from "@synckit-gen/templates";
import type { ColumnType, EmitContext, SyncModel, Table } from "@synckit-gen/schemas/model";

export const testContext: EmitContext = { version: "0.0.0", modelHash: "0123456789abcdef", importSuffix: ".ts" };

/** Opens a database (in memory unless `path` says where) with the model's tables and migration applied. */
export function openGenerated(model: SyncModel, options: { readonly ddl?: string; readonly path?: string } = {}): Database.Database {
  return migrate(new Database(options.path ?? ":memory:"), model, options.ddl);
}

/** Gives an empty database of any driver the model's tables and migration. */
export function migrate<Handle extends { exec(sql: string): unknown }>(db: Handle, model: SyncModel, ddl?: string): Handle {
  db.exec("PRAGMA foreign_keys = ON");
  db.exec(ddl ?? (model.create ? unsyncedDdl(model) : ddlFor(model)));
  for (const statement of migrationStatements(model, testContext)) db.exec(statement);
  return db;
}

const AFFINITY: Readonly<Record<ColumnType, string>> = {
  text: "TEXT",
  uuid: "TEXT",
  json: "TEXT",
  timestamp: "TEXT",
  date: "TEXT",
  integer: "INTEGER",
  bigint: "INTEGER",
  boolean: "INTEGER",
  real: "REAL",
  blob: "BLOB",
};

/** Plain application tables, as an author might have written them before synckit-gen came. */
export const ddlFor = (model: SyncModel): string => [unsyncedDdl(model), ...model.tables.map(tableDdl)].join("\n");

const unsyncedDdl = (model: SyncModel): string =>
  model.unsyncedParents.map((name) => `CREATE TABLE IF NOT EXISTS ${quoted(name)} ("id" TEXT PRIMARY KEY);`).join("\n");

function tableDdl(table: Table): string {
  const columns = table.columns.map(
    (column) =>
      `${quoted(column.name)} ${column.type === null ? "" : AFFINITY[column.type]}${column.nullable ? "" : " NOT NULL"}` +
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

/** Everything captured so far, in order. */
export const captured = (db: Database.Database): readonly CapturedEntry[] =>
  db
    .prepare(`SELECT table_name AS "table", op, row_id AS rowId, data, old, mask FROM sync_changelog ORDER BY id`)
    .all()
    .map((row) => {
      const entry = row as { table: string; op: string; rowId: string; data: string | null; old: string | null; mask: number | null };
      return { ...entry, data: parsed(entry.data), old: parsed(entry.old) };
    });

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
