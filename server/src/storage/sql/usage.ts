/** What accounts take, and checks of the counters against what they count. */
import type { AccountUsage, ListedBlob, UsageStorage } from "../usage-port.ts";
import type { SqlDatabase } from "./sql-database.ts";

const MAX_FAULTS = 100;
const LOG_BYTES = "coalesce(octet_length(data), 0) + octet_length(row_id) + octet_length(table_name)";

export const usage = (db: SqlDatabase): UsageStorage => ({
  listUsage: (userId, limit, offset) =>
    db.all<AccountUsage>(
      `SELECT a.account, a.app_id AS "appId", a.user_id AS "userId", u.email, p.name AS "appName", a.head AS changes,
         a.change_bytes AS "changeBytes",
         (SELECT count(*) FROM devices d WHERE d.account = a.account AND d.removed_at IS NULL) AS devices,
         (SELECT max(d.last_seen_at) FROM devices d WHERE d.account = a.account) AS "lastSeenAt",
         CAST(coalesce((SELECT sum(b.size_bytes) FROM blobs b WHERE b.account = a.account), 0)
           + coalesce((SELECT sum(b.size_bytes) FROM blob_uploads b WHERE b.account = a.account AND b.is_given_up = 0), 0) AS BIGINT) AS "blobBytes"
       FROM accounts a JOIN users u ON u.id = a.user_id JOIN apps p ON p.id = a.app_id
       WHERE CAST(:userId AS TEXT) IS NULL OR a.user_id = CAST(:userId AS TEXT)
       ORDER BY u.email, p.name LIMIT :limit OFFSET :offset`,
      { userId, limit, offset },
    ),
  listBlobs: (after, limit) =>
    db.all<ListedBlob>(`SELECT name, size_bytes AS "sizeBytes" FROM blobs WHERE name > :after ORDER BY name LIMIT :limit`, {
      after,
      limit,
    }),
  knowsBlob: async (name) => {
    const account = name.split("/", 1)[0] ?? "";
    const found = await db.get(
      `SELECT 1 AS one FROM blobs WHERE account = :account AND name = :name
       UNION ALL SELECT 1 AS one FROM blob_uploads WHERE account = :account AND name = :name LIMIT 1`,
      { account, name },
    );
    return found !== null;
  },
  findFaults: async () => [...(await db.findFaults()), ...(await countersOff(db)), ...(await strangers(db)), ...(await snapshotsOff(db))],
  copyTo: db.copyTo,
});

interface Counted {
  readonly account: string;
  readonly head: number;
  readonly changeBytes: number;
  readonly entries: number;
  readonly last: number;
  readonly bytes: number;
}

async function countersOff(db: SqlDatabase): Promise<readonly string[]> {
  const off = await db.all<Counted>(
    `SELECT a.account, a.head, a.change_bytes AS "changeBytes", coalesce(l.entries, 0) AS entries, coalesce(l.last, 0) AS last,
       coalesce(l.bytes, 0) AS bytes
     FROM accounts a LEFT JOIN (
       SELECT account, count(*) AS entries, max(seq) AS last, CAST(sum(${LOG_BYTES}) AS BIGINT) AS bytes FROM sync_log GROUP BY account
     ) l ON l.account = a.account
     WHERE a.head <> coalesce(l.entries, 0) OR a.head <> coalesce(l.last, 0) OR a.change_bytes <> coalesce(l.bytes, 0)
     ORDER BY a.account LIMIT ${MAX_FAULTS}`,
  );
  return off.map(({ account, head, changeBytes, entries, last, bytes }) =>
    head !== entries || head !== last
      ? `account ${account}: its last number is ${head}, and its log has ${entries} entries up to ${last}`
      : `account ${account}: ${changeBytes} bytes of changes are counted, and there are ${bytes}`,
  );
}

async function strangers(db: SqlDatabase): Promise<readonly string[]> {
  const found = await db.all<{ readonly account: string }>(
    `SELECT DISTINCT l.account FROM sync_log l
     WHERE NOT EXISTS (SELECT 1 FROM devices d WHERE d.account = l.account AND d.id = l.device_id)
     ORDER BY l.account LIMIT ${MAX_FAULTS}`,
  );
  return found.map(({ account }) => `account ${account}: its log has entries of a device that it does not know`);
}

async function snapshotsOff(db: SqlDatabase): Promise<readonly string[]> {
  const found = await db.all<{ readonly account: string; readonly id: string }>(
    `SELECT s.account, s.id FROM snapshots s
     WHERE s.chunks <> (SELECT count(*) FROM snapshot_chunks c WHERE c.account = s.account AND c.snapshot_id = s.id)
     ORDER BY s.account LIMIT ${MAX_FAULTS}`,
  );
  return found.map(({ account, id }) => `account ${account}: snapshot ${id} has not the chunks that it counts`);
}
