/** The driver over better-sqlite3, with the app's own handle: one connection, so its pragmas and locks are the app's. */
import type BetterSqlite3 from "better-sqlite3";
import type { Driver, Row, Statement } from "./driver.ts";
import { makeDriver } from "./make-driver.ts";

type Stored = string | number | Buffer | null;

export function betterSqlite3Driver(database: BetterSqlite3.Database): Driver {
  return makeDriver({
    prepare: (sql) => statementOf(database.prepare<unknown[], Stored[]>(sql)),
    exec: (sql) => void database.exec(sql),
    inTransaction: () => database.inTransaction,
    resultOf,
  });
}

function statementOf(prepared: BetterSqlite3.Statement<unknown[], Stored[]>): Statement {
  // An app may have made 64-bit integers its handle's default; the engine's numbers must stay numbers.
  if (prepared.reader) prepared.raw(true).safeIntegers(false);
  return {
    run: (...parameters) => prepared.run(...parameters).changes,
    get(...parameters) {
      const row = prepared.get(...parameters);
      return row === undefined ? undefined : plain(row);
    },
    all: (...parameters) => prepared.all(...parameters).map(plain),
  };
}

/** BLOBs come as Buffers, which compare, print and slice otherwise than what other drivers give. */
function plain(row: Stored[]): Row {
  const values: (string | number | Uint8Array | null)[] = row;
  for (const [index, value] of row.entries())
    if (value !== null && typeof value === "object") values[index] = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return values;
}

function resultOf(error: unknown): string | null {
  // While the app walks through `iterate()`, better-sqlite3 refuses everything else on the handle, without SQLite's help.
  if (error instanceof TypeError && error.message.includes("connection is busy")) return "BUSY";
  if (error instanceof TypeError && error.message.includes("connection is not open")) return "MISUSE";
  const code: unknown = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && code.startsWith("SQLITE_") ? code.slice("SQLITE_".length) : null;
}
