/**
 * The drivers, each with databases of its library, behind the few calls that tests make on a handle. The project
 * of a run (`vitest.config.ts`) says which one the engine's tests are on; better-sqlite3 where nothing says so.
 */
import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";
import {
  betterSqlite3Driver,
  type Driver,
  nodeSqliteDriver,
  type Row,
  type SqliteWasm,
  type SqliteWasmDatabase,
  sqliteWasmDriver,
} from "@synckit-gen/runtime";
import type { SyncModel } from "@synckit-gen/schemas/model";
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { migrate } from "./generated.ts";

/** What tests use of a better-sqlite3 handle, which is one. */
export interface TestDatabase {
  readonly inTransaction: boolean;
  prepare(sql: string): TestStatement;
  exec(sql: string): unknown;
  pragma(pragma: string, options?: { readonly simple?: boolean }): unknown;
  defaultSafeIntegers(enabled?: boolean): unknown;
  close(): unknown;
}

export interface TestStatement {
  run(...parameters: unknown[]): unknown;
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
  raw(): TestStatement;
  pluck(): TestStatement;
}

export interface TestDriver {
  readonly name: "better-sqlite3" | "node:sqlite" | "sqlite-wasm";
  /** Other handles and processes can open the same database. */
  readonly hasFiles: boolean;
  /** In memory unless `path` says where. Waits `timeoutMs` for another connection's lock. */
  readonly open: (path?: string, timeoutMs?: number) => TestDatabase;
}

interface WasmModule extends SqliteWasm {
  readonly oo1: {
    readonly DB: new (path: string) => Omit<SqliteWasmDatabase, "prepare"> & {
      close(): void;
      prepare(sql: string): { readonly pointer: number | undefined; getColumnNames(): string[]; finalize(): unknown };
    };
  };
}

// Not a plain import: its types need a browser's, which the rest of the tests must do without.
const WASM_PACKAGE: string = "@sqlite.org/sqlite-wasm";
const { default: sqlite3InitModule } = (await import(/* @vite-ignore */ WASM_PACKAGE)) as {
  readonly default: () => Promise<WasmModule>;
};
const wasm = await sqlite3InitModule();

export const testDrivers: readonly TestDriver[] = [
  { name: "better-sqlite3", hasFiles: true, open: (path = ":memory:", timeout = 5_000) => new Database(path, { timeout }) },
  {
    name: "node:sqlite",
    hasFiles: true,
    open(path = ":memory:", timeout = 5_000) {
      // Bigints as the handle's default: what the engine must cope with.
      const database = new DatabaseSync(path, { timeout, readBigInts: true });
      const columnsOf = (sql: string): readonly string[] =>
        database
          .prepare(sql)
          .columns()
          .map(({ name }) => name);
      return new WrappedDatabase(database, nodeSqliteDriver(database), nodeSqliteDriver(database), columnsOf);
    },
  },
  {
    name: "sqlite-wasm",
    hasFiles: false,
    open() {
      const database = new wasm.oo1.DB(":memory:");
      const columnsOf = (sql: string): readonly string[] => {
        const statement = database.prepare(sql);
        try {
          return statement.getColumnNames();
        } finally {
          statement.finalize();
        }
      };
      return new WrappedDatabase(database, sqliteWasmDriver(wasm, database), sqliteWasmDriver(wasm, database), columnsOf);
    },
  },
];

const wanted = process.env["SYNCKIT_TEST_DRIVER"] ?? "better-sqlite3";

const driverUnderTest: TestDriver = testDriver(wanted);

export function testDriver(name: string): TestDriver {
  const found = testDrivers.find((driver) => driver.name === name);
  if (found === undefined) throw new Error(`no driver ${name}`);
  return found;
}

/** The engine's driver over a test's handle: another one than the test's own calls use. */
export const driverOver = (db: TestDatabase): Driver =>
  db instanceof WrappedDatabase ? db.engineDriver : betterSqlite3Driver(db as Database.Database);

/** As `openGenerated` of `generated.ts`, on the driver under test. */
export function openGenerated(
  model: SyncModel,
  options: { readonly ddl?: string; readonly path?: string; readonly on?: TestDriver } = {},
): TestDatabase {
  return migrate((options.on ?? driverUnderTest).open(options.path), model, options.ddl);
}

/** A handle of a library without better-sqlite3's conveniences. */
class WrappedDatabase implements TestDatabase {
  readonly engineDriver: Driver;
  readonly #handle: { close(): void };
  readonly #driver: Driver;
  readonly #columnsOf: (sql: string) => readonly string[];

  constructor(handle: { close(): void }, engineDriver: Driver, driver: Driver, columnsOf: (sql: string) => readonly string[]) {
    this.#handle = handle;
    this.engineDriver = engineDriver;
    this.#driver = driver;
    this.#columnsOf = columnsOf;
  }
  get inTransaction(): boolean {
    return this.#driver.inTransaction();
  }
  exec(sql: string): void {
    this.#driver.exec(sql);
  }
  defaultSafeIntegers(): void {} // node:sqlite's are from the start; the WebAssembly build has no such default
  close(): void {
    this.#handle.close();
  }
  pragma(pragma: string, options: { readonly simple?: boolean } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${pragma}`);
    return options.simple === true ? statement.pluck().get() : statement.all();
  }
  prepare(sql: string): TestStatement {
    const statement = this.#driver.prepare(sql);
    const as = (shape: (row: Row) => unknown): TestStatement => ({
      run: (...parameters) => statement.run(...(parameters as SqlValue[])),
      get(...parameters) {
        const row = statement.get(...(parameters as SqlValue[]));
        return row === undefined ? undefined : shape(row);
      },
      all: (...parameters) => statement.all(...(parameters as SqlValue[])).map(shape),
      raw: () => as((row) => row),
      pluck: () => as((row) => row[0]),
    });
    return as((row) => Object.fromEntries(this.#columnsOf(sql).map((name, index) => [name, row[index]])));
  }
}
