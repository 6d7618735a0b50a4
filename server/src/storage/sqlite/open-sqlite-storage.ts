/**
 * Storage in one SQLite file. A push is one IMMEDIATE transaction, so the account's head is read and
 * advanced under the write lock, and a page is read in one snapshot. The calls inside are synchronous:
 * nothing can run between two statements of a transaction.
 */
import Database from "better-sqlite3";
import type { ChangeOp, Device, PulledChange } from "@synckit-gen/schemas/protocol";
import { closeSync, chmodSync, openSync } from "node:fs";
import {
  type App,
  type AppendResult,
  type Batch,
  type NewUser,
  type Page,
  type PageRequest,
  REMEMBERED_BATCHES,
  type Scope,
  type Storage,
  type StoredKey,
  type User,
} from "../port.ts";
import { migrate } from "./migrations.ts";

/** Numbers that one filtered page walks over at most: a rare table in a long log must not hold up everyone. */
const MAX_EXAMINED = 20_000;
/** How long a write waits for another process, the command line, say. */
const BUSY_TIMEOUT_MS = 5_000;

const ACCOUNT = "(SELECT number FROM accounts WHERE app_id = :appId AND user_id = :userId)";
const DEVICE_COLUMNS = `id, name AS deviceName, platform, created_at AS createdAt, last_seen_at AS lastSeenAt`;
const LOG_COLUMNS = `l.seq, d.id AS deviceId, l.table_name AS "table", l.op, l.row_id AS rowId, l.timestamp, l.data`;

interface LogRow {
  readonly seq: number;
  readonly deviceId: string;
  readonly table: string;
  readonly op: ChangeOp;
  readonly rowId: string;
  readonly timestamp: string;
  readonly data: string | null;
}
interface AccountRow {
  readonly number: number;
  readonly head: number;
}
interface LogRange {
  readonly account: bigint;
  readonly from: bigint;
  readonly to: bigint;
}
interface DeviceRow {
  readonly number: number;
  readonly digest: string | null;
  readonly cursor: number | null;
}

/** Opens or creates the file, readable by its owner only; `:memory:` keeps everything in this process. */
export function openSqliteStorage(path: string): Storage {
  if (path !== ":memory:") keepPrivate(path);
  const db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma("journal_mode = WAL");
    // FULL: a cursor that was answered must survive a power cut, or devices would skip what takes its place.
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    migrate(db);
    return { ...directory(db), ...accounts(db), ...log(db), ...keys(db), close: async () => void db.close() };
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

const integer = (value: number): bigint => BigInt(Math.trunc(value));

type Part<K extends keyof Storage> = Pick<Storage, K>;

function directory(
  db: Database.Database,
): Part<"createApp" | "listApps" | "findAppByKeyHash" | "createUser" | "listUsers" | "findUserByEmail"> {
  const insertApp = db.prepare("INSERT INTO apps (id, name, api_key_hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const apps = db.prepare<[], App>("SELECT id, name, created_at AS createdAt FROM apps ORDER BY name");
  const appByKey = db.prepare<[string], App>("SELECT id, name, created_at AS createdAt FROM apps WHERE api_key_hash = ?");
  const insertUser = db.prepare("INSERT INTO users (id, email, password_hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const users = db.prepare<[], User>("SELECT id, email, created_at AS createdAt FROM users ORDER BY email");
  const userByEmail = db.prepare<[string], NewUser>(
    "SELECT id, email, password_hash AS passwordHash, created_at AS createdAt FROM users WHERE email = ?",
  );
  return {
    createApp: async (app) => insertApp.run(app.id, app.name, app.apiKeyHash, app.createdAt).changes === 1,
    listApps: async () => apps.all(),
    findAppByKeyHash: async (apiKeyHash) => appByKey.get(apiKeyHash) ?? null,
    createUser: async (user) => insertUser.run(user.id, user.email, user.passwordHash, user.createdAt).changes === 1,
    listUsers: async () => users.all(),
    findUserByEmail: async (email) => userByEmail.get(email) ?? null,
  };
}

function accounts(db: Database.Database): Part<"openAccount" | "hasAccount" | "registerDevice" | "listDevices" | "hasDevice"> {
  const open = db.prepare("INSERT INTO accounts (app_id, user_id) VALUES (:appId, :userId) ON CONFLICT DO NOTHING");
  const has = db.prepare<[Scope], 1>("SELECT 1 FROM accounts WHERE app_id = :appId AND user_id = :userId").pluck();
  const register = db.prepare<[Scope & { newId: string; deviceName: string; platform: string; now: string }], Device>(
    `INSERT INTO devices (account, id, name, platform, created_at, last_seen_at) VALUES (${ACCOUNT}, :newId, :deviceName, :platform, :now, :now)
     ON CONFLICT (account, name) DO UPDATE SET platform = excluded.platform, last_seen_at = excluded.last_seen_at
     RETURNING ${DEVICE_COLUMNS}`,
  );
  const devices = db.prepare<[Scope], Device>(`SELECT ${DEVICE_COLUMNS} FROM devices WHERE account = ${ACCOUNT} ORDER BY number`);
  const hasDevice = db
    .prepare<[Scope & { deviceId: string }], 1>(`SELECT 1 FROM devices WHERE account = ${ACCOUNT} AND id = :deviceId`)
    .pluck();
  return {
    openAccount: async (scope) => {
      // Read first: a login of a known account then waits for no writer.
      if (has.get(scope) === undefined) open.run(scope);
    },
    hasAccount: async (scope) => has.get(scope) !== undefined,
    registerDevice: async (scope, device) => {
      const row = register.get({ ...scope, ...device });
      if (row === undefined) throw new Error("registerDevice: an upsert returned no row");
      return row;
    },
    listDevices: async (scope) => devices.all(scope),
    hasDevice: async (scope, deviceId) => hasDevice.get({ ...scope, deviceId }) !== undefined,
  };
}

function log(db: Database.Database): Part<"append" | "readPage" | "readHead"> {
  const account = db.prepare<[Scope], AccountRow>("SELECT number, head FROM accounts WHERE app_id = :appId AND user_id = :userId");
  const device = db.prepare<[bigint, string], DeviceRow>(
    "SELECT number, last_batch_digest AS digest, last_batch_cursor AS cursor FROM devices WHERE account = ? AND id = ?",
  );
  const insert = db.prepare(
    "INSERT INTO sync_log (account, seq, device, table_name, op, row_id, timestamp, stamp, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const advance = db.prepare("UPDATE accounts SET head = ? WHERE number = ?");
  const remember = db.prepare("UPDATE devices SET last_seen_at = ?, last_batch_digest = ?, last_batch_cursor = ? WHERE number = ?");
  const keyed = db.prepare<[bigint, string], number>("SELECT cursor FROM batch_keys WHERE device = ? AND key = ?").pluck();
  const rememberKey = db.prepare("INSERT INTO batch_keys (device, key, cursor) VALUES (?, ?, ?)");
  const forgetKeys = db.prepare(
    `DELETE FROM batch_keys WHERE device = :device AND key NOT IN
       (SELECT key FROM batch_keys WHERE device = :device ORDER BY cursor DESC LIMIT ${REMEMBERED_BATCHES})`,
  );
  const inRange = `SELECT ${LOG_COLUMNS} FROM sync_log l JOIN devices d ON d.number = l.device WHERE l.account = :account AND l.seq > :from AND l.seq <= :to`;
  const page = db.prepare<[LogRange], LogRow>(`${inRange} ORDER BY l.seq`);
  const filtered = db.prepare<[LogRange & { since: bigint | null; tables: string | null }], LogRow>(
    `${inRange} AND (:since IS NULL OR l.stamp >= :since) AND (:tables IS NULL OR l.table_name IN (SELECT value FROM json_each(:tables))) ORDER BY l.seq`,
  );

  const append = db.transaction((scope: Scope, batch: Batch): AppendResult => {
    const { number, head } = known(account.get(scope));
    const from = device.get(integer(number), batch.deviceId);
    if (from === undefined) return { kind: "unknown-device" };
    if (batch.changes.length === 0) return { kind: "appended", cursor: head };
    if (from.digest === batch.digest && from.cursor !== null) return { kind: "repeated", cursor: from.cursor };
    const repeated = batch.key === null ? undefined : keyed.get(integer(from.number), batch.key);
    if (repeated !== undefined) return { kind: "repeated", cursor: repeated };
    let seq = integer(head);
    for (const c of batch.changes)
      insert.run(integer(number), ++seq, integer(from.number), c.table, c.op, c.rowId, c.timestamp, integer(c.stamp), c.data);
    advance.run(seq, integer(number));
    remember.run(batch.now, batch.digest, seq, integer(from.number));
    if (batch.key !== null) {
      rememberKey.run(integer(from.number), batch.key, seq);
      forgetKeys.run({ device: integer(from.number) });
    }
    return { kind: "appended", cursor: Number(seq) };
  });

  const readPage = db.transaction((scope: Scope, request: PageRequest): Page => {
    const { number, head } = known(account.get(scope));
    if (request.cursor >= head) return { changes: [], cursor: request.cursor, hasMore: false };
    const isFiltered = request.tables !== undefined || request.sinceStamp !== undefined;
    const end = isFiltered ? Math.min(head, request.cursor + MAX_EXAMINED) : head;
    const range = { account: integer(number), from: integer(request.cursor), to: integer(end) };
    const since = request.sinceStamp === undefined ? null : integer(request.sinceStamp);
    const tables = request.tables === undefined ? null : JSON.stringify(request.tables);
    const rows = isFiltered ? filtered.iterate({ ...range, since, tables }) : page.iterate(range);

    const changes: PulledChange[] = [];
    let dataLength = 0;
    for (const row of rows) {
      dataLength += row.data?.length ?? 0;
      const isFull = changes.length === request.maxEntries || (changes.length > 0 && dataLength > request.maxDataLength);
      if (isFull) return { changes, cursor: changes.at(-1)?.seq ?? request.cursor, hasMore: true };
      changes.push(row);
    }
    return { changes, cursor: end, hasMore: end < head };
  });

  return {
    append: async (scope, batch) => append.immediate(scope, batch),
    readPage: async (scope, request) => readPage.deferred(scope, request),
    readHead: async (scope) => known(account.get(scope)).head,
  };
}

function keys(db: Database.Database): Part<"readKey" | "writeKey"> {
  const read = db.prepare<[Scope], StoredKey>(`SELECT envelope, version FROM keys WHERE account = ${ACCOUNT}`);
  const upsert = db.prepare(
    `INSERT INTO keys (account, envelope, version, updated_at) VALUES (${ACCOUNT}, :envelope, :version, :now)
     ON CONFLICT (account) DO UPDATE SET envelope = excluded.envelope, version = excluded.version, updated_at = excluded.updated_at`,
  );
  const write = db.transaction((...[scope, key]: Parameters<Storage["writeKey"]>): Awaited<ReturnType<Storage["writeKey"]>> => {
    const current = read.get(scope)?.version ?? 0;
    if (key.expectedVersion !== undefined && key.expectedVersion !== current) return { kind: "conflict" };
    upsert.run({ ...scope, envelope: key.envelope, version: integer(current + 1), now: key.now });
    return { kind: "written", version: current + 1 };
  });
  return {
    readKey: async (scope) => read.get(scope) ?? null,
    writeKey: async (scope, key) => write.immediate(scope, key),
  };
}

/** The session check has seen the account, and accounts are never removed. */
function known(row: AccountRow | undefined): AccountRow {
  if (row === undefined) throw new Error("sqlite storage: the account was not opened");
  return row;
}
