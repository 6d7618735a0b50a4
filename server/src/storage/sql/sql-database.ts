/**
 * What the storage's SQL asks of a database, so that one text of each statement serves SQLite and PostgreSQL.
 *
 * Statements keep to what both speak: named parameters (`:name`), `ON CONFLICT`, `RETURNING`, `CAST`, and result columns
 * quoted where they have capitals (`created_at AS "createdAt"`). Whole numbers come back as numbers, bytes as Uint8Array;
 * a parameter whose type the statement does not tell needs a CAST for PostgreSQL.
 */
import type { LoggedChange } from "../port.ts";

export type SqlValue = string | number | null | Uint8Array;
export type SqlParameters = Readonly<Record<string, SqlValue>>;

export interface Sql {
  all<Row>(text: string, parameters?: SqlParameters): Promise<readonly Row[]>;
  /** The first row; null when there is none. */
  get<Row>(text: string, parameters?: SqlParameters): Promise<Row | null>;
  /** How many rows were written. */
  run(text: string, parameters?: SqlParameters): Promise<number>;
}

export interface Transaction extends Sql {
  /** Ends a SELECT whose rows stay as they are until the transaction ends. Nothing on SQLite, which has one writer. */
  readonly forUpdate: string;
  /** Writes entries with the numbers after `head`. */
  insertLog(entries: LogEntries): Promise<void>;
}

export interface LogEntries {
  readonly account: string;
  readonly head: number;
  readonly deviceId: string;
  readonly changes: readonly LoggedChange[];
}

export interface LogRange {
  readonly account: string;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
  readonly maxEntries: number;
  /** Bytes of data; one entry always fits. */
  readonly maxDataBytes: number;
  /** Null: of all tables. */
  readonly tables: readonly string[] | null;
  /** Null: of any instant. */
  readonly sinceStamp: number | null;
}

export interface LogRow {
  readonly seq: number;
  readonly deviceId: string;
  readonly table: string;
  readonly op: LoggedChange["op"];
  readonly rowId: string;
  readonly timestamp: string;
  readonly data: string | null;
}

export interface LogSlice {
  readonly rows: readonly LogRow[];
  /** A limit, not the range, ended it. */
  readonly isCut: boolean;
}

export interface SqlDatabase extends Sql {
  /**
   * All that `action` does through its argument, or nothing. Only the argument may be used inside: on SQLite the database
   * itself waits for the transaction's end. On PostgreSQL each statement sees what was committed before it began, so a row
   * that decides something must be locked with `forUpdate` first.
   */
  transaction<Result>(action: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Entries of a range in their order, to the first limit that ends the page. */
  readLog(range: LogRange): Promise<LogSlice>;
  /** What the database says against itself. */
  findFaults(): Promise<readonly string[]>;
  /** As in `UsageStorage`. */
  readonly copyTo: ((path: string) => Promise<void>) | null;
  close(): Promise<void>;
}
