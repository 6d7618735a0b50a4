/**
 * The driver over Node's own SQLite, with the app's own handle. It names no type of Node's, so that code for
 * browsers compiles beside it.
 */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import type { Driver, Row, Statement } from "./driver.ts";
import { makeDriver, resultName } from "./make-driver.ts";

/** What the driver uses of a `DatabaseSync`. */
export interface NodeSqliteDatabase {
  readonly isTransaction: boolean;
  prepare(sql: string): NodeSqliteStatement;
  exec(sql: string): void;
}

export interface NodeSqliteStatement {
  setReturnArrays(enabled: boolean): void;
  setReadBigInts(enabled: boolean): void;
  columns(): readonly unknown[];
  run(...parameters: SqlValue[]): { readonly changes: number | bigint };
  get(...parameters: SqlValue[]): unknown;
  all(...parameters: SqlValue[]): unknown[];
}

/** Throws `TypeError` before Node 22.16, whose SQLite module tells neither transactions nor columns. */
export function nodeSqliteDriver(database: NodeSqliteDatabase): Driver {
  if (typeof database.isTransaction !== "boolean")
    throw new TypeError("node:sqlite of this Node is too old for sync: use Node 22.16 or later, or better-sqlite3");
  const parts = {
    prepare: (sql: string) => statementOf(database.prepare(sql)),
    exec: (sql: string) => database.exec(sql),
    inTransaction: () => database.isTransaction,
    resultOf,
  };
  const driver = makeDriver(parts);
  const [probe] = driver.prepare("SELECT 'a' || char(0) || 'b'").get() ?? [];
  if (probe === "a\0b") return driver;
  return makeDriver({
    ...parts,
    prepare(sql) {
      const prepared = database.prepare(sql);
      return /^\s*SELECT\b/i.test(sql) ? wholeText(database, sql, prepared.columns().length) : statementOf(prepared);
    },
  });
}

function resultOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ("code" in error && error.code === "ERR_INVALID_STATE") return "MISUSE";
  return "errcode" in error ? resultName(error.errcode) : null;
}

function statementOf(prepared: NodeSqliteStatement): Statement {
  prepared.setReturnArrays(true);
  prepared.setReadBigInts(false); // an app may have made bigints its handle's default
  return {
    run: (...parameters) => Number(prepared.run(...parameters).changes),
    get: (...parameters) => prepared.get(...parameters) as Row | undefined,
    all: (...parameters) => prepared.all(...parameters) as Row[],
  };
}

/** Node 22, and 24 in its first versions, cut text at a NUL, which makes one row id of two. There, text comes in hexadecimal. */
function wholeText(database: NodeSqliteDatabase, sql: string, columns: number): Statement {
  const names = Array.from({ length: columns }, (_, index) => `c${index}`);
  const whole = names.map((name) => `CASE typeof(${name}) WHEN 'text' THEN hex(${name}) ELSE ${name} END`);
  const statement = statementOf(
    database.prepare(`WITH sync_whole_text(${names.join(", ")}) AS (${sql}) SELECT ${whole.join(", ")} FROM sync_whole_text`),
  );
  const decode = (row: Row): Row => row.map((value) => (typeof value === "string" ? Buffer.from(value, "hex").toString() : value));
  return {
    run: statement.run,
    get(...parameters) {
      const row = statement.get(...parameters);
      return row === undefined ? undefined : decode(row);
    },
    all: (...parameters) => statement.all(...parameters).map(decode),
  };
}
