/** Snapshots of accounts, chunk by chunk: one that is unfinished is nobody's to read. */
import type { Scope, SnapshotChunk, SnapshotChunkResult, SnapshotCompletion, SnapshotCompletionResult, StoredSnapshot } from "../port.ts";
import { accountId } from "./account-id.ts";
import { lockHead } from "./lock-head.ts";
import type { Part } from "./part.ts";
import type { Sql, SqlDatabase, Transaction } from "./sql-database.ts";

interface SnapshotRow {
  readonly id: string;
  readonly deviceId: string;
  readonly cursor: number;
  readonly chunks: number;
  readonly bytes: number;
  /** Null: unfinished. */
  readonly through: number | null;
  readonly writtenAt: string;
}

type Snapshots = Part<"writeSnapshotChunk" | "completeSnapshot" | "readSnapshot" | "readSnapshotChunk">;

export const snapshots = (db: SqlDatabase): Snapshots => ({
  writeSnapshotChunk: (scope, chunk) => db.transaction((tx) => write(tx, scope, chunk)),
  completeSnapshot: (scope, completion) => db.transaction((tx) => complete(tx, scope, completion)),
  readSnapshot: (scope) =>
    // After a restore, a log that ends before the snapshot's own end lacks what the snapshot holds.
    db.get<StoredSnapshot>(
      `SELECT s.id AS "snapshotId", s.cursor, s.chunks, s.manifest FROM snapshots AS s JOIN accounts AS a ON a.account = s.account
       WHERE s.account = :account AND s.manifest IS NOT NULL AND s.through <= a.head`,
      { account: accountId(scope) },
    ),
  readSnapshotChunk: async (scope, snapshotId, index) => {
    const found = await db.get<{ readonly data: string }>(
      `SELECT c.data FROM snapshots AS s JOIN snapshot_chunks AS c ON c.account = s.account AND c.snapshot_id = s.id
       WHERE s.account = :account AND s.id = :snapshotId AND s.manifest IS NOT NULL AND c.place = :index`,
      { account: accountId(scope), snapshotId, index },
    );
    return found?.data ?? null;
  },
});

async function write(tx: Transaction, scope: Scope, chunk: SnapshotChunk): Promise<SnapshotChunkResult> {
  const { deviceId, snapshotId, cursor, index, data, now } = chunk;
  const account = accountId(scope);
  await lockHead(tx, account);
  const device = await tx.get("SELECT 1 AS one FROM devices WHERE account = :account AND id = :deviceId", { account, deviceId });
  if (device === null) return "unknown-device";
  const all = await list(tx, account);
  let upload = all.find(({ id }) => id === snapshotId);
  if (upload === undefined) {
    if (index !== 0) return "gap";
    const others = all.filter(({ through }) => through === null);
    if (others.some((other) => other.deviceId !== deviceId && other.writtenAt >= chunk.busySince)) return "busy";
    for (const { id } of others) await drop(tx, account, id);
    upload = { id: snapshotId, deviceId, cursor, chunks: 0, bytes: 0, through: null, writtenAt: now };
    await tx.run(
      `INSERT INTO snapshots (account, id, device_id, cursor, chunks, data_bytes, written_at)
       VALUES (:account, :snapshotId, :deviceId, :cursor, 0, 0, :now)`,
      { account, snapshotId, deviceId, cursor, now },
    );
  }
  if (upload.through !== null || upload.deviceId !== deviceId || upload.cursor !== cursor || index > upload.chunks) return "gap";
  const bytes = upload.bytes - (await bytesFrom(tx, account, snapshotId, index)) + data.length;
  if (bytes > chunk.maxBytes) {
    await drop(tx, account, snapshotId);
    return "full";
  }
  await tx.run("DELETE FROM snapshot_chunks WHERE account = :account AND snapshot_id = :snapshotId AND place >= :index", {
    account,
    snapshotId,
    index,
  });
  await tx.run(
    "INSERT INTO snapshot_chunks (account, snapshot_id, place, data_bytes, data) VALUES (:account, :snapshotId, :index, :bytes, :data)",
    { account, snapshotId, index, bytes: data.length, data },
  );
  await tx.run(
    "UPDATE snapshots SET chunks = :chunks, data_bytes = :bytes, written_at = :now WHERE account = :account AND id = :snapshotId",
    { account, snapshotId, chunks: index + 1, bytes, now },
  );
  return "written";
}

async function complete(tx: Transaction, scope: Scope, completion: SnapshotCompletion): Promise<SnapshotCompletionResult> {
  const { snapshotId, chunks, cursor, through, manifest, now } = completion;
  const account = accountId(scope);
  const head = await lockHead(tx, account);
  const all = await list(tx, account);
  const upload = all.find(({ id }) => id === snapshotId);
  if (upload === undefined || upload.chunks !== chunks || upload.cursor !== cursor) return "gap";
  if (upload.through !== null) return "completed";
  if (through > head) return "ahead";
  // One that the log does not reach was made before the server was set back.
  if (all.some((other) => other.through !== null && other.through <= head && other.cursor > cursor)) {
    await drop(tx, account, snapshotId);
    return "older";
  }
  for (const { id } of all) if (id !== snapshotId) await drop(tx, account, id);
  await tx.run(
    "UPDATE snapshots SET through = :through, manifest = :manifest, written_at = :now WHERE account = :account AND id = :snapshotId",
    { account, snapshotId, through, manifest, now },
  );
  return "completed";
}

const list = (sql: Sql, account: string): Promise<readonly SnapshotRow[]> =>
  sql.all<SnapshotRow>(
    `SELECT id, device_id AS "deviceId", cursor, chunks, data_bytes AS bytes, through, written_at AS "writtenAt"
     FROM snapshots WHERE account = :account`,
    { account },
  );

async function drop(tx: Transaction, account: string, snapshotId: string): Promise<void> {
  await tx.run("DELETE FROM snapshot_chunks WHERE account = :account AND snapshot_id = :snapshotId", { account, snapshotId });
  await tx.run("DELETE FROM snapshots WHERE account = :account AND id = :snapshotId", { account, snapshotId });
}

async function bytesFrom(sql: Sql, account: string, snapshotId: string, index: number): Promise<number> {
  const rows = await sql.all<{ readonly bytes: number }>(
    "SELECT data_bytes AS bytes FROM snapshot_chunks WHERE account = :account AND snapshot_id = :snapshotId AND place >= :index",
    { account, snapshotId, index },
  );
  return rows.reduce((sum, { bytes }) => sum + bytes, 0);
}
