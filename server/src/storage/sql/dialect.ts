/**
 * How a step of the schema is written once for both databases. Tables of accounts' data have `account` first in their
 * primary key and end with `byAccount`, which partitions them on PostgreSQL, so that a distributed one can shard by that column.
 */

/** How one database spells what the two do not share. */
export interface Dialect {
  readonly text: string;
  readonly integer: string;
  readonly bytes: string;
  /** Ends a table that belongs to no account. */
  readonly end: string;
  /** Ends a table of accounts' data. */
  readonly byAccount: (table: string) => string;
  /** For a text column that does not shrink: ciphertext. */
  readonly incompressible: (table: string, column: string) => string;
}

export interface Step {
  readonly name: string;
  write(dialect: Dialect): string;
}
