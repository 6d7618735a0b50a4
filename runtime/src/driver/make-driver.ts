/** What all drivers do alike over their library's calls: statements kept by their text, and errors told apart. */
import { SyncError, type SyncErrorCode } from "../client/errors.ts";
import { DatabaseBusyError } from "./database-busy-error.ts";
import type { Driver, Statement } from "./driver.ts";

/** A library's own calls, throwing its own errors. */
export interface DriverParts extends Pick<Driver, "prepare" | "exec" | "inTransaction"> {
  /** SQLite's name for the result that an error carries, without the prefix: `BUSY_SNAPSHOT`, `CONSTRAINT_UNIQUE`; `MISUSE`: the handle is closed; null: none. */
  readonly resultOf: (error: unknown) => string | null;
}

/** By the first word of a result: failures that an app can do something about. */
const FAILURES: Readonly<Record<string, SyncErrorCode>> = {
  FULL: "database/full",
  READONLY: "database/read-only",
  CORRUPT: "database/damaged",
  NOTADB: "database/damaged",
  IOERR: "database/unreachable",
  CANTOPEN: "database/unreachable",
  MISUSE: "database/closed",
};

export function makeDriver({ prepare, exec, inTransaction, resultOf }: DriverParts): Driver {
  // Never emptied: texts come from the schema, so there are only so many. SQLite itself prepares again after a schema change.
  const statements = new Map<string, Statement>();

  /** Constraints and our own mistakes pass as they are. */
  function told(error: unknown): unknown {
    const [result = ""] = (resultOf(error) ?? "").split("_");
    if (result === "BUSY" || result === "LOCKED") return new DatabaseBusyError("another connection holds the database's lock", error);
    const code = FAILURES[result];
    return code === undefined ? error : new SyncError(code, { cause: error });
  }

  function attempt<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw told(error);
    }
  }

  return {
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        const prepared = attempt(() => prepare(sql));
        statement = {
          // By far the most calls: a closure each would be felt.
          run: (...parameters) => {
            try {
              return prepared.run(...parameters);
            } catch (error) {
              throw told(error);
            }
          },
          get: (...parameters) => attempt(() => prepared.get(...parameters)),
          all: (...parameters) => attempt(() => prepared.all(...parameters)),
        };
        statements.set(sql, statement);
      }
      return statement;
    },
    exec: (sql) => attempt(() => exec(sql)),
    inTransaction,
    constraintOf(error) {
      const result = resultOf(error);
      if (result === "MISMATCH") return "DATATYPE"; // a text in an integer primary key: an error of its own, for the same reason
      return result?.startsWith("CONSTRAINT") ? result.slice("CONSTRAINT_".length) || "OTHER" : null;
    },
  };
}

const CONSTRAINT = 19;
/** By SQLite's primary result code. */
const RESULTS: Readonly<Record<number, string>> = {
  5: "BUSY",
  6: "LOCKED",
  8: "READONLY",
  10: "IOERR",
  11: "CORRUPT",
  13: "FULL",
  14: "CANTOPEN",
  20: "MISMATCH",
  26: "NOTADB",
};
/** By the second byte of an extended result code. */
const CONSTRAINTS: Readonly<Record<number, string>> = {
  1: "CHECK",
  2: "COMMITHOOK",
  3: "FOREIGNKEY",
  4: "FUNCTION",
  5: "NOTNULL",
  6: "PRIMARYKEY",
  7: "TRIGGER",
  8: "UNIQUE",
  9: "VTAB",
  10: "ROWID",
  11: "PINNED",
  12: "DATATYPE",
};

/** The name of an extended result code, as far as drivers tell results apart. */
export function resultName(code: unknown): string | null {
  if (typeof code !== "number") return null;
  const primary = code & 0xff;
  if (primary === CONSTRAINT) return `CONSTRAINT_${CONSTRAINTS[code >> 8] ?? "OTHER"}`;
  return RESULTS[primary] ?? null;
}
