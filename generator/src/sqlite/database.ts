/** A database as this package sees one: rows in, rows out. Only `open-database.ts` knows the library behind it. */

/** Whole numbers arrive as numbers; ask for `CAST(… AS TEXT)` where they may be past 2^53. */
export type SqlValue = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

export interface Database {
  readonly rows: (sql: string, ...params: readonly SqlValue[]) => readonly Row[];
  readonly exec: (sql: string) => void;
  readonly close: () => void;
}

/** What SQLite said, without the library's class. */
export class SqliteError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const textOf = (value: SqlValue | undefined): string => (typeof value === "string" ? value : value == null ? "" : String(value));

export const numberOf = (value: SqlValue | undefined): number => (typeof value === "number" ? value : Number(value ?? 0));

/** `my "table"` → `"my ""table"""`. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteNames = (names: readonly string[]): string => names.map(quoteName).join(", ");

/** `it's` → `'it''s'`. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** SQLite compares names without regard to the case of ASCII letters, and of no others. */
export const foldName = (name: string): string => name.replace(/[A-Z]/gu, (letter) => letter.toLowerCase());

export const isSameName = (a: string, b: string): boolean => foldName(a) === foldName(b);
