/**
 * Opens an app's database: the only module that knows better-sqlite3, and it loads it when it is asked to open
 * something, so that `generate` and `check` never pay for it.
 */
import { chmodSync, closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import type BetterSqlite3 from "better-sqlite3";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { errorCode, reasonOf } from "../load/shown-path.ts";
import { quoteText, SqliteError } from "./database.ts";
import type { Database, Row } from "./database.ts";

/** An app that writes holds its lock for milliseconds; one that still has it after this will keep it. */
const BUSY_TIMEOUT_MS = 2000;
/** Where "SQLite format 3\0" ends and the versions of the file format stand: 2 means write-ahead log, 1 means none. */
const FORMAT_VERSIONS = { write: 18, read: 19 } as const;

export type Opened = { readonly ok: true; readonly database: Database } | { readonly ok: false; readonly diagnostic: Diagnostic };

/** `path` is absolute, `shown` is how messages spell it. */
export async function openDatabase(path: string, shown: string, mode: "read" | "write"): Promise<Opened> {
  const missing = whyNoFile(path);
  if (missing !== null) return { ok: false, diagnostic: fileFault(shown, missing) };
  const { default: Library } = await import("better-sqlite3");
  let handle: BetterSqlite3.Database | null = null;
  try {
    handle = openHandle(Library, path, mode);
    // Opening reads nothing; the first query says whether this is a database, and whether it can be read now.
    handle.prepare("SELECT count(*) FROM sqlite_schema").get();
    return { ok: true, database: wrap(handle) };
  } catch (error) {
    handle?.close();
    const fault = asSqliteError(error);
    if (fault === null) throw error;
    return { ok: false, diagnostic: sqliteFault(shown, fault) };
  }
}

/** An empty database in memory, to try statements in. */
export async function openScratch(): Promise<Database> {
  const { default: Library } = await import("better-sqlite3");
  return wrap(new Library(":memory:"));
}

function openHandle(Library: typeof BetterSqlite3, path: string, mode: "read" | "write"): BetterSqlite3.Database {
  if (mode === "write") return new Library(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  const handle = new Library(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    handle.prepare("SELECT count(*) FROM sqlite_schema").get();
    return handle;
  } catch (error) {
    handle.close();
    const isUnwritableFolder =
      asSqliteError(error)?.code.startsWith("SQLITE_CANTOPEN") === true || errorCode(error) === "SQLITE_READONLY_DIRECTORY";
    if (!isUnwritableFolder || hasLog(path)) throw error;
    return openCopy(Library, path);
  }
}

const hasLog = (path: string): boolean => existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0;

/** A WAL database needs a second file even for reading. In a folder that cannot take one, its pages are read into memory. */
function openCopy(Library: typeof BetterSqlite3, path: string): BetterSqlite3.Database {
  const pages = readFileSync(path);
  pages[FORMAT_VERSIONS.write] = 1;
  pages[FORMAT_VERSIONS.read] = 1;
  return new Library(pages, { readonly: true });
}

function wrap(handle: BetterSqlite3.Database): Database {
  const guarded = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw asSqliteError(error) ?? error;
    }
  };
  return {
    rows: (sql, ...params) => guarded(() => handle.prepare(sql).all(...params) as Row[]),
    exec: (sql) => guarded(() => void handle.exec(sql)),
    close: () => void handle.close(),
  };
}

function asSqliteError(error: unknown): SqliteError | null {
  if (error instanceof SqliteError) return error;
  const code = errorCode(error);
  return error instanceof Error && code !== null && code.startsWith("SQLITE_") ? new SqliteError(code, error.message) : null;
}

function whyNoFile(path: string): { readonly isMissing: boolean; readonly reason: string } | null {
  try {
    if (statSync(path).isDirectory()) return { isMissing: false, reason: "it is a folder" };
    closeSync(openSync(path, "r"));
    return null;
  } catch (error) {
    return { isMissing: errorCode(error) === "ENOENT", reason: reasonOf(error) };
  }
}

const fileFault = (shown: string, { isMissing, reason }: { readonly isMissing: boolean; readonly reason: string }): Diagnostic =>
  isMissing
    ? report("database/not-found", wholeFile(shown), { path: shown })
    : report("database/unreadable", wholeFile(shown), { path: shown, reason });

/** What SQLite refused, in the words of a message. */
export function sqliteFault(shown: string, { code, message }: SqliteError): Diagnostic {
  const at = wholeFile(shown);
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return report("database/locked", at, { path: shown });
  const reason =
    code === "SQLITE_NOTADB"
      ? "it is not an SQLite database, or it is encrypted"
      : code.startsWith("SQLITE_CANTOPEN")
        ? "SQLite cannot open it; a database with a write-ahead log needs a folder that can be written to"
        : code.startsWith("SQLITE_READONLY")
          ? "it is read-only"
          : `SQLite says: ${message}`;
  return report("database/unreadable", at, { path: shown, reason });
}

/**
 * Copies the database as it is now to the first free `<path>.before-doctor-<n>`, and returns that path. The copy
 * has what the database has, so nobody may read it who may not read the database.
 */
export function backUp(database: Database, path: string): string {
  let copy = `${path}.before-doctor-1`;
  for (let n = 2; existsSync(copy); n++) copy = `${path}.before-doctor-${n}`;
  // SQLite takes an empty file in place of none; made first, it is never readable to others, not even for a moment.
  closeSync(openSync(copy, "wx", 0o600));
  try {
    database.exec(`VACUUM INTO ${quoteText(copy)}`);
    chmodSync(copy, statSync(path).mode & 0o777);
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  }
  return copy;
}
