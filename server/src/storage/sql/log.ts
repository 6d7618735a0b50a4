/**
 * The log of an account. A push locks the account's row before it takes numbers and holds the lock until all of it is
 * visible, so numbers become visible in their order: a sequence of PostgreSQL would not promise that.
 */
import {
  AccountGoneError,
  type AppendResult,
  type Batch,
  type LoggedChange,
  type Page,
  type PageRequest,
  REMEMBERED_BATCHES,
  type Scope,
} from "../port.ts";
import { accountId } from "./account-id.ts";
import { lockHead } from "./lock-head.ts";
import type { Part } from "./part.ts";
import type { SqlDatabase, Transaction } from "./sql-database.ts";

/** Numbers that one filtered page walks over at most: a rare table in a long log must not hold up everyone. */
const MAX_EXAMINED = 20_000;

interface DeviceRow {
  readonly digest: string | null;
  readonly cursor: number | null;
}

export function log(db: SqlDatabase): Part<"append" | "readPage" | "readHead"> {
  const readHead = async (account: string): Promise<number> => {
    const row = await db.get<{ readonly head: number }>("SELECT head FROM accounts WHERE account = :account", { account });
    if (row === null) throw new AccountGoneError("the account was removed");
    return row.head;
  };
  return {
    append: (scope, batch) => append(db, scope, batch),
    // Two statements and no transaction: entries up to the head are there, and stay as they are.
    readPage: async (scope, request) => readPage(db, scope, request, await readHead(accountId(scope))),
    readHead: (scope) => readHead(accountId(scope)),
  };
}

const append = (db: SqlDatabase, scope: Scope, { deviceId, key, digest, changes, quotaBytes = null, now }: Batch): Promise<AppendResult> =>
  db.transaction(async (tx) => {
    const account = accountId(scope);
    const head = await lockHead(tx, account);
    const device = await tx.get<DeviceRow>(
      "SELECT last_batch_digest AS digest, last_batch_cursor AS cursor FROM devices WHERE account = :account AND id = :deviceId AND removed_at IS NULL",
      { account, deviceId },
    );
    if (device === null) return { kind: "unknown-device" };
    if (changes.length === 0) return { kind: "appended", cursor: head };
    if (device.digest === digest && device.cursor !== null) return { kind: "repeated", cursor: device.cursor };
    const repeated = key === null ? null : await cursorOfKey(tx, account, deviceId, key);
    if (repeated !== null) return { kind: "repeated", cursor: repeated };
    if (quotaBytes !== null && (await readBytes(tx, account)) + sizeOf(changes) > quotaBytes) return { kind: "over-quota" };
    const cursor = head + changes.length;
    await tx.insertLog({ account, head, deviceId, changes });
    await tx.run("UPDATE accounts SET head = :cursor, change_bytes = change_bytes + :bytes WHERE account = :account", {
      account,
      cursor,
      bytes: sizeOf(changes),
    });
    await tx.run(
      `UPDATE devices SET last_seen_at = :now, last_batch_digest = :digest, last_batch_cursor = :cursor
       WHERE account = :account AND id = :deviceId`,
      { account, deviceId, now, digest, cursor },
    );
    if (key !== null) await rememberKey(tx, { account, deviceId, key, cursor });
    return { kind: "appended", cursor };
  });

const sizeOf = (changes: readonly LoggedChange[]): number =>
  changes.reduce(
    (sum, { table, rowId, data }) =>
      sum + Buffer.byteLength(table) + Buffer.byteLength(rowId) + (data === null ? 0 : Buffer.byteLength(data)),
    0,
  );

async function readBytes(tx: Transaction, account: string): Promise<number> {
  const row = await tx.get<{ readonly bytes: number }>("SELECT change_bytes AS bytes FROM accounts WHERE account = :account", { account });
  return row?.bytes ?? 0;
}

async function cursorOfKey(tx: Transaction, account: string, deviceId: string, key: string): Promise<number | null> {
  const row = await tx.get<{ readonly cursor: number }>(
    "SELECT cursor FROM batch_keys WHERE account = :account AND device_id = :deviceId AND key = :key",
    { account, deviceId, key },
  );
  return row?.cursor ?? null;
}

async function rememberKey(tx: Transaction, batch: { account: string; deviceId: string; key: string; cursor: number }): Promise<void> {
  await tx.run("INSERT INTO batch_keys (account, device_id, key, cursor) VALUES (:account, :deviceId, :key, :cursor)", batch);
  await tx.run(
    `DELETE FROM batch_keys WHERE account = :account AND device_id = :deviceId AND key NOT IN (
       SELECT key FROM batch_keys WHERE account = :account AND device_id = :deviceId ORDER BY cursor DESC LIMIT ${REMEMBERED_BATCHES})`,
    batch,
  );
}

async function readPage(db: SqlDatabase, scope: Scope, request: PageRequest, head: number): Promise<Page> {
  const { cursor, maxEntries, maxDataBytes, tables = null, sinceStamp = null } = request;
  if (cursor >= head) return { changes: [], cursor, hasMore: false };
  const isFiltered = tables !== null || sinceStamp !== null;
  // Numbers have no gaps, so the range holds no more than a page: a database that knows nothing yet about the table might
  // otherwise sort the whole rest of the log for it.
  const upTo = Math.min(head, cursor + (isFiltered ? MAX_EXAMINED : maxEntries));
  const { rows, isCut } = await db.readLog({
    account: accountId(scope),
    after: cursor,
    upTo,
    maxEntries,
    maxDataBytes,
    tables,
    sinceStamp,
  });
  if (isCut) return { changes: rows, cursor: rows.at(-1)?.seq ?? cursor, hasMore: true };
  return { changes: rows, cursor: upTo, hasMore: upTo < head };
}
