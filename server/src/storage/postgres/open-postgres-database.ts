/**
 * PostgreSQL behind the storage's SQL. Connections come from a pool and every statement is READ COMMITTED: what must not
 * change in between is locked by the statement that reads it.
 */
import pg from "pg";
import { StorageUnavailableError } from "../port.ts";
import type { LogEntries, Sql, SqlDatabase, SqlParameters, Transaction } from "../sql/sql-database.ts";
import { readLog } from "./read-log.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Connections that one server opens at most. */
  readonly maxConnections?: number;
  /** Of each table of accounts' data, when the tables are made; 0: plain tables, for a database that distributes them itself. */
  readonly partitions?: number;
}

const MAX_CONNECTIONS = 10;
/** Longer than any statement of this server takes, shorter than a client waits. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A server that hangs in the middle of a push must not keep its account locked. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Whole numbers of 64 bits come as text; those of this schema fit into a number. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : (pg.types.getTypeParser(oid, format) as never)),
};

export const connectionOf = ({ url }: PostgresOptions): pg.ClientConfig => ({
  connectionString: url,
  types,
  application_name: "synckit-server",
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
});

export function openPostgresDatabase(options: PostgresOptions): SqlDatabase {
  const pool = new pg.Pool({
    ...connectionOf(options),
    max: options.maxConnections ?? MAX_CONNECTIONS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  // A connection that dies between two statements, or when nobody uses it, must not end the process: the next statement on
  // it is told, and the pool opens another.
  pool.on("connect", (client) => void client.on("error", () => {}));
  pool.on("error", () => {});

  const db = sqlOver(pool);
  return {
    ...db,
    transaction: (action) => inTransaction(pool, action),
    readLog: (range) => readLog(db, range),
    // PostgreSQL checks its pages itself, and has pg_dump.
    findFaults: async () => [],
    copyTo: null,
    close: () => pool.end(),
  };
}

async function inTransaction<Result>(pool: pg.Pool, action: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch(unavailable);
  let isBroken = false;
  const sql = sqlOver(client);
  try {
    await sql.run("BEGIN");
    const result = await action({ ...sql, forUpdate: " FOR UPDATE", insertLog: (entries) => insertLog(client, entries) });
    await sql.run("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => (isBroken = true));
    throw error;
  } finally {
    client.release(isBroken);
  }
}

type Queryable = Pick<pg.Pool, "query">;

function sqlOver(on: Queryable): Sql {
  const query = async (text: string, parameters: SqlParameters = {}): Promise<pg.QueryResult> => {
    const { positional, names } = translate(text);
    const values = names.map((name) => {
      const value = parameters[name];
      if (value === undefined) throw new Error(`postgres: no value for :${name}`);
      return value;
    });
    return on.query(positional, values).catch(unavailable);
  };
  return {
    all: async <Row>(text: string, parameters?: SqlParameters) => (await query(text, parameters)).rows as Row[],
    get: async <Row>(text: string, parameters?: SqlParameters) => ((await query(text, parameters)).rows[0] as Row | undefined) ?? null,
    run: async (text, parameters) => (await query(text, parameters)).rowCount ?? 0,
  };
}

interface Translated {
  readonly positional: string;
  readonly names: readonly string[];
}
const translations = new Map<string, Translated>();

/** `:name` to `$1`; the statements of the storage have no colon inside a literal. */
function translate(text: string): Translated {
  const known = translations.get(text);
  if (known !== undefined) return known;
  const names: string[] = [];
  const positional = text.replaceAll(/(?<!:):([a-zA-Z]\w*)/gu, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  const made = { positional, names };
  translations.set(text, made);
  return made;
}

/** One array a column: a statement of the same text whatever the number of rows. */
async function insertLog(client: pg.PoolClient, { account, head, deviceId, changes }: LogEntries): Promise<void> {
  await client
    .query(
      `INSERT INTO sync_log (account, seq, device_id, table_name, op, row_id, timestamp, stamp, data)
       SELECT $1, $2 + n, $3, t, o, r, ts, st, d
       FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[]) WITH ORDINALITY AS u (t, o, r, ts, st, d, n)`,
      [
        account,
        head,
        deviceId,
        changes.map((c) => c.table),
        changes.map((c) => c.op),
        changes.map((c) => c.rowId),
        changes.map((c) => c.timestamp),
        changes.map((c) => Math.trunc(c.stamp)),
        changes.map((c) => c.data),
      ],
    )
    .catch(unavailable);
}

/** Connection errors of Node, and the classes of PostgreSQL's codes that pass by themselves. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  // 08 connection, 53 resources, 57P shutdown and start-up, 40 serialization and deadlock, 25P03 idle in transaction, 57014 time-out.
  if (/^(?:08|53|57P|40|25P03|57014)/u.test(code) || /^E[A-Z]+$/u.test(code)) return true;
  return code === "" && /connection|timeout|client was closed/iu.test(error.message);
}

/** Rejects: with a `StorageUnavailableError` when waiting may help. */
export function unavailable(error: unknown): never {
  if (isTransient(error)) throw new StorageUnavailableError("the database cannot be reached", { cause: error });
  throw error;
}
