/**
 * The database's own schema, as steps. `PRAGMA user_version` says how many of them a file has seen; a step
 * that was released is never edited, a change is a new step.
 */
import type { Database } from "better-sqlite3";

const STEPS: readonly string[] = [
  `
  CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    api_key_hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;

  -- Short numbers stand for accounts and devices in the log, where a UUID each would outweigh many entries.
  CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    head INTEGER NOT NULL DEFAULT 0,
    UNIQUE (app_id, user_id)
  ) STRICT;

  CREATE TABLE devices (
    number INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts (number),
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    platform TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    last_batch_digest TEXT,
    last_batch_cursor INTEGER,
    UNIQUE (account, name)
  ) STRICT;

  CREATE TABLE sync_log (
    account INTEGER NOT NULL REFERENCES accounts (number),
    seq INTEGER NOT NULL,
    device INTEGER NOT NULL REFERENCES devices (number),
    table_name TEXT NOT NULL,
    op TEXT NOT NULL,
    row_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    stamp INTEGER NOT NULL,
    data TEXT,
    PRIMARY KEY (account, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE keys (
    account INTEGER PRIMARY KEY REFERENCES accounts (number),
    envelope TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE batch_keys (
    device INTEGER NOT NULL REFERENCES devices (number),
    key TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    PRIMARY KEY (device, key)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** A file that a newer version of the server has written. */
export class NewerDatabaseError extends Error {
  override readonly name = "NewerDatabaseError";
}

/** Brings the file to the newest step, all missing ones in one transaction. */
export function migrate(db: Database): void {
  const run = db.transaction(() => {
    const version = db.pragma("user_version", { simple: true }) as number;
    if (version > STEPS.length)
      throw new NewerDatabaseError(`the database has schema ${version}, this server knows ${STEPS.length}: use the newer server`);
    for (const step of STEPS.slice(version)) db.exec(step);
    db.pragma(`user_version = ${STEPS.length}`);
  });
  run.immediate();
}
