/**
 * The tables that capture writes and the engine reads. Their shape is a contract with the runtime.
 *
 * The changelog's ids rise, but without AUTOINCREMENT: that would be a quarter of what a capture costs. Where its newest
 * entries go, their ids are given again, so the engine counts on no id alone.
 */

/** Statements that create them where they are missing. Existing content stays. */
export const syncTableStatements: readonly { readonly about: string; readonly sql: string }[] = [
  {
    about: "Local changes, in the order they were made. Only whitelisted columns are in data; old stays on this device.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_changelog" (
  "id" INTEGER PRIMARY KEY,
  "table_name" TEXT NOT NULL,
  "op" TEXT NOT NULL,
  "row_id" TEXT NOT NULL,
  "timestamp" INTEGER NOT NULL,
  "data" TEXT,
  "pushed" INTEGER NOT NULL DEFAULT 0,
  "mask" INTEGER,
  "old" TEXT,
  "stamp" INTEGER,
  "seen" INTEGER,
  "rule" INTEGER
)`,
  },
  {
    about: "Settings and positions. applying_remote = '1' while remote changes are applied: the triggers then write nothing.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_state" (
  "key" TEXT PRIMARY KEY,
  "value" TEXT NOT NULL
) WITHOUT ROWID`,
  },
  {
    about: "Devices that clocks refer to, by a short number.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_device" (
  "id" INTEGER PRIMARY KEY,
  "device" TEXT NOT NULL UNIQUE
)`,
  },
  {
    about: "Who wrote each row last, and when: what decides between devices. Dead rows keep their values here.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_row_clock" (
  "table_name" TEXT NOT NULL,
  "row_id" TEXT NOT NULL,
  "stamp" INTEGER NOT NULL,
  "device" INTEGER NOT NULL DEFAULT 0,
  "columns" TEXT,
  "life_stamp" INTEGER,
  "life_device" INTEGER,
  "alive" INTEGER NOT NULL DEFAULT 1,
  "data" TEXT,
  PRIMARY KEY ("table_name", "row_id")
) WITHOUT ROWID`,
  },
  {
    about: "Remote rows that wait, for instance for a parent that has not arrived yet.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_held" (
  "table_name" TEXT NOT NULL,
  "row_id" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "detail" TEXT,
  "since" INTEGER NOT NULL,
  PRIMARY KEY ("table_name", "row_id")
) WITHOUT ROWID`,
  },
  {
    about:
      "Entries that could not be read or trusted, by their place in the server's log: nothing waits for them, and they can be tried again.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_quarantine" (
  "seq" INTEGER PRIMARY KEY,
  "table_name" TEXT NOT NULL,
  "row_id" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "since" INTEGER NOT NULL
)`,
  },
  {
    about: "What a merge took away from somebody who could not have known of the other edit: to be looked at, and taken back.",
    sql: `CREATE TABLE IF NOT EXISTS "sync_conflicts" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "table_name" TEXT NOT NULL,
  "row_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "data" TEXT NOT NULL,
  "stamp" INTEGER NOT NULL,
  "device" TEXT NOT NULL,
  "winner_stamp" INTEGER NOT NULL,
  "winner_device" TEXT NOT NULL,
  "noticed" INTEGER NOT NULL
)`,
  },
  {
    about: "First values. What is already there is kept.",
    sql: `INSERT OR IGNORE INTO "sync_state" ("key", "value") VALUES
  ('pull_cursor', '0'),
  ('applying_remote', '0'),
  ('initial_snapshot_done', '0'),
  ('auto_sync_enabled', '1'),
  ('sync_interval_minutes', '15')`,
  },
];
