/**
 * SQLite behind the asynchronous interface. One connection, so calls take turns (`take-turns.ts`): while a transaction is open
 * nothing else runs on it. A transaction is IMMEDIATE and waits for other processes (the command line, say) before it begins.
 */
import Database from "better-sqlite3";
import { chmodSync, closeSync, openSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { StorageUnavailableError } from "../port.ts";
import type { LogRange, LogRow, LogSlice, Sql, SqlDatabase, SqlParameters, SqlValue, Transaction } from "../sql/sql-database.ts";
import { migrate } from "./migrate.ts";
import { takeTurns } from "./take-turns.ts";

/** How long a write waits for another process. */
const BUSY_TIMEOUT_MS = 5_000;
const BUSY_RETRY_MS = 2;
const ALL_PAGES = 0x7fff_ffff;

const LOG_COLUMNS = `seq, device_id AS deviceId, table_name AS "table", op, row_id AS rowId, timestamp, data`;
const IN_RANGE = `SELECT ${LOG_COLUMNS} FROM sync_log WHERE account = :account AND seq > :after AND seq <= :upTo`;

export function openSqliteDatabase(path: string): SqlDatabase {
  if (path !== ":memory:") keepPrivate(path);
  const db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma("journal_mode = WAL");
    // FULL: a cursor that was answered must survive a power cut, or devices would skip what takes its place.
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    migrate(db);
    return asynchronous(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite gives the -wal and -shm files the mode of the database. */
function keepPrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

/** better-sqlite3 binds every number as a REAL. */
const bindable = (value: SqlValue): unknown => (typeof value === "number" ? BigInt(Math.trunc(value)) : value);
const bound = (parameters: SqlParameters): Record<string, unknown> =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, bindable(value)]));

function asynchronous(db: Database.Database): SqlDatabase {
  const prepared = new Map<string, Database.Statement>();
  const prepare = (text: string): Database.Statement => {
    const known = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, known);
    return known;
  };
  const insert = db.prepare(
    "INSERT INTO sync_log (account, seq, device_id, table_name, op, row_id, timestamp, stamp, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const now: Sql = {
    all: async <Row>(text: string, parameters: SqlParameters = {}) => prepare(text).all(bound(parameters)) as Row[],
    get: async <Row>(text: string, parameters: SqlParameters = {}) => (prepare(text).get(bound(parameters)) as Row | undefined) ?? null,
    run: async (text, parameters = {}) => prepare(text).run(bound(parameters)).changes,
  };
  const transaction: Transaction = {
    ...now,
    forUpdate: "",
    insertLog: async ({ account, head, deviceId, changes }) => {
      let seq = BigInt(head);
      for (const c of changes)
        insert.run(account, ++seq, deviceId, c.table, c.op, c.rowId, c.timestamp, BigInt(Math.trunc(c.stamp)), c.data);
    },
  };

  const turns = takeTurns(db, () => begin(db));
  const read = <Result>(action: () => Promise<Result>): Promise<Result> => turns.read(action).catch(unavailable);
  const inTransaction: SqlDatabase["transaction"] = (action) => turns.write(() => action(transaction)).catch(unavailable);
  return {
    all: (text, parameters) => read(() => now.all(text, parameters)),
    get: (text, parameters) => read(() => now.get(text, parameters)),
    run: (text, parameters) => inTransaction((tx) => tx.run(text, parameters)),
    readLog: (range) => read(async () => readLog(prepare, range)),
    transaction: inTransaction,
    findFaults: () => read(async () => findFaults(db)),
    copyTo: (path) => copyTo(db, path),
    close: async () => {
      await turns.idle();
      db.close();
    },
  };
}

function findFaults(db: Database.Database): readonly string[] {
  const broken = db.pragma("integrity_check") as readonly { readonly integrity_check: string }[];
  const loose = db.pragma("foreign_key_check") as readonly { readonly table: string; readonly parent: string }[];
  return [
    ...broken.map(({ integrity_check }) => integrity_check).filter((line) => line !== "ok"),
    ...loose.map(({ table, parent }) => `a row of ${table} names one of ${parent} that is not there`),
  ];
}

/** One moment of the database, whoever writes meanwhile: all pages in one go, since a change by another process would begin it anew. */
async function copyTo(db: Database.Database, path: string): Promise<void> {
  await db.backup(path, { progress: () => ALL_PAGES });
}

/** A disk that is full or fails: what was begun is rolled back, and may be sent again. */
function unavailable(error: unknown): never {
  if (error instanceof Database.SqliteError && /^SQLITE_(?:FULL|IOERR)/u.test(error.code))
    throw new StorageUnavailableError("the database cannot be written", { cause: error });
  throw error;
}

/** SQLite's own waiting would hold up every request of this process. */
async function begin(db: Database.Database): Promise<void> {
  const until = performance.now() + BUSY_TIMEOUT_MS;
  db.pragma("busy_timeout = 0");
  try {
    for (;;) {
      try {
        db.exec("BEGIN IMMEDIATE");
        return;
      } catch (error) {
        if (!(error instanceof Database.SqliteError) || error.code !== "SQLITE_BUSY" || performance.now() > until) throw error;
        await setTimeout(BUSY_RETRY_MS);
      }
    }
  } finally {
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

function readLog(prepare: (text: string) => Database.Statement, range: LogRange): LogSlice {
  const { account, after, upTo, maxEntries, maxDataBytes, tables, sinceStamp } = range;
  const filters = [
    ...(sinceStamp === null ? [] : ["stamp >= :sinceStamp"]),
    ...(tables === null ? [] : ["table_name IN (SELECT value FROM json_each(:tables))"]),
  ];
  const text = `${[IN_RANGE, ...filters].join(" AND ")} ORDER BY seq`;
  const parameters = bound({ account, after, upTo, sinceStamp, tables: tables === null ? null : JSON.stringify(tables) });
  const rows: LogRow[] = [];
  let dataBytes = 0;
  for (const row of prepare(text).iterate(parameters) as IterableIterator<LogRow>) {
    dataBytes += row.data === null ? 0 : Buffer.byteLength(row.data);
    if (rows.length === maxEntries || (rows.length > 0 && dataBytes > maxDataBytes)) return { rows, isCut: true };
    rows.push(row);
  }
  return { rows, isCut: false };
}
