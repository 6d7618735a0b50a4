/** Batch after batch of rows in random order makes the same pages dirty: moving them to the database less often saves a fifth of an apply. */
import type { Driver } from "../driver/driver.ts";

/** Pages in the write-ahead log before a commit moves them, 32 MB; SQLite's own default is 1,000. */
const PAGES = 8_000;

/**
 * Runs `body` with the log of this connection allowed to grow. Whoever commits on it next, with the usual limit back in force,
 * moves what is left. An app that never has it moved, or at a limit that is higher, keeps that.
 */
export function rarelyCheckpointing<T>(driver: Driver, body: () => T): T {
  const usual = Number(driver.prepare("PRAGMA wal_autocheckpoint").get()?.[0] ?? 0);
  if (usual <= 0 || usual >= PAGES) return body();
  driver.exec(`PRAGMA wal_autocheckpoint = ${PAGES}`);
  try {
    return body();
  } finally {
    driver.exec(`PRAGMA wal_autocheckpoint = ${usual}`);
  }
}
