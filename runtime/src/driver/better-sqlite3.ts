/** The driver over better-sqlite3, with the app's own handle: one connection, so its pragmas and locks are the app's. */
import type BetterSqlite3 from "better-sqlite3";
import type { Driver, Row, Statement } from "./driver.ts";

export function betterSqlite3Driver(database: BetterSqlite3.Database): Driver {
  return {
    prepare: (sql) => statementOf(database.prepare<unknown[], Row>(sql)),
    exec: (sql) => void database.exec(sql),
    inTransaction: () => database.inTransaction,
    constraintOf(error) {
      const code: unknown = error instanceof Error && "code" in error ? error.code : null;
      if (typeof code !== "string" || !code.startsWith("SQLITE_CONSTRAINT")) return null;
      return code.slice("SQLITE_CONSTRAINT_".length) || "OTHER";
    },
  };
}

function statementOf(prepared: BetterSqlite3.Statement<unknown[], Row>): Statement {
  // An app may have made 64-bit integers its handle's default; the engine's numbers must stay numbers.
  if (prepared.reader) prepared.raw(true).safeIntegers(false);
  return {
    run: (...parameters) => prepared.run(...parameters).changes,
    get: (...parameters) => prepared.get(...parameters),
    all: (...parameters) => prepared.all(...parameters),
  };
}
