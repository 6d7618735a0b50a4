/**
 * The driver over SQLite's own WebAssembly build (`@sqlite.org/sqlite-wasm`), for a worker in a browser. Values go
 * through the C interface: the object interface binds whole numbers as INTEGER, which no other driver does.
 */
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { SyncError } from "../client/errors.ts";
import type { Driver, Row, Statement } from "./driver.ts";
import { makeDriver, resultName } from "./make-driver.ts";

/** What the driver uses of the module that `sqlite3InitModule()` resolves to. */
export interface SqliteWasm {
  readonly capi: {
    readonly SQLITE_ROW: number;
    readonly SQLITE_DONE: number;
    readonly SQLITE_INTEGER: number;
    readonly SQLITE_FLOAT: number;
    readonly SQLITE_TEXT: number;
    readonly SQLITE_BLOB: number;
    readonly SQLITE_WASM_DEALLOC: number;
    sqlite3_bind_text(statement: number, at: number, value: number, bytes: number, destructor: number): number;
    sqlite3_bind_blob(statement: number, at: number, value: Uint8Array, bytes: number, destructor: number): number;
    sqlite3_bind_zeroblob(statement: number, at: number, bytes: number): number;
    sqlite3_bind_int64(statement: number, at: number, value: bigint): number;
    sqlite3_bind_double(statement: number, at: number, value: number): number;
    sqlite3_bind_null(statement: number, at: number): number;
    sqlite3_bind_parameter_count(statement: number): number;
    sqlite3_step(statement: number): number;
    sqlite3_reset(statement: number): number;
    sqlite3_column_count(statement: number): number;
    sqlite3_column_type(statement: number, at: number): number;
    sqlite3_column_text(statement: number, at: number): string | null;
    sqlite3_column_double(statement: number, at: number): number;
    sqlite3_column_js(statement: number, at: number): unknown;
    sqlite3_exec(database: number, sql: string, callback: 0, context: 0, message: 0): number;
    sqlite3_changes(database: number): number;
    sqlite3_get_autocommit(database: number): number;
  };
  readonly wasm: { allocCString(text: string, withLength: true): [pointer: number, bytes: number] };
}

/** What the driver uses of a database: `oo1.DB`, `OpfsDb`, `OpfsSAHPoolDb`. Closing it frees the engine's statements too. */
export interface SqliteWasmDatabase {
  readonly pointer?: number | undefined;
  prepare(sql: string): { readonly pointer: number | undefined };
  checkRc(resultCode: number): unknown;
}

type Capi = SqliteWasm["capi"];

export function sqliteWasmDriver(sqlite: SqliteWasm, database: SqliteWasmDatabase): Driver {
  const { capi } = sqlite;
  const handle = (): number => {
    if (database.pointer === undefined) throw new SyncError("database/closed");
    return database.pointer;
  };
  return makeDriver({
    prepare(sql) {
      const { pointer } = database.prepare(sql);
      if (pointer === undefined) throw new TypeError("no statement in this text");
      return statementOf(sqlite, database, handle, pointer);
    },
    exec: (sql) => void database.checkRc(capi.sqlite3_exec(handle(), sql, 0, 0, 0)),
    inTransaction: () => capi.sqlite3_get_autocommit(handle()) === 0,
    resultOf: (error) => (error instanceof Error && "resultCode" in error ? resultName(error.resultCode) : null),
  });
}

function statementOf(sqlite: SqliteWasm, database: SqliteWasmDatabase, handle: () => number, pointer: number): Statement {
  const { capi } = sqlite;
  const expected = capi.sqlite3_bind_parameter_count(pointer);

  function start(parameters: readonly SqlValue[]): void {
    handle(); // a statement of a closed database is freed memory
    if (parameters.length !== expected) throw new RangeError(`${parameters.length} parameters for ${expected} places`);
    for (const [index, value] of parameters.entries()) database.checkRc(bind(sqlite, pointer, index + 1, value));
  }
  /** True: there is a row to read. */
  function step(): boolean {
    const result = capi.sqlite3_step(pointer);
    if (result !== capi.SQLITE_ROW && result !== capi.SQLITE_DONE) database.checkRc(result);
    return result === capi.SQLITE_ROW;
  }
  /** Runs `read` on a started statement, which never stays half-way: it would hold the database's lock. */
  function execute<T>(parameters: readonly SqlValue[], read: () => T): T {
    try {
      start(parameters);
      return read();
    } finally {
      capi.sqlite3_reset(pointer);
    }
  }
  const row = (): Row => Array.from({ length: capi.sqlite3_column_count(pointer) }, (_, at) => column(capi, pointer, at));

  return {
    run: (...parameters) =>
      execute(parameters, () => {
        while (step());
        return capi.sqlite3_changes(handle());
      }),
    get: (...parameters) => execute(parameters, () => (step() ? row() : undefined)),
    all: (...parameters) =>
      execute(parameters, () => {
        const rows: Row[] = [];
        while (step()) rows.push(row());
        return rows;
      }),
  };
}

function bind({ capi, wasm }: SqliteWasm, pointer: number, at: number, value: SqlValue): number {
  if (value === null) return capi.sqlite3_bind_null(pointer, at);
  if (typeof value === "string") {
    const [copy, bytes] = wasm.allocCString(value, true); // SQLite frees it; given a string itself, 3.54.1's bind_text fails
    return capi.sqlite3_bind_text(pointer, at, copy, bytes, capi.SQLITE_WASM_DEALLOC);
  }
  if (typeof value === "number") return capi.sqlite3_bind_double(pointer, at, value);
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError("an integer of more than 64 bits");
    return capi.sqlite3_bind_int64(pointer, at, value);
  }
  if (value.length === 0) return capi.sqlite3_bind_zeroblob(pointer, at, 0); // it has no memory to point at, and a null pointer is NULL
  return capi.sqlite3_bind_blob(pointer, at, value, value.length, capi.SQLITE_WASM_DEALLOC);
}

function column(capi: Capi, pointer: number, at: number): Row[number] {
  switch (capi.sqlite3_column_type(pointer, at)) {
    case capi.SQLITE_TEXT:
      return capi.sqlite3_column_text(pointer, at);
    case capi.SQLITE_INTEGER:
    case capi.SQLITE_FLOAT:
      return capi.sqlite3_column_double(pointer, at);
    case capi.SQLITE_BLOB:
      return (capi.sqlite3_column_js(pointer, at) as Uint8Array | null) ?? new Uint8Array(0);
    default:
      return null;
  }
}
