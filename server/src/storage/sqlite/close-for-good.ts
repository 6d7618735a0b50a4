/** Before a file is put in a database's place. */
import Database from "better-sqlite3";
import { codeOf } from "../../error-code.ts";

/** Brings what is in its log into the file and ends the log. False: somebody has the database open. */
export function closeForGood(path: string): boolean {
  const db = new Database(path, { timeout: 0, fileMustExist: true });
  try {
    // SQLite leaves the mode only when there is no other connection, in whatever process.
    db.pragma("journal_mode = DELETE");
    return true;
  } catch (error) {
    if (codeOf(error)?.startsWith("SQLITE_BUSY") === true) return false;
    throw error;
  } finally {
    db.close();
  }
}
